"""The answers of one client to what the runtime asks the clients of a session: run a tool, decide, ask the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._calls import answer
from copilot_sdk._reactions import Question, handlers, questions
from copilot_sdk._tracing import Trace, below, headers_in, span
from copilot_sdk.errors import CopilotError, MethodNotFound, RpcError, UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import ToolDefinition
    from copilot_sdk._model.event import EventBase
    from copilot_sdk._session_callbacks import SessionCallbacks
    from copilot_sdk.tools import Tool, ToolInvocation

_logger = logging.getLogger("copilot_sdk.session")


class Answers:
    """Runs the tools and handlers of a session and tells the runtime what came out.

    A request is broadcast to all clients and the first answer counts. Each request that is for this client gets
    an answer, also if the tool or the handler fails; one that somebody else has answered is given up.

    Attributes:
        interests: Wire types of the events that the runtime has to be told to send.

    Args:
        rpc: Gives the methods to answer with.
        spawn: Starts a task that ends with the session.
        callbacks: The tools and handlers of this client. Events without a handler are left to other clients,
            requests without one are refused.
        session_id: Gives the identifier of the session.
        trace: The span that the work of the session belongs to.

    Raises:
        UsageError: Something is no tool, two tools have the same name, or a handler wants other arguments than it gets.
    """

    def __init__(
        self,
        rpc: Callable[[], SessionRPC],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        callbacks: SessionCallbacks,
        session_id: Callable[[], str],
        trace: Trace,
    ) -> None:
        self._rpc = rpc
        self._trace = trace
        self._spawn = spawn
        self._tools = self._own = _by_name(callbacks.get("tools", ()))
        self._lent: dict[str, Tool[..., Any]] = {}
        self._handlers = handlers(callbacks)
        self.interests: list[str] = []
        self._undecided: dict[str, asyncio.Task[None]] = {}
        self._reactions: dict[str, Callable[[Any], None]] = {
            "external_tool.requested": self._tool_requested,
            "external_tool.completed": self._request_completed,
        }
        if callbacks.get("on_permission") is None:
            self._reactions["tool.execution_complete"] = self._tool_completed
        for event_type, question in questions(callbacks, session_id).items():
            self._reactions[event_type] = partial(self._asked, question)
            self._reactions[question.completed] = self._request_completed
            self._reactions |= question.notices
            if question.needs_interest:
                self.interests.append(event_type)

    def definitions(self) -> list[ToolDefinition]:
        """The tools as a session is told of them."""
        return [tool.definition for tool in self._tools.values()]

    async def set_tools(self, tools: Sequence[Tool[..., Any]]) -> None:
        """Offer other tools instead; calls of the old ones that run already go on.

        Raises:
            UsageError: See `Answers`.
            CopilotError: The runtime did not take them; the old ones stay.
        """
        await self._offer(_by_name(tools), self._lent)

    @asynccontextmanager
    async def lending(self, tool: Tool[..., Any]) -> AsyncGenerator[None]:
        """Offer one more tool for a while.

        Raises:
            UsageError: There is a tool of its name.
            CopilotError: The runtime did not take it.
        """
        if tool.name in self._tools:
            raise UsageError(f"the session has a tool of the name {tool.name!r} already")
        await self._offer(self._own, {**self._lent, tool.name: tool})
        try:
            yield
        finally:
            try:
                await self._offer(
                    self._own, {key: lent for key, lent in self._lent.items() if lent is not tool}
                )
            except CopilotError as error:
                _logger.debug("the tool %s could not be taken back: %s", tool.name, error)

    async def _offer(self, own: dict[str, Tool[..., Any]], lent: dict[str, Tool[..., Any]]) -> None:
        old, new = self._tools, {**own, **lent}
        # The model may call the new ones before the answer is here.
        self._tools = {**old, **new}
        try:
            definitions: Any = [tool.definition.to_wire() for tool in new.values()]
            await self._rpc().tools.set(tools=definitions)
        except BaseException:
            self._tools = old
            raise
        self._tools, self._own, self._lent = new, own, lent

    def wants(self, event_type: str) -> bool:
        """True if events of this type are for `take`."""
        return event_type in self._reactions

    def take(self, event: EventBase, event_type: str) -> None:
        """React to an event; never blocks."""
        self._reactions[event_type](event)

    async def serve(self, method: str, raw: Mapping[str, Any]) -> Any:
        """Answer a request that the runtime sent to this client alone.

        Raises:
            MethodNotFound: There is no handler.
            InvalidParams: The params do not fit.
            ResultValidationError: What the handler gave does not fit.
        """
        handler = self._handlers.get(method)
        if handler is None:
            raise MethodNotFound(f"Method not found: {method}")
        return await answer(method, handler, raw)

    def _asked(self, question: Question, event: Any) -> None:
        request_id = _text(event, "request_id")
        if request_id is None or not question.concerns(event.data):
            return

        async def reply(result: Any) -> None:
            await question.reply(self._rpc(), request_id, result)

        work = partial(self._ask, question, event)
        self._start(request_id, work, reply, question.fallback(), self._trace.headers)

    async def _ask(self, question: Question, event: Any) -> Any:
        with span(question.event_type, {"gen_ai.conversation.id": self._trace.session_id}):
            return await question.answer(event.data)

    def _tool_requested(self, event: Any) -> None:
        request_id, name = _text(event, "request_id"), _text(event, "tool_name")
        tool = self._tools.get(name or "")
        if tool is None or request_id is None or tool.declared_only:
            return
        from copilot_sdk.tools import ToolResult

        reply = partial(self._reply_to_tool_call, request_id)
        fallback = ToolResult(f"The tool {name} gave a result that cannot be sent.", "failure").to_wire()
        # A runtime that traces has a span for the call; otherwise it belongs to the prompt.
        told = {name: _text(event, name) for name in ("traceparent", "tracestate")}
        above = headers_in(told) or self._trace.headers
        self._start(request_id, partial(self._run_tool, tool, event), reply, fallback, above)

    async def _run_tool(self, tool: Tool[..., Any], event: Any) -> Any:
        from copilot_sdk.tools import ToolInvocation, ToolResult

        call_id, session_id = _text(event, "tool_call_id"), _text(event, "session_id")
        if call_id is None or session_id is None:
            return ToolResult(f"The call of {tool.name} could not be read.", "failure").to_wire()
        call = ToolInvocation(
            session_id,
            call_id,
            tool.name,
            _text(event, "working_directory"),
            event.data.arguments,
            _text(event, "request_id"),
            event.agent_id,
        )
        with span(f"execute_tool {tool.name}", _attributes(tool, call)):
            return await tool.invoke(call.arguments, call)

    async def _reply_to_tool_call(self, request_id: str, result: Any) -> None:
        await self._rpc().tools.handle_pending_tool_call(request_id=request_id, result=result)

    def _tool_completed(self, event: Any) -> None:
        """Say once why tools are denied, for nobody asked for that."""
        if getattr(getattr(event.data, "error", None), "code", None) == "denied":
            del self._reactions["tool.execution_complete"]
            _logger.warning(
                "a tool was denied, and this session has no policy: what needs permission is refused unless "
                "another client decides; pass on_permission=..., such as copilot_sdk.permissions.approve_all"
            )

    def _start(
        self,
        request_id: str,
        work: Callable[[], Awaitable[Any]],
        reply: Callable[[Any], Awaitable[None]],
        fallback: Any,
        above: Mapping[str, str],
    ) -> None:
        if request_id in self._undecided:
            return

        def forget(task: asyncio.Task[None]) -> None:
            if self._undecided.get(request_id) is task:
                del self._undecided[request_id]

        async def in_trace() -> None:
            with below(above):
                await self._answer(request_id, work, reply, fallback)

        task = self._spawn(in_trace())
        self._undecided[request_id] = task
        task.add_done_callback(forget)

    async def _answer(
        self,
        request_id: str,
        work: Callable[[], Awaitable[Any]],
        reply: Callable[[Any], Awaitable[None]],
        fallback: Any,
    ) -> None:
        result = await work()
        # The runtime announces our answer like anybody's; that must not stop us from reading its reply.
        self._undecided.pop(request_id, None)
        try:
            try:
                await reply(result)
            except (RpcError, UsageError) as error:
                _logger.error("the answer to request %s is replaced: %s", request_id, error)  # noqa: TRY400
                await reply(fallback)
        except CopilotError as error:
            _logger.warning("the answer to request %s did not reach the runtime: %s", request_id, error)

    def _request_completed(self, event: Any) -> None:
        """Somebody else has answered: what still runs for the request is stopped."""
        task = self._undecided.get(_text(event, "request_id") or "")
        if task is not None:
            task.cancel()


def _by_name(tools: Sequence[Tool[..., Any]]) -> dict[str, Tool[..., Any]]:
    if not tools:
        return {}
    from copilot_sdk.tools import Tool

    named: dict[str, Tool[..., Any]] = {}
    given: Sequence[Any] = tools
    for item in given:
        if not isinstance(item, Tool):
            raise UsageError(f"tools has {item!r}, which is no tool; make one of a function with @tool")
        if item.name in named:
            raise UsageError(f"two tools have the name {item.name!r}; pass @tool(name=...) to one of them")
        named[item.name] = item
    return named


def _attributes(tool: Tool[..., Any], call: ToolInvocation) -> dict[str, str]:
    """The attributes of the span of a call."""
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": call.tool_call_id,
        "gen_ai.conversation.id": call.session_id,
    }


def _text(event: Any, attribute: str) -> str | None:
    """A text in the data of an event, None if it has no such text or no data."""
    found = getattr(event.data, attribute, None)
    return found if isinstance(found, str) else None
