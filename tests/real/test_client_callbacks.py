"""What a session calls the program for beside tools and permissions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from copilot_sdk import Command, Hooks, Session, UsageError
from copilot_sdk.elicitation import FormValue, accept, decline
from copilot_sdk.types import (
    AgentStopHookInput,
    AgentStopHookOutput,
    CommandExecuteData,
    ElicitationRequestedData,
    ErrorOccurredHookInput,
    ExitPlanModeDecision,
    ExitPlanModeRequest,
    PostToolUseFailureHookInput,
    PostToolUseFailureHookOutput,
    PostToolUseHookInput,
    PostToolUseHookOutput,
    PreToolUseHookInput,
    PreToolUseHookOutput,
    SessionEndHookInput,
    SessionStartHookInput,
    SessionStartHookOutput,
    UIElicitationResponse,
    UserPromptSubmittedHookInput,
    UserPromptSubmittedHookOutput,
    UserPromptTransformedHookInput,
    UserPromptTransformedHookOutput,
)
from copilot_sdk.values import SystemMessageSectionName
from tests.real.support.client_stage import ClientStage, turn
from tests.real.support.stage import MODEL_ID
from tests.real.support.tools import tool_texts
from tests.support.model_server import Failure, Reply, ToolCall


async def opened(live: ClientStage, **callbacks: Any) -> Session:
    session = await live.client.create_session(
        model=MODEL_ID, streaming=True, provider=live.provider, **callbacks
    )
    session.on("*", live.sightings.count)
    return session


class Trip(BaseModel):
    town: str
    days: int = 1
    way: Literal["train", "boat"] | None = None


async def test_a_form_comes_back_as_an_object(live: ClientStage) -> None:
    asked: list[ElicitationRequestedData] = []

    def fill_in(request: ElicitationRequestedData) -> UIElicitationResponse:
        asked.append(request)
        return accept(Trip(town="Rome", days=3, way="boat"))

    session = await opened(live, on_elicitation=fill_in)
    assert await session.elicit("Where to?", Trip, timeout=20) == Trip(town="Rome", days=3, way="boat")
    assert asked[0].message == "Where to?"
    assert asked[0].requested_schema is not None
    assert set(asked[0].requested_schema.properties) == {"town", "days", "way"}
    assert asked[0].requested_schema.required == ["town"]


@pytest.mark.parametrize("failure", [None, ValueError("no screen")])
async def test_a_form_that_is_declined_or_fails_brings_nothing(
    live: ClientStage, failure: Exception | None
) -> None:
    async def answer(request: ElicitationRequestedData) -> UIElicitationResponse:
        if failure:
            raise failure
        return decline()

    session = await opened(live, on_elicitation=answer)
    assert await session.elicit("Where to?", Trip, timeout=20) is None
    assert await session.confirm("Sure?", timeout=20) is False


async def test_the_user_is_asked_for_a_yes_a_choice_and_a_text(live: ClientStage) -> None:
    values: Iterator[FormValue] = iter([True, "red", "Rome"])
    session = await opened(live, on_elicitation=lambda request: accept({"value": next(values)}))
    assert await session.confirm("Sure?", timeout=20) is True
    assert await session.select("Which?", ["blue", "red"], timeout=20) == "red"
    assert await session.input("Where?", timeout=20) == "Rome"


async def test_nobody_is_asked_where_nobody_shows_forms(live: ClientStage) -> None:
    session = await opened(live)
    with pytest.raises(UsageError, match="elicitation"):
        await session.confirm("Sure?")


async def test_every_hook_of_a_turn_is_told_of_it_and_heard(live: ClientStage) -> None:
    told: list[Any] = []

    def start(data: SessionStartHookInput) -> SessionStartHookOutput:
        told.append(data)
        return SessionStartHookOutput(additional_context="It is Monday.")

    def submitted(data: UserPromptSubmittedHookInput) -> UserPromptSubmittedHookOutput | None:
        told.append(data)
        if data.prompt != "Look around.":
            return None
        return UserPromptSubmittedHookOutput(modified_prompt="Look around twice.")

    async def transformed(data: UserPromptTransformedHookInput) -> UserPromptTransformedHookOutput:
        told.append(data)
        return UserPromptTransformedHookOutput(
            modified_transformed_prompt=data.transformed_prompt.replace("twice", "thrice")
        )

    def before(data: PreToolUseHookInput) -> PreToolUseHookOutput:
        told.append(data)
        return PreToolUseHookOutput(permission_decision="allow")

    def after(data: PostToolUseHookInput) -> PostToolUseHookOutput:
        told.append(data)
        return PostToolUseHookOutput(additional_context="Nothing else is there.")

    def failed(data: PostToolUseFailureHookInput) -> PostToolUseFailureHookOutput:
        told.append(data)
        return PostToolUseFailureHookOutput(additional_context="It was never there.")

    def stop(data: AgentStopHookInput) -> AgentStopHookOutput | None:
        told.append(data)
        if data.stop_hook_active:
            return None
        return AgentStopHookOutput(decision="block", reason="Say more.")

    def end(data: SessionEndHookInput) -> None:
        told.append(data)

    (live.work / "here.txt").write_text("I am here.\n")
    calls = [ToolCall("view", {"path": str(live.work / name)}) for name in ("here.txt", "gone.txt")]
    live.says(Reply(tool_calls=calls[:1]), Reply(tool_calls=calls[1:]), Reply("Seen."), Reply("More."))
    session = await opened(
        live,
        hooks=Hooks(
            session_start=start,
            user_prompt_submitted=submitted,
            user_prompt_transformed=transformed,
            pre_tool_use=before,
            post_tool_use=after,
            post_tool_use_failure=failed,
            agent_stop=stop,
            session_end=end,
        ),
    )
    await turn(session, "Look around.")
    await session.close()
    kinds = [type(data).__name__.removesuffix("HookInput") for data in told]
    assert kinds[:8] == [
        "SessionStart",
        "UserPromptSubmitted",
        "UserPromptTransformed",
        "PreToolUse",
        "PostToolUse",
        "PreToolUse",
        "PostToolUseFailure",
        "AgentStop",
    ]
    # The CLI takes what the agent is told to go on with for a prompt, with the hooks of one.
    assert kinds[-2:] == ["AgentStop", "SessionEnd"]
    assert not [(data, data.misfits()) for data in told if data.misfits()]
    assert {data.session_id for data in told} == {session.id}
    first, last = str(live.model.requests[0]), str(live.model.requests[-1])
    assert "It is Monday." in first
    assert "Look around thrice." in first
    for words in ("Nothing else is there.", "It was never there.", "Say more."):
        assert words in last


async def test_a_hook_denies_a_tool(live: ClientStage) -> None:
    def before(data: PreToolUseHookInput) -> PreToolUseHookOutput:
        return PreToolUseHookOutput(permission_decision="deny", permission_decision_reason="Not today.")

    live.says(Reply(tool_calls=[ToolCall("view", {"path": str(live.work)})]), Reply("Denied."))
    session = await opened(live, hooks=Hooks(pre_tool_use=before))
    await turn(session, "Look.")
    assert "Not today." in tool_texts(live.model.requests[1])[0]


async def test_hooks_that_fail_hold_up_nothing(live: ClientStage) -> None:
    def fail(data: object) -> Any:
        raise ValueError("broken")

    live.says(Reply("Fine."))
    hooks = Hooks(session_start=fail, user_prompt_submitted=lambda data: "nonsense", agent_stop=fail)  # type: ignore[arg-type,return-value]
    session = await opened(live, hooks=hooks)
    answer = await session.send("Hello", timeout=30)
    assert answer.text == "Fine."


async def test_a_session_is_left_although_a_hook_hangs(live: ClientStage) -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(data: object) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    live.says(Reply("Fine."))
    session = await opened(live, hooks=Hooks(user_prompt_submitted=hang))
    await session.send("Hello").accepted()
    await entered.wait()
    await session.close()
    assert cancelled.is_set()


async def test_a_hook_is_told_of_a_model_that_fails(live: ClientStage) -> None:
    told: list[ErrorOccurredHookInput] = []
    live.says(Failure(400, "The model refuses."))
    session = await opened(live, hooks=Hooks(error_occurred=told.append))
    await session.send("Hello").accepted()
    async with session.events("session.idle") as idle:
        await anext(idle)
    assert "refuses" in str(told[0].error)
    assert not told[0].misfits()


async def test_a_plan_is_approved(live: ClientStage) -> None:
    asked: list[ExitPlanModeRequest] = []

    def decide(request: ExitPlanModeRequest) -> ExitPlanModeDecision:
        asked.append(request)
        return ExitPlanModeDecision(approved=True, selected_action="interactive")

    session = await opened(live, on_exit_plan_mode=decide)
    await session.rpc.mode.set(mode="plan")
    await session.rpc.plan.update(content="# Plan\n\n1. Dig.\n")
    done = ToolCall("exit_plan_mode", {"summary": "Dig, then plant."})
    live.says(Reply(tool_calls=[done]), Reply("On to it."))
    await session.send("Plan a garden.", agent_mode="plan").accepted()
    async with session.events("session.idle") as idle:
        await anext(idle)
    assert asked[0].summary == "Dig, then plant."
    assert asked[0].plan_content == "# Plan\n\n1. Dig.\n"
    assert "interactive" in asked[0].actions


async def test_a_command_is_run_with_its_arguments(live: ClientStage) -> None:
    lines: list[str] = []

    def deploy(data: CommandExecuteData) -> None:
        lines.append(data.args)
        if data.args == "wrong":
            raise ValueError("no such place")

    session = await opened(live, commands=[Command("deploy", deploy, "Deploys the project.")])
    listed = await session.rpc.commands.list(include_client_commands=True)
    assert ("deploy", "Deploys the project.") in [(c.name, c.description) for c in listed.commands]
    good = await session.rpc.commands.execute(command_name="deploy", args="now")
    bad = await session.rpc.commands.execute(command_name="deploy", args="wrong")
    assert lines == ["now", "wrong"]
    assert good.error is None
    assert "no such place" in str(bad.error)


async def test_every_section_that_has_a_name_can_be_rewritten_and_no_other(live: ClientStage) -> None:
    seen: list[str] = []

    def noting(name: str) -> Callable[[str], str]:
        def note(text: str) -> str:
            seen.append(name)
            return text

        return note

    named = [value for name, value in vars(SystemMessageSectionName).items() if name.isupper()]
    live.says(Reply("Hello."))
    session = await opened(
        live, system_message_transforms={name: noting(name) for name in [*named, "weather"]}
    )
    await session.send("Hello")
    assert sorted(seen) == sorted(named)


async def test_a_command_from_the_queue_is_run(live: ClientStage) -> None:
    lines: list[str] = []
    session = await opened(live, commands=[Command("deploy", lambda data: lines.append(data.args))])
    async with session.events("command.completed") as events:
        await session.rpc.commands.enqueue(command="/deploy later")
        await anext(events)
    assert lines == ["later"]


async def test_sections_of_the_system_message_are_rewritten(live: ClientStage) -> None:
    seen: list[str] = []

    def shout(text: str) -> str:
        seen.append(text)
        return "SPEAK LOUD."

    def fail(text: str) -> str:
        seen.append(text)
        raise ValueError("no words")

    live.says(Reply("Hello."))
    session = await opened(live, system_message_transforms={"tone": shout, "safety": fail})
    await turn(session, "Hello")
    assert len(seen) == 2
    first = str(live.model.requests[0])
    assert "SPEAK LOUD." in first
