"""A session as its agent sees it: what it tells the client, and what it asks of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from copilot_sdk._generated.acp.methods.client_session import SESSION_UPDATE
from copilot_sdk._generated.acp.types.client_session_update_agent_message_chunk import AgentMessageChunk
from copilot_sdk._generated.acp.types.client_session_update_agent_thought_chunk import AgentThoughtChunk
from copilot_sdk._generated.acp.types.client_session_update_user_message_chunk import UserMessageChunk
from copilot_sdk._generated.acp.types.shared_content_block import TextContent
from copilot_sdk._rpc.unset import UNSET
from copilot_sdk.errors import ConnectionClosed, RequestTimeout

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import (
        ContentBlock,
        CreateElicitationResponse,
        ElicitationSchema,
        EnvVariable,
        PermissionOption,
        PlanEntry,
        PlanEntryStatus,
        SessionUpdate,
        TerminalOutputResponse,
        ToolCallContent,
        ToolCallLocation,
        ToolCallStatus,
        ToolKind,
        WaitForTerminalExitResponse,
    )
    from copilot_sdk.acp._connection import Connection
    from copilot_sdk.acp.agent import Agent

    Says: TypeAlias = str | ContentBlock
    """A text, or any content."""
    Chunk = TypeVar("Chunk", AgentMessageChunk, AgentThoughtChunk, UserMessageChunk)

_RELEASE_SECONDS = 5.0


class AgentSession:
    """An open session of an agent; get one from `Agent.open_session` or `Agent.session`.

    Attributes:
        id: Its id.
        cwd: The folder that it works in, an absolute path.
    """

    def __init__(self, agent: Agent, connected: Callable[[], Connection], session_id: str, cwd: str) -> None:
        self.id = session_id
        self.cwd = cwd
        self._agent = agent
        self._connected = connected

    def __repr__(self) -> str:
        return f"<AgentSession {self.id}>"

    # ---------------------------------------------------------------- updates

    async def update(self, update: SessionUpdate) -> None:
        """Tell the client anything that happens; wire method `session/update` (stable).

        Args:
            update: What happens, one of the classes of `copilot_sdk.acp.types.SessionUpdate`.

        Raises:
            InvalidParams: The update lacks something.
            ConnectionClosed: The client is gone.
        """
        await self._connected().call(SESSION_UPDATE, {"sessionId": self.id, "update": update})

    async def say(self, content: Says, *, message_id: str | None = None) -> None:
        """Send a piece of what the agent says.

        Args:
            content: A text, or any content.
            message_id: The message that the piece belongs to; another id begins another message.

        Raises:
            ConnectionClosed: The client is gone.
        """
        await self.update(_with_id(AgentMessageChunk(content=_content(content)), message_id))

    async def think(self, content: Says, *, message_id: str | None = None) -> None:
        """Send a piece of what the agent thinks; see `say` for the arguments."""
        await self.update(_with_id(AgentThoughtChunk(content=_content(content)), message_id))

    async def repeat_user(self, content: Says, *, message_id: str | None = None) -> None:
        """Send a piece of what the user said before, when a session is loaded; see `say` for the arguments."""
        await self.update(_with_id(UserMessageChunk(content=_content(content)), message_id))

    async def plan(self, entries: Mapping[str, PlanEntryStatus] | Sequence[PlanEntry]) -> None:
        """Show the plan, all of it, each time that something in it changes.

        Args:
            entries: Its steps in order: what is to be done with how far that is, or whole entries.

        Raises:
            ConnectionClosed: The client is gone.
        """
        from copilot_sdk._generated.acp.types import Plan, PlanEntry

        if isinstance(entries, Mapping):
            entries = [
                PlanEntry(content=content, priority="medium", status=status)
                for content, status in entries.items()
            ]
        await self.update(Plan(entries=list(entries)))

    @asynccontextmanager
    async def tool_call(
        self,
        title: str,
        *,
        kind: ToolKind = "other",
        name: str | None = None,
        locations: Sequence[ToolCallLocation | str] = (),
        raw_input: Any = None,
        call_id: str | None = None,
    ) -> AsyncGenerator[RunningCall]:
        """Show that a tool runs: `async with session.tool_call("Reads the notes", kind="read") as call:`.

        At the end of the block the call is completed; if the block raises, it has failed. Where you have told its end
        yourself, with `call.fail` for one, nothing more is told.

        Args:
            title: What it does, for people.
            kind: The kind of tool.
            name: The tool's name for programs.
            locations: The files that it works on: absolute paths, or whole locations.
            raw_input: What it is called with, as JSON values.
            call_id: Identifier of the call; None for a new one.
        """
        from copilot_sdk._generated.acp.types import ToolCall

        call = RunningCall(self, call_id or str(uuid.uuid4()))
        told = ToolCall(tool_call_id=call.id, title=title, kind=kind, status="in_progress")
        if name is not None:
            told.name = name
        if locations:
            told.locations = [_location(place) for place in locations]
        if raw_input is not None:
            told.raw_input = raw_input
        await self.update(told)
        try:
            yield call
        except (Exception, asyncio.CancelledError):
            with suppress(ConnectionClosed):
                await call.end("failed")
            raise
        await call.end("completed")

    # ---------------------------------------------------------------- requests

    async def ask_permission(
        self,
        title: str,
        *,
        kind: ToolKind = "other",
        call_id: str | None = None,
        content: Sequence[ToolCallContent] = (),
        locations: Sequence[ToolCallLocation | str] = (),
        raw_input: Any = None,
        options: Sequence[PermissionOption] | None = None,
    ) -> Permission:
        """Ask the user whether a tool may run; wire method `session/request_permission` (stable).

        Args:
            title: What it would do, for people.
            kind: The kind of tool.
            call_id: The call, if it was told before; None for a new one. `RunningCall.ask_permission` fills it in.
            content: What there is to see before deciding, such as a diff.
            locations: The files that it would work on: absolute paths, or whole locations.
            raw_input: What it would be called with, as JSON values.
            options: The decisions to choose from; None for the usual ones: once, always, no.

        Returns:
            What the user decided, which is true if the tool may run.

        Raises:
            RpcError: The client refused to ask.
            ConnectionClosed: The client is gone.
        """
        from copilot_sdk._generated.acp.types import PermissionToolCall, SelectedPermissionOutcome

        offered = usual_options() if options is None else options
        call = PermissionToolCall(
            tool_call_id=call_id or str(uuid.uuid4()), title=title, kind=kind, status="pending"
        )
        if content:
            call.content = list(content)
        if locations:
            call.locations = [_location(place) for place in locations]
        if raw_input is not None:
            call.raw_input = raw_input
        answer = await self._agent.client.session.request_permission(
            session_id=self.id, tool_call=call, options=offered
        )
        chosen = answer.outcome.option_id if isinstance(answer.outcome, SelectedPermissionOutcome) else None
        # What was not on offer is no permission, and neither is an outcome that this version does not know.
        return Permission(next((option for option in offered if option.option_id == chosen), None))

    async def ask_form(self, message: str, form: ElicitationSchema) -> CreateElicitationResponse:
        """Have the user fill in a form; wire method `elicitation/create` (stable).

        Args:
            message: What it is about.
            form: The fields.

        Returns:
            What the user entered, or that they declined or cancelled.

        Raises:
            CapabilityMissing: The client shows no forms; nothing was sent.
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        from copilot_sdk._generated.acp.types import FormElicitation

        self._agent.check_offered("clientCapabilities.elicitation.form", "elicitation/create")
        return await self._agent.client.elicitation.create(
            FormElicitation(session_id=self.id, message=message, requested_schema=form)
        )

    async def read_text_file(self, path: str, *, line: int | None = None, limit: int | None = None) -> str:
        """Read a text file as the editor shows it; wire method `fs/read_text_file` (stable).

        Args:
            path: The file, an absolute path.
            line: The line to begin with, counted from 1.
            limit: How many lines to read.

        Raises:
            CapabilityMissing: The client reads no files; nothing was sent.
            ResourceNotFound: There is no such file.
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        answer = await self._agent.client.fs.read_text_file(
            session_id=self.id,
            path=path,
            line=UNSET if line is None else line,
            limit=UNSET if limit is None else limit,
        )
        return answer.content

    async def write_text_file(self, path: str, content: str) -> None:
        """Write a text file, which is made if it is not there; wire method `fs/write_text_file` (stable).

        Args:
            path: The file, an absolute path.
            content: All of its text.

        Raises:
            CapabilityMissing: The client writes no files; nothing was sent.
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        await self._agent.client.fs.write_text_file(session_id=self.id, path=path, content=content)

    @asynccontextmanager
    async def terminal(
        self,
        command: str,
        args: Sequence[str] = (),
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        output_byte_limit: int | None = None,
    ) -> AsyncGenerator[AgentTerminal]:
        """Run a command in a terminal of the client: `async with session.terminal("make", ["test"]) as terminal:`.

        At the end of the block the terminal is released, which ends a command that still runs.

        Args:
            command: The program.
            args: Its arguments.
            cwd: Where to run it, an absolute path.
            env: Variables to set for it.
            output_byte_limit: How many bytes of output to keep; the beginning is dropped.

        Raises:
            CapabilityMissing: The client has no terminals; nothing was sent.
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        from copilot_sdk._generated.acp.types import EnvVariable

        variables: list[EnvVariable] = [
            EnvVariable(name=name, value=value) for name, value in (env or {}).items()
        ]
        created = await self._agent.client.terminal.create(
            session_id=self.id,
            command=command,
            args=list(args),
            env=variables,
            cwd=UNSET if cwd is None else cwd,
            output_byte_limit=UNSET if output_byte_limit is None else output_byte_limit,
        )
        terminal = AgentTerminal(self._agent, self.id, created.terminal_id)
        try:
            yield terminal
        finally:
            with suppress(ConnectionClosed, RequestTimeout):
                await self._agent.client.terminal.release(
                    session_id=self.id, terminal_id=terminal.id, request_timeout=_RELEASE_SECONDS
                )


@dataclass(frozen=True, slots=True)
class Permission:
    """What a user decided on a permission request; true if it is allowed.

    Attributes:
        option: The option that was chosen; None if none was, as when the prompt is being cancelled.
    """

    option: PermissionOption | None

    def __bool__(self) -> bool:
        return self.option is not None and self.option.kind in ("allow_once", "allow_always")

    @property
    def always(self) -> bool:
        """Whether the decision holds from now on; the agent is who remembers that."""
        return self.option is not None and self.option.kind in ("allow_always", "reject_always")


class RunningCall:
    """A tool call that the client was told of; see `AgentSession.tool_call`.

    Attributes:
        id: Identifier of the call.
    """

    def __init__(self, session: AgentSession, call_id: str) -> None:
        self.id = call_id
        self._session = session
        self._ended = False

    async def update(
        self,
        *,
        status: ToolCallStatus | None = None,
        title: str | None = None,
        kind: ToolKind | None = None,
        content: Sequence[ToolCallContent] | None = None,
        locations: Sequence[ToolCallLocation | str] | None = None,
        raw_output: Any = None,
    ) -> None:
        """Tell how the call goes on; what is left out is as before.

        Args:
            status: How far it has come; the end of the block of `AgentSession.tool_call` tells the end.
            title: What it does, for people.
            kind: The kind of tool.
            content: What it has given, in place of all before.
            locations: The files that it works on, in place of all before.
            raw_output: What it gave, as JSON values.

        Raises:
            InvalidParams: Something does not fit.
            ConnectionClosed: The client is gone.
        """
        from copilot_sdk._generated.acp.types import ToolCallUpdate

        self._ended = self._ended or status in ("completed", "failed")
        places = None if locations is None else [_location(place) for place in locations]
        changes = {
            "status": status,
            "title": title,
            "kind": kind,
            "content": None if content is None else list(content),
            "locations": places,
            "raw_output": raw_output,
        }
        known = {name: value for name, value in changes.items() if value is not None}
        await self._session.update(ToolCallUpdate.model_validate({"tool_call_id": self.id, **known}))

    async def show(self, *content: str | ToolCallContent) -> None:
        """Show what the tool has given, in place of what was shown before; see `update`.

        Args:
            content: Texts, diffs, terminals.
        """
        await self.update(content=[_tool_content(one) for one in content])

    async def fail(self, *content: str | ToolCallContent) -> None:
        """Tell that the call has failed; see `update`.

        Args:
            content: Why, as for `show`.
        """
        await self.update(status="failed", content=[_tool_content(one) for one in content])

    async def end(self, status: ToolCallStatus) -> None:
        """Tell how the call has ended, unless that is told already; see `update`.

        Args:
            status: `completed` or `failed`.
        """
        if not self._ended:
            await self.update(status=status)

    async def ask_permission(
        self,
        title: str,
        *,
        kind: ToolKind = "other",
        content: Sequence[ToolCallContent] = (),
        options: Sequence[PermissionOption] | None = None,
    ) -> Permission:
        """Ask the user whether this call may go on; see `AgentSession.ask_permission`."""
        return await self._session.ask_permission(
            title, kind=kind, call_id=self.id, content=content, options=options
        )


class AgentTerminal:
    """A terminal of the client in which a command runs; see `AgentSession.terminal`.

    Attributes:
        id: Identifier of the terminal; a tool call shows it with `acp.types.Terminal(terminal_id=terminal.id)`.
    """

    def __init__(self, agent: Agent, session_id: str, terminal_id: str) -> None:
        self.id = terminal_id
        self._agent = agent
        self._session_id = session_id

    async def output(self) -> TerminalOutputResponse:
        """What the command has printed, and its end if it has ended; wire method `terminal/output` (stable).

        Raises:
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        return await self._agent.client.terminal.output(session_id=self._session_id, terminal_id=self.id)

    async def wait(self) -> WaitForTerminalExitResponse:
        """Wait for the end of the command; wire method `terminal/wait_for_exit` (stable).

        Raises:
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        return await self._agent.client.terminal.wait_for_exit(
            session_id=self._session_id, terminal_id=self.id
        )

    async def kill(self) -> None:
        """End the command; what it printed stays; wire method `terminal/kill` (stable).

        Raises:
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        await self._agent.client.terminal.kill(session_id=self._session_id, terminal_id=self.id)


def usual_options() -> list[PermissionOption]:
    """The decisions that users know: once, always, no."""
    from copilot_sdk._generated.acp.types import PermissionOption

    return [
        PermissionOption(option_id="allow_once", name="Allow once", kind="allow_once"),
        PermissionOption(option_id="allow_always", name="Always allow", kind="allow_always"),
        PermissionOption(option_id="reject_once", name="Deny", kind="reject_once"),
    ]


def _content(content: Says) -> ContentBlock:
    return TextContent(text=content) if isinstance(content, str) else content


def _with_id(chunk: Chunk, message_id: str | None) -> Chunk:
    if message_id is not None:
        chunk.message_id = message_id
    return chunk


def _tool_content(content: str | ToolCallContent) -> ToolCallContent:
    from copilot_sdk._generated.acp.types import Content

    return Content(content=TextContent(text=content)) if isinstance(content, str) else content


def _location(place: ToolCallLocation | str) -> ToolCallLocation:
    from copilot_sdk._generated.acp.types import ToolCallLocation

    return ToolCallLocation(path=place) if isinstance(place, str) else place
