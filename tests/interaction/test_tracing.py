"""Spans: of requests, of tools and of what else the program does for the runtime, each below the one it belongs to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from opentelemetry import trace

from copilot_sdk import CopilotClient, Hooks, MethodNotFound, RpcError, ToolResult, sync, tool
from copilot_sdk.errors import InternalError
from copilot_sdk.permissions import approve_all, approve_once
from copilot_sdk.types import PermissionDecision, PermissionRequest, PreToolUseHookInput, UserInputRequest
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.spans import TRACER, Spans, attributes, ids, ids_above, recorded

IDS_ELSEWHERE = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
ELSEWHERE = f"00-{'-'.join(IDS_ELSEWHERE)}-01"
SECRET = "ghp_" + "a1" * 18


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    with recorded(monkeypatch) as spans:
        yield spans


@pytest.fixture
async def client(runtime: FakeRuntime, spans: Spans) -> AsyncIterator[CopilotClient]:
    """A client that was started within a span of the program, to which nothing later belongs."""
    client = runtime.client()
    with TRACER.start_as_current_span("start"):
        await client.start()
    yield client
    await client.close()


# ------------------------------------------------------------------------------------- requests


async def test_a_request_has_a_span_below_the_callers(client: CopilotClient, spans: Spans) -> None:
    with TRACER.start_as_current_span("the program"):
        await client.ping()
    span = spans.named("ping")
    assert ids_above(span) == ids(spans.named("the program"))
    assert span.kind is trace.SpanKind.CLIENT
    assert attributes(span) == {"rpc.system.name": "jsonrpc", "rpc.method": "ping"}
    assert span.status.status_code is trace.StatusCode.UNSET


async def test_the_runtime_gets_the_headers_of_the_span_of_a_prompt(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    session = await client.create_session()
    await session.send("x").accepted()
    for method in ("session.create", "session.send"):
        (params,) = [sent for name, sent in runtime.requests if name == method]
        assert tuple(params["traceparent"].split("-")[1:3]) == ids(spans.named(method))
    assert attributes(spans.named("session.send"))["gen_ai.conversation.id"] == session.id


async def test_what_the_runtime_refuses_is_the_error_of_its_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    with pytest.raises(MethodNotFound):
        await client.models()
    span = spans.named("models.list")
    assert span.status.status_code is trace.StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]
    assert attributes(span)["error.type"] == "copilot_sdk.errors.MethodNotFound"
    assert attributes(span)["rpc.response.status_code"] == "-32601"


async def test_a_span_shows_no_credentials(runtime: FakeRuntime, client: CopilotClient, spans: Spans) -> None:
    @tool
    def fail() -> str:
        raise ValueError(f"not with {SECRET}")

    await client.create_session(session_id=SESSION, tools=[fail])
    await runtime.request_tool("fail")
    await runtime.tool_answer()
    span = spans.named("execute_tool fail")
    assert "ValueError: not with ***" in str(span.to_json())
    assert SECRET not in span.to_json()


# ---------------------------------------------------------------------------------------- turns


async def test_a_turn_has_a_span_from_its_prompt_to_its_end(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    session = await client.create_session(session_id=SESSION)
    with TRACER.start_as_current_span("the program"):
        turn = session.send("x")
    message_id = await turn.accepted()
    await runtime.prompt(message_id)
    used = {"model": "gpt-5", "inputTokens": 20, "outputTokens": 10, "cacheReadTokens": 5}
    await runtime.event("assistant.usage", used)
    await client.ping()
    assert "invoke_agent" not in {span.name for span in spans.all}
    await runtime.event("session.idle")
    await turn
    span = spans.named("invoke_agent")
    assert ids_above(span) == ids(spans.named("the program"))
    assert ids_above(spans.named("session.send")) == ids(span)
    assert span.status.status_code is trace.StatusCode.UNSET
    assert attributes(span) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "github",
        "gen_ai.conversation.id": SESSION,
        "gen_ai.response.model": "gpt-5",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
    }


async def test_a_turn_that_fails_says_so_in_its_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    session = await client.create_session(session_id=SESSION)
    runtime.answers["session.send"] = InternalError("no")
    with pytest.raises(InternalError):
        await session.send("x")
    assert attributes(spans.named("invoke_agent"))["error.type"] == "copilot_sdk.errors.InternalError"


# ---------------------------------------------------------------------------------------- tools


@tool
async def look_up(word: str) -> str:
    with TRACER.start_as_current_span("inside"):
        return word


@tool
def look_up_in_thread(word: str) -> str:
    assert threading.current_thread() is not threading.main_thread()
    with TRACER.start_as_current_span("inside"):
        return word


@pytest.mark.parametrize("kind", [look_up, look_up_in_thread], ids=lambda kind: kind.name)
async def test_what_a_tool_does_is_below_its_span_and_that_below_the_runtimes(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans, kind: Any
) -> None:
    await client.create_session(session_id=SESSION, tools=[kind])
    await runtime.request_tool(kind.name, {"word": "x"}, traceparent=ELSEWHERE)
    await runtime.tool_answer()
    await client.ping()
    span = spans.named(f"execute_tool {kind.name}")
    assert attributes(span) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": kind.name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call-r1",
        "gen_ai.conversation.id": SESSION,
    }
    assert span.kind is trace.SpanKind.INTERNAL
    assert ids_above(span) == IDS_ELSEWHERE
    assert ids_above(spans.named("inside")) == ids(span)
    # The answer is no part of the work, but of the same trace.
    assert ids_above(spans.named("session.tools.handlePendingToolCall")) == ids_above(span)


async def test_without_a_span_of_the_runtime_a_tool_belongs_to_the_prompt(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    session = await client.create_session(session_id=SESSION, tools=[look_up])
    await runtime.request_tool("look_up", {"word": "x"}, request="r1")
    await runtime.tool_answer(1)
    assert ids_above(spans.named("execute_tool look_up")) == ids(spans.named("session.create"))
    spans.clear()
    await session.send("x").accepted()
    await runtime.request_tool("look_up", {"word": "x"}, request="r2")
    await runtime.tool_answer(2)
    assert ids_above(spans.named("execute_tool look_up")) == ids(spans.named("session.send"))


async def test_headers_that_the_caller_gives_count(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    session = await client.create_session(session_id=SESSION, tools=[look_up])
    await session.rpc.send(prompt="x", traceparent=ELSEWHERE)
    await runtime.request_tool("look_up", {"word": "x"})
    await runtime.tool_answer()
    assert (await runtime.asked("session.send"))["traceparent"] == ELSEWHERE
    assert ids_above(spans.named("execute_tool look_up")) == IDS_ELSEWHERE


@tool
async def raises() -> str:
    raise LookupError("no such city")


@tool
async def says_no() -> ToolResult:
    return ToolResult("no", "rejected")


@tool
async def takes_a_number(number: int) -> int:
    return number


@pytest.mark.parametrize(
    ("kind", "error"), [(raises, "LookupError"), (says_no, "rejected"), (takes_a_number, "ValueError")]
)
async def test_a_tool_that_fails_says_so_in_its_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans, kind: Any, error: str
) -> None:
    await client.create_session(session_id=SESSION, tools=[kind])
    with TRACER.start_as_current_span("around"):
        await runtime.request_tool(kind.name)
        await runtime.tool_answer()
    span = spans.named(f"execute_tool {kind.name}")
    assert span.status.status_code is trace.StatusCode.ERROR
    assert attributes(span)["error.type"] == error
    assert spans.named("around").status.status_code is trace.StatusCode.UNSET


async def test_a_tool_that_is_given_up_says_so_in_its_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    begun, given_up = asyncio.Event(), asyncio.Event()

    @tool
    async def wait() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return "never"

    await client.create_session(session_id=SESSION, tools=[wait])
    await runtime.request_tool("wait")
    await begun.wait()
    await runtime.event("external_tool.completed", {"requestId": "r1"})
    await given_up.wait()
    await client.ping()
    assert attributes(spans.named("execute_tool wait"))["error.type"] == "asyncio.exceptions.CancelledError"


# ------------------------------------------------------------------------- what else the runtime asks


async def test_a_decision_has_a_span_below_the_prompt(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    async def decide(request: PermissionRequest) -> PermissionDecision:
        with TRACER.start_as_current_span("inside"):
            return approve_once()

    session = await client.create_session(session_id=SESSION, on_permission=decide)
    await session.send("x").accepted()
    await runtime.request_permission()
    await runtime.decision()
    span = spans.named("permission.requested")
    assert ids_above(span) == ids(spans.named("session.send"))
    assert attributes(span) == {"gen_ai.conversation.id": SESSION}
    assert ids_above(spans.named("inside")) == ids(span)


async def test_a_decision_that_fails_says_so_in_its_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    def decide(request: PermissionRequest) -> PermissionDecision:
        raise LookupError("nobody knows")

    await client.create_session(session_id=SESSION, on_permission=decide)
    await runtime.request_permission()
    await runtime.decision()
    assert attributes(spans.named("permission.requested"))["error.type"] == "LookupError"


async def test_a_request_of_the_runtime_has_a_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    def look(data: PreToolUseHookInput) -> None:
        with TRACER.start_as_current_span("inside"):
            raise LookupError("nobody knows")

    session = await client.create_session(session_id=SESSION, hooks=Hooks(pre_tool_use=look))
    await session.send("x").accepted()
    told = {"sessionId": SESSION, "hookType": "preToolUse", "input": {"toolName": "bash"}}
    assert await runtime.peer.request("hooks.invoke", told) == {}
    server = spans.named("hooks.invoke")
    assert server.kind is trace.SpanKind.SERVER
    assert ids_above(server) == ids(spans.named("session.send"))
    assert attributes(server) == {
        "rpc.system.name": "jsonrpc",
        "rpc.method": "hooks.invoke",
        "gen_ai.conversation.id": SESSION,
        "github.copilot.hook.type": "preToolUse",
        "error.type": "LookupError",
    }
    assert ids_above(spans.named("inside")) == ids(server)


async def test_a_request_that_cannot_be_answered_is_the_error_of_its_span(
    runtime: FakeRuntime, client: CopilotClient, spans: Spans
) -> None:
    def answer(request: UserInputRequest) -> Any:
        raise LookupError("nobody is there")

    await client.create_session(session_id=SESSION, on_user_input=answer)
    with pytest.raises(RpcError):
        await runtime.peer.request("userInput.request", {"sessionId": SESSION, "question": "?"})
    span = spans.named("userInput.request")
    assert attributes(span)["error.type"] == "LookupError"
    assert span.status.description == "LookupError: nobody is there"


# ------------------------------------------------------------------------------------ the sync face


def test_the_sync_client_keeps_the_spans_of_its_caller_and_of_its_tools(spans: Spans) -> None:
    with (
        sync.CopilotClient.embedded() as client,
        client.create_session(tools=[look_up_in_thread], on_permission=approve_all) as session,
    ):
        spans.clear()
        with TRACER.start_as_current_span("the program"):
            session.send('!call look_up_in_thread {"word": "x"}').result()
    turn = spans.named("invoke_agent")
    assert ids_above(turn) == ids(spans.named("the program"))
    assert ids_above(spans.named("session.send")) == ids(turn)
    tool_span = spans.named("execute_tool look_up_in_thread")
    assert ids_above(tool_span) == ids(spans.named("session.send"))
    assert ids_above(spans.named("inside")) == ids(tool_span)
