"""Tools that the model calls and this program runs."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, Tool, ToolInvocation, ToolResult, UsageError, tool
from copilot_sdk.events import ExternalToolRequested
from copilot_sdk.session import Session
from copilot_sdk.tools import declare_tool
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.hang import Hang


async def open_with(client: CopilotClient, *tools: Tool[..., Any]) -> Session:
    return await client.create_session(session_id=SESSION, tools=tools)


async def test_the_answer_of_a_tool_goes_to_the_runtime(client: CopilotClient, runtime: FakeRuntime) -> None:
    @tool
    async def double(number: int) -> int:
        return 2 * number

    await open_with(client, double)
    await runtime.request_tool("double", {"number": 21})
    assert await runtime.asked("session.tools.handlePendingToolCall") == {
        "sessionId": SESSION,
        "requestId": "r1",
        "result": "42",
    }


async def test_plain_functions_run_off_the_loop(client: CopilotClient, runtime: FakeRuntime) -> None:
    free = threading.Event()

    @tool
    def wait() -> str:
        assert free.wait(10)
        return threading.current_thread().name

    await open_with(client, wait)
    await runtime.request_tool("wait")
    await client.ping()
    free.set()
    assert await runtime.tool_answer() != threading.current_thread().name


async def test_a_tool_gets_its_invocation(client: CopilotClient, runtime: FakeRuntime) -> None:
    @tool
    async def where(call: ToolInvocation, word: str = "x") -> dict[str, Any]:
        return {"call": call, "word": word}

    await open_with(client, where)
    for number, agent in enumerate((None, "sub-1"), 1):
        await runtime.request_tool("where", request=f"r{number}", agent=agent)
        assert json.loads(await runtime.tool_answer(number)) == {
            "call": {
                "session_id": "s1",
                "tool_call_id": f"call-r{number}",
                "tool_name": "where",
                "working_directory": "/work",
                "arguments": {},
                "request_id": f"r{number}",
                "agent_id": agent,
            },
            "word": "x",
        }


async def test_a_result_can_say_more_than_text(client: CopilotClient, runtime: FakeRuntime) -> None:
    @tool
    async def paint() -> ToolResult:
        picture = {"type": "image", "data": "aGk=", "mimeType": "image/png"}
        return ToolResult(
            "painted", "rejected", error="e", session_log="log", binary=(picture,), telemetry={"n": 1}
        )

    await open_with(client, paint)
    await runtime.request_tool("paint")
    assert await runtime.tool_answer() == {
        "textResultForLlm": "painted",
        "resultType": "rejected",
        "error": "e",
        "sessionLog": "log",
        "binaryResultsForLlm": [{"type": "image", "data": "aGk=", "mimeType": "image/png"}],
        "toolTelemetry": {"n": 1},
    }


async def test_calls_run_side_by_side(client: CopilotClient, runtime: FakeRuntime) -> None:
    both, running = asyncio.Event(), 0

    @tool
    async def meet(name: str) -> str:
        nonlocal running
        running += 1
        if running == 2:
            both.set()
        await both.wait()
        return name

    await open_with(client, meet)
    for number in "12":
        await runtime.request_tool("meet", {"name": number}, request=number)
    answers = {await runtime.tool_answer(1), await runtime.tool_answer(2)}
    assert answers == {"1", "2"}


async def test_a_tool_of_another_client_is_none_of_our_business(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    @tool
    async def ours() -> str:
        return "ours"

    await open_with(client, ours)
    await runtime.request_tool("theirs", request="r1")
    await runtime.request_tool("ours", request="r2")
    assert (await runtime.asked("session.tools.handlePendingToolCall"))["requestId"] == "r2"
    await client.ping()
    assert runtime.count("session.tools.handlePendingToolCall") == 1


async def test_a_request_that_is_still_being_worked_on_is_not_begun_again(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    free, begun = asyncio.Event(), []

    @tool
    async def once() -> str:
        begun.append(1)
        await free.wait()
        return "done"

    await open_with(client, once)
    await runtime.request_tool("once")
    await runtime.request_tool("once")
    await client.ping()
    free.set()
    await runtime.tool_answer()
    assert len(begun) == 1
    # The same call may come again later, after a restart of the runtime.
    await runtime.request_tool("once")
    await runtime.tool_answer(2)


@pytest.mark.parametrize("kind", ["plain", "async", "stop", "cancelled"])
async def test_a_tool_that_fails_tells_the_model_briefly_and_the_log_at_length(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    @tool(name="fails")
    def plain() -> str:
        raise LookupError("no such city " + 5000 * "x")

    @tool(name="fails")
    async def later() -> str:
        raise LookupError("no such city " + 5000 * "x")

    @tool(name="fails")
    def stop() -> str:
        raise StopIteration("no such city")

    @tool(name="fails")
    async def wait_for_a_cancelled_task() -> str:
        gone = asyncio.create_task(asyncio.Event().wait())
        gone.cancel()
        await gone
        return "no such city"

    tools: dict[str, Tool[..., Any]] = {
        "plain": plain,
        "async": later,
        "stop": stop,
        "cancelled": wait_for_a_cancelled_task,
    }
    await open_with(client, tools[kind])
    await runtime.request_tool("fails")
    answer = await runtime.tool_answer()
    assert answer["resultType"] == "failure"
    assert answer["textResultForLlm"].startswith("The tool fails failed: ")
    assert len(answer["textResultForLlm"]) < 1100
    assert answer["error"] == answer["textResultForLlm"]
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.name == "copilot_sdk.callbacks"
    assert record.message.startswith("the handler of tool fails raised ")


async def test_wrong_arguments_are_explained_to_the_model(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    async def add(a: int, b: int) -> int:
        return a + b

    await open_with(client, add)
    for number, arguments in enumerate(({"a": "x", "c": 1}, "text", [1]), 1):
        await runtime.request_tool("add", arguments, request=str(number))
        answer = await runtime.tool_answer(number)
        assert answer["resultType"] == "failure"
        assert answer["textResultForLlm"].endswith("Correct them and call again.")
    text = (await runtime.tool_answer(1))["textResultForLlm"]
    assert all(name in text for name in ("a: ", "b: ", "c: "))
    assert "field0" not in text
    assert not caplog.records


async def test_a_result_that_cannot_be_sent_is_answered_with_a_failure(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    async def bad_telemetry() -> ToolResult:
        return ToolResult("fine", telemetry={"loop": asyncio.Lock()})

    @tool
    async def bad_object() -> object:
        return asyncio.Lock()

    await open_with(client, bad_telemetry, bad_object)
    for number, name in enumerate(("bad_telemetry", "bad_object"), 1):
        await runtime.request_tool(name, request=name)
        answer = await runtime.tool_answer(number)
        assert answer["resultType"] == "failure", name
        assert name in answer["textResultForLlm"]


async def test_a_request_that_cannot_be_read_is_answered_with_a_failure(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    @tool
    async def ours() -> str:
        return "ours"

    await open_with(client, ours)
    await runtime.event("external_tool.requested", {"requestId": "r1", "toolName": "ours"})
    assert (await runtime.tool_answer())["resultType"] == "failure"
    await runtime.event("external_tool.requested", {"toolName": "ours"})
    await runtime.event("external_tool.requested", "what?")
    await runtime.request_tool("ours", request="r2")
    assert await runtime.tool_answer(2) == "ours"


async def test_a_call_that_another_client_answers_is_given_up(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    work = Hang()

    @tool
    async def hang() -> str:
        await work.forever()

    await open_with(client, hang)
    await runtime.request_tool("hang")
    await work.begun.wait()
    await runtime.event("external_tool.completed", {"requestId": "other"})
    await client.ping()
    assert not work.ended.is_set()
    await runtime.event("external_tool.completed", {"requestId": "r1"})
    await work.ended.wait()
    await client.ping()
    assert runtime.count("session.tools.handlePendingToolCall") == 0


@pytest.mark.parametrize("end", ["answered by another", "session closed", "connection lost"])
async def test_a_plain_tool_can_see_that_nobody_waits_for_it(
    client: CopilotClient, runtime: FakeRuntime, end: str
) -> None:
    begun, seen = threading.Event(), asyncio.get_running_loop().create_future()

    @tool
    def work(call: ToolInvocation) -> None:
        before = call.cancelled, call.wait_cancelled(0)
        begun.set()
        came = call.wait_cancelled(10)
        seen.get_loop().call_soon_threadsafe(seen.set_result, (*before, came, call.cancelled))

    session = await open_with(client, work)
    await runtime.request_tool("work")
    await asyncio.to_thread(begun.wait, 10)
    if end == "answered by another":
        await runtime.event("external_tool.completed", {"requestId": "r1"})
    elif end == "session closed":
        await session.close()
    else:
        await runtime.drop()
    assert await seen == (False, False, True, True)


async def test_a_declared_tool_is_answered_by_hand(client: CopilotClient, runtime: FakeRuntime) -> None:
    ask = declare_tool("ask", description="Asks.", parameters={"type": "object"}, skip_permission=True)
    session = await open_with(client, ask)
    offered = {
        "name": "ask",
        "description": "Asks.",
        "parameters": {"type": "object"},
        "skipPermission": True,
    }
    assert (await runtime.asked("session.create"))["tools"] == [offered]
    async with session.events(ExternalToolRequested) as requests:
        await runtime.request_tool("ask", {"what": 1})
        request = await anext(requests)
    await client.ping()
    assert runtime.count("session.tools.handlePendingToolCall") == 0
    assert await session.answer_tool(request, {"ok": True}) is True
    assert await runtime.tool_answer() == '{"ok": true}'
    runtime.answers["session.tools.handlePendingToolCall"] = {"success": False}
    assert await session.answer_tool("r1", ToolResult("late", "timeout")) is False
    assert await runtime.tool_answer(2) == {"textResultForLlm": "late", "resultType": "timeout"}
    with pytest.raises(UsageError, match="answer_tool"):
        ask()


async def test_other_tools_can_be_offered_later(client: CopilotClient, runtime: FakeRuntime) -> None:
    @tool
    async def old() -> str:
        return "old"

    @tool
    async def new() -> str:
        return "new"

    async def take(params: dict[str, Any]) -> dict[str, Any]:
        # The runtime may use a tool before it has answered.
        await runtime.request_tool("new", request="early")
        return {}

    session = await open_with(client, old)
    runtime.answers["session.tools.set"] = take
    await session.set_tools([new])
    told = await runtime.asked("session.tools.set")
    assert [item["name"] for item in told["tools"]] == ["new"]
    assert await runtime.tool_answer() == "new"
    await runtime.request_tool("old", request="gone")
    await client.ping()
    assert runtime.count("session.tools.handlePendingToolCall") == 1
    runtime.answers["session.tools.set"] = RpcError(-32603, "no")
    with pytest.raises(RpcError):
        await session.set_tools([old])
    await runtime.request_tool("old", request="not taken")
    await runtime.request_tool("new", request="still")
    assert (await runtime.asked("session.tools.handlePendingToolCall", 2))["requestId"] == "still"
    with pytest.raises(UsageError, match="is no tool"):
        await session.set_tools([len])  # type: ignore[list-item]


async def test_a_call_that_is_given_up_before_it_began_leaves_no_trace(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    ran = []

    @tool
    async def quick() -> str:
        ran.append(1)
        return "done"

    session = await open_with(client, quick)
    requested = {"id": "a", "type": "external_tool.requested", "timestamp": "", "parentId": None}
    data = {"requestId": "r1", "sessionId": SESSION, "toolCallId": "c", "toolName": "quick"}
    session._core.receive({**requested, "data": data})
    completed = {**requested, "id": "b", "type": "external_tool.completed"}
    session._core.receive({**completed, "data": {"requestId": "r1"}})
    await client.ping()
    assert not ran


async def test_the_news_of_our_own_answer_does_not_disturb_it(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    @tool
    async def ours() -> str:
        return "ours"

    async def handle(params: dict[str, Any]) -> dict[str, bool]:
        await runtime.event("external_tool.completed", {"requestId": params["requestId"]})
        return {"success": True}

    runtime.answers["session.tools.handlePendingToolCall"] = handle
    await open_with(client, ours)
    await runtime.request_tool("ours")
    await runtime.tool_answer()
    await client.ping()
    await client.ping()
    # Nothing was cancelled: the answer has been read to its end.
    assert runtime.notifications == []


async def test_an_answer_that_comes_too_late_is_only_a_note_in_the_log(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    async def ours() -> str:
        return "ours"

    del runtime.answers["session.tools.handlePendingToolCall"]
    session = await open_with(client, ours)
    await runtime.request_tool("ours")
    await runtime.tool_answer(2)
    await session.rpc.abort()
    assert "the answer to request r1 did not reach the runtime" in caplog.text


async def test_a_lost_connection_ends_running_tools(client: CopilotClient, runtime: FakeRuntime) -> None:
    work = Hang()

    @tool
    async def hang() -> str:
        await work.forever()

    await open_with(client, hang)
    await runtime.request_tool("hang")
    await work.begun.wait()
    await runtime.drop()
    await work.ended.wait()
