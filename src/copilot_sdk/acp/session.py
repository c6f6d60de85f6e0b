"""A session of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from copilot_sdk._model.json_values import present
from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventStream
from copilot_sdk.acp._content import PromptContent, check_content, content_blocks
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    import os

    from copilot_sdk._generated.acp.types import (
        AvailableCommand,
        MCPServer,
        SessionConfigOption,
        SessionModeState,
        SessionUpdate,
        SystemPrompt,
    )
    from copilot_sdk._model.base import WireModel
    from copilot_sdk.acp._session_core import SessionCore
    from copilot_sdk.acp.turn import Turn

    U = TypeVar("U", bound=WireModel)


class Session:
    """A session of an agent; `Client.new_session` and its like make it.

    `async with session:` closes it at the end.
    """

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<Session {self.id}{' (closed)' if self.closed else ''}>"

    # ------------------------------------------------------------- what it is

    @property
    def id(self) -> str:
        """Identifier of the session."""
        return self._core.id

    @property
    def cwd(self) -> str:
        """The folder that the agent works in."""
        return self._core.cwd

    @property
    def history(self) -> list[SessionUpdate]:
        """The updates that came before the session was open here.

        Of a loaded session they are its whole conversation; of a fork what the agent sends again, which may be nothing;
        of a new session what it tells at once, such as its commands.
        """
        return [update.event for update in self._core.history]

    @property
    def modes(self) -> SessionModeState | None:
        """The modes of the session and the one it is in, kept up to date; None if it has none."""
        return self._core.state.modes

    @property
    def config_options(self) -> list[SessionConfigOption]:
        """The options of the session with their values, kept up to date."""
        return self._core.state.config_options

    @property
    def commands(self) -> list[AvailableCommand]:
        """The commands that a prompt may begin with, kept up to date."""
        return self._core.state.commands

    @property
    def title(self) -> str | None:
        """The title of the session, kept up to date; None if it has none or the agent has not told."""
        return self._core.state.title

    @property
    def closed(self) -> bool:
        """True once the session was closed or lost."""
        return self._core.closed

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
        self._core.check_open()
        blocks = content_blocks(content)
        check_content(blocks, self._core.client.capabilities)
        if timeout is not None and not timeout > 0:
            raise UsageError(f"timeout has to be above zero seconds, not {timeout!r}")
        return self._core.prompt(blocks, timeout, buffer)

    async def cancel(self) -> None:
        """Tell the agent to stop what it does in this session; see `Turn.cancel`.

        Wire method: `session/cancel` (stable).

        Raises:
            RequestTimeout, ConnectionClosed: The agent does not read, or is gone.
        """
        await self._core.cancel()

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
        self._core.check_open()
        return self._core.subscribe(types, buffer)

    async def set_mode(self, mode_id: str) -> None:
        """Put the session into another mode.

        Wire method: `session/set_mode` (stable).

        Args:
            mode_id: The `id` of one of `modes.available_modes`.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
            UsageError: The session is closed.
        """
        self._core.check_open()
        await self._core.client.rpc.session.set_mode(session_id=self.id, mode_id=mode_id)
        self._core.state.enter(mode_id)

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
            UsageError: The session is closed, or the value is neither.
        """
        from copilot_sdk._generated.acp.types import SetSessionConfigBoolean, SetSessionConfigSelect

        self._core.check_open()
        if not isinstance(value, str | bool):
            raise UsageError(f"value has to be a text, True or False, not {value!r}")
        given = (
            SetSessionConfigBoolean(session_id=self.id, config_id=config_id, value=value)
            if isinstance(value, bool)
            else SetSessionConfigSelect(session_id=self.id, config_id=config_id, value=value)
        )
        result = await self._core.client.rpc.session.set_config_option(given)
        self._core.state.config_options = present(result.config_options)
        return self._core.state.config_options

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
        self._core.check_open()
        client = self._core.client
        folder = self.cwd if cwd is None else cwd
        given = client.options_of_session(
            "session/fork", folder, mcp_servers, additional_directories, system_prompt
        )
        return Session(await client.fork(self.id, reopen, given))

    # --------------------------------------------------------------- lifecycle

    async def close(self) -> None:
        """Leave the session: its turns end, and the agent is told where it wants to know. May be called again.

        Wire method: `session/close` (stable), if the agent offers it; otherwise `session/cancel` if a turn is open.

        Raises:
            RpcError, RequestTimeout: The agent failed to close it, or did not answer; it is closed here all the same.
        """
        await self._core.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
