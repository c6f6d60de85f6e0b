"""The clients of a session, as the core sees them: who listens, who can be asked and who offers tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import ExternalTool
from copilot_sdk.runtime.core.log import Event

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.canvases import CanvasProvider
    from copilot_sdk.runtime.core.skills import SkillSource


@dataclass(frozen=True, slots=True)
class UserAnswer:
    """What a user answered to a question."""

    text: str
    freeform: bool


class ClientFault(Exception):
    """A client could not be asked, or answered with an error."""


class ClientSilent(ClientFault):
    """A client did not answer in time."""


class ClientNonsense(ClientFault):
    """A client answered with something else than it was asked for."""


class ClientPort(Protocol):
    """The way to one client; a front implements it.

    The asking methods raise `ClientFault` when no usable answer comes.
    """

    def deliver(self, session_id: str, event: Event) -> None:
        """Hands over an event without waiting."""
        ...

    async def caught_up(self) -> None:
        """Returns once the client is not too far behind with its events, or is gone."""
        ...

    async def ask_user(
        self, session_id: str, question: str, choices: Sequence[str], allow_freeform: bool
    ) -> UserAnswer:
        """Puts a question to the user."""
        ...

    async def run_hook(
        self, session_id: str, hook_type: str, hook_input: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Runs a hook; an empty mapping means that it has nothing to say."""
        ...

    async def confirm_plan(self, session_id: str, plan: Mapping[str, object]) -> Mapping[str, object]:
        """Asks whether a plan may be carried out."""
        ...


GiveToken: TypeAlias = Callable[[str], Awaitable[str]]
"""Gives a token for a session, by its id; raises a `ClientFault` where there is none."""


@dataclass(slots=True, eq=False)
class Client:
    """One client of a session and what it said it can do; it gives tokens for the model providers of these names."""

    port: ClientPort
    participant_id: str
    is_extension: bool
    tools: Mapping[str, ExternalTool]
    answers_permissions: bool = False
    answers_questions: bool = False
    answers_plans: bool = False
    answers_elicitations: bool = False
    runs_hooks: bool = False
    shows_canvases: bool = False
    canvases: CanvasProvider | None = None
    skills: SkillSource | None = None
    bearer_tokens: Mapping[str, GiveToken] = field(default_factory=dict[str, GiveToken])
    join_id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the clients of a session can do together."""

    tools: frozenset[str]
    elicitation: bool
    canvases: bool


class Clients:
    """The clients of one session, in the order in which they came."""

    def __init__(self) -> None:
        self._clients: dict[int, Client] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._clients.values()))

    def __bool__(self) -> bool:
        return bool(self._clients)

    def attach(self, client: Client) -> None:
        """Adds a client, as the latest; one with the same port is replaced."""
        self._clients.pop(id(client.port), None)
        self._clients[id(client.port)] = client

    def detach(self, port: ClientPort) -> None:
        """Removes a client, if it is one of them."""
        self._clients.pop(id(port), None)

    def of(self, port: ClientPort) -> Client | None:
        """The client behind a port."""
        return self._clients.get(id(port))

    def latest(self) -> Iterator[Client]:
        """The clients, the latest first."""
        return reversed(list(self._clients.values()))

    def tools(self) -> dict[str, ExternalTool]:
        """The tools of all clients; the first one to offer a name keeps it."""
        union: dict[str, ExternalTool] = {}
        for client in self:
            for name, tool in client.tools.items():
                union.setdefault(name, tool)
        return union

    def abilities(self) -> Abilities:
        """What the clients can do together."""
        return Abilities(
            frozenset(self.tools()),
            any(client.answers_elicitations for client in self._clients.values()),
            any(client.shows_canvases for client in self._clients.values()),
        )

    def deliver(self, session_id: str, event: Event) -> None:
        """Hands an event to every client."""
        for client in self:
            client.port.deliver(session_id, event)

    async def caught_up(self) -> None:
        """Waits for clients that are too far behind with their events."""
        for client in self:
            await client.port.caught_up()
