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

    async def confirm_switch(
        self, session_id: str, error_code: str | None, retry_after: float | None
    ) -> Mapping[str, object]:
        """Asks whether to go on with another model after a rate limit."""
        ...

    async def transform_sections(self, session_id: str, sections: Mapping[str, str]) -> Mapping[str, str]:
        """Has sections of the system message rewritten; those that are not returned stay as they are."""
        ...


GiveToken: TypeAlias = Callable[[str], Awaitable[str]]
"""Gives a token for a session, by its id; raises a `ClientFault` where there is none."""


@dataclass(slots=True, eq=False)
class Client:
    """One client of a session and what it said it can do.

    Attributes:
        participant_id: Tells it from all others, in all sessions.
        is_extension: Whether it is an extension, which keeps no session alive.
        commands: The slash commands it runs: descriptions by name.
        transforms: The sections of the system message that it rewrites.
        bearer_tokens: How it gives tokens, by the names of model providers.
        join_id: Tells its time in the session from others.
    """

    port: ClientPort
    participant_id: str
    is_extension: bool
    tools: Mapping[str, ExternalTool]
    commands: Mapping[str, str] = field(default_factory=dict[str, str])
    transforms: frozenset[str] = frozenset()
    answers_permissions: bool = False
    answers_questions: bool = False
    answers_plans: bool = False
    answers_switches: bool = False
    answers_elicitations: bool = False
    shows_apps: bool = False
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
    commands: Mapping[str, str]
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

    @property
    def shows_apps(self) -> bool:
        """Whether one of them shows the views of MCP Apps."""
        return any(client.shows_apps for client in self)

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

    def commands(self) -> dict[str, Client]:
        """Who runs which slash command; the last one to offer a name has it."""
        return {name: client for client in self for name in client.commands}

    def abilities(self) -> Abilities:
        """What the clients can do together."""
        return Abilities(
            tools=frozenset(self.tools()),
            commands={name: client.commands[name] for name, client in self.commands().items()},
            elicitation=any(client.answers_elicitations for client in self._clients.values()),
            canvases=any(client.shows_canvases for client in self._clients.values()),
        )

    def deliver(self, session_id: str, event: Event, *, only: Client | None = None) -> None:
        """Hands an event to every client, or to one."""
        for client in self if only is None else (only,):
            client.port.deliver(session_id, event)

    async def caught_up(self) -> None:
        """Waits for clients that are too far behind with their events."""
        for client in self:
            await client.port.caught_up()


class Interests:
    """Events that the runtime sends only because a client has asked for them."""

    def __init__(self) -> None:
        self._registered: dict[str, tuple[str, ClientPort]] = {}

    def __contains__(self, event_type: str) -> bool:
        return any(event_type == wanted for wanted, _ in self._registered.values())

    def register(self, port: ClientPort, event_type: str) -> str:
        """Records that a client wants to be sent a type of event; returns the handle to take that back."""
        handle = new_id()
        self._registered[handle] = (event_type, port)
        return handle

    def release(self, handle: str) -> None:
        """Takes a registration back."""
        self._registered.pop(handle, None)

    def drop(self, port: ClientPort) -> None:
        """Takes back all that a client has registered."""
        self._registered = {
            handle: entry for handle, entry in self._registered.items() if entry[1] is not port
        }
