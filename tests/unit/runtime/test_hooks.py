"""Hooks: when they are called, and what their answers change."""

from __future__ import annotations

import asyncio

from copilot_sdk.runtime import Call, Reply, fault_of_status
from copilot_sdk.runtime.core.hooks import MOST_STOP_BLOCKS
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of


def _answer_hooks(client: Client, **outputs: Json) -> None:
    client.answers["hooks.invoke"] = lambda params: {"output": outputs.get(params["hookType"])}


def _invoked(client: Client) -> list[str]:
    return [params["hookType"] for method, params in client.asked if method == "hooks.invoke"]


async def test_hooks_come_in_the_order_of_the_cli(start: Start, join: Join) -> None:
    client = await join(
        start(
            [
                Reply(
                    calls=[
                        Call("report_intent", {"intent": "x"}),
                    ]
                ),
                Reply("ok"),
            ]
        )
    )
    _answer_hooks(client)
    await client.open(hooks=True)
    assert _invoked(client) == []
    await client.turn("go")
    await client.call("session.destroy")
    assert _invoked(client) == [
        "sessionStart",
        "userPromptSubmitted",
        "userPromptTransformed",
        "preToolUse",
        "postToolUse",
        "agentStop",
        "sessionEnd",
    ]
    first = client.asked[0][1]["input"]
    assert {"sessionId", "timestamp", "cwd", "source", "initialPrompt"} <= first.keys()
    assert len(client.of("hook.start")) == len(client.of("hook.end")) == 7


async def test_a_failed_tool_has_a_hook_of_its_own(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("view", {"path": "."})]), Reply("ok")]))
    _answer_hooks(client, preToolUse={"permissionDecision": "allow", "modifiedArgs": {"path": "/nowhere"}})
    await client.open(hooks=True)
    await client.turn("go")
    assert "postToolUseFailure" in _invoked(client)
    assert "/nowhere" in client.of("tool.execution_complete")[0]["error"]["message"]


async def test_a_hook_can_deny_a_tool(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("report_intent", {"intent": "x"})]), Reply("ok")])
    client = await join(runtime)
    _answer_hooks(client, preToolUse={"permissionDecision": "deny", "permissionDecisionReason": "not today"})
    await client.open(hooks=True)
    await client.turn("go")
    assert "not today" in asked_of(runtime)[-1].messages[-1].text


async def test_a_hook_can_have_the_user_decide(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("report_intent", {"intent": "x"})]), Reply("ok")]))
    _answer_hooks(client, preToolUse={"permissionDecision": "ask", "permissionDecisionReason": "sure?"})
    await client.open(hooks=True, requestPermission=True)
    await client.send("go")
    request = (await client.until("permission.requested"))["data"]
    assert request["permissionRequest"]["kind"] == "hook"
    assert request["permissionRequest"]["hookMessage"] == "sure?"


async def test_hooks_change_prompts_and_results_for_the_model_only(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("report_intent", {"intent": "x"})]), Reply("ok")])
    client = await join(runtime)
    _answer_hooks(
        client,
        userPromptSubmitted={"modifiedPrompt": "GO", "additionalContext": "by the way"},
        postToolUse={"modifiedResult": {"textResultForLlm": "changed"}, "additionalContext": "more"},
    )
    await client.open(hooks=True)
    await client.turn("go")
    assert client.of("user.message")[0]["content"] == "go"
    texts = [message.text for message in asked_of(runtime)[-1].messages]
    assert texts[1] == "GO\n\n<system_reminder>\nby the way\n</system_reminder>"
    assert texts[-1] == "changed\n\nmore"


async def test_a_hook_can_block_a_prompt(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    _answer_hooks(client, userPromptSubmitted={"decision": "block", "reason": "no"})
    await client.open(hooks=True)
    await client.turn("go")
    (warning,) = client.of("session.warning")
    assert (warning["warningType"], warning["message"]) == ("policy_blocked", "no")
    assert asked_of(runtime) == []


async def test_a_hook_can_send_the_agent_back_to_work(start: Start, join: Join) -> None:
    runtime = start([Reply("done"), Reply("really done")])
    client = await join(runtime)
    blocks = iter([{"decision": "block", "reason": "check it"}, {}])

    def answer(params: Json) -> Json:
        return {"output": next(blocks)} if params["hookType"] == "agentStop" else {}

    client.answers["hooks.invoke"] = answer
    await client.open(hooks=True)
    await client.turn("go")
    assert asked_of(runtime)[-1].messages[-1].text == "check it"
    assert client.of("assistant.message")[-1]["content"] == "really done"


async def test_errors_are_told_to_their_hook(start: Start, join: Join) -> None:
    client = await join(start([Reply(error=fault_of_status(400, "bad"))]))
    _answer_hooks(client)
    await client.open(hooks=True)
    await client.turn("go")
    error = next(p["input"] for _, p in client.asked if p["hookType"] == "errorOccurred")
    assert (error["error"]["message"], error["errorContext"]) == ("bad", "model_call")


async def test_a_hook_that_fails_or_talks_nonsense_changes_nothing(start: Start, join: Join) -> None:
    client = await join(start())

    def answer(params: Json) -> object:
        if params["hookType"] == "sessionStart":
            raise RuntimeError("broken hook")
        return {"output": 7}

    client.answers["hooks.invoke"] = answer
    await client.open(hooks=True)
    await client.turn("hi")
    assert client.of("assistant.message")
    assert not any(end["success"] for end in client.of("hook.end"))


async def test_a_hook_that_is_never_answered_holds_the_turn_up_only_for_so_long(
    start: Start, join: Join
) -> None:
    client = await join(start(hook_seconds=0.01))
    client.answers["hooks.invoke"] = lambda _: asyncio.Event().wait()
    await client.open(hooks=True)
    await client.turn("hi")
    assert client.of("assistant.message")


async def test_abort_does_not_wait_for_a_hook(start: Start, join: Join) -> None:
    client = await join(start())
    client.answers["hooks.invoke"] = lambda _: asyncio.Event().wait()
    await client.open(hooks=True)
    await client.send("hi")
    await client.until_asked("hooks.invoke")
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)


async def test_the_calls_of_one_message_have_one_event_and_a_request_each(start: Start, join: Join) -> None:
    calls = [Call("report_intent", {"intent": "a"}, id="1"), Call("nonsense", {}, id="2")]
    client = await join(start([Reply(calls=calls), Reply("ok")]))
    _answer_hooks(client)
    await client.open(hooks=True)
    await client.turn("go")
    (batch,) = [data["input"] for data in client.of("hook.start") if data["hookType"] == "preToolUse"]
    assert [(call["id"], call["name"]) for call in batch["toolCalls"]] == [
        ("1", "report_intent"),
        ("2", "nonsense"),
    ]
    asked = [p["input"] for _, p in client.asked if p["hookType"] == "preToolUse"]
    assert [(hook["toolName"], hook["toolArgs"]) for hook in asked] == [
        ("report_intent", {"intent": "a"}),
        ("nonsense", {}),
    ]
    assert "postToolUseFailure" in _invoked(client)


async def test_abort_settles_calls_whose_hook_is_not_answered(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("report_intent", {"intent": "x"})]), Reply("ok")])
    client = await join(runtime)

    def answer(params: Json) -> object:
        return asyncio.Event().wait() if params["hookType"] == "preToolUse" else {}

    client.answers["hooks.invoke"] = answer
    await client.open(hooks=True)
    await client.send("go")
    await client.until("hook.start", hookType="preToolUse")
    await client.call("session.abort")
    await client.until("session.idle", aborted=True)
    assert client.of("tool.execution_complete")[0]["error"]["code"] == "aborted"
    await client.turn("again")
    assert [message.role for message in asked_of(runtime)[-1].messages][-3:] == ["assistant", "tool", "user"]


async def test_a_hook_that_denies_outweighs_one_that_allows(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[Call("report_intent", {"intent": "x"})]), Reply("ok")])
    first, second = await join(runtime), await join(runtime)
    _answer_hooks(first, preToolUse={"permissionDecision": "deny", "permissionDecisionReason": "not today"})
    _answer_hooks(second, preToolUse={"permissionDecision": "allow", "additionalContext": "by the way"})
    await first.open(hooks=True)
    second.session_id = first.session_id
    await second.call("session.resume", hooks=True)
    await first.turn("go")
    assert "not today" in first.of("tool.execution_complete")[0]["error"]["message"]
    assert asked_of(runtime)[-1].messages[-1].text == "by the way"


async def test_a_result_that_a_hook_replaces_is_shown_to_nobody(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("bash", {"command": "echo secret"})]), Reply("ok")]))
    _answer_hooks(
        client, preToolUse={"permissionDecision": "allow"}, postToolUse={"modifiedResult": "hidden"}
    )
    await client.open(hooks=True)
    await client.turn("go")
    assert client.of("tool.execution_complete")[0]["result"] == {
        "content": "hidden",
        "detailedContent": "hidden",
    }


async def test_a_hook_can_change_the_prompt_as_the_model_sees_it(start: Start, join: Join) -> None:
    runtime = start([Reply("ok")])
    client = await join(runtime)
    _answer_hooks(
        client,
        sessionStart={"additionalContext": "It rains."},
        userPromptTransformed={"modifiedTransformedPrompt": "all else"},
    )
    await client.open(hooks=True)
    await client.turn("go")
    assert [message.text for message in asked_of(runtime)[0].messages[1:]] == ["It rains.", "all else"]
    told = next(p["input"] for _, p in client.asked if p["hookType"] == "userPromptTransformed")
    assert (told["prompt"], told["transformedPrompt"]) == ("go", "go")


async def test_hooks_send_an_agent_back_only_so_often(start: Start, join: Join) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    _answer_hooks(client, agentStop={"decision": "block", "reason": "more"})
    await client.open(hooks=True)
    await client.turn("go")
    assert len(asked_of(runtime)) == MOST_STOP_BLOCKS + 1


async def test_background_agents_have_hooks_of_their_own(start: Start, join: Join) -> None:
    runtime = start([Reply("found"), Reply("found more"), Reply("I see")])
    client = await join(runtime)
    stops = iter([{"decision": "block", "reason": "look again"}, {}])

    def answer(params: Json) -> Json:
        outputs = {"subagentStart": {"additionalContext": "It rains."}}
        if params["hookType"] == "subagentStop":
            return {"output": next(stops)}
        return {"output": outputs.get(params["hookType"])}

    client.answers["hooks.invoke"] = answer
    await client.open(hooks=True)
    await client.call("session.tasks.startAgent", agentType="explore", prompt="look", name="scout")
    await client.until("subagent.completed")
    await client.until("session.idle")
    assert _invoked(client)[:5] == [
        "subagentStart",
        "userPromptSubmitted",
        "userPromptTransformed",
        "subagentStop",
        "subagentStop",
    ]
    begun = client.asked[0][1]["input"]
    assert (begun["agentId"], begun["agentName"]) == ("scout", "explore")
    assert begun["parentAgentId"] == client.session_id
    assert client.asked[1][1]["input"]["sessionId"] == "scout"
    ended = next(p["input"] for _, p in client.asked if p["hookType"] == "subagentStop")
    assert (ended["response"], ended["stopReason"]) == ("found", "end_turn")
    assert asked_of(runtime)[0].prompt == "It rains.\n\nlook"
    assert asked_of(runtime)[1].prompt == "look again"


async def test_a_hook_can_keep_a_prompt_from_a_background_agent(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    _answer_hooks(client, userPromptSubmitted={"decision": "block", "reason": "no"})
    await client.open(hooks=True)
    await client.call("session.tasks.startAgent", agentType="explore", prompt="look", name="scout")
    await client.until("subagent.completed")
    assert all(request.agent_id is None for request in asked_of(runtime))
    assert client.of("session.warning")[0]["warningType"] == "policy_blocked"
