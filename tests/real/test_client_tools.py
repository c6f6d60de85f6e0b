"""Tools of the program, called by the model through the runtime."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from copilot_sdk import ToolInvocation, ToolResult, approve_all, approve_once, tool
from copilot_sdk.events import (
    ExternalToolRequested,
    SubagentStarted,
    ToolExecutionComplete,
    ToolExecutionStart,
)
from copilot_sdk.tools import Binary, ResultType, declare_tool
from copilot_sdk.types import ToolSearchConfig
from tests.real.support.client_stage import CLI, ClientStage, first, turn
from tests.real.support.tools import OSLO, ROME, Policy, tool_texts, weather
from tests.support.model_server import Reply, ToolCall


@dataclass
class Question:
    """What somebody is asked."""

    question: str


async def test_the_model_is_offered_a_tool_as_its_function_is_declared(live: ClientStage) -> None:
    live.says(Reply("Hello."))
    session = await live.create(tools=[weather])
    await session.send("Hi.")
    offered = live.model.requests[0].body["tools"]
    assert isinstance(offered, list)
    (function,) = (item["function"] for item in offered if item["function"]["name"] == "weather")
    assert function["description"] == "Tells the weather of a city."
    properties = function["parameters"]["properties"]
    assert properties["city"] == {"type": "string", "description": "Name of the city."}
    assert properties["days"]["default"] == 1
    assert function["parameters"]["required"] == ["city"]


async def test_a_tool_is_run_with_the_arguments_of_the_model(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ToolCall("weather", {"city": "Rome", "days": 3})]), Reply("Sun."))
    session = await live.create(tools=[weather], on_permission=approve_all)
    events = await turn(session, "Rome?")
    assert tool_texts(live.model.requests[1]) == ["Sun in Rome for 3 days."]
    (requested,) = (event for event in events if isinstance(event, ExternalToolRequested))
    assert requested.data.arguments == {"city": "Rome", "days": 3}
    (done,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    assert done.data.success is True
    steps = [ToolExecutionStart, ExternalToolRequested, ToolExecutionComplete]
    assert [type(event) for event in events if type(event) in steps] == steps


async def test_parallel_calls_run_at_once_and_answer_in_the_order_of_the_calls(live: ClientStage) -> None:
    both_run = asyncio.Barrier(2)
    oslo_done = asyncio.Event()

    @tool(name="weather")
    async def slow_weather(city: str) -> str:
        await both_run.wait()
        if city == "Rome":
            await oslo_done.wait()
        else:
            oslo_done.set()
        return f"Sun in {city}."

    live.says(Reply(tool_calls=[ROME, OSLO]), Reply("Sun twice."))
    session = await live.create(tools=[slow_weather], on_permission=approve_all)
    await session.send("Two cities?")
    assert tool_texts(live.model.requests[1]) == ["Sun in Rome.", "Sun in Oslo."]


async def test_a_tool_that_raises_is_a_failure_that_the_model_reads(
    live: ClientStage, caplog: pytest.LogCaptureFixture
) -> None:
    @tool
    def machine(number: int) -> str:
        """Starts a machine."""
        raise RuntimeError(f"machine {number} is off")

    live.says(Reply(tool_calls=[ToolCall("machine", {"number": 7})]), Reply("It is off."))
    session = await live.create(tools=[machine], on_permission=approve_all)
    with caplog.at_level(logging.ERROR, "copilot_sdk"):
        events = await turn(session, "Start it.")
    (done,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    assert done.data.success is False
    assert done.data.error is not None
    assert "machine 7 is off" in done.data.error.message
    (text,) = tool_texts(live.model.requests[1])
    assert "machine 7 is off" in text
    assert "Traceback" not in text
    assert any(record.exc_info for record in caplog.records)


async def test_arguments_that_do_not_fit_are_explained_and_repaired(live: ClientStage) -> None:
    live.says(
        Reply(tool_calls=[ToolCall("weather", {"town": "Rome"})]), Reply(tool_calls=[ROME]), Reply("Sun.")
    )
    session = await live.create(tools=[weather], on_permission=approve_all)
    answer = await session.send("Rome?")
    assert answer.text == "Sun."
    (complaint,) = tool_texts(live.model.requests[1])
    assert "city" in complaint
    assert "town" in complaint
    assert tool_texts(live.model.requests[2])[-1] == "Sun in Rome for 1 days."


async def test_a_tool_can_say_more_than_its_text_and_know_its_call(live: ClientStage) -> None:
    calls = []

    @tool
    def report(pages: int, call: ToolInvocation) -> ToolResult:
        """Writes a report."""
        calls.append(call)
        return ToolResult("It is written.", session_log=f"{pages} pages were written.")

    live.says(Reply(tool_calls=[ToolCall("report", {"pages": 2}, id="call-7")]), Reply("Done."))
    session = await live.create(tools=[report], on_permission=approve_all)
    events = await turn(session, "Write.")
    (done,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    assert done.data.result is not None
    assert (done.data.result.content, done.data.result.detailed_content) == (
        "It is written.",
        "2 pages were written.",
    )
    (call,) = calls
    assert (call.session_id, call.tool_call_id, call.tool_name) == (session.id, "call-7", "report")


async def test_the_result_of_an_mcp_server_is_handed_on(live: ClientStage) -> None:
    image = {"type": "image", "data": "AAEC", "mimeType": "image/png"}
    blocks = [{"type": "text", "text": "Two files."}, image, {"type": "hologram", "depth": 3}]

    @tool(skip_permission=True)
    def files() -> ToolResult:
        """Lists files."""
        return ToolResult.from_mcp({"content": blocks, "structuredContent": {"files": 2}})

    live.says(Reply(tool_calls=[ToolCall("files")]), Reply("Two."))
    session = await live.create(tools=[files])
    events = await turn(session, "List.")
    assert tool_texts(live.model.requests[1]) == ['Two files.\n{"files": 2}']
    (done,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    result = done.data.to_wire()["result"]
    assert result["contents"] == blocks
    if live.runtime is CLI:
        assert result["binaryResultsForLlm"] == [image]


async def test_a_rejected_result_ends_the_turn_without_the_model(live: ClientStage) -> None:
    @tool
    def gate() -> ToolResult:
        """Opens a gate."""
        return ToolResult("It stays shut.", "rejected")

    live.says(Reply(tool_calls=[ToolCall("gate")]))
    session = await live.create(tools=[gate], on_permission=approve_all)
    events = await turn(session, "Open the gate.")
    assert events[-1].type == "session.idle"
    assert len(live.model.requests) == 1


async def test_a_tool_may_do_without_permission(live: ClientStage) -> None:
    policy = Policy(approve_once)

    @tool(skip_permission=True)
    def clock() -> str:
        """Tells the time."""
        return "noon"

    live.says(Reply(tool_calls=[ToolCall("clock")]), Reply("It is noon."))
    session = await live.create(tools=[clock], on_permission=policy)
    await session.send("What time is it?")
    assert tool_texts(live.model.requests[1]) == ["noon"]
    assert policy.asked == []


async def test_other_tools_can_be_offered_while_the_session_runs(live: ClientStage) -> None:
    @tool
    def clock() -> str:
        """Tells the time."""
        return "noon"

    @tool(overrides_built_in=True)
    def view(path: str) -> str:
        """Shows a secret."""
        return f"{path} is secret"

    def offered() -> dict[str, str]:
        tools: Any = live.model.requests[-1].body["tools"]
        return {item["function"]["name"]: item["function"]["description"] for item in tools}

    live.says(Reply("Hello."), Reply(tool_calls=[ToolCall("clock")]), Reply("Noon."))
    session = await live.create(tools=[weather], on_permission=approve_all)
    await session.send("Hi.")
    assert "weather" in offered()
    await session.set_tools([clock, view])
    await session.send("What time is it?")
    assert "weather" not in offered()
    assert offered()["view"] == "Shows a secret."
    assert tool_texts(live.model.requests[-1]) == ["noon"]
    await session.set_tools([])
    live.says(Reply("Bye."))
    await session.send("Bye.")
    assert "clock" not in offered()
    assert offered()["view"] != "Shows a secret."


async def test_a_declared_tool_waits_until_it_is_answered_by_hand(live: ClientStage) -> None:
    ask = declare_tool("ask", description="Asks somebody.", parameters=Question, skip_permission=True)
    live.says(Reply(tool_calls=[ToolCall("ask", {"question": "Why?"})]), Reply("I see."))
    session = await live.create(tools=[ask])
    async with session.events(ExternalToolRequested) as requests:
        answering = session.send("Ask.")
        request = await first(requests)
    assert request.data.arguments == {"question": "Why?"}
    assert await session.answer_tool(request, "Because.") is True
    assert await session.answer_tool(request, "Again.") is False
    await answering
    assert tool_texts(live.model.requests[-1]) == ["Because."]


async def test_an_abort_cancels_tools_that_run(live: ClientStage) -> None:
    begun, seen = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    cancelled = []

    @tool(skip_permission=True)
    async def hang() -> None:
        """Hangs."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("async")
            raise

    @tool(skip_permission=True)
    def block(call: ToolInvocation) -> None:
        """Blocks."""
        loop.call_soon_threadsafe(begun.set)
        if call.wait_cancelled(10):
            cancelled.append("plain")
        loop.call_soon_threadsafe(seen.set)

    live.says(Reply(tool_calls=[ToolCall("hang"), ToolCall("block")]))
    session = await live.create(tools=[hang, block])
    await session.send("Wait.").accepted()
    await begun.wait()
    await session.abort()
    await seen.wait()
    assert sorted(cancelled) == ["async", "plain"]


@pytest.mark.parametrize(
    ("kind", "requests", "code"),
    [
        ("success", 2, None),
        ("failure", 2, "failure"),
        ("denied", 2, "denied"),
        ("timeout", 2, "timeout"),
        ("rejected", 1, "rejected"),
    ],
)
async def test_what_the_types_of_results_do(
    live: ClientStage, kind: ResultType, requests: int, code: str | None
) -> None:
    @tool(skip_permission=True)
    def gate() -> ToolResult:
        """Opens a gate."""
        return ToolResult("The text.", kind)

    live.says(Reply(tool_calls=[ToolCall("gate")]), Reply("Well."))
    session = await live.create(tools=[gate])
    events = await turn(session, "Open the gate.")
    assert len(live.model.requests) == requests
    assert [tool_texts(request) for request in live.model.requests[1:]] == [["The text."]] * (requests - 1)
    (done,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    assert (done.data.error and done.data.error.code) == code


async def test_binary_results_are_kept_with_the_call(live: ClientStage) -> None:
    @tool(skip_permission=True)
    def shot() -> Binary:
        """Takes a picture."""
        return Binary(b"not really a picture", "image/png", "A dot.")

    live.says(Reply(tool_calls=[ToolCall("shot")]), Reply("Nice."))
    session = await live.create(tools=[shot])
    events = await turn(session, "Take one.")
    (done,) = (event for event in events if isinstance(event, ToolExecutionComplete))
    assert done.data.success is True
    assert tool_texts(live.model.requests[1]) == ["A dot."]
    if live.runtime is CLI:
        assert "A dot." in str(done.data.to_wire()["result"]["binaryResultsForLlm"])


cli_alone = pytest.mark.parametrize("runtime", [CLI], ids=["cli"])


@tool(skip_permission=True, is_terminal=True)
def finish(answer: str) -> str:
    """Ends the work."""
    if answer == "wrong":
        raise ValueError("that is no answer")
    return f"The answer is {answer}."


async def test_a_terminal_tool_ends_the_turn_unless_it_fails(live: ClientStage) -> None:
    wrong, right = (ToolCall("finish", {"answer": answer}) for answer in ("wrong", "right"))
    live.says(Reply(tool_calls=[wrong]), Reply(tool_calls=[right]), Reply("Never said."))
    session = await live.create(tools=[finish])
    events = await turn(session, "Work.")
    done = [event.data.success for event in events if isinstance(event, ToolExecutionComplete)]
    assert done == [False, True]
    assert len(live.model.requests) == 2
    assert tool_texts(live.model.requests[1]) == ["The tool finish failed: ValueError: that is no answer"]


async def test_one_terminal_tool_among_the_calls_of_a_message_ends_the_turn(live: ClientStage) -> None:
    calls = [ToolCall("finish", {"answer": answer}) for answer in ("right", "wrong")]
    live.says(Reply(tool_calls=[*calls, ROME]), Reply("Never said."))
    session = await live.create(tools=[finish, weather], on_permission=approve_all)
    events = await turn(session, "Work.")
    assert len([event for event in events if isinstance(event, ToolExecutionComplete)]) == 3
    assert len(live.model.requests) == 1


@cli_alone
async def test_a_tool_knows_the_sub_agent_that_calls_it(live: ClientStage) -> None:
    calls = []

    @tool(skip_permission=True)
    def report(call: ToolInvocation) -> str:
        """Writes a report."""
        calls.append(call)
        return "Written."

    scribe = {"description": "Write", "prompt": "Write.", "agent_type": "general-purpose", "name": "scribe"}
    ask, call = ToolCall("task", {**scribe, "mode": "sync"}), ToolCall("report")
    live.says(Reply(tool_calls=[call]), Reply(tool_calls=[ask]), Reply(tool_calls=[call]), Reply("Done."))
    live.says(Reply("All done."))
    session = await live.create(tools=[report], on_permission=approve_all)
    events = await turn(session, "Write two.")
    (agent,) = (event.agent_id for event in events if isinstance(event, SubagentStarted))
    requests = [event.data.request_id for event in events if isinstance(event, ExternalToolRequested)]
    assert agent is not None
    assert [(each.agent_id, each.request_id) for each in calls] == list(
        zip((None, agent), requests, strict=True)
    )


@cli_alone
async def test_tools_are_held_back_until_the_model_searches_for_them(live: ClientStage) -> None:
    shown = tool(name="shown", defer="never", skip_permission=True)(finish.function)
    search = ToolCall("tool_search_tool", {"query": "weather"})
    live.says(Reply(tool_calls=[search]), Reply(tool_calls=[ROME]), Reply("Sun."))
    session = await live.create(
        tools=[weather, shown],
        on_permission=approve_all,
        tool_search=ToolSearchConfig(enabled=True, defer_threshold=1),
    )
    await session.send("Rome?")
    offered = [{"weather", "shown"} & set(request.tool_names) for request in live.model.requests]
    assert offered == [{"shown"}, {"weather", "shown"}, {"weather", "shown"}]
    assert tool_texts(live.model.requests[2])[-1] == "Sun in Rome for 1 days."


@cli_alone
async def test_the_namespace_and_the_metadata_of_a_tool_are_taken(live: ClientStage) -> None:
    grouped = tool(name="weather", namespace="outdoors", metadata={"example.com/x": [1]})(weather.function)
    live.says(Reply("Hello."))
    session = await live.create(tools=[grouped])
    events = await turn(session, "Hi.")
    # A namespace that it cannot read is ignored with a warning.
    assert not [event for event in events if event.type == "session.warning"]
    assert "weather" in live.model.requests[0].tool_names
