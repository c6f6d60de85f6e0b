"""A session of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventFilter, EventStream, Subscriptions
from copilot_sdk.acp._content import PromptContent, check_content, content_blocks
from copilot_sdk.acp._updates import TAG, Update
from copilot_sdk.acp.turn import Turn
from copilot_sdk.errors import CopilotError, UsageError

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.acp.types import (
        AvailableCommand,
        MCPServer,
        PromptResponse,
        SessionConfigOption,
        SessionModeState,
        SessionUpdate,
        SystemPrompt,
    )
    from copilot_sdk._model.base import WireModel
    from copilot_sdk.acp._sessions import Opened
    from copilot_sdk.acp.client import Client

    U = TypeVar("U", bound=WireModel)


class Session:
    """A session of an agent; `Client.new_session` and its like make it.

    `async with session:` closes it at the end.
    """

    def __init__(self, client: Client, session_id: str, cwd: str) -> None:
        self._client = client
        self._id = session_id
        self._cwd = cwd
        self._history: list[Update] | None = []
        self._replayed: tuple[Update, ...] = ()
        self._subscriptions = Subscriptions()
        self._turns: list[Turn] = []
        self._state = _State()
        self._closed = False
        self._error: CopilotError | None = None

    def __repr__(self) -> str:
        return f"<Session {self._id}{' (closed)' if self._closed else ''}>"

    # ------------------------------------------------------------- what it is

    @property
    def id(self) -> str:
        """Identifier of the session."""
        return self._id

    @property
    def cwd(self) -> str:
        """The folder that the agent works in."""
        return self._cwd

    @property
    def history(self) -> list[SessionUpdate]:
        """The updates that came before the session was open here.

        Of a loaded session they are its whole conversation; of a fork what the agent sends again, which may be nothing;
        of a new session what it tells at once, such as its commands.
        """
        return [update.event for update in self._replayed]

    @property
    def modes(self) -> SessionModeState | None:
        """The modes of the session and the one it is in, kept up to date; None if it has none."""
        return self._state.modes

    @property
    def config_options(self) -> list[SessionConfigOption]:
        """The options of the session with their values, kept up to date."""
        return self._state.config_options

    @property
    def commands(self) -> list[AvailableCommand]:
        """The commands that a prompt may begin with, kept up to date."""
        return self._state.commands

    @property
    def title(self) -> str | None:
        """The title of the session, kept up to date; None if it has none or the agent has not told."""
        return self._state.title

    @property
    def closed(self) -> bool:
        """True once the session was closed or lost."""
        return self._closed

    # ------------------------------------------------------------ what it does

    def prompt(
        self, content: PromptContent, *, timeout: float | None = None, buffer: int = DEFAULT_BUFFER
    ) -> Turn:
        """Give the agent something to do.

        Wire method: `session/prompt` (stable).

        Args:
            content: A text, or content blocks: `copilot_sdk.acp.types.TextContent`, `ImageContent` and the like.
            timeout: Seconds that the turn may take; then the agent is told to stop. None for no limit.
            buffer: How many updates may wait for a reader.

        Returns:
            The turn: await it for the agent's answer, iterate over it for the updates. What the agent refuses is
            raised there.

        Raises:
            CapabilityMissing: The agent does not take this kind of content; nothing was sent.
            UsageError: The session is closed, or an argument makes no sense.
            ConnectionClosed: The agent is gone.
        """
        self._check_open()
        blocks = content_blocks(content)
        check_content(blocks, self._client.capabilities_on_wire)
        if timeout is not None and not timeout > 0:
            raise UsageError(f"timeout has to be above zero seconds, not {timeout!r}")

        async def send() -> PromptResponse:
            return await self._client.rpc.session.prompt(
                session_id=self._id, prompt=blocks, request_timeout=timeout
            )

        turn = Turn(
            send=send, cancel=self.cancel, spawn=self._client.spawn, buffer=buffer, on_end=self._turn_ended
        )
        self._turns.append(turn)
        return turn

    async def cancel(self) -> None:
        """Tell the agent to stop what it does in this session; see `Turn.cancel`.

        Wire method: `session/cancel` (stable).

        Raises:
            ConnectionClosed: The agent is gone.
        """
        self._client.refuse_permissions(self._id, lasting=bool(self._turns))
        await self._client.rpc.session.cancel(session_id=self._id)

    @overload
    def updates(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionUpdate]: ...

    @overload
    def updates(self, first: type[U], /, *types: type[U], buffer: int = DEFAULT_BUFFER) -> EventStream[U]: ...

    def updates(self, *types: type[Any], buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """The updates of the session from now on, inside turns and outside.

        Args:
            types: The classes of those that are wanted, such as `ToolCall`; all of them when left out.
            buffer: How many updates may wait for the reader.

        Returns:
            An async iterator that ends with the session; close it when it is no longer needed.

        Raises:
            UsageError: The session is closed, or a class is none of a single kind of update.
            ConnectionClosed: The agent is gone.
        """
        self._check_open()
        return self._subscriptions.add(EventFilter(types, TAG), buffer)

    async def set_mode(self, mode_id: str) -> None:
        """Put the session into another mode.

        Wire method: `session/set_mode` (stable).

        Args:
            mode_id: The `id` of one of `modes.available_modes`.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
            UsageError: The session is closed.
        """
        self._check_open()
        await self._client.rpc.session.set_mode(session_id=self._id, mode_id=mode_id)
        self._state.enter(mode_id)

    async def set_config_option(self, config_id: str, value: str | bool) -> list[SessionConfigOption]:
        """Set an option of the session.

        Wire method: `session/set_config_option` (stable).

        Args:
            config_id: The `id` of one of `config_options`.
            value: One of its values, or whether it is on.

        Returns:
            All options with their values of now.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
            UsageError: The session is closed.
        """
        from copilot_sdk._generated.acp.types import SetSessionConfigBoolean, SetSessionConfigSelect

        self._check_open()
        given = (
            SetSessionConfigBoolean(session_id=self._id, config_id=config_id, value=value)
            if isinstance(value, bool)
            else SetSessionConfigSelect(session_id=self._id, config_id=config_id, value=value)
        )
        result = await self._client.rpc.session.set_config_option(given)
        self._state.config_options = result.config_options or []
        return self._state.config_options

    async def fork(
        self,
        *,
        cwd: str | os.PathLike[str] | None = None,
        mcp_servers: Sequence[MCPServer] = (),
        additional_directories: Sequence[str | os.PathLike[str]] | None = None,
        system_prompt: SystemPrompt | None = None,
        reopen: Literal["load", "resume"] | None = None,
    ) -> Session:
        """Make a new session that has this one's conversation; see `Client.fork_session`.

        Wire method: `session/fork` (unstable).

        Args:
            cwd: The folder to work in; that of this session when left out.
            mcp_servers: See `Client.fork_session`, also for the rest.
            additional_directories: Further folders to work on.
            system_prompt: What to tell the model.
            reopen: Whether the fork has to be taken up by another request.
        """
        self._check_open()
        return await self._client.fork_session(
            self._id,
            self._cwd if cwd is None else cwd,
            mcp_servers=mcp_servers,
            additional_directories=additional_directories,
            system_prompt=system_prompt,
            reopen=reopen,
        )

    # --------------------------------------------------------------- lifecycle

    async def close(self) -> None:
        """Leave the session: its turns end, and the agent is told where it wants to know. May be called again.

        Wire method: `session/close` (stable), if the agent offers it; otherwise `session/cancel` if a turn is open.

        Raises:
            RpcError, RequestTimeout: The agent failed to close it, or did not answer; it is closed here all the same.
        """
        if self._closed:
            return
        self._closed = True
        self._client.refuse_permissions(self._id, lasting=False)
        try:
            await self._client.leave(self._id, busy=bool(self._turns))
        finally:
            self.cut(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _check_open(self) -> None:
        if self._error is not None:
            raise copy(self._error)
        if self._closed:
            raise UsageError(f"session {self._id} is closed; load or resume it with the client")

    # -------------------------------------------------------------- inner life

    def opened(self, answer: Opened) -> None:
        """Take in what the agent has answered; what came before is history."""
        self._state.opened(answer)
        self._replayed, self._history = tuple(self._history or ()), None

    def look(self, update: Update) -> None:
        """Take in an update; never blocks."""
        if self._history is not None:
            self._history.append(update)
        self._state.look(update)
        self._subscriptions.distribute(update)
        for turn in self._turns:
            turn.look(update)

    def cut(self, error: CopilotError | None) -> None:
        """End it here, at once."""
        self._closed = True
        self._error = error
        self._client.forget(self)
        self._subscriptions.end(error)
        for turn in self._turns[:]:
            turn.end(error)

    def _turn_ended(self, turn: Turn) -> None:
        self._turns.remove(turn)
        if not self._turns:
            self._client.ask_permissions_again(self._id)


class _State:
    """What updates have told of a session so far."""

    def __init__(self) -> None:
        self.modes: SessionModeState | None = None
        self.config_options: list[SessionConfigOption] = []
        self.commands: list[AvailableCommand] = []
        self.title: str | None = None

    def opened(self, answer: Opened) -> None:
        self.modes = answer.modes or self.modes
        self.config_options = answer.config_options or self.config_options

    def enter(self, mode_id: str) -> None:
        if self.modes is not None:
            self.modes = self.modes.model_copy(update={"current_mode_id": mode_id})

    def look(self, update: Update) -> None:
        take = _TOLD.get(update.type)
        if take is not None:
            take(self, update.event)

    def mode_entered(self, update: Any) -> None:
        self.enter(update.current_mode_id)

    def options_changed(self, update: Any) -> None:
        self.config_options = update.config_options or []

    def commands_changed(self, update: Any) -> None:
        self.commands = update.available_commands or []

    def info_changed(self, update: Any) -> None:
        # What is left out is as it was, and null takes it away.
        if "title" in update.model_fields_set:
            self.title = update.title


_TOLD = {
    "current_mode_update": _State.mode_entered,
    "config_option_update": _State.options_changed,
    "available_commands_update": _State.commands_changed,
    "session_info_update": _State.info_changed,
}
