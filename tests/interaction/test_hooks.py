"""Hooks: each call is answered, whatever the hook does."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from copilot_sdk import (
    CopilotClient,
    Hooks,
    RpcError,
)
from copilot_sdk.hooks import Hook
from copilot_sdk.session import Session
from copilot_sdk.types import (
    HookOutput,
    PreMCPToolCallHookOutput,
    PreToolUseHookInput,
    PreToolUseHookOutput,
)
from tests.support.fake_runtime import SESSION, FakeRuntime

TOLD = {"sessionId": SESSION, "timestamp": 5, "cwd": "/work"}


async def opened(client: CopilotClient, **callbacks: Any) -> Session:
    return await client.create_session(session_id=SESSION, **callbacks)


async def invoke(runtime: FakeRuntime, hook_type: str, **told: Any) -> Any:
    params = {"sessionId": SESSION, "hookType": hook_type, "input": {**TOLD, **told}}
    return await runtime.peer.request("hooks.invoke", params)


def raises(*_: object) -> Any:
    raise ValueError("out of order")


async def test_a_hook_is_told_in_its_own_type_and_its_output_goes_back(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    told: list[PreToolUseHookInput] = []

    def check(data: PreToolUseHookInput) -> PreToolUseHookOutput:
        told.append(data)
        return PreToolUseHookOutput(permission_decision="ask", modified_args={"path": "b"})

    await opened(client, hooks=Hooks(pre_tool_use=check))
    answer = await invoke(runtime, "preToolUse", toolName="view", toolArgs={"path": "a"}, novelty=1)
    assert answer == {"output": {"permissionDecision": "ask", "modifiedArgs": {"path": "b"}}}
    assert (told[0].tool_name, told[0].tool_args, told[0].cwd) == ("view", {"path": "a"}, "/work")
    assert told[0].model_extra == {"novelty": 1}


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (PreMCPToolCallHookOutput(meta_to_use=None), {"output": {"metaToUse": None}}),
        (PreMCPToolCallHookOutput(meta_to_use={"a": 1}), {"output": {"metaToUse": {"a": 1}}}),
        (PreMCPToolCallHookOutput(), {"output": {}}),
        (None, {}),
    ],
)
async def test_to_drop_metadata_is_not_to_keep_it(
    client: CopilotClient, runtime: FakeRuntime, said: PreMCPToolCallHookOutput | None, sent: Any
) -> None:
    await opened(client, hooks=Hooks(pre_mcp_tool_call=lambda data: said))
    assert await invoke(runtime, "preMcpToolCall", serverName="s", toolName="t", _meta={"x": 1}) == sent


@pytest.mark.parametrize(
    ("hook_type", "attribute"),
    [
        ("preToolUse", "pre_tool_use"),
        ("preMcpToolCall", "pre_mcp_tool_call"),
        ("postToolUse", "post_tool_use"),
        ("postToolUseFailure", "post_tool_use_failure"),
        ("userPromptSubmitted", "user_prompt_submitted"),
        ("userPromptTransformed", "user_prompt_transformed"),
        ("sessionStart", "session_start"),
        ("sessionEnd", "session_end"),
        ("errorOccurred", "error_occurred"),
        ("agentStop", "agent_stop"),
        ("subagentStart", "subagent_start"),
        ("subagentStop", "subagent_stop"),
        ("postResult", "post_result"),
        ("prePRDescription", "pre_pr_description"),
        ("preCompact", "pre_compact"),
        ("permissionRequest", "permission_request"),
        ("notification", "notification"),
    ],
)
async def test_each_hook_type_has_its_hook(
    client: CopilotClient,
    runtime: FakeRuntime,
    hook_type: str,
    attribute: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Any] = []
    await opened(client, hooks=Hooks(**{attribute: told.append}))
    # A runtime of another version may leave out what is promised here.
    assert await invoke(runtime, hook_type) == {}
    assert told[0].session_id == SESSION
    assert await invoke(runtime, "another") == {}
    assert len(told) == 1
    assert not caplog.records


async def test_a_hook_of_which_only_the_name_is_known_says_what_it_likes(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await opened(client, hooks=Hooks(notification=lambda data: HookOutput.model_validate({"mute": True})))
    assert await invoke(runtime, "notification") == {"output": {"mute": True}}


@pytest.mark.parametrize(
    "hook",
    [
        raises,
        lambda data: "just text",
        lambda data: {"permissionDecision": "deny"},
        lambda data: HookOutput(),
        lambda data: PreToolUseHookOutput(modified_args=object()),
    ],
)
async def test_a_hook_that_fails_has_said_nothing(
    client: CopilotClient,
    runtime: FakeRuntime,
    hook: Hook[Any, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await opened(client, hooks=Hooks(pre_tool_use=hook))
    assert await invoke(runtime, "preToolUse", toolName="view", toolArgs={}) == {}
    assert "hook preToolUse" in caplog.text


async def test_a_hook_that_is_running_when_the_session_is_closed_is_cancelled_and_answered(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    entered = asyncio.Event()

    async def hang(data: object) -> None:
        entered.set()
        await asyncio.Event().wait()

    session = await opened(client, hooks=Hooks(agent_stop=hang))
    asking = asyncio.create_task(invoke(runtime, "agentStop"))
    await entered.wait()
    await session.close()
    with pytest.raises(RpcError, match="cancelled"):
        await asking


async def test_a_plain_hook_may_block(client: CopilotClient, runtime: FakeRuntime) -> None:
    free = threading.Event()
    await opened(client, hooks=Hooks(agent_stop=lambda data: None if free.wait(10) else raises()))
    asking = asyncio.create_task(invoke(runtime, "agentStop"))
    await client.ping()
    free.set()
    assert await asking == {}
