"""What the user is asked beside permissions: plans, other models, limits, and questions of the user's own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.runtime import Call, Reply, Usage, fault_of_status
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

ASK = Call("ask_user", {"question": "Which?", "choices": ["a", "b"]})
PROPOSE = Call("exit_plan_mode", {"summary": "Dig."})
LIMITED = fault_of_status(429, "slow down", code="user_weekly_rate_limited", retry_after=0)
SWITCH = "session.ui.handlePendingAutoModeSwitch"
LIMIT = "session.ui.handlePendingSessionLimitsExhausted"
EXHAUSTED = "session_limits_exhausted.requested"


def _never(_: Json) -> object:
    return asyncio.Event().wait()


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("handlePendingUserInput", {"response": {"answer": "a", "wasFreeform": False}}),
        ("handlePendingElicitation", {"result": {"action": "cancel"}}),
        ("handlePendingExitPlanMode", {"response": {"approved": True}}),
        ("handlePendingAutoModeSwitch", {"response": "yes"}),
        ("handlePendingSessionLimitsExhausted", {"response": {"action": "cancel"}}),
    ],
)
async def test_an_answer_to_nothing_is_of_no_use(start: Start, join: Join, method: str, answer: Json) -> None:
    client = await join(start())
    await client.open()
    assert await client.call(f"session.ui.{method}", requestId="nothing", **answer) == {"success": False}


# -------------------------------------------------------------------------- plans


@pytest.mark.parametrize(
    ("action", "mode", "told"),
    [
        ("interactive", "interactive", "Carry the plan out"),
        ("exit_only", "interactive", "Wait for the user"),
        ("autopilot", "autopilot", "without asking"),
    ],
)
async def test_an_approved_plan_ends_plan_mode_as_the_user_chose(
    start: Start, join: Join, action: str, mode: str, told: str
) -> None:
    runtime = start([Reply(calls=[PROPOSE]), Reply("ok")])
    client = await join(runtime)
    client.answers["exitPlanMode.request"] = lambda _: {"approved": True, "selectedAction": action}
    await client.open(requestExitPlanMode=True, autopilot={"continuationEnabled": False})
    await client.call("session.plan.update", content="# Pond")
    await client.call("session.mode.set", mode="plan")
    await client.turn("go")
    plan = await client.until_asked("exitPlanMode.request")
    assert (plan["summary"], plan["planContent"]) == ("Dig.", "# Pond")
    assert plan["actions"] == ["autopilot", "interactive", "exit_only"]
    assert await client.call("session.mode.get") == mode
    assert told in client.of("tool.execution_complete")[0]["result"]["content"]


async def test_a_plan_can_be_approved_with_all_its_edits(start: Start, join: Join, tmp_path: Path) -> None:
    write = Call("create", {"path": "pond.txt", "file_text": "wet"})
    client = await join(start([Reply(calls=[PROPOSE]), Reply(calls=[write]), Reply("ok")]))
    client.answers["exitPlanMode.request"] = _never
    await client.open(requestExitPlanMode=True, requestPermission=True, workingDirectory=str(tmp_path))
    await client.call("session.mode.set", mode="plan")
    await client.send("go")
    request = (await client.until("exit_plan_mode.requested"))["data"]
    decision = {"approved": True, "selectedAction": "interactive", "autoApproveEdits": True}
    await client.call(
        "session.ui.handlePendingExitPlanMode", requestId=request["requestId"], response=decision
    )
    await client.until("session.idle")
    assert not client.of("permission.requested")
    assert (tmp_path / "pond.txt").read_text() == "wet"


async def test_a_plan_that_is_turned_down_without_a_word_ends_the_turn(start: Start, join: Join) -> None:
    runtime = start([Reply(calls=[PROPOSE]), Reply("never")])
    client = await join(runtime)
    client.answers["exitPlanMode.request"] = lambda _: {"approved": False}
    await client.open(requestExitPlanMode=True)
    await client.call("session.mode.set", mode="plan")
    await client.turn("go")
    assert len(asked_of(runtime)) == 1
    assert await client.call("session.mode.get") == "plan"


async def test_nobody_has_to_answer_for_a_plan_for_ever(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[PROPOSE]), Reply("ok")], answer_seconds=0.01))
    client.answers["exitPlanMode.request"] = _never
    await client.open(requestExitPlanMode=True)
    await client.call("session.mode.set", mode="plan")
    await client.turn("go")
    assert client.of("exit_plan_mode.completed")[0]["approved"] is False


async def test_a_client_that_fails_has_not_approved_the_plan(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[PROPOSE]), Reply("ok")]))

    def fail(_: Json) -> object:
        raise RuntimeError("no screen")

    client.answers["exitPlanMode.request"] = fail
    await client.open(requestExitPlanMode=True)
    await client.call("session.mode.set", mode="plan")
    await client.turn("go")
    assert client.of("exit_plan_mode.completed")[0]["approved"] is False


# ------------------------------------------------------------------- another model


async def _limited(start: Start, join: Join, **options: object) -> Client:
    def answer(request: object) -> Reply:
        return Reply(error=LIMITED) if getattr(request, "model", "") == "big" else Reply("here")

    client = await join(start(answer))
    await client.open(model="big", **options)
    return client


@pytest.mark.parametrize("response", ["yes", "yes_always"])
async def test_after_a_rate_limit_the_turn_goes_on_with_another_model(
    start: Start, join: Join, response: str
) -> None:
    client = await _limited(start, join, requestAutoModeSwitch=True)
    client.answers["autoModeSwitch.request"] = lambda _: {"response": response}
    await client.turn("go")
    asked = await client.until_asked("autoModeSwitch.request")
    assert (asked["errorCode"], asked["retryAfterSeconds"]) == ("user_weekly_rate_limited", 0)
    assert client.of("session.error")[0]["eligibleForAutoSwitch"] is True
    assert client.of("auto_mode_switch.completed")[0]["response"] == response
    changed = client.of("session.model_change")[0]
    assert (changed["newModel"], changed["cause"]) == ("auto", "rate_limit_auto_switch")
    assert client.of("session.auto_mode_resolved")[0]["chosenModel"] == "scripted"
    assert client.of("assistant.message")[0]["content"] == "here"


@pytest.mark.parametrize("response", ["no", "perhaps"])
async def test_without_consent_the_turn_ends_with_the_rate_limit(
    start: Start, join: Join, response: str
) -> None:
    client = await _limited(start, join, requestAutoModeSwitch=True)
    client.answers["autoModeSwitch.request"] = lambda _: {"response": response}
    await client.turn("go")
    assert client.of("auto_mode_switch.completed")[0]["response"] == "no"
    assert (await client.call("session.model.getCurrent"))["modelId"] == "big"
    assert not client.of("assistant.message")


async def test_where_nobody_is_asked_a_rate_limit_is_an_error(start: Start, join: Join) -> None:
    client = await _limited(start, join)
    await client.turn("go")
    assert client.of("session.error")[0]["eligibleForAutoSwitch"] is False
    assert not client.of("auto_mode_switch.requested")


async def test_a_registered_handler_answers_through_the_event(start: Start, join: Join) -> None:
    client = await _limited(start, join, requestAutoModeSwitch=True)
    registered = await client.call("session.ui.registerDirectAutoModeSwitchHandler")
    await client.send("go")
    request = (await client.until("auto_mode_switch.requested"))["data"]
    assert await client.call(SWITCH, requestId=request["requestId"], response="yes") == {"success": True}
    await client.until("session.idle")
    assert not client.asked
    assert client.of("assistant.message")
    for known in (True, False):
        gone = await client.call("session.ui.unregisterDirectAutoModeSwitchHandler", **registered)
        assert gone == {"unregistered": known}


async def test_the_wait_ends_with_the_handler(start: Start, join: Join) -> None:
    client = await _limited(start, join)
    registered = await client.call("session.ui.registerDirectAutoModeSwitchHandler")
    await client.send("go")
    await client.until("auto_mode_switch.requested")
    await client.call("session.ui.unregisterDirectAutoModeSwitchHandler", **registered)
    await client.until("session.idle")
    assert client.of("auto_mode_switch.completed")[0]["response"] == "no"


async def test_a_session_can_be_told_to_switch_without_asking(start: Start, join: Join) -> None:
    client = await _limited(start, join)
    await client.call("session.options.update", continueOnAutoMode=True)
    await client.turn("go")
    assert client.of("assistant.message")[0]["content"] == "here"
    assert not client.of("auto_mode_switch.requested")


# ------------------------------------------------------------------------- limits


async def _used_up(start: Start, join: Join, *, interested: bool = True) -> Client:
    costly = Usage(ai_credits=40.0)
    client = await join(
        start([Reply(calls=[Call("report_intent", {"intent": "x"})], usage=costly), Reply("b")])
    )
    await client.open(sessionLimits={"maxAiCredits": 30})
    if interested:
        await client.call("session.eventLog.registerInterest", eventType=EXHAUSTED)
    await client.send("go")
    return client


@pytest.mark.parametrize(
    ("response", "limit"),
    [
        ({"action": "add", "additionalAiCredits": 20}, {"maxAiCredits": 50}),
        ({"action": "set", "maxAiCredits": 100}, {"maxAiCredits": 100}),
        ({"action": "unset"}, None),
    ],
)
async def test_a_raised_limit_lets_the_turn_go_on(
    start: Start, join: Join, response: Json, limit: Json | None
) -> None:
    client = await _used_up(start, join)
    request = (await client.until(EXHAUSTED))["data"]
    assert (request["usedAiCredits"], request["maxAiCredits"]) == (40, 30)
    assert await client.call(LIMIT, requestId=request["requestId"], response=response) == {"success": True}
    await client.until("session.idle")
    assert client.of("session.session_limits_changed") == [{"sessionLimits": limit}]
    assert client.of("assistant.message")[-1]["content"] == "b"


@pytest.mark.parametrize("response", [{"action": "cancel"}, {"action": "add", "additionalAiCredits": 5}])
async def test_a_limit_that_stays_below_what_is_used_ends_the_turn(
    start: Start, join: Join, response: Json
) -> None:
    client = await _used_up(start, join)
    request = (await client.until(EXHAUSTED))["data"]
    await client.call(LIMIT, requestId=request["requestId"], response=response)
    await client.until("session.idle")
    assert [message["content"] for message in client.of("assistant.message")] == [""]


async def test_a_used_up_limit_that_nobody_decides_on_ends_the_turn(start: Start, join: Join) -> None:
    client = await _used_up(start, join, interested=False)
    await client.until("session.idle")
    assert not client.of(EXHAUSTED)
    assert client.of("session.info")[-1]["infoType"] == "session_limits"


async def test_the_user_is_told_when_half_of_a_limit_is_used(start: Start, join: Join) -> None:
    client = await join(
        start([Reply("a", usage=Usage(ai_credits=16.0)), Reply("b", usage=Usage(ai_credits=1.0))])
    )
    await client.open()
    await client.call("session.options.update", sessionLimits={"maxAiCredits": 30})
    await client.turn("go")
    await client.turn("go")
    assert [info["message"] for info in client.of("session.info")] == [
        "Session limits: 16/30 AI credits used."
    ]
    await client.call("session.options.update", sessionLimits=None)
    assert client.of("session.session_limits_changed")[-1] == {"sessionLimits": None}


# ---------------------------------------------------------------- questions aside


async def test_a_question_aside_is_answered_and_forgotten(start: Start, join: Join) -> None:
    runtime = start([Reply("It is blue."), Reply(["As I ", "said."]), Reply("b")])
    client = await join(runtime)
    await client.open()
    await client.turn("which color?")
    assert await client.call("session.ui.ephemeralQuery", question="sure?") == {"answer": "As I said."}
    assert [message.text for message in asked_of(runtime)[1].messages[1:]] == [
        "which color?",
        "It is blue.",
        "sure?",
    ]
    phases = [
        (data["phase"], data.get("chunk") or data.get("answer")) for data in client.of("ui.ephemeral_query")
    ]
    assert phases == [
        ("started", None),
        ("chunk", "As I "),
        ("chunk", "said."),
        ("completed", "As I said."),
    ]
    await client.turn("go on")
    assert "sure?" not in [message.text for message in asked_of(runtime)[-1].messages]


async def test_a_question_aside_that_fails_says_why(start: Start, join: Join) -> None:
    client = await join(start([Reply(error=fault_of_status(400, "no such model"))]))
    await client.open()
    with pytest.raises(InternalError, match="no such model"):
        await client.call("session.ui.ephemeralQuery", question="sure?")
    assert client.of("ui.ephemeral_query")[-1]["phase"] == "failed"
