"""Callbacks of a program on the reference runtime: what they answer has its effect in the turn."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from copilot_sdk import Command, CopilotClient, RateLimited, SessionError
from copilot_sdk.elicitation import accept, decline
from copilot_sdk.events import ToolExecutionComplete
from copilot_sdk.permissions import (
    PermissionHandler,
    approve_all,
    approve_for_location,
    approve_once,
    approve_permanently,
    reject,
    remember_for_session,
)
from copilot_sdk.runtime import Call, Reply, ScriptedModel, Usage, fault_of_status
from copilot_sdk.session import Session
from copilot_sdk.types import (
    AutoModeSwitchRequest,
    CommandExecuteData,
    ElicitationRequestedData,
    ExitPlanModeDecision,
    ExitPlanModeRequest,
    PermissionPathsConfig,
    SessionLimitsConfig,
    SessionLimitsExhaustedRequestedData,
    SystemMessageConfig,
    SystemMessageSection,
    UIElicitationResponse,
    UISessionLimitsExhaustedResponse,
    UserInputRequest,
    UserInputResponse,
)

VIEW = Call("view", {"path": "."})


def told(model: ScriptedModel) -> str:
    """What the model was given last."""
    return model.requests[-1].messages[-1].text


async def settled(session: Session, prompt: str) -> None:
    """Plays a turn however it ends."""
    with suppress(SessionError):
        await session.send(prompt)


# ---------------------------------------------------------------------- commands


async def test_commands_run_from_the_runtime_and_from_the_queue() -> None:
    lines: list[str] = []

    def deploy(data: CommandExecuteData) -> None:
        lines.append(data.args)

    def fail(data: CommandExecuteData) -> None:
        raise ValueError("no wind")

    commands = [Command("deploy", deploy, "Deploys."), Command("sail", fail)]
    async with (
        CopilotClient.embedded() as client,
        await client.create_session(commands=commands) as session,
    ):
        listed = await session.rpc.commands.list(include_builtins=False)
        assert [(command.name, command.kind) for command in listed.commands] == [
            ("deploy", "client"),
            ("sail", "client"),
        ]
        assert (await session.rpc.commands.execute(command_name="deploy", args="to rome")).error is None
        assert (
            await session.rpc.commands.execute(command_name="sail", args="")
        ).error == "ValueError: no wind"
        assert (await session.rpc.commands.invoke(name="deploy", input="again")).kind == "completed"
        async with session.events("session.idle") as events:
            await session.rpc.commands.enqueue(command="/deploy later")
            await anext(events)
    assert lines == ["to rome", "again", "later"]


# --------------------------------------------------------------------- questions


class Trip(BaseModel):
    town: str
    days: int = 1


async def test_a_form_is_filled_in() -> None:
    asked: list[ElicitationRequestedData] = []

    def show(request: ElicitationRequestedData) -> UIElicitationResponse:
        asked.append(request)
        return decline() if request.message == "Sure?" else accept({"town": "Rome", "days": 2})

    async with (
        CopilotClient.embedded() as client,
        await client.create_session(on_elicitation=show) as session,
    ):
        assert await session.elicit("Where to?", Trip) == Trip(town="Rome", days=2)
        assert await session.confirm("Sure?") is False
    assert asked[0].message == "Where to?"
    assert asked[0].requested_schema is not None


async def test_a_question_of_the_agent_is_answered() -> None:
    def answer(request: UserInputRequest) -> UserInputResponse:
        return UserInputResponse(answer=(request.choices or ["?"])[-1], was_freeform=False)

    ask = Call("ask_user", {"question": "Which?", "choices": ["a", "b"]})
    model = ScriptedModel([Reply(calls=[ask]), Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(on_user_input=answer) as session,
    ):
        await session.send("go")
    assert told(model) == "User selected: b"


@pytest.mark.parametrize(
    ("decision", "mode"),
    [
        (ExitPlanModeDecision(approved=True, selected_action="interactive"), "interactive"),
        (ExitPlanModeDecision(approved=False, feedback="Deeper."), "plan"),
    ],
)
async def test_a_plan_is_decided_on(decision: ExitPlanModeDecision, mode: str) -> None:
    asked: list[ExitPlanModeRequest] = []

    def decide(request: ExitPlanModeRequest) -> ExitPlanModeDecision:
        asked.append(request)
        return decision

    propose = Call("exit_plan_mode", {"summary": "Dig."})
    model = ScriptedModel([Reply(calls=[propose]), Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(on_exit_plan_mode=decide) as session,
    ):
        await session.rpc.mode.set(mode="plan")
        await session.rpc.plan.update(content="# A pond")
        await session.send("go")
        assert await session.rpc.mode.get() == mode
    assert (asked[0].summary, asked[0].plan_content) == ("Dig.", "# A pond")
    assert decision.approved or "Deeper." in told(model)


# ------------------------------------------------------------- models and limits


@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_the_program_decides_on_another_model(answer: Literal["yes", "no"]) -> None:
    asked: list[AutoModeSwitchRequest] = []

    def decide(request: AutoModeSwitchRequest) -> Literal["yes", "no"]:
        asked.append(request)
        return answer

    limited = fault_of_status(429, "slow down", code="user_weekly_rate_limited", retry_after=0)
    model = ScriptedModel(
        lambda request: Reply(error=limited) if request.model == "big" else Reply("here"), models=["small"]
    )
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(model="big", on_auto_mode_switch=decide) as session,
    ):
        await settled(session, "go")
        current = await session.rpc.model.get_current()
    assert asked[0].error_code == "user_weekly_rate_limited"
    assert (current.model_id, model.requests[-1].model) == (
        ("auto", "small") if answer == "yes" else ("big", "big")
    )


async def test_without_a_callback_a_rate_limit_is_an_error() -> None:
    limited = fault_of_status(429, "slow down", retry_after=0)
    model = ScriptedModel(lambda _: Reply(error=limited))
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        with pytest.raises(RateLimited, match="slow down"):
            await session.send("go")


@pytest.mark.parametrize(("action", "calls"), [("unset", 2), ("cancel", 1)])
async def test_the_program_decides_on_a_used_up_limit(action: Literal["unset", "cancel"], calls: int) -> None:
    asked: list[SessionLimitsExhaustedRequestedData] = []

    def decide(data: SessionLimitsExhaustedRequestedData) -> UISessionLimitsExhaustedResponse:
        asked.append(data)
        return UISessionLimitsExhaustedResponse(action=action)

    costly = Reply(calls=[Call("report_intent", {"intent": "x"})], usage=Usage(ai_credits=40.0))
    model = ScriptedModel([costly, Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(
            session_limits=SessionLimitsConfig(max_ai_credits=30), on_session_limits_exhausted=decide
        ) as session,
    ):
        await settled(session, "go")
    assert (asked[0].used_ai_credits, asked[0].max_ai_credits) == (40, 30)
    assert len(model.requests) == calls


# -------------------------------------------------------------- system message


async def test_sections_of_the_system_message_are_rewritten() -> None:
    async def louder(text: str) -> str:
        return text.upper()

    def broken(text: str) -> str:
        raise ValueError("no voice")

    model = ScriptedModel([Reply("ok")])
    transforms: dict[str, Any] = {"safety": louder, "tone": broken}
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(
            system_message=SystemMessageConfig(
                content="Use tabs.", sections={"guidelines": SystemMessageSection(action="remove")}
            ),
            system_message_transforms=transforms,
        ) as session,
    ):
        await session.send("go")
    text = model.requests[0].messages[0].text
    assert "KEEP SECRETS OUT" in text
    assert "# Tone" in text
    assert "Use tabs." in text
    assert "Remove temporary files" not in text


# ------------------------------------------------------------------- permissions


@pytest.mark.parametrize(
    ("policy", "result"),
    [
        (approve_all, None),
        (lambda request: approve_once(), None),
        (lambda request: reject("look elsewhere"), "look elsewhere"),
        (lambda request: None, "could not request permission"),
    ],
)
async def test_a_policy_decides(policy: PermissionHandler, result: str | None) -> None:
    model = ScriptedModel([Reply(calls=[VIEW]), Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(on_permission=policy) as session,
        session.events(ToolExecutionComplete) as events,
    ):
        await session.send("go")
        complete = await anext(events)
    assert complete.data.success is (result is None)
    assert result is None or result in told(model)


@pytest.mark.parametrize(
    "decision", [approve_permanently("example.com"), approve_for_location({"kind": "read"}, "/x")]
)
async def test_a_decision_that_does_not_fit_the_request_refuses_it_and_is_told(
    tmp_path: Any, decision: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "work").mkdir()
    model = ScriptedModel([Reply(calls=[Call("view", {"path": str(tmp_path)})]), Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(
            on_permission=lambda request: decision, working_directory=str(tmp_path / "work")
        ) as session,
    ):
        await session.rpc.permissions.configure(paths=PermissionPathsConfig(include_temp_directory=False))
        with caplog.at_level(logging.ERROR, "copilot_sdk.session"):
            await session.send("go")
    assert "could not request permission" in told(model)
    assert "is replaced" in caplog.text
    assert f"not '{decision.kind}'" in caplog.text


async def test_what_is_remembered_is_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[object] = []

    def once(request: object) -> Any:
        asked.append(request)
        return approve_once()

    fetch = Call("web_fetch", {"url": "http://127.0.0.1/"})
    model = ScriptedModel([Reply(calls=[fetch]), Reply(calls=[fetch]), Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(on_permission=remember_for_session(once)) as session,
    ):
        await session.send("go")
    assert len(asked) == 1
