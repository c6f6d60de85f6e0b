"""Hooks of a program on the reference runtime: what they say has its effect in the turn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from copilot_sdk import CopilotClient, Hooks, ModelCallFailed, tool
from copilot_sdk.events import SessionWarning
from copilot_sdk.permissions import approve_all
from copilot_sdk.runtime import Call, Limits, Reply, ScriptedModel, fault_of_status
from copilot_sdk.types import (
    AgentStopHookInput,
    AgentStopHookOutput,
    ErrorOccurredHookInput,
    PostToolUseFailureHookInput,
    PostToolUseFailureHookOutput,
    PostToolUseHookInput,
    PostToolUseHookOutput,
    PreToolUseHookInput,
    PreToolUseHookOutput,
    SessionEndHookInput,
    SessionStartHookInput,
    SessionStartHookOutput,
    SubagentStartHookInput,
    SubagentStartHookOutput,
    SubagentStopHookInput,
    SubagentStopHookOutput,
    UserPromptSubmittedHookInput,
    UserPromptSubmittedHookOutput,
    UserPromptTransformedHookInput,
    UserPromptTransformedHookOutput,
)

DIG = Call("dig", {"depth": 3})


@tool
def dig(depth: int) -> str:
    """Digs.

    Args:
        depth: How deep.
    """
    if depth > 5:
        raise ValueError("too deep")
    return f"dug {depth}"


async def play(model: ScriptedModel, hooks: Hooks, *prompts: str, **options: Any) -> None:
    """Plays turns in a session with these hooks and the tool, and leaves it."""
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(
            hooks=hooks, tools=[dig], on_permission=approve_all, **options
        ) as session,
    ):
        for prompt in prompts:
            await session.send(prompt)


def seen(model: ScriptedModel, number: int = -1) -> list[str]:
    """What the model was given with a request, without the system message."""
    return [message.text for message in model.requests[number].messages[1:]]


async def test_a_hook_changes_the_arguments_and_tells_the_model_something() -> None:
    asked: list[PreToolUseHookInput] = []

    def before(hook: PreToolUseHookInput) -> PreToolUseHookOutput:
        asked.append(hook)
        return PreToolUseHookOutput(modified_args={"depth": 1}, additional_context="It rains.")

    model = ScriptedModel([Reply(calls=[DIG]), Reply("ok")])
    await play(model, Hooks(pre_tool_use=before), "go")
    assert (asked[0].tool_name, asked[0].tool_args) == ("dig", {"depth": 3})
    assert seen(model)[-2:] == ["dug 1", "It rains."]


async def test_a_hook_denies_a_call() -> None:
    async def before(hook: PreToolUseHookInput) -> PreToolUseHookOutput:
        return PreToolUseHookOutput(permission_decision="deny", permission_decision_reason="not here")

    model = ScriptedModel([Reply(calls=[DIG]), Reply("ok")])
    await play(model, Hooks(pre_tool_use=before), "go")
    assert "not here" in seen(model)[-1]


async def test_a_hook_changes_a_result() -> None:
    def after(hook: PostToolUseHookInput) -> PostToolUseHookOutput:
        changed = {"textResultForLlm": hook.tool_result["textResultForLlm"].upper(), "resultType": "success"}
        return PostToolUseHookOutput(modified_result=changed, additional_context="Mind the pipe.")

    model = ScriptedModel([Reply(calls=[DIG]), Reply("ok")])
    await play(model, Hooks(post_tool_use=after), "go")
    assert seen(model)[-1] == "DUG 3\n\nMind the pipe."


async def test_a_hook_comments_on_a_failure() -> None:
    def after(hook: PostToolUseFailureHookInput) -> PostToolUseFailureHookOutput:
        return PostToolUseFailureHookOutput(additional_context=f"{hook.tool_name} goes to 5.")

    model = ScriptedModel([Reply(calls=[Call("dig", {"depth": 6})]), Reply("ok")])
    await play(model, Hooks(post_tool_use_failure=after), "go")
    assert seen(model)[-1].endswith("dig goes to 5.")


async def test_hooks_change_and_refuse_prompts() -> None:
    def submitted(hook: UserPromptSubmittedHookInput) -> UserPromptSubmittedHookOutput:
        if "bomb" in hook.prompt:
            return UserPromptSubmittedHookOutput(decision="block", reason="not that")
        return UserPromptSubmittedHookOutput(modified_prompt=hook.prompt.upper())

    def transformed(hook: UserPromptTransformedHookInput) -> UserPromptTransformedHookOutput:
        return UserPromptTransformedHookOutput(modified_transformed_prompt=f"<{hook.transformed_prompt}>")

    model = ScriptedModel([Reply("ok")])
    hooks = Hooks(user_prompt_submitted=submitted, user_prompt_transformed=transformed)
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(hooks=hooks) as session,
    ):
        await session.send("dig")
        async with session.events(SessionWarning) as events:
            await session.send("a bomb")
            warning = await anext(events)
    assert warning.data.message == "not that"
    assert seen(model) == ["<DIG>"]
    assert len(model.requests) == 1


async def test_hooks_look_in_at_both_ends_of_a_session() -> None:
    ends: list[str] = []

    def start(hook: SessionStartHookInput) -> SessionStartHookOutput:
        ends.append(f"{hook.source} {hook.initial_prompt}")
        return SessionStartHookOutput(additional_context="It rains.")

    def end(hook: SessionEndHookInput) -> None:
        ends.append(hook.reason)

    model = ScriptedModel([Reply("ok")])
    await play(model, Hooks(session_start=start, session_end=end), "go")
    assert ends == ["new go", "user_exit"]
    assert seen(model)[0] == "It rains."


async def test_a_hook_sends_the_agent_back_to_work() -> None:
    def stop(hook: AgentStopHookInput) -> AgentStopHookOutput | None:
        return None if hook.stop_hook_active else AgentStopHookOutput(decision="block", reason="Fill it in.")

    model = ScriptedModel([Reply("dug"), Reply("filled in")])
    await play(model, Hooks(agent_stop=stop), "dig")
    assert seen(model)[-1] == "Fill it in."


async def test_a_hook_hears_of_errors() -> None:
    errors: list[ErrorOccurredHookInput] = []
    model = ScriptedModel([Reply(error=fault_of_status(400, "no such model")), Reply("ok")])
    async with (
        CopilotClient.embedded(model) as client,
        await client.create_session(hooks=Hooks(error_occurred=errors.append)) as session,
    ):
        with pytest.raises(ModelCallFailed, match="no such model"):
            await session.send("go")
    assert errors[0].error_context == "model_call"
    assert errors[0].error["message"] == "no such model"


async def test_hooks_look_after_background_agents() -> None:
    def start(hook: SubagentStartHookInput) -> SubagentStartHookOutput:
        return SubagentStartHookOutput(additional_context=f"You are {hook.agent_name}.")

    def stop(hook: SubagentStopHookInput) -> SubagentStopHookOutput | None:
        return SubagentStopHookOutput(decision="block", reason="Deeper.") if hook.response == "dug" else None

    order = Call("task", {"agent_type": "task", "prompt": "dig", "name": "digger", "description": "Digs."})
    model = ScriptedModel([Reply(calls=[order]), Reply("dug"), Reply("dug deep"), Reply("ok")])
    await play(model, Hooks(subagent_start=start, subagent_stop=stop), "go")
    assert seen(model, 1) == ["You are task.\n\ndig"]
    assert seen(model, 2)[-1] == "Deeper."
    assert seen(model)[-1] == "dug deep"


async def test_a_hook_that_is_stuck_holds_the_turn_up_only_for_so_long() -> None:
    async def stuck(hook: PreToolUseHookInput) -> PreToolUseHookOutput:
        await asyncio.Event().wait()
        raise AssertionError

    model = ScriptedModel([Reply(calls=[DIG]), Reply("ok")])
    async with (
        CopilotClient.embedded(model, limits=Limits(hook_seconds=0.01)) as client,
        await client.create_session(
            hooks=Hooks(pre_tool_use=stuck), tools=[dig], on_permission=approve_all
        ) as session,
    ):
        assert (await session.send("go")).text == "ok"
    assert seen(model)[-1] == "dug 3"


async def test_a_hook_that_raises_has_said_nothing() -> None:
    def before(hook: PreToolUseHookInput) -> PreToolUseHookOutput:
        raise ValueError("broken")

    model = ScriptedModel([Reply(calls=[DIG]), Reply("ok")])
    await play(model, Hooks(pre_tool_use=before), "go")
    assert seen(model)[-1] == "dug 3"
