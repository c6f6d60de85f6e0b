"""A session: prompts in, events out, and the answers to what the runtime asks of its client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from copilot_sdk import _forms
from copilot_sdk._core import SessionCore
from copilot_sdk._output import ask
from copilot_sdk._session_callbacks import UserInputHandler
from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventFilter, EventStream, feed
from copilot_sdk.errors import UsageError
from copilot_sdk.turns._limits import DEFAULT_INACTIVITY_TIMEOUT
from copilot_sdk.turns._turn import Turn

if TYPE_CHECKING:
    from pydantic import BaseModel

    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.events import ExternalToolRequested, SessionEvent
    from copilot_sdk._generated.copilot.types import (
        AbortReason,
        Attachment,
        OpenCanvasInstance,
        SendAgentMode,
        SendMode,
        SessionCapabilities,
        TranscriptRecoveryReport,
    )
    from copilot_sdk._model.event import EventBase
    from copilot_sdk.client_tasks import ClientTask, Work
    from copilot_sdk.tools import Tool

__all__ = ["EventStream", "Session", "UserInputHandler"]

E = TypeVar("E", bound="EventBase")
M = TypeVar("M", bound="BaseModel")
T = TypeVar("T")


class Session:
    """A conversation with an agent. Made by `CopilotClient.create_session` and `resume_session`.

    Use it as `async with session:` or call `close`. Closing keeps what is on disk;
    `CopilotClient.delete_session` does not.
    """

    def __init__(self, core: SessionCore) -> None:
        self._core = core

    def __repr__(self) -> str:
        return f"<Session {self.id}{' (closed)' if self._core.closed else ''}>"

    @property
    def id(self) -> str:
        """Identifier of the session."""
        return self._core.id

    @property
    def workspace_path(self) -> str | None:
        """Folder of the session's own files on the runtime's machine, None if it has none."""
        return self._core.workspace_path

    @property
    def capabilities(self) -> SessionCapabilities | None:
        """What the session's clients can do, kept up to date; None if the runtime does not tell."""
        return self._core.capabilities

    @property
    def transcript_recovery(self) -> TranscriptRecoveryReport | None:
        """How the runtime has repaired the log of the session as it was taken up, None if there was no need.

        Since runtime 1.0.102.
        """
        return self._core.transcript_recovery

    @property
    def open_canvases(self) -> list[OpenCanvasInstance]:
        """The canvases that are open in the session, kept up to date.

        One whose provider has gone away is among them until it is closed. While no client of the session shows
        canvases (`capabilities.ui.canvases`), those that were open before this client came are missing.
        """
        return self._core.canvases.all()

    @property
    def rpc(self) -> SessionRPC:
        """Every method of the runtime that acts on a session, by namespace: `session.rpc.tasks.list()`."""
        return self._core.rpc

    # ---------------------------------------------------------------- prompts

    def send(
        self,
        prompt: str,
        *,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
        display_prompt: str | None = None,
        request_headers: Mapping[str, str] | None = None,
        source: str | None = None,
        timeout: float | None = None,
        inactivity_timeout: float | None = DEFAULT_INACTIVITY_TIMEOUT,
        abort_on_cancel: bool = False,
        buffer: int = DEFAULT_BUFFER,
    ) -> Turn:
        """Send a prompt, from within the event loop.

        It is on its way when this returns. Prompts of one session are sent one at a time, in the order of the calls.
        `await` the turn for its result, iterate over it for its events, or do neither.

        Wire method: `session.send`.

        Args:
            prompt: What to tell the agent.
            attachments: Files, folders, selections and the like that go with it; see `copilot_sdk.attachments`.
            mode: `enqueue` (the default) to wait for the running turn, `immediate` to steer it.
            agent_mode: Mode of the agent for this prompt: `interactive`, `plan`, `autopilot` or `shell`.
            display_prompt: What to show in the timeline instead of the prompt.
            request_headers: Extra HTTP headers for the model requests of this turn.
            source: Who the prompt comes from, where that is not the user: `system`, `agent-<id>`, `command-<id>` or
                `schedule-<number>`. The event `user.message` has it, the model does not see it.
            timeout: Seconds that the turn may take, from now on; None for no limit.
            inactivity_timeout: Seconds that may pass without any event of the session, None for no limit. While a tool
                runs, or somebody is asked something, that is no silence.
            abort_on_cancel: True to stop the turn when a task that waits for it is cancelled.
            buffer: How many events may wait for who iterates over the turn. With more, the iteration ends with
                `EventBufferOverflow`; the result is not touched by that.

        Returns:
            The turn. What is raised when it is awaited stands there.

        Raises:
            UsageError: The session is closed, or a limit makes no sense.
            ConnectionClosed: The runtime is gone.
        """
        core = self._core
        core.check_open()

        async def deliver() -> str:
            result = await core.rpc.send(
                prompt=prompt,
                attachments=attachments,
                mode=mode,
                agent_mode=agent_mode,
                display_prompt=display_prompt,
                request_headers=request_headers,
                source=source,
            )
            return result.message_id

        return core.turns.begin(
            deliver,
            session_id=core.id,
            steering=mode == "immediate",
            timeout=timeout,
            inactivity_timeout=inactivity_timeout,
            abort_on_cancel=abort_on_cancel,
            buffer=buffer,
        )

    async def ask(
        self,
        prompt: str,
        output_type: type[T],
        *,
        repairs: int = 1,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
        display_prompt: str | None = None,
        request_headers: Mapping[str, str] | None = None,
        source: str | None = None,
        timeout: float | None = None,
        inactivity_timeout: float | None = DEFAULT_INACTIVITY_TIMEOUT,
    ) -> T:
        """Ask for an answer of a certain type.

        The agent gets a tool to give it with, which ends the turn. What does not fit is told to the model, which may
        correct it; if a turn ends without an answer, it is asked once more.

        Wire methods: `session.tools.set`, since runtime 1.0.81, and `session.send`.

        Args:
            prompt: What to ask. The agent works on it as on any prompt, with all of its tools.
            output_type: The type of the answer: a pydantic model, a dataclass, a TypedDict, or anything else that
                pydantic can describe. Names and descriptions of its fields tell the model what is wanted.
            repairs: How many more prompts to send for want of an answer.
            attachments: See `send`.
            mode: See `send`.
            agent_mode: See `send`.
            display_prompt: What to show in the timeline; the prompt when left out.
            request_headers: See `send`.
            source: See `send`.
            timeout: Seconds that each turn may take; see `send`.
            inactivity_timeout: See `send`.

        Returns:
            The answer, validated.

        Raises:
            OutputValidationError: The agent gave no answer that fits.
            SessionError, TurnTimeout, ConnectionClosed: See `copilot_sdk.turns.Turn`.
            UnsupportedMethod: The runtime is too old.
            UsageError: The type cannot be described to a model, or the session is closed.
        """
        self._core.check_open()

        send = partial(
            self.send,
            mode=mode,
            agent_mode=agent_mode,
            request_headers=request_headers,
            source=source,
            timeout=timeout,
            inactivity_timeout=inactivity_timeout,
        )
        shown = prompt if display_prompt is None else display_prompt
        first = partial(send, attachments=attachments, display_prompt=shown)
        answer: T = await ask(self._core, output_type, prompt, first=first, send=send, repairs=repairs)
        return answer

    async def abort(self, reason: AbortReason | None = None) -> None:
        """Stop the running turn and drop what is queued.

        The session stays usable; the turn ends with `session.idle` whose `aborted` is true.

        Wire method: `session.abort`.

        Args:
            reason: Why, for the event log; `user_initiated` when left out.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
            UsageError: The session is closed.
        """
        await self.rpc.abort(reason=reason)

    # ------------------------------------------------------------------ tools

    async def set_tools(self, tools: Sequence[Tool[..., Any]]) -> None:
        """Offer other tools instead of those that this client offers so far, from the next model request on.

        Wire method: `session.tools.set`, since runtime 1.0.81.

        Args:
            tools: The tools; none to take all away.

        Raises:
            UnsupportedMethod, RpcError, RequestTimeout, ConnectionClosed: The runtime does not take them; the old
                ones stay.
            UsageError: The session is closed, or something is no tool.
        """
        self._core.check_open()
        await self._core.answers.set_tools(tools)

    async def answer_tool(self, request: ExternalToolRequested | str, result: object) -> bool:
        """Give the result of a call of a tool that was made with `declare_tool`.

        Wire method: `session.tools.handlePendingToolCall`.

        Args:
            request: The event that asked for it, or its `request_id`.
            result: What a function made a tool with `@tool` could return: a text, a `ToolResult`, anything with JSON.

        Returns:
            False if nobody waits for it any more.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
            UsageError: The session is closed.
            ValueError: The result cannot be written as JSON.
        """
        from copilot_sdk.tools import wire_result

        request_id = request if isinstance(request, str) else request.data.request_id
        wire: Any = wire_result(result)
        reply = await self.rpc.tools.handle_pending_tool_call(request_id=request_id, result=wire)
        return reply.success

    # ------------------------------------------------------------------ tasks

    async def start_task(
        self, work: Work, *, description: str, name: str | None = None, cancellable: bool = True
    ) -> ClientTask:
        """Start a background task that this program carries out: the session lists it, and can cancel it.

        What the function returns is the result of the task, an exception is its failure. A cancelled async function
        is cancelled; a plain one has to look at `cancelled` and return. Closing the session cancels the task.

        Wire method: `session.tasks.register`, since runtime 1.0.102.

        Args:
            work: The function. An async one gets a `ClientTask`, to tell how far it has come; a plain one runs in a
                worker thread and gets a `copilot_sdk.sync.ClientTask`.
            description: What is done, for people.
            name: Short name for lists.
            cancellable: False if nobody is to cancel the task.

        Returns:
            The task, which runs by now.

        Raises:
            UnsupportedMethod, RpcError, RequestTimeout, ConnectionClosed: The runtime does not take it.
            UsageError: The session is closed, or the work is no function.
        """
        return await self._core.client_tasks.start(work, description, name, cancellable)

    # --------------------------------------------------------------- the user

    async def elicit(self, message: str, form: type[M], *, timeout: float | None = None) -> M | None:
        """Have the user fill in a form, wherever a client of the session shows it.

        Wire method: `session.ui.elicitation`.

        Args:
            message: What the user is to fill in.
            form: A pydantic model whose fields are texts, numbers, booleans, and choices of texts.
            timeout: Seconds that the user may take, None for no limit.

        Returns:
            What was filled in; None if the user declined or closed the form.

        Raises:
            UsageError: No client of the session shows forms (`capabilities.ui.elicitation`), the model has a field
                that no form has, or the session is closed.
            ResultValidationError: What was filled in does not fit the model.
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, the user did not answer in time, or
                the runtime is gone.
        """
        return await _forms.elicit(self._core, message, form, timeout)

    async def confirm(self, message: str, *, timeout: float | None = None) -> bool:
        """Ask the user for a yes or a no; declining and closing the form is a no. Raises what `elicit` raises."""
        return await _forms.confirm(self._core, message, timeout)

    async def select(
        self, message: str, options: Sequence[str], *, timeout: float | None = None
    ) -> str | None:
        """Have the user select one of some options; None if there was no answer. Raises what `elicit` raises."""
        return await _forms.select(self._core, message, options, timeout)

    async def input(self, message: str, *, timeout: float | None = None) -> str | None:
        """Have the user enter a text; None if there was no answer. Raises what `elicit` raises."""
        return await _forms.enter(self._core, message, timeout)

    # ----------------------------------------------------------------- events

    @overload
    def events(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SessionEvent]: ...

    @overload
    def events(self, first: type[E], /, *types: type[E], buffer: int = DEFAULT_BUFFER) -> EventStream[E]: ...

    @overload
    def events(
        self, first: str, /, *types: type[EventBase] | str, buffer: int = DEFAULT_BUFFER
    ) -> EventStream[SessionEvent]: ...

    def events(self, *types: type[EventBase] | str, buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """Subscribe to the session's events.

        Args:
            types: Classes or wire types of the events that are wanted; all when left out. A class brings its
                instances alone, a wire type also the events of that type that could not be read.
            buffer: How many events may wait for the subscriber.

        Returns:
            An async iterator, to be used as `async with session.events() as events:` so that it is closed in
            the end. It ends with the session, and raises `ConnectionClosed` when the runtime is gone.

        Raises:
            UsageError: The session is closed, a class stands for no single event, or `buffer` is below 1.
        """
        return self._core.subscribe(EventFilter(types), buffer)

    @overload
    def on(self, event: type[E], callback: Callable[[E], Awaitable[None] | None]) -> Callable[[], None]: ...

    @overload
    def on(self, event: str, callback: Callable[[Any], Awaitable[None] | None]) -> Callable[[], None]: ...

    def on(
        self, event: type[E] | str, callback: Callable[[Any], Awaitable[None] | None]
    ) -> Callable[[], None]:
        """Call a function, plain or async, with each event of a type, one after another.

        What the callback raises is logged, and the next event follows. A plain function runs on the event loop
        and must not block; an async one holds up nobody. When the connection ends, the events that have come
        are still delivered.

        Args:
            event: Class or wire type of the event, as for `events`; `"*"` for all events.
            callback: The function.

        Returns:
            A function that ends the subscription.

        Raises:
            UsageError: The session is closed, the class stands for no single event, or the callback is no function.
        """
        if not callable(callback):
            raise UsageError(f"the callback has to be a function, not {callback!r}")
        stream = self._core.subscribe(EventFilter(() if event == "*" else (event,)))
        self._core.tasks.follow(feed(stream, callback))
        return stream.close

    # -------------------------------------------------------------- lifecycle

    async def close(self) -> None:
        """Leave the session; what it has on disk stays, and `resume_session` takes it up again.

        Takes bounded time, whatever handlers and callbacks do: they are cancelled. May be called by any of them,
        and any number of times.

        Wire method: `session.destroy`.
        """
        await self._core.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._core.close()
