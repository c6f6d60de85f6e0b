"""Tools that the runtime runs itself, and tools that clients run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, text_at, tool, types


async def _result(client: Client, tool_name: str, /, **arguments: object) -> Json:
    """Lets the model call a tool and returns the data of its end."""
    done = len(client.of("tool.execution_complete"))
    await client.turn(f"!call {tool_name} {json.dumps(arguments)}")
    return client.of("tool.execution_complete")[done]


@pytest.fixture
async def client(start: Start, join: Join, tmp_path: Path) -> Client:
    client = await join(start())
    folder = tmp_path / "work"
    folder.mkdir()
    await client.open(workingDirectory=str(folder))
    await client.call("session.permissions.setApproveAll", enabled=True)
    return client


async def test_files_are_created_shown_and_edited(client: Client, tmp_path: Path) -> None:
    made = await _result(client, "create", path="a/b.txt", file_text="one\ntwo\n")
    assert made["success"]
    assert (tmp_path / "work/a/b.txt").read_text() == "one\ntwo\n"
    edited = await _result(client, "edit", path="a/b.txt", old_str="two", new_str="2")
    assert "+2" in edited["result"]["detailedContent"]
    shown = await _result(client, "view", path="a/b.txt")
    assert shown["result"]["content"] == "1. one\n2. 2"
    part = await _result(client, "view", path="a/b.txt", view_range=[2, -1])
    assert part["result"]["content"] == "2. 2"
    assert part["result"]["detailedContent"].endswith("\n@@ -2,1 +2,1 @@\n 2\n")
    beyond = await _result(client, "view", path="a/b.txt", view_range=[3, 4])
    assert "out of bounds: there are 2 lines" in beyond["error"]["message"]
    listed = await _result(client, "view", path=".")
    assert listed["result"]["content"] == "a/"
    changes = (await client.call("session.usage.getMetrics"))["codeChanges"]
    assert (changes["linesAdded"], changes["linesRemoved"], changes["filesModifiedCount"]) == (3, 1, 1)


async def test_an_edit_that_fits_nowhere_fails_and_changes_nothing(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "work/a.txt"
    path.write_text("x x")
    failed = await _result(client, "edit", path="a.txt", old_str="x", new_str="y")
    assert "occurs 2 times" in failed["error"]["message"]
    assert path.read_text() == "x x"


async def test_files_are_searched_by_content_and_by_name(client: Client, tmp_path: Path) -> None:
    (tmp_path / "work/src").mkdir()
    (tmp_path / "work/src/a.py").write_text("import os\nprint('x')\n")
    (tmp_path / "work/b.md").write_text("print this\n")
    found = await _result(client, "grep", pattern="print", glob="*.py")
    assert found["result"]["content"] == "src/a.py:2:print('x')"
    named = await _result(client, "glob", pattern="**/*.py")
    assert named["result"]["content"] == "src/a.py"
    nothing = await _result(client, "grep", pattern="nowhere")
    assert nothing["result"]["content"] == "No matches found."


async def test_bash_runs_in_the_working_directory_and_reports_the_exit_code(
    client: Client, tmp_path: Path
) -> None:
    result = await _result(client, "bash", command="pwd; exit 3")
    assert result["success"]
    assert str(tmp_path / "work") in result["result"]["content"]
    assert "exit code 3" in result["result"]["content"]
    assert result["result"]["contents"][0]["exitCode"] == 3


async def test_the_output_of_a_command_is_told_in_pieces_and_as_far_as_it_is(
    client: Client, tmp_path: Path
) -> None:
    command = "printf 'one ä'; until test -e gate; do sleep 0.01; done; seq 3000; printf '\\303'"
    await client.send(f"!call bash {json.dumps({'command': command})}")
    shown = (await client.until("tool.execution_partial_result"))["data"]
    assert shown["partialOutput"] == "one ä"
    (tmp_path / "work/gate").touch()
    await client.until("session.idle")
    (result,) = client.of("tool.execution_complete")
    pieces = client.of("tool.shell_output")
    numbers = "".join(f"{number}\n" for number in range(1, 3001))
    assert "".join(piece["text"] for piece in pieces) == f"one ä{numbers}\ufffd"
    assert [piece["sequence"] for piece in pieces] == list(range(len(pieces)))
    assert {(piece["toolCallId"], piece["stream"]) for piece in pieces} == {(result["toolCallId"], "stdout")}
    last = client.of("tool.execution_partial_result")[-1]["partialOutput"]
    assert (len(last), last[-6:]) == (10_240, "3000\n\ufffd")


async def test_the_output_of_a_command_is_told_until_it_goes_to_the_background(
    client: Client, tmp_path: Path
) -> None:
    command = "echo one; until test -e gate; do sleep 0.01; done; echo two"
    await client.send(f"!call bash {json.dumps({'command': command, 'initial_wait': 0.2})}")
    await client.until("tool.execution_complete")
    (tmp_path / "work/gate").touch()
    await client.until("session.idle")
    assert [piece["text"] for piece in client.of("tool.shell_output")] == ["one\n"]


async def test_commands_do_not_see_the_secrets_of_the_runtime(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_CONNECTION_TOKEN", "s3cret")
    result = await _result(client, "bash", command="env")
    assert "s3cret" not in result["result"]["content"]


async def test_unknown_tools_and_broken_arguments_are_told_to_the_model(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("nope"), Call("view", "{broken")]), Reply("ok")])
    client = await join(runtime)
    await client.open()
    await client.turn("go")
    results = [message.text for message in asked_of(runtime)[-1].messages if message.role == "tool"]
    assert results == ["Tool 'nope' does not exist.", "The arguments of 'view' are not a JSON object."]


async def test_an_external_tool_is_asked_for_and_its_result_reaches_the_model(
    start: Start, join: Join
) -> None:
    runtime = start([Reply(calls=[Call("weather", {"city": "Oslo"}, id="c1")]), Reply("cold")])
    client = await join(runtime)
    await client.open(tools=[tool("weather", skipPermission=True)])
    await client.send("weather?")
    request = (await client.until("external_tool.requested"))["data"]
    assert (request["toolName"], request["arguments"], request["toolCallId"]) == (
        "weather",
        {"city": "Oslo"},
        "c1",
    )
    answer = {
        "requestId": request["requestId"],
        "result": {"textResultForLlm": "-3", "sessionLog": "asked Oslo"},
    }
    assert await client.call("session.tools.handlePendingToolCall", **answer) == {"success": True}
    assert await client.call("session.tools.handlePendingToolCall", **answer) == {"success": False}
    await client.until("session.idle")
    complete = client.of("tool.execution_complete")[0]
    assert complete["result"] == {"content": "-3", "detailedContent": "asked Oslo"}
    assert asked_of(runtime)[-1].messages[-1].text == "-3"
    told = [kind for kind in types(client.events, "session.tools_updated") if "tool" in kind]
    assert told == [
        "tool.execution_start",
        "external_tool.requested",
        "external_tool.completed",
        "tool.execution_complete",
    ]


async def test_parallel_calls_are_requested_at_once_and_answered_in_call_order(
    start: Start, join: Join
) -> None:
    runtime = start([Reply(calls=[Call("t", {"n": 1}), Call("t", {"n": 2})]), Reply("ok")])
    client = await join(runtime)
    await client.open(tools=[tool("t", skipPermission=True)])
    await client.send("go")
    requests = [(await client.until("external_tool.requested"))["data"] for _ in range(2)]
    for request in reversed(requests):
        number = request["arguments"]["n"]
        await client.call(
            "session.tools.handlePendingToolCall", requestId=request["requestId"], result=f"result {number}"
        )
    await client.until("session.idle")
    assert [m.text for m in asked_of(runtime)[-1].messages if m.role == "tool"] == ["result 1", "result 2"]


@pytest.mark.parametrize(
    ("answer", "model_sees", "error"),
    [
        ({"result": "plain"}, "plain", None),
        (
            {"result": {"textResultForLlm": "no luck", "resultType": "failure", "error": "boom"}},
            "no luck",
            {"message": "boom", "code": "failure"},
        ),
        (
            {"result": {"textResultForLlm": "not allowed", "resultType": "denied"}},
            "not allowed",
            {"message": "not allowed", "code": "denied"},
        ),
        ({"error": "boom"}, "Tool execution failed: boom", {"message": "boom", "code": "failure"}),
    ],
)
async def test_results_are_mapped(
    start: Start, join: Join, answer: Json, model_sees: str, error: Json | None
) -> None:
    runtime = start([Reply(calls=[Call("t")]), Reply("ok")])
    client = await join(runtime)
    await client.open(tools=[tool("t", skipPermission=True)])
    await client.send("go")
    request = (await client.until("external_tool.requested"))["data"]
    await client.call("session.tools.handlePendingToolCall", requestId=request["requestId"], **answer)
    await client.until("session.idle")
    complete = client.of("tool.execution_complete")[0]
    assert (complete["success"], complete.get("error")) == (error is None, error)
    assert asked_of(runtime)[-1].messages[-1].text == model_sees


async def test_a_rejected_result_ends_the_turn(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("t")]), Reply("never")])
    client = await join(runtime)
    await client.open(tools=[tool("t", skipPermission=True)])
    await client.send("go")
    request = (await client.until("external_tool.requested"))["data"]
    await client.call(
        "session.tools.handlePendingToolCall",
        requestId=request["requestId"],
        result={"textResultForLlm": "no", "resultType": "rejected"},
    )
    await client.until("session.idle")
    assert len(asked_of(runtime)) == 1


async def test_a_tool_named_like_a_built_in_one_is_an_error_of_the_turn(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(tools=[tool("view")])
    await client.turn("hi")
    assert "overridesBuiltInTool" in client.of("session.error")[0]["message"]


async def test_a_tool_can_replace_a_built_in_one(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("view")]), Reply("ok")]))
    await client.open(tools=[tool("view", overridesBuiltInTool=True, skipPermission=True)])
    await client.send("hi")
    assert (await client.until("external_tool.requested"))["data"]["toolName"] == "view"


async def test_tool_filters_decide_what_the_model_is_offered(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open(availableTools=["view", "bash", "mine"], excludedTools=["bash"], tools=[tool("mine")])
    await client.turn("hi")
    assert sorted(spec.name for spec in asked_of(runtime)[0].tools) == ["mine", "view"]


async def test_abort_ends_running_tools_and_every_call_gets_an_end(
    start: Start, join: Join, tmp_path: Path
) -> None:
    runtime = start(
        [
            Reply(calls=[Call("bash", {"command": "echo $$ > pid.new; mv pid.new pid; sleep 60"})]),
            Reply("fresh"),
        ]
    )
    client = await join(runtime)
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.send("go")
    async with asyncio.timeout(10):
        while not (tmp_path / "pid").exists():
            await client.call("ping")
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)
    complete = client.of("tool.execution_complete")[0]
    assert complete["error"]["code"] == "aborted"
    assert await client.call("session.tasks.list") == {"tasks": []}
    await client.until_dead(int(text_at(str(tmp_path / "pid"))))
    await client.turn("again")
    roles = [message.role for message in asked_of(runtime)[-1].messages]
    assert roles == ["system", "user", "assistant", "tool", "user"]


async def test_the_question_of_the_agent_reaches_the_client_that_answers_questions(
    start: Start, join: Join
) -> None:
    runtime = start(
        [Reply(calls=[Call("ask_user", {"question": "Which?", "choices": ["a", "b"]})]), Reply("ok")]
    )
    client = await join(runtime)
    client.answers["userInput.request"] = lambda params: {
        "answer": params["choices"][1],
        "wasFreeform": False,
    }
    await client.open(requestUserInput=True)
    await client.turn("go")
    assert client.asked[0][1]["question"] == "Which?"
    assert client.of("user_input.requested")[0]["choices"] == ["a", "b"]
    assert client.of("user_input.completed")[0]["answer"] == "b"
    assert asked_of(runtime)[-1].messages[-1].text == "User selected: b"


async def test_a_question_can_be_answered_through_its_event(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("ask_user", {"question": "Which?"})]), Reply("ok")]))
    never = asyncio.Event()
    client.answers["userInput.request"] = lambda _: never.wait()
    await client.open(requestUserInput=True)
    await client.send("go")
    request_id = (await client.until("user_input.requested"))["data"]["requestId"]
    answer = {"answer": "this", "wasFreeform": True}
    result = await client.call("session.ui.handlePendingUserInput", requestId=request_id, response=answer)
    assert result == {"success": True}
    assert (await client.until("user_input.completed"))["data"]["answer"] == "this"


async def test_an_error_of_the_client_becomes_the_answer(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("ask_user", {"question": "Which?"})]), Reply("ok")]))

    def fail(_: Json) -> object:
        raise RuntimeError("no screen")

    client.answers["userInput.request"] = fail
    await client.open(requestUserInput=True)
    await client.turn("go")
    assert "unable to respond" in client.of("user_input.completed")[0]["answer"]


async def test_a_plan_is_carried_out_once_the_user_agrees(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("exit_plan_mode", {"summary": "Do it"})]), Reply("ok")])
    client = await join(runtime)
    client.answers["exitPlanMode.request"] = lambda _: {"approved": True, "selectedAction": "interactive"}
    await client.open(requestExitPlanMode=True)
    await client.call("session.mode.set", mode="plan")
    await client.turn("plan it")
    assert client.of("exit_plan_mode.completed")[0]["approved"] is True
    assert await client.call("session.mode.get") == "interactive"


async def test_a_background_command_is_read_and_stopped(client: Client) -> None:
    await client.send('!call bash {"command": "echo begun; sleep 60", "mode": "async"}')
    await client.until("assistant.turn_end", turnId="1")
    await client.send('!call read_bash {"shellId": "shell", "delay": 0.05}', mode="immediate")
    read = await client.until("tool.execution_complete", success=True)
    while "begun" not in read["data"]["result"]["content"]:
        await client.until("assistant.turn_end")
        await client.send('!call read_bash {"shellId": "shell", "delay": 0.05}', mode="immediate")
        read = await client.until("tool.execution_complete", success=True)
    assert "is still running" in read["data"]["result"]["content"]
    await client.send('!call stop_bash {"shellId": "shell"}')
    stopped = await client.until("tool.execution_complete", success=True)
    while "has ended" not in stopped["data"]["result"]["content"]:
        stopped = await client.until("tool.execution_complete", success=True)
    await client.until("session.idle")
    unknown = await _result(client, "read_bash", shellId="other")
    assert "no shell command 'other'" in unknown["error"]["message"]


async def test_a_slow_command_goes_on_in_the_background(client: Client) -> None:
    await client.send('!call bash {"command": "echo begun; sleep 60", "initial_wait": 0.01}')
    complete = await client.until("tool.execution_complete")
    assert "in the background as shell" in complete["data"]["result"]["content"]
    await client.call("session.tasks.cancel", id="shell")


async def test_agents_are_started_read_and_written_to_by_tools(client: Client) -> None:
    agent = {"agent_type": "task", "prompt": "!say found it", "name": "Finder", "mode": "background"}
    started = await _result(client, "task", **agent)
    assert "'finder' works in the background" in started["result"]["content"]
    read = await _result(client, "read_agent", agent_id="finder", timeout=5)
    assert read["result"]["content"] == "found it"
    written = await _result(client, "write_agent", agent_id="finder", message="!say again")
    assert written["success"]
    read = await _result(client, "read_agent", agent_id="finder", timeout=5)
    assert read["result"]["content"] == "again"
    missing = await _result(client, "read_agent", agent_id="nobody")
    assert "no agent 'nobody'" in missing["error"]["message"]
    unknown = await _result(client, "task", **{**agent, "agent_type": "wizard"})
    assert "Unknown agent type" in unknown["error"]["message"]


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("view", {}, "'path' has to be a string"),
        ("view", {"path": "."}, None),
        ("view", {"path": "binary"}, "not a text file"),
        ("view", {"path": "missing"}, "cannot be read"),
        ("view", {"path": "text", "view_range": [1]}, "two line numbers"),
        ("create", {"path": "text", "file_text": ""}, "exists already"),
        ("create", {"path": "text/below", "file_text": ""}, "cannot be written"),
        ("grep", {"pattern": "("}, "no regular expression"),
        ("grep", {"pattern": "x", "path": "missing"}, "does not exist"),
        ("glob", {"pattern": "/abs"}, "cannot be used"),
        ("bash", {"command": "true", "initial_wait": "soon"}, "has to be a number"),
    ],
)
async def test_what_a_tool_cannot_do_is_told_to_the_model(
    client: Client, tmp_path: Path, name: str, arguments: Json, problem: str | None
) -> None:
    (tmp_path / "work/binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "work/text").write_text("x\n")
    complete = await _result(client, name, **arguments)
    if problem is None:
        assert complete["success"]
    else:
        assert problem in complete["error"]["message"]


async def test_very_much_output_is_shortened(client: Client, tmp_path: Path) -> None:
    (tmp_path / "work/long").write_text("line of text\n" * 10_000)
    shown = await _result(client, "view", path="long")
    assert "view_range" in shown["result"]["content"]
    assert len(shown["result"]["detailedContent"]) > len(shown["result"]["content"])
    printed = await _result(client, "bash", command="seq 1 20000")
    assert printed["result"]["content"].startswith("... the beginning was left out")
    assert "20000" in printed["result"]["content"]


async def test_a_command_that_ignores_the_request_to_end_is_killed(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await join(start(stop_seconds=0.05))
    await client.open(workingDirectory=str(tmp_path))
    await client.call("session.permissions.setApproveAll", enabled=True)
    command = "trap '' TERM; echo $$ > pid.new; mv pid.new pid; while :; do sleep 0.05; done"
    await client.send(f"!call bash {json.dumps({'command': command, 'mode': 'async'})}")
    await client.until("tool.execution_complete")
    async with asyncio.timeout(10):
        while not (tmp_path / "pid").exists():
            await client.call("session.tasks.refresh")
    assert await client.call("session.tasks.cancel", id="shell") == {"cancelled": True}
    await client.until_dead(int((tmp_path / "pid").read_text()))


async def test_a_tool_that_breaks_is_a_failure_and_no_end(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("copilot_sdk.runtime.core.tools.files.View.run", broken)
    complete = await _result(client, "view", path=".")
    assert complete["error"]["message"] == "Tool execution failed: ZeroDivisionError: by zero"
    assert "tool view failed" in caplog.text


async def test_attached_references_are_described_to_the_model(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    point = {"line": 1, "character": 0}
    attachments = [
        {"type": "directory", "path": "/src", "displayName": "src"},
        {
            "type": "selection",
            "filePath": "/a.py",
            "displayName": "a",
            "text": "x = 1",
            "selection": {"start": point, "end": point},
        },
        {
            "type": "github_reference",
            "number": 7,
            "title": "Bug",
            "referenceType": "issue",
            "state": "open",
            "url": "https://example.com/7",
        },
        {"type": "file", "path": "/b.py", "displayName": "b", "lineRange": {"start": 2, "end": 3}},
    ]
    await client.turn("look", attachments=attachments)
    text = asked_of(runtime)[0].messages[-1].text
    for part in ("directory /src", "x = 1", "issue #7", "/b.py lines 2-3"):
        assert part in text


async def test_the_end_of_a_task_is_told_from_how_its_tool_ended(client: Client) -> None:
    for kind, success in (("success", True), ("failure", False)):
        result = {"textResultForLlm": "Dug.", "resultType": kind}
        told = await client.call(
            "session.tools.taskCompleteEventData", toolArgs={"summary": "Dug."}, finalResult=result
        )
        assert told == {"summary": "Dug.", "success": success}
