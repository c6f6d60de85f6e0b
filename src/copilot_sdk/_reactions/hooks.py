"""Calls of hooks. Each is answered, whatever the hook does: the turn would wait for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import Contained, call_off_loop

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import HooksInvokeRequest, HooksInvokeResult
    from copilot_sdk.hooks import Hooks

# By hook type the attribute of `Hooks` and the first part of the names of the two types.
_KINDS = {
    "preToolUse": ("pre_tool_use", "PreToolUse"),
    "preMcpToolCall": ("pre_mcp_tool_call", "PreMCPToolCall"),
    "postToolUse": ("post_tool_use", "PostToolUse"),
    "postToolUseFailure": ("post_tool_use_failure", "PostToolUseFailure"),
    "userPromptSubmitted": ("user_prompt_submitted", "UserPromptSubmitted"),
    "userPromptTransformed": ("user_prompt_transformed", "UserPromptTransformed"),
    "sessionStart": ("session_start", "SessionStart"),
    "sessionEnd": ("session_end", "SessionEnd"),
    "errorOccurred": ("error_occurred", "ErrorOccurred"),
    "agentStop": ("agent_stop", "AgentStop"),
    "subagentStart": ("subagent_start", "SubagentStart"),
    "subagentStop": ("subagent_stop", "SubagentStop"),
    "postResult": ("post_result", ""),
    "prePRDescription": ("pre_pr_description", ""),
    "preCompact": ("pre_compact", ""),
    "permissionRequest": ("permission_request", ""),
    "notification": ("notification", ""),
}


async def invoke_hook(hooks: Hooks, request: HooksInvokeRequest) -> HooksInvokeResult:
    """Calls a hook; no output is the answer when it is not there, has nothing to say, or fails."""
    from copilot_sdk._generated.copilot import types

    attribute, name = _KINDS.get(request.hook_type, ("", ""))
    hook = getattr(hooks, attribute, None)
    if hook is None:
        return types.HooksInvokeResult()
    with Contained(f"hook {request.hook_type}"):
        output = await _call(hook, name, request.input)
        return types.HooksInvokeResult() if output is None else types.HooksInvokeResult(output=output)
    return types.HooksInvokeResult()


async def _call(hook: Any, name: str, raw: Any) -> dict[str, Any] | None:
    from copilot_sdk._generated.copilot import types
    from copilot_sdk._model.lenient import fitted

    told, _ = fitted(getattr(types, f"{name}HookInput"), raw)
    if told is None:
        raise TypeError("its input is no object")
    expected = getattr(types, f"{name}HookOutput")
    said = await call_off_loop(hook, told)
    if said is None:
        return None
    if not isinstance(said, expected):
        raise TypeError(f"it has to return a {expected.__name__} or None, not {said!r}")
    wire: dict[str, Any] = said.to_wire()
    return wire
