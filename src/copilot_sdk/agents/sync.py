"""The same way over agents for programs without an event loop: `from copilot_sdk.agents.sync import connect`.

    with connect("copilot") as agent:
        for event in agent.prompt("What is in this folder?"):
            ...

Nothing is implemented twice: a thread runs the event loop of the async conversation, and everything here hands its
work to it. Events are those of `copilot_sdk.agents`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, Unpack, overload

from copilot_sdk import agents as asynchronous
from copilot_sdk.acp import sync as acp
from copilot_sdk.agents._tau import TauSession
from copilot_sdk.errors import UsageError
from copilot_sdk.synaps import sync as synaps
from copilot_sdk.sync import CopilotClient, Session
from copilot_sdk.sync._client import move_off_loop
from copilot_sdk.sync._faces import ClientFace, TurnFace
from copilot_sdk.sync._portal import Portal
from copilot_sdk.tau import sync as tau

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.types import SessionUpdate
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk.acp.options import ClientOptions
    from copilot_sdk.agents import AgentEvent, Done  # noqa: F401 - a base class names them
    from copilot_sdk.options import SessionCreateOptions
    from copilot_sdk.synaps.events import SynapsEvent
    from copilot_sdk.tau.events import ChatEvent
    from copilot_sdk.transports.base import Transport

S = TypeVar("S")
E = TypeVar("E")


class Prompt(TurnFace["asynchronous.Prompt[E]", "AgentEvent[E]", "Done"], Generic[E]):
    """See `copilot_sdk.agents.Prompt`: a plain iterator over its events, and `result` in place of `await`."""


class Conversation(ClientFace["asynchronous.Conversation[Any, E]"], Generic[S, E]):
    """See `copilot_sdk.agents.Conversation`: the same methods without `await`; `with connect(...) as agent:`."""

    def __init__(
        self,
        conversation: asynchronous.Conversation[Any, E],
        face: Callable[[Portal, Any], S],
        portal: Portal | None = None,
    ) -> None:
        self._set_up(conversation, portal)
        self._face = face
        self._faced: tuple[object, S] | None = None

    @property
    def native(self) -> S:
        """The session of the protocol's own sync client; see `copilot_sdk.agents.Conversation.native`."""
        native = self._client.native
        if self._faced is None or self._faced[0] is not native:
            self._faced = native, self._face(self._portal, native)
        return self._faced[1]

    def prompt(self, text: str) -> Prompt[E]:
        """See `copilot_sdk.agents.Conversation.prompt`."""
        return Prompt(self._portal, self._portal.call(lambda: self._client.prompt(text)))

    def fork(self) -> Conversation[S, E]:
        """See `copilot_sdk.agents.Conversation.fork`."""
        return Conversation(self._portal.run(self._client.fork()), self._face, self._portal)

    def abort(self) -> None:
        """See `copilot_sdk.agents.Conversation.abort`."""
        self._portal.run(self._client.abort())


@overload
def connect(
    kind: Literal["copilot"],
    *,
    client: CopilotClient | None = None,
    **options: Unpack[SessionCreateOptions],
) -> Conversation[Session, SessionEvent]: ...


@overload
def connect(
    kind: Literal["acp"],
    *,
    agent: Sequence[str] | Transport | Connector,
    cwd: str | os.PathLike[str] = ".",
    **options: Unpack[ClientOptions],
) -> Conversation[acp.Session, SessionUpdate]: ...


@overload
def connect(
    kind: Literal["synaps"], *, client: synaps.Client | None = None
) -> Conversation[synaps.Client, SynapsEvent]: ...


@overload
def connect(
    kind: Literal["tau"],
    *,
    client: tau.Client | None = None,
    cwd: str | os.PathLike[str] = ".",
    model: str | None = None,
) -> Conversation[TauSession[tau.Client], ChatEvent]: ...


def connect(kind: str, **options: Any) -> Conversation[Any, Any]:
    """See `copilot_sdk.agents.connect`; `client` is a sync client here.

    Raises:
        UsageError: There is no such kind, or an option is missing, unknown or of another type.
    """
    client, portal = options.get("client"), None
    if client is not None:
        if not isinstance(client, ClientFace):
            raise UsageError(
                f"client has to be a sync client, such as copilot_sdk.sync.CopilotClient, not {client!r}"
            )
        options["client"], portal = client._client, client._portal
    given: Any = options
    move_off_loop(given)
    connecting: Callable[..., asynchronous.Conversation[Any, Any]] = asynchronous.connect
    return Conversation(connecting(kind, **options), _FACES[kind], portal)


_FACES: Mapping[str, Callable[[Portal, Any], Any]] = {
    "copilot": Session,
    "acp": acp.Session,
    "synaps": lambda portal, native: synaps.Client(native, portal),
    "tau": lambda portal, native: TauSession(tau.Client(native.client, portal), native.id),
}
