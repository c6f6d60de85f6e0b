"""A session: prompts in, events out, and the answers to what the runtime asks of its client."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from copilot_sdk._calls import PeerCaller
from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventStream, feed
from copilot_sdk._turn import Turn
from copilot_sdk.errors import CopilotError, HandlerError, MethodNotFound, RpcError, UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.events import (
        AssistantMessage,
        ExternalToolRequested,
        PermissionRequested,
        SessionEvent,
    )
    from copilot_sdk._generated.copilot.types import (
        AbortReason,
        Attachment,
        SendAgentMode,
        SendMode,
        SessionCapabilities,
        SessionCreateResult,
        UserInputRequest,
        UserInputResponse,
    )
    from copilot_sdk._model.event import EventBase
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk.permissions import PermissionHandler
    from copilot_sdk.tools import Tool

    UserInputHandler = Callable[[UserInputRequest], Awaitable[UserInputResponse] | UserInputResponse]

E = TypeVar("E", bound="EventBase")

DEFAULT_TURN_TIMEOUT = 600.0
_SEEN_EVENTS = 20_000
_logger = logging.getLogger("copilot_sdk.session")


class Session:
    """A conversation with an agent. Made by `CopilotClient.create_session` and `resume_session`.

    Use it as `async with session:` or call `close`. Closing keeps what is on disk;
    `CopilotClient.delete_session` does not.

    Attributes:
        id: Identifier of the session.
        workspace_path: Folder of the session's own files on the runtime's machine, None if it has none.
        capabilities: What the session's clients can do, None until it is known.
    """

    def __init__(
        self,
        peer: Peer,
        session_id: str,
        *,
        tools: Sequence[Tool[..., Any]] = (),
        on_permission: PermissionHandler | None = None,
        on_user_input: UserInputHandler | None = None,
        on_closed: Callable[[Session], None] | None = None,
    ) -> None:
        self.id = session_id
        self.workspace_path: str | None = None
        self.capabilities: SessionCapabilities | None = None
        self._peer = peer
        self._tools = {tool.name: tool for tool in tools}
        self._on_permission = on_permission
        self._on_user_input = on_user_input
        self._on_closed = on_closed
        self._streams: list[EventStream] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._seen: dict[str, None] = {}
        self._sending = asyncio.Lock()
        self._busy = False
        self._closed = False

    def __repr__(self) -> str:
        return f"<Session {self.id}{' (closed)' if self._closed else ''}>"

    @cached_property
    def rpc(self) -> SessionRPC:
        """Every method of the runtime that acts on a session, by namespace: `session.rpc.tasks.list()`."""
        from copilot_sdk._generated.copilot.api.session import SessionRPC

        return SessionRPC(PeerCaller(self._peer, self.id))

    # ---------------------------------------------------------------- prompts

    async def send(
        self,
        prompt: str,
        *,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
        display_prompt: str | None = None,
        request_headers: Mapping[str, str] | None = None,
    ) -> str:
        """Send a prompt and return without waiting for the turn.

        Prompts of one session are sent one at a time, in the order of the calls.

        Wire method: `session.send`.

        Args:
            prompt: What to tell the agent.
            attachments: Files, folders, selections and the like that go with it.
            mode: `enqueue` (the default) to wait for the running turn, `immediate` to steer it.
            agent_mode: Mode of the agent for this prompt: `interactive`, `plan`, `autopilot` or `shell`.
            display_prompt: What to show in the timeline instead of the prompt.
            request_headers: Extra HTTP headers for the model requests of this turn.

        Returns:
            Identifier of the message; the turn's `user.message` event carries it.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
            UsageError: The session is closed.
        """
        self._check_open()
        async with self._sending:
            self._busy = True
            result = await self.rpc.send(
                prompt=prompt,
                attachments=attachments,
                mode=mode,
                agent_mode=agent_mode,
                display_prompt=display_prompt,
                request_headers=request_headers,
            )
        return result.message_id

    async def stream(
        self,
        prompt: str,
        *,
        timeout: float | None = DEFAULT_TURN_TIMEOUT,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
    ) -> AsyncIterator[SessionEvent]:
        """Send a prompt and iterate over the session's events until the turn has ended.

        The last event is `session.idle`. Leaving the loop early does not abort the turn; `abort` does.

        Args:
            prompt: What to tell the agent.
            timeout: Seconds that the whole turn may take, None for no limit.
            attachments: See `send`.
            mode: See `send`.
            agent_mode: See `send`.

        Yields:
            Every event of the session, those of other turns and of sub-agents included.

        Raises:
            SessionError: The turn failed; raised after the turn's last event.
            TurnTimeout: The turn took too long; the error has the last events. The turn goes on.
            ConnectionClosed: The runtime is gone.
        """
        turn = Turn(self._busy, timeout)
        with_stream = self.events()
        async with with_stream as stream:
            turn.message_id = await self.send(
                prompt, attachments=attachments, mode=mode, agent_mode=agent_mode
            )
            while not turn.ended:
                event = await turn.next(stream)
                yield event
        turn.raise_error()

    async def send_and_wait(
        self,
        prompt: str,
        *,
        timeout: float | None = DEFAULT_TURN_TIMEOUT,
        attachments: Sequence[Attachment] | None = None,
        mode: SendMode | None = None,
        agent_mode: SendAgentMode | None = None,
    ) -> AssistantMessage | None:
        """Send a prompt and wait until the turn has ended.

        Args:
            prompt: What to tell the agent.
            timeout: Seconds that the whole turn may take, None for no limit.
            attachments: See `send`.
            mode: See `send`.
            agent_mode: See `send`.

        Returns:
            The agent's last message of the turn, None if it said nothing.

        Raises:
            SessionError, TurnTimeout, ConnectionClosed: See `stream`.
        """
        last: AssistantMessage | None = None
        async for event in self.stream(
            prompt, timeout=timeout, attachments=attachments, mode=mode, agent_mode=agent_mode
        ):
            if event.type == "assistant.message" and event.agent_id is None:
                last = event  # type: ignore[assignment]
        return last

    async def abort(self, reason: AbortReason | None = None) -> None:
        """Stop the running turn and drop what is queued.

        The session stays usable; the turn ends with `session.idle` whose `aborted` is true.

        Wire method: `session.abort`.

        Args:
            reason: Why, for the event log; `user_initiated` when left out.

        Raises:
            RpcError, RequestTimeout, ConnectionClosed: The runtime refused, did not answer in time, or is
                gone.
        """
        self._check_open()
        await self.rpc.abort(reason=reason)

    # ----------------------------------------------------------------- events

    def events(self, *types: type[EventBase] | str, buffer: int = DEFAULT_BUFFER) -> EventStream:
        """Subscribe to the session's events.

        Args:
            types: Classes or wire types of the events that are wanted; all when left out.
            buffer: How many events may wait for the subscriber.

        Returns:
            An async iterator, to be used as `async with session.events() as events:` so that it is closed in
            the end. It ends with the session, and raises `ConnectionClosed` when the runtime is gone.
        """
        self._check_open()
        stream = EventStream(_wire_types(types), buffer=buffer, on_close=self._unsubscribe)
        self._streams.append(stream)
        return stream

    @overload
    def on(self, event: type[E], callback: Callable[[E], Awaitable[None] | None]) -> Callable[[], None]: ...

    @overload
    def on(self, event: str, callback: Callable[[Any], Awaitable[None] | None]) -> Callable[[], None]: ...

    def on(
        self, event: type[E] | str, callback: Callable[[Any], Awaitable[None] | None]
    ) -> Callable[[], None]:
        """Call a function, plain or async, with each event of a type, one after another.

        The callback never holds up the connection; what it raises is logged.

        Args:
            event: Class or wire type of the event; `"*"` for all events.
            callback: The function.

        Returns:
            A function that ends the subscription.
        """
        stream = self.events() if event == "*" else self.events(event)
        self._spawn(feed(stream, callback))
        return stream.close

    def _unsubscribe(self, stream: EventStream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)

    # -------------------------------------------------------------- lifecycle

    async def close(self) -> None:
        """Leave the session; what it has on disk stays, and `resume_session` takes it up again.

        Wire method: `session.destroy`.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if not self._peer.closed:
                await self.rpc.destroy()
        except RpcError as error:
            _logger.warning("closing session %s failed: %s", self.id, error)
        finally:
            await self._end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _end(self, error: CopilotError | None = None) -> None:
        """End the streams and the tasks; called once the runtime no longer knows of this client."""
        self._closed = True
        for stream in list(self._streams):
            stream.end(error)
        if self._on_closed is not None:
            self._on_closed(self)
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(
                f"session {self.id} is closed; resume it with client.resume_session({self.id!r})"
            )

    def _opened(self, result: SessionCreateResult) -> None:
        self.workspace_path = result.workspace_path
        self.capabilities = result.capabilities

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ------------------------------------------------------- what comes in

    def _receive(self, raw: Mapping[str, Any]) -> None:
        """Take an event off the wire: once, in order, decoded only if somebody wants it."""
        event_id = raw.get("id")
        if isinstance(event_id, str):
            if event_id in self._seen:
                return
            self._seen[event_id] = None
            if len(self._seen) > _SEEN_EVENTS:
                del self._seen[next(iter(self._seen))]
        kind = str(raw.get("type"))
        answer = self._answers.get(kind)
        wanted = [stream for stream in self._streams if stream.wants(kind)]
        if kind == "session.idle" and raw.get("agentId") is None:
            self._busy = False
        if answer is None and not wanted:
            return
        from copilot_sdk._generated.copilot.events import decode

        event = decode(raw)  # type: ignore[arg-type]
        for stream in wanted:
            stream.push(event)
        if answer is not None:
            answer(event)

    @cached_property
    def _answers(self) -> dict[str, Callable[[Any], None]]:
        """What this client does about broadcast events."""
        return {
            "external_tool.requested": self._tool_requested,
            "external_tool.completed": self._request_completed,
            "permission.requested": self._permission_requested,
            "permission.completed": self._request_completed,
        }

    def _start_answer(self, request_id: str, work: Any) -> None:
        if request_id in self._running:
            work.close()
            return
        task = self._spawn(self._answering(request_id, work))
        self._running[request_id] = task
        task.add_done_callback(lambda _: self._running.pop(request_id, None))

    async def _answering(self, request_id: str, work: Awaitable[None]) -> None:
        try:
            await work
        except CopilotError as error:
            _logger.warning("the answer to request %s did not reach the runtime: %s", request_id, error)

    def _request_completed(self, event: Any) -> None:
        """Somebody has answered: a handler that still runs for it is stopped."""
        task = self._running.get(getattr(event.data, "request_id", ""))
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _tool_requested(self, event: ExternalToolRequested) -> None:
        if getattr(event.data, "tool_name", None) in self._tools:
            self._start_answer(event.data.request_id, self._run_tool(event))

    async def _run_tool(self, event: ExternalToolRequested) -> None:
        from copilot_sdk.tools import ToolInvocation

        data = event.data
        invocation = ToolInvocation(
            self.id, data.tool_call_id, data.tool_name, getattr(data, "working_directory", None)
        )
        result: Any = await self._tools[data.tool_name].invoke(data.arguments, invocation)
        await self.rpc.tools.handle_pending_tool_call(request_id=data.request_id, result=result)

    def _permission_requested(self, event: PermissionRequested) -> None:
        if self._on_permission is not None and not getattr(event.data, "resolved_by_hook", None):
            self._start_answer(event.data.request_id, self._decide(event, self._on_permission))

    async def _decide(self, event: PermissionRequested, handler: PermissionHandler) -> None:
        from copilot_sdk.permissions import user_not_available

        try:
            decision: Any = handler(event.data.permission_request)
            if inspect.isawaitable(decision):
                decision = await decision
        except Exception as error:
            _logger.exception("%s", HandlerError("permission.requested", error))
            decision = user_not_available()
        await self.rpc.permissions.handle_pending_permission_request(
            request_id=event.data.request_id, result=decision
        )

    async def _serve(self, method: str, raw: Mapping[str, Any]) -> Any:
        """Answer a request of the runtime for this session."""
        if method != "userInput.request" or self._on_user_input is None:
            raise MethodNotFound(f"Method not found: {method}")
        from copilot_sdk._generated.copilot.methods import INBOUND
        from copilot_sdk._model.codec import decode_params, encode_result

        entry = INBOUND[method]
        answer: Any = self._on_user_input(decode_params(entry, raw))
        if inspect.isawaitable(answer):
            answer = await answer
        return encode_result(entry, answer)


def _wire_types(types: Iterable[type[EventBase] | str]) -> frozenset[str] | None:
    names = set()
    for item in types:
        if isinstance(item, str):
            names.add(item)
            continue
        field = item.model_fields.get("type")
        if field is None or not isinstance(field.default, str) or not field.default:
            raise UsageError(
                f"{item.__name__} is no class of a single event type; leave it out to get all events"
            )
        names.add(field.default)
    return frozenset(names) or None
