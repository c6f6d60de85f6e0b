"""Hooks: functions that look in at fixed places of a turn and may change what happens there.

    session = await client.create_session(hooks=Hooks(pre_tool_use=check))

The types of what a hook is told and says are in `copilot_sdk.types`, such as `PreToolUseHookInput` and
`PreToolUseHookOutput`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        AgentStopHookInput,
        AgentStopHookOutput,
        ErrorOccurredHookInput,
        ErrorOccurredHookOutput,
        HookInput,
        HookOutput,
        PostToolUseFailureHookInput,
        PostToolUseFailureHookOutput,
        PostToolUseHookInput,
        PostToolUseHookOutput,
        PreMCPToolCallHookInput,
        PreMCPToolCallHookOutput,
        PreToolUseHookInput,
        PreToolUseHookOutput,
        SessionEndHookInput,
        SessionEndHookOutput,
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

I = TypeVar("I")  # noqa: E741 - the input
O = TypeVar("O")  # noqa: E741 - the output

Hook: TypeAlias = Callable[[I], Awaitable[O | None] | O | None]
"""A hook: None says nothing. A plain function is run in a worker thread; the turn waits for either."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hooks:
    """The hooks of a session, each of them optional.

    One that raises, or returns something else than its output, is logged and has said nothing: the turn goes on as
    if it were not there. The turn waits for a hook without a limit of its own.

    Args:
        pre_tool_use: Before a tool runs; may allow, deny or change the call.
        pre_mcp_tool_call: Before a tool of an MCP server is called; may change the metadata that goes with it.
        post_tool_use: After a tool has run; may change the result.
        post_tool_use_failure: After a tool has failed; may add to what the model is told.
        user_prompt_submitted: When a prompt has been sent; may change or refuse it.
        user_prompt_transformed: When the prompt has been completed for the model; may change that.
        session_start: At the first prompt of the session here.
        session_end: When this client leaves the session. Leaving takes a few seconds at most, and so may this hook.
        error_occurred: When an error has happened, such as a failed model request.
        agent_stop: When the agent is about to end its turn; may make it go on.
        subagent_start: When a sub-agent starts; may tell it something.
        subagent_stop: When a sub-agent is about to end; may make it go on.
        post_result: After the agent has given a result.
        pre_pr_description: Before the text of a pull request is written.
        pre_compact: Before the context is compacted.
        permission_request: When the agent asks for a permission.
        notification: When the agent tells the user something.

    Raises:
        UsageError: A hook is no function.
    """

    pre_tool_use: Hook[PreToolUseHookInput, PreToolUseHookOutput] | None = None
    pre_mcp_tool_call: Hook[PreMCPToolCallHookInput, PreMCPToolCallHookOutput] | None = None
    post_tool_use: Hook[PostToolUseHookInput, PostToolUseHookOutput] | None = None
    post_tool_use_failure: Hook[PostToolUseFailureHookInput, PostToolUseFailureHookOutput] | None = None
    user_prompt_submitted: Hook[UserPromptSubmittedHookInput, UserPromptSubmittedHookOutput] | None = None
    user_prompt_transformed: Hook[UserPromptTransformedHookInput, UserPromptTransformedHookOutput] | None = (
        None
    )
    session_start: Hook[SessionStartHookInput, SessionStartHookOutput] | None = None
    session_end: Hook[SessionEndHookInput, SessionEndHookOutput] | None = None
    error_occurred: Hook[ErrorOccurredHookInput, ErrorOccurredHookOutput] | None = None
    agent_stop: Hook[AgentStopHookInput, AgentStopHookOutput] | None = None
    subagent_start: Hook[SubagentStartHookInput, SubagentStartHookOutput] | None = None
    subagent_stop: Hook[SubagentStopHookInput, SubagentStopHookOutput] | None = None
    post_result: Hook[HookInput, HookOutput] | None = None
    pre_pr_description: Hook[HookInput, HookOutput] | None = None
    pre_compact: Hook[HookInput, HookOutput] | None = None
    permission_request: Hook[HookInput, HookOutput] | None = None
    notification: Hook[HookInput, HookOutput] | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            hook = getattr(self, field.name)
            if hook is not None and not callable(hook):
                raise UsageError(f"the hook {field.name} has to be a function, not {hook!r}")

    def __bool__(self) -> bool:
        """True if there is any hook."""
        return any(getattr(self, field.name) is not None for field in fields(self))
