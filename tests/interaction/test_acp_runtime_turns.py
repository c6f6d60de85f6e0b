"""Turns of the reference runtime as an agent of the Agent Client Protocol, for a client that speaks JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.runtime import Call, Reply, ScriptedModel, Usage
from copilot_sdk.runtime.core.faults import fault_of_status
from tests.support.acp_stage import MODES, PIXEL, prompt_of, stage
from tests.support.acp_wire import EVERYTHING, Refused


async def test_a_turn_is_told_as_it_goes(tmp_path: Path) -> None:
    todos = "INSERT INTO todos (id, title, status) VALUES ('a', 'Look', 'done'), ('b', 'Act', 'in_progress')"
    model = ScriptedModel(
        [
            Reply(
                reasoning=["Let me ", "see."],
                text="Looking.",
                calls=[Call("view", {"path": "a.txt", "view_range": [2, 3]}, id="look")],
            ),
            Reply(
                calls=[
                    Call("edit", {"path": "a.txt", "old_str": "beta", "new_str": "gamma"}, id="change"),
                    Call("create", {"path": "b.txt", "file_text": "new\n"}, id="make"),
                    Call("bash", {"command": "echo hi", "description": "Says hi"}, id="run"),
                    Call("sql", {"query": todos, "description": "Notes"}, id="plan"),
                ]
            ),
            Reply(["All ", "done."], usage=Usage(input_tokens=7, output_tokens=2)),
        ]
    )
    async with stage(tmp_path, model) as client:
        client.allow()
        session_id = await client.open()
        (client.folder / "a.txt").write_text("alpha\nbeta\n")
        answer = await client.prompt(session_id, "Look")
        assert answer["stopReason"] == "end_turn"
        assert answer["usage"]["totalTokens"] >= 9
        folder = client.folder
        assert (folder / "a.txt").read_text() == "alpha\ngamma\n"
        assert (folder / "b.txt").read_text() == "new\n"

        thoughts = client.told("agent_thought_chunk")
        assert [one["content"]["text"] for one in thoughts] == ["Let me ", "see."]
        assert len({one["messageId"] for one in thoughts}) == 1
        assert client.said() == "Looking.All done."
        calls = {one["toolCallId"]: one for one in client.told("tool_call")}
        assert {name: (one["kind"], one["status"]) for name, one in calls.items()} == {
            "look": ("read", "pending"),
            "change": ("edit", "pending"),
            "make": ("edit", "pending"),
            "run": ("execute", "pending"),
            "plan": ("other", "pending"),
        }
        assert calls["look"]["locations"] == [{"path": str(folder / "a.txt"), "line": 2}]
        assert calls["run"]["title"] == "Says hi"
        ends = {
            one["toolCallId"]: one
            for one in client.told("tool_call_update")
            if one.get("status") == "completed"
        }
        assert ends.keys() == calls.keys()
        diff = {"type": "diff", "path": str(folder / "a.txt"), "oldText": "beta", "newText": "gamma"}
        assert calls["change"]["content"] == ends["change"]["content"] == [diff]
        assert calls["make"]["content"][0]["oldText"] is None
        assert ends["run"]["content"][0]["content"]["text"].startswith("hi\n")
        assert [entry["status"] for entry in client.told("plan")[-1]["entries"]] == [
            "completed",
            "in_progress",
        ]
        assert client.told("usage_update")[-1]["size"] == 128_000
        assert client.told("session_info_update")[0]["title"] == "Look"
        asked = {one["toolCall"]["toolCallId"]: one for one in client.asked_for("session/request_permission")}
        assert set(asked) == {"change", "make", "run"}
        assert [one["kind"] for one in asked["run"]["options"]] == [
            "allow_once",
            "allow_always",
            "reject_once",
        ]
        assert asked["change"]["toolCall"]["content"][0]["newText"] == "alpha\ngamma\n"


async def test_slash_commands_are_told_when_the_client_knows_the_session(tmp_path: Path) -> None:
    async with stage(tmp_path) as client:
        session_id = await client.open()
        await client.until(client.told)
        assert client.arrived == ["answer to initialize", "answer to session/new", "session/update"]
        (told,) = client.updates
        assert told[0] == session_id
        names = [command["name"] for command in told[1]["availableCommands"]]
        assert {"plan", "model", "session"} <= set(names)
        assert told[1]["availableCommands"][0]["input"] == {"hint": "directory"}


@pytest.mark.parametrize(("option", "asked"), [("allow_always", 1), ("allow_once", 2)])
async def test_what_is_always_allowed_is_not_asked_again(option: str, asked: int, tmp_path: Path) -> None:
    run = Call("bash", {"command": "true"})
    async with stage(
        tmp_path, ScriptedModel([Reply(calls=[run]), Reply(calls=[run]), Reply("Done.")])
    ) as client:
        client.allow(option)
        await client.prompt(await client.open(), "Go")
        assert len(client.asked_for("session/request_permission")) == asked


@pytest.mark.parametrize(
    "outcome",
    [
        {"outcome": "selected", "optionId": "reject_once"},
        {"outcome": "selected", "optionId": "unheard_of"},
        {"outcome": "cancelled"},
        {"outcome": "from_the_future"},
        None,
    ],
    ids=str,
)
async def test_what_is_not_allowed_does_not_happen(outcome: dict[str, str] | None, tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("bash", {"command": "touch made"})]), Reply("A pity.")])
    async with stage(tmp_path, model) as client:
        if outcome is not None:
            client.answers["session/request_permission"] = lambda _: {"outcome": outcome}
        answer = await client.prompt(await client.open(), "Go")
        assert answer["stopReason"] == "end_turn"
        assert client.told("tool_call_update")[-1]["status"] == "failed"
        assert not (client.folder / "made").exists()


async def test_a_cancelled_prompt_ends_and_the_session_goes_on(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(["One", "two"], hold=asyncio.Event(), hold_after=1), Reply("Again.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        prompt = client.start("session/prompt", prompt_of(session_id, "Count"))
        await client.until(lambda: client.said() == "One")
        await client.notify("session/cancel", {"sessionId": session_id})
        assert (await prompt)["stopReason"] == "cancelled"
        assert (await client.prompt(session_id, "More"))["stopReason"] == "end_turn"
        assert client.said() == "OneAgain."


async def test_cancelling_takes_back_what_the_user_is_asked(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("bash", {"command": "touch made"}, id="run")])])
    async with stage(tmp_path, model) as client:
        asked = asyncio.Event()

        async def never(_: object) -> None:
            asked.set()
            await asyncio.Event().wait()

        client.answers["session/request_permission"] = never
        session_id = await client.open()
        prompt = client.start("session/prompt", prompt_of(session_id, "Go"))
        await asked.wait()
        await client.notify("session/cancel", {"sessionId": session_id})
        assert (await prompt)["stopReason"] == "cancelled"
        assert client.told("tool_call_update")[-1]["status"] == "failed"
        await client.until(lambda: client.notified)
        assert client.notified[0][0] == "$/cancel_request"


async def test_a_second_prompt_cancels_the_first(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(["One"], hold=asyncio.Event(), hold_after=1), Reply("Two.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        first = client.start("session/prompt", prompt_of(session_id, "Count"))
        await client.until(client.said)
        assert (await client.prompt(session_id, "Stop that"))["stopReason"] == "end_turn"
        assert (await first)["stopReason"] == "cancelled"


@pytest.mark.parametrize(
    ("replies", "reason", "said"),
    [
        ([Reply("x", finish_reason="length")] * 6, "max_tokens", "xxxxxx"),
        ([Reply("No.", finish_reason="content_filter")], "refusal", "No."),
        ([Reply(error=fault_of_status(400, "bad request"))], "end_turn", "Error: bad request"),
    ],
)
async def test_the_answer_tells_why_the_agent_stopped(
    replies: Sequence[Reply], reason: str, said: str, tmp_path: Path
) -> None:
    async with stage(tmp_path, ScriptedModel(replies)) as client:
        assert (await client.prompt(await client.open(), "Go"))["stopReason"] == reason
        assert client.said() == said


async def test_slash_commands_run_and_unknown_ones_are_prompts(tmp_path: Path) -> None:
    model = ScriptedModel([Reply("What is that?"), Reply("A plan.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        assert (await client.prompt(session_id, "/session info"))["stopReason"] == "end_turn"
        assert f"ID: {session_id}" in client.said()
        assert not model.requests
        await client.prompt(session_id, "/rename")
        assert client.said().endswith("Error: Usage: /rename <name>")
        await client.prompt(session_id, "/nosuch thing")
        assert "/nosuch thing" in model.requests[0].prompt
        await client.prompt(session_id, "/plan Paint the door")
        assert "Paint the door" in model.requests[1].prompt


async def test_a_plan_is_carried_out_when_the_user_says_so(tmp_path: Path) -> None:
    model = ScriptedModel(
        [Reply(calls=[Call("exit_plan_mode", {"summary": "Paint it."}, id="leave")]), Reply("Painted.")]
    )
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        await client.call("session/set_mode", {"sessionId": session_id, "modeId": f"{MODES}plan"})
        client.allow("interactive")
        await client.prompt(session_id, "Make a plan")
        (asked,) = client.asked_for("session/request_permission")
        assert (asked["toolCall"]["toolCallId"], asked["toolCall"]["kind"]) == ("leave", "switch_mode")
        assert client.told("current_mode_update")[-1]["currentModeId"] == f"{MODES}agent"
        assert client.said() == "Painted."


async def test_pictures_links_and_resources_reach_the_model(tmp_path: Path) -> None:
    model = ScriptedModel([Reply("Seen.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        text = {"uri": "file:///x/y.txt", "text": "what it says", "mimeType": "text/plain"}
        blob = {"uri": "file:///x/z.png", "blob": PIXEL, "mimeType": "image/png"}
        await client.prompt(
            session_id,
            "Look",
            {"type": "image", "data": PIXEL, "mimeType": "image/png"},
            {"type": "resource_link", "name": "a", "uri": "file:///some/a%20file.txt"},
            {"type": "resource", "resource": text},
            {"type": "resource", "resource": blob},
        )
        message = model.requests[0].messages[-1]
        assert [image.mime_type for image in message.images] == ["image/png", "image/png"]
        assert "what it says" in message.text
        assert "/some/a file.txt" in message.text
        with pytest.raises(Refused, match=r"-32602 prompt\.0.*audio"):
            await client.prompt(session_id, {"type": "audio", "data": PIXEL, "mimeType": "audio/wav"})


async def test_files_are_those_of_the_editor(tmp_path: Path) -> None:
    model = ScriptedModel(
        [
            Reply(calls=[Call("view", {"path": "unsaved.txt"}, id="look")]),
            Reply(
                calls=[Call("edit", {"path": "a.txt", "old_str": "beta", "new_str": "gamma"}, id="change")]
            ),
            Reply(calls=[Call("view", {"path": "none.txt"}, id="miss")]),
            Reply("Done."),
        ]
    )
    async with stage(tmp_path, model, capabilities=EVERYTHING) as client:
        client.allow()
        editor = {"unsaved.txt": "not saved yet\n", "a.txt": "beta, as edited\n"}

        def read(params: Mapping[str, Any]) -> object:
            name = Path(params["path"]).name
            if name not in editor:
                raise Refused({"code": -32002, "message": "no such file"})
            return {"content": editor[name]}

        def write(params: Mapping[str, Any]) -> object:
            editor[Path(params["path"]).name] = params["content"]
            return {}

        client.answers |= {"fs/read_text_file": read, "fs/write_text_file": write}
        session_id = await client.open()
        (client.folder / "a.txt").write_text("beta\n")
        await client.prompt(session_id, "Look")
        ends = {one["toolCallId"]: one for one in client.told("tool_call_update")}
        assert "not saved yet" in str(ends["look"]["content"])
        assert editor["a.txt"] == "gamma, as edited\n"
        assert (client.folder / "a.txt").read_text() == "beta\n"
        assert ends["miss"]["status"] == "failed"


async def test_what_a_command_prints_is_told_while_it_runs(tmp_path: Path) -> None:
    command = "echo one; until test -e gate; do sleep 0.01; done; echo two"
    model = ScriptedModel([Reply(calls=[Call("bash", {"command": command}, id="run")]), Reply("Done.")])
    async with stage(tmp_path, model) as client:
        client.allow()
        prompt = client.start("session/prompt", prompt_of(await client.open(), "Run"))

        def shown() -> list[str]:
            told = [one for one in client.told("tool_call_update") if "content" in one]
            return [one["content"][0]["content"]["text"] for one in told if "status" not in one]

        await client.until(lambda: shown() == ["one\n"])
        (client.folder / "gate").touch()
        assert (await prompt)["stopReason"] == "end_turn"
        assert shown() == ["one\n", "one\ntwo\n"]
        assert client.told("tool_call_update")[-1]["status"] == "completed"


async def test_commands_run_in_terminals_of_the_client(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("bash", {"command": "make"}, id="run")]), Reply("Made.")])
    async with stage(tmp_path, model, capabilities=EVERYTHING) as client:
        client.allow()
        client.answers |= {
            "terminal/create": lambda _: {"terminalId": "t1"},
            "terminal/wait_for_exit": lambda _: {"exitCode": 3},
            "terminal/output": lambda _: {"output": "made it\n", "truncated": False},
            "terminal/release": lambda _: {},
        }
        await client.prompt(await client.open(), "Make")
        (created,) = client.asked_for("terminal/create")
        assert (created["command"], created["args"]) == ("bash", ["-c", "make"])
        assert created["cwd"] == str(client.folder)
        shown = [one for one in client.told("tool_call_update") if "content" in one]
        assert [one["content"] for one in shown] == [[{"type": "terminal", "terminalId": "t1"}]]
        assert "made it" in str(model.requests[1].messages[-1].text)
        assert "exit code 3" in str(model.requests[1].messages[-1].text)
        assert len(client.asked_for("terminal/release")) == 1


async def test_a_command_in_a_terminal_ends_with_the_prompt(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("bash", {"command": "sleep 100"}, id="run")])])
    async with stage(tmp_path, model, capabilities=EVERYTHING) as client:
        client.allow()
        waiting = asyncio.Event()

        async def wait(_: object) -> None:
            waiting.set()
            await asyncio.Event().wait()

        client.answers |= {
            "terminal/create": lambda _: {"terminalId": "t1"},
            "terminal/wait_for_exit": wait,
            "terminal/output": lambda _: {"output": "", "truncated": False},
            "terminal/kill": lambda _: {},
            "terminal/release": lambda _: {},
        }
        session_id = await client.open()
        prompt = client.start("session/prompt", prompt_of(session_id, "Wait"))
        await waiting.wait()
        await client.notify("session/cancel", {"sessionId": session_id})
        assert (await prompt)["stopReason"] == "cancelled"
        ended = [method for method, _ in client.asked if method in ("terminal/kill", "terminal/release")]
        assert ended == ["terminal/kill", "terminal/release"]


@pytest.mark.parametrize("freeform", [True, False])
async def test_questions_are_forms(freeform: bool, tmp_path: Path) -> None:
    question = {"question": "Which?", "choices": ["red", "blue"], "allow_freeform": freeform}
    model = ScriptedModel([Reply(calls=[Call("ask_user", question)]), Reply("Thanks.")])
    async with stage(tmp_path, model, capabilities=EVERYTHING) as client:
        client.answers["elicitation/create"] = lambda _: {"action": "accept", "content": {"answer": "blue"}}
        await client.prompt(await client.open(), "Ask me")
        (asked,) = client.asked_for("elicitation/create")
        assert asked["message"] == "Which?"
        field = asked["requestedSchema"]["properties"]["answer"]
        assert ("oneOf" in field) is not freeform
        assert "User selected: blue" in model.requests[1].messages[-1].text


async def test_a_client_without_forms_is_asked_no_questions(tmp_path: Path) -> None:
    model = ScriptedModel([Reply("Hello.")])
    async with stage(tmp_path, model) as client:
        await client.prompt(await client.open(), "Hello")
        assert "ask_user" not in [tool.name for tool in model.requests[0].tools]


async def test_compactions_are_told_to_clients_that_want_to_know(tmp_path: Path) -> None:
    model = ScriptedModel([Reply("Long."), Reply("A summary."), Reply("Short."), Reply("Short.")])
    async with stage(tmp_path, model, capabilities=EVERYTHING) as client:
        session_id = await client.open()
        await client.prompt(session_id, "x" * 500_000)
        await client.until(lambda: len(client.told("compaction_update")) == 2)
        begun, done = client.told("compaction_update")
        assert begun["compactionId"] == done["compactionId"]
        assert (begun["status"], done["status"]) == ("in_progress", "completed")
        assert done["summary"][0]["type"] == "text"


async def test_what_agents_of_the_agent_do_is_told_as_one_call(tmp_path: Path) -> None:
    task = {"agent_type": "explore", "name": "scout", "prompt": "Look around"}
    inside = [Reply(calls=[Call("view", {"path": "."})]), Reply("Nothing here.")]
    outside = [Reply(calls=[Call("task", task, id="start")]), Reply("Done.")]
    model = ScriptedModel(lambda request: (outside if request.agent_id is None else inside).pop(0))
    async with stage(tmp_path, model) as client:
        client.allow()
        await client.prompt(await client.open(), "Go")
        assert [one["toolCallId"] for one in client.told("tool_call")] == ["start"]
        assert client.said() == "Done."
