"""What a program is called for beside tools and permissions: each request gets one answer, whatever happens here."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk import (
    Command,
    CopilotClient,
    Hooks,
    InvalidParams,
    RpcError,
    UsageError,
)
from copilot_sdk.session import Session
from copilot_sdk.types import (
    AutoModeSwitchRequest,
    CommandExecuteData,
    ExitPlanModeDecision,
    SamplingRequestedData,
    SessionLimitsExhaustedRequestedData,
    SystemMessageConfig,
    UIHandlePendingSamplingResponse,
    UISessionLimitsExhaustedResponse,
)
from tests.support.fake_runtime import SESSION, FakeRuntime

FORM = {"requestId": "r1", "message": "Where?", "mode": "form"}
ANSWER_COMMAND = "session.commands.handlePendingCommand"
ANSWER_QUEUED = "session.commands.respondToQueuedCommand"
ANSWER_SAMPLING = "session.ui.handlePendingSampling"
ANSWER_LIMITS = "session.ui.handlePendingSessionLimitsExhausted"
PLAN = {
    "sessionId": SESSION,
    "summary": "Dig.",
    "actions": ["interactive"],
    "recommendedAction": "interactive",
}


async def opened(client: CopilotClient, **callbacks: Any) -> Session:
    return await client.create_session(session_id=SESSION, **callbacks)


def raises(*_: object) -> Any:
    raise ValueError("out of order")


# ------------------------------------------------------------- what is announced


async def test_a_session_without_handlers_asks_for_nothing(session: Session, runtime: FakeRuntime) -> None:
    told = await runtime.asked("session.create")
    assert told.keys() == {"sessionId", "requestPermission"}


async def test_the_runtime_is_told_what_there_are_handlers_for(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    callbacks: dict[str, Any] = {
        "on_elicitation": raises,
        "hooks": Hooks(pre_compact=raises),
        "commands": [Command("deploy", raises, "Deploys."), Command("undo", raises)],
        "on_exit_plan_mode": raises,
        "on_auto_mode_switch": raises,
        "system_message_transforms": {"tone": raises},
    }
    async with await opened(client, **callbacks):
        pass
    await client.resume_session(SESSION, **callbacks)
    for method in ("session.create", "session.resume"):
        told = await runtime.asked(method)
        assert told["requestElicitation"] is True
        assert told["hooks"] is True
        assert told["commands"] == [{"name": "deploy", "description": "Deploys."}, {"name": "undo"}]
        assert told["requestExitPlanMode"] is True
        assert told["requestAutoModeSwitch"] is True
        assert told["systemMessage"] == {"mode": "customize", "sections": {"tone": {"action": "transform"}}}


async def test_hooks_without_a_hook_are_not_announced(client: CopilotClient, runtime: FakeRuntime) -> None:
    await opened(client, hooks=Hooks())
    assert "hooks" not in await runtime.asked("session.create")


@pytest.mark.parametrize("as_model", [True, False])
async def test_transforms_join_the_other_changes_of_the_system_message(
    client: CopilotClient, runtime: FakeRuntime, as_model: bool
) -> None:
    given: Any = {"mode": "customize", "content": "Be brief.", "sections": {"safety": {"action": "remove"}}}
    if as_model:
        given = SystemMessageConfig.model_validate(given)
    await opened(client, system_message=given, system_message_transforms={"tone": raises})
    told = (await runtime.asked("session.create"))["systemMessage"]
    assert told["content"] == "Be brief."
    assert told["sections"] == {"safety": {"action": "remove"}, "tone": {"action": "transform"}}


@pytest.mark.parametrize(
    ("callbacks", "complaint"),
    [
        ({"on_elicitation": 5}, "on_elicitation"),
        ({"on_sampling": "no"}, "on_sampling"),
        ({"commands": [Command("a", raises), Command("a", raises)]}, "two commands"),
        ({"system_message_transforms": {"tone": "loud"}}, "tone"),
        (
            {"system_message": {"mode": "replace"}, "system_message_transforms": {"tone": raises}},
            "customize",
        ),
        (
            {
                "system_message": {"sections": {"tone": {"action": "remove"}}},
                "system_message_transforms": {"tone": raises},
            },
            "the section tone",
        ),
    ],
)
async def test_handlers_that_cannot_be_used_are_refused_before_anything_is_sent(
    client: CopilotClient, runtime: FakeRuntime, callbacks: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        await opened(client, **callbacks)
    assert runtime.count("session.create") == 0


async def test_commands_are_no_option_of_the_wire(client: CopilotClient) -> None:
    with pytest.raises(UsageError, match="function"):
        Hooks(pre_tool_use="no")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="one word"):
        Command("/deploy", raises)
    with pytest.raises(UsageError, match="function"):
        Command("deploy", None)  # type: ignore[arg-type]
    with pytest.raises(InvalidParams, match="request_elicitation"):
        await opened(client, request_elicitation=True)


# ---------------------------------------------------------------------- commands


async def test_a_command_runs_and_its_failure_is_told(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[str] = []

    def deploy(data: CommandExecuteData) -> None:
        lines.append(data.args)

    await opened(client, commands=[Command("deploy", deploy), Command("undo", raises)])
    call = {"requestId": "r1", "command": "/deploy now", "commandName": "deploy", "args": "now"}
    await runtime.event("command.execute", call)
    assert await runtime.asked(ANSWER_COMMAND) == {"sessionId": SESSION, "requestId": "r1"}
    await runtime.event("command.execute", {**call, "requestId": "r2", "commandName": "undo"})
    assert "out of order" in (await runtime.asked(ANSWER_COMMAND, 2))["error"]
    assert lines == ["now"]
    assert "command /undo" in caplog.text


async def test_a_queued_command_runs_and_is_reported_as_handled(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    lines: list[tuple[str, str]] = []
    deploy = Command("deploy", lambda data: lines.append((data.command_name, data.args)))
    await opened(client, commands=[deploy])
    await runtime.event("command.queued", {"requestId": "r1", "command": "/deploy to rome"})
    assert (await runtime.asked(ANSWER_QUEUED))["result"] == {"handled": True}
    assert lines == [("deploy", "to rome")]


async def test_commands_of_others_are_left_to_them(client: CopilotClient, runtime: FakeRuntime) -> None:
    await opened(client, commands=[Command("deploy", lambda data: None)])
    call = {"requestId": "r1", "command": "/x", "commandName": "x", "args": ""}
    await runtime.event("command.execute", call)
    await runtime.event("command.queued", {"requestId": "r2", "command": "/x"})
    await runtime.event("command.execute", {**call, "requestId": "r3", "commandName": "deploy"})
    assert (await runtime.asked(ANSWER_COMMAND))["requestId"] == "r3"
    assert runtime.count(ANSWER_QUEUED) == 0


# -------------------------------------------------- plans, models, limits, samplings


@pytest.mark.parametrize(
    ("handler", "sent"),
    [
        (
            lambda request: ExitPlanModeDecision(approved=True, selected_action="interactive"),
            {"approved": True, "selectedAction": "interactive"},
        ),
        (raises, {"approved": False, "feedback": "The plan could not be decided on."}),
        (lambda request: "yes", {"approved": False, "feedback": "The plan could not be decided on."}),
    ],
)
async def test_a_plan_without_a_usable_decision_is_not_approved(
    client: CopilotClient, runtime: FakeRuntime, handler: Any, sent: Any
) -> None:
    await opened(client, on_exit_plan_mode=handler)
    assert await runtime.peer.request("exitPlanMode.request", PLAN) == sent


@pytest.mark.parametrize(
    ("handler", "sent"),
    [(lambda request: "yes_always", "yes_always"), (raises, "no"), (lambda request: None, "no")],
)
async def test_the_model_is_switched_by_consent_alone(
    client: CopilotClient, runtime: FakeRuntime, handler: Any, sent: str
) -> None:
    asked: list[AutoModeSwitchRequest] = []

    async def decide(request: AutoModeSwitchRequest) -> Any:
        asked.append(request)
        return handler(request)

    await opened(client, on_auto_mode_switch=decide)
    params = {"sessionId": SESSION, "errorCode": "rate_limited", "retryAfterSeconds": 1.5}
    assert await runtime.peer.request("autoModeSwitch.request", params) == {"response": sent}
    assert asked[0].retry_after_seconds == 1.5


async def test_a_section_whose_transform_fails_stays_as_it_is(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    async def louder(text: str) -> str:
        return text.upper()

    transforms: dict[str, Any] = {"tone": louder, "safety": raises, "identity": lambda text: None}
    await opened(client, system_message_transforms=transforms)
    sections = {name: {"content": f"my {name}"} for name in ("tone", "safety", "identity", "preamble")}
    answer = await runtime.peer.request(
        "systemMessage.transform", {"sessionId": SESSION, "sections": sections}
    )
    assert answer == {"sections": {**sections, "tone": {"content": "MY TONE"}}}
    assert "systemMessage.transform of safety" in caplog.text


@pytest.mark.parametrize(
    ("handler", "sent"),
    [
        (
            lambda data: UIHandlePendingSamplingResponse.model_validate({"role": "assistant"}),
            {"role": "assistant"},
        ),
        (lambda data: None, None),
        (raises, None),
    ],
)
async def test_a_sampling_is_answered_or_refused(
    client: CopilotClient, runtime: FakeRuntime, handler: Any, sent: Any
) -> None:
    asked: list[SamplingRequestedData] = []

    def sample(data: SamplingRequestedData) -> Any:
        asked.append(data)
        return handler(data)

    await opened(client, on_sampling=sample)
    await runtime.event("sampling.requested", {"requestId": "r1", "serverName": "maps", "mcpRequestId": 4})
    told = await runtime.asked(ANSWER_SAMPLING)
    assert told.get("response") == sent
    assert asked[0].server_name == "maps"


@pytest.mark.parametrize(
    ("handler", "sent"),
    [
        (
            lambda data: UISessionLimitsExhaustedResponse(action="add", additional_ai_credits=5),
            {"action": "add", "additionalAiCredits": 5},
        ),
        (raises, {"action": "cancel"}),
    ],
)
async def test_a_used_up_limit_stays_unless_the_program_raises_it(
    client: CopilotClient, runtime: FakeRuntime, handler: Any, sent: Any
) -> None:
    asked: list[SessionLimitsExhaustedRequestedData] = []

    def decide(data: SessionLimitsExhaustedRequestedData) -> Any:
        asked.append(data)
        return handler(data)

    await opened(client, on_session_limits_exhausted=decide)
    await runtime.event(
        "session_limits_exhausted.requested", {"requestId": "r1", "usedAiCredits": 9, "maxAiCredits": 9}
    )
    assert (await runtime.asked(ANSWER_LIMITS))["response"] == sent
    assert asked[0].used_ai_credits == 9


async def test_without_a_handler_events_are_left_to_others_and_requests_refused(
    session: Session, runtime: FakeRuntime, client: CopilotClient
) -> None:
    await runtime.event("elicitation.requested", FORM)
    await runtime.event("sampling.requested", {"requestId": "r1", "serverName": "maps", "mcpRequestId": 4})
    for method, params in (("exitPlanMode.request", PLAN), ("hooks.invoke", {"sessionId": SESSION})):
        with pytest.raises(RpcError, match="not found"):
            await runtime.peer.request(method, params)
    await client.ping()
    assert [method for method, _ in runtime.requests] == ["connect", "session.create", "ping"]
