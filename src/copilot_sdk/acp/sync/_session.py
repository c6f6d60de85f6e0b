"""A session of an agent, and its turns, for programs without an event loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from copilot_sdk._subscriptions import DEFAULT_BUFFER
from copilot_sdk.sync._faces import EventStream, TurnFace

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.acp.types import (
        AvailableCommand,
        MCPServer,
        PromptResponse,  # noqa: F401 - a base class names it
        SessionConfigOption,
        SessionModeState,
        SessionUpdate,
        SystemPrompt,
    )
    from copilot_sdk._model.base import WireModel
    from copilot_sdk.acp import session as asynchronous
    from copilot_sdk.acp import turn as asynchronous_turn  # noqa: F401 - a base class names it
    from copilot_sdk.acp._content import PromptContent
    from copilot_sdk.sync._portal import Portal

    U = TypeVar("U", bound=WireModel)


class Turn(TurnFace["asynchronous_turn.Turn", "SessionUpdate", "PromptResponse"]):
    """See `copilot_sdk.acp.Turn`: a plain iterator over its updates, and `result` in place of `await`."""

    def text(self) -> Iterator[str]:
        """See `copilot_sdk.acp.Turn.text`."""
        return self._portal.iterate(self._turn.text())

    def cancel(self) -> None:
        """See `copilot_sdk.acp.Turn.cancel`."""
        self._portal.run(self._turn.cancel())


class Session:
    """See `copilot_sdk.acp.Session`: the same methods, without `await`."""

    def __init__(self, portal: Portal, session: asynchronous.Session) -> None:
        self._portal = portal
        self._session = session

    def __repr__(self) -> str:
        return repr(self._session)

    @property
    def id(self) -> str:
        """Identifier of the session."""
        return self._session.id

    @property
    def cwd(self) -> str:
        """The folder that the agent works in."""
        return self._session.cwd

    @property
    def history(self) -> list[SessionUpdate]:
        """The updates that came before the session was open here; see `copilot_sdk.acp.Session.history`."""
        return self._session.history

    @property
    def modes(self) -> SessionModeState | None:
        """The modes of the session and the one it is in, kept up to date; None if it has none."""
        return self._session.modes

    @property
    def config_options(self) -> list[SessionConfigOption]:
        """The options of the session with their values, kept up to date."""
        return self._session.config_options

    @property
    def commands(self) -> list[AvailableCommand]:
        """The commands that a prompt may begin with, kept up to date."""
        return self._session.commands

    @property
    def title(self) -> str | None:
        """The title of the session, kept up to date; None if it has none or the agent has not told."""
        return self._session.title

    @property
    def closed(self) -> bool:
        """True once the session was closed or lost."""
        return self._session.closed

    def prompt(
        self, content: PromptContent, *, timeout: float | None = None, buffer: int = DEFAULT_BUFFER
    ) -> Turn:
        """See `copilot_sdk.acp.Session.prompt`."""
        prompt = self._session.prompt
        return Turn(self._portal, self._portal.call(lambda: prompt(content, timeout=timeout, buffer=buffer)))

    def cancel(self) -> None:
        """See `copilot_sdk.acp.Session.cancel`."""
        self._portal.run(self._session.cancel())

    @overload
    def updates(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionUpdate]: ...

    @overload
    def updates(self, first: type[U], /, *types: type[U], buffer: int = DEFAULT_BUFFER) -> EventStream[U]: ...

    def updates(self, *types: type[Any], buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """See `copilot_sdk.acp.Session.updates`."""
        stream = self._portal.call(lambda: self._session.updates(*types, buffer=buffer))
        return EventStream(self._portal, stream)

    def set_mode(self, mode_id: str) -> None:
        """See `copilot_sdk.acp.Session.set_mode`."""
        self._portal.run(self._session.set_mode(mode_id))

    def set_config_option(self, config_id: str, value: str | bool) -> list[SessionConfigOption]:
        """See `copilot_sdk.acp.Session.set_config_option`."""
        return self._portal.run(self._session.set_config_option(config_id, value))

    def fork(
        self,
        *,
        cwd: str | os.PathLike[str] | None = None,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
        reopen: Literal["load", "resume"] | None = None,
    ) -> Session:
        """See `copilot_sdk.acp.Session.fork`."""
        forking = self._session.fork(
            cwd=cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
            reopen=reopen,
        )
        return Session(self._portal, self._portal.run(forking))

    def close(self) -> None:
        """See `copilot_sdk.acp.Session.close`."""
        if self._portal.running:
            self._portal.run(self._session.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
