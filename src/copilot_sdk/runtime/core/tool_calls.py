"""The tool calls of one answer: all at once, with hooks and permissions, their results in the order of the calls."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    ToolExecutionCompleteData,
    ToolExecutionCompleteError,
    ToolExecutionCompleteResult,
    ToolExecutionStartData,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.answer import readable_arguments
from copilot_sdk.runtime.core.models.base import Message, ToolCall
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import Arguments, Tool, ToolContext, ToolError, ToolResult

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent

_logger = logging.getLogger("copilot_sdk.runtime")

_INTERRUPTED = "The tool call was interrupted before it had a result."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call adds to the conversation: its result, and remarks that hooks made."""

    message: Message
    remarks: Sequence[str] = ()
    ends_turn: bool = False


class ToolCalls:
    """Runs the tool calls of one answer."""

    def __init__(self, agent: Agent, turn_id: str) -> None:
        self._agent = agent
        self._session = agent.session
        self._turn_id = turn_id

    async def run(self, calls: Sequence[ToolCall]) -> list[Outcome]:
        """Runs all calls at the same time and returns their outcomes in the order of the calls."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._run(call), name=f"tool {call.name}") for call in calls]
        return [task.result() for task in tasks]

    def interrupted(self, calls: Sequence[ToolCall]) -> list[Message]:
        """Results for calls that will have none."""
        return [Message("tool", _INTERRUPTED, tool_call_id=call.id) for call in calls]

    async def _run(self, call: ToolCall) -> Outcome:
        agent = self._agent
        arguments = readable_arguments(call.arguments)
        agent.emit(
            ToolExecutionStartData(
                tool_call_id=call.id,
                tool_name=call.name,
                arguments=arguments,
                model=agent.model_id,
                turn_id=self._turn_id,
                parent_tool_call_id=agent.parent_call_id,
            )
        )
        agent.note(_line(call.name, arguments))
        remarks: list[str] = []
        try:
            result = await self._attempt(call, arguments, remarks)
        except asyncio.CancelledError:
            self._complete(call, ToolResult(_INTERRUPTED, kind="failure", error=_INTERRUPTED), code="aborted")
            raise
        self._complete(call, result)
        if result.remark is not None:
            remarks.append(result.remark)
        message = Message("tool", result.text, tool_call_id=call.id)
        return Outcome(message, remarks, ends_turn=result.ends_turn or result.kind == "rejected")

    async def _attempt(self, call: ToolCall, arguments: object, remarks: list[str]) -> ToolResult:
        try:
            return await self._perform(call, arguments, remarks)
        except ToolError as error:
            return ToolResult.failure(str(error))
        except Exception as error:
            # Whatever a tool does wrong, the model learns of it and the session lives on.
            _logger.exception("tool %s failed", call.name)
            return ToolResult.failure(f"Tool execution failed: {type(error).__name__}: {error}")

    async def _perform(self, call: ToolCall, arguments: object, remarks: list[str]) -> ToolResult:
        tool = self._agent.tools().get(call.name)
        if tool is None:
            return ToolResult.failure(f"Tool '{call.name}' does not exist.")
        if not is_object(arguments):
            return ToolResult.failure(f"The arguments of '{call.name}' are not a JSON object.")
        context = ToolContext(self._session, self._agent, call.id)
        output = await self._session.hooks.invoke(
            "preToolUse", {"toolName": call.name, "toolArgs": arguments}
        )
        if is_object(modified := output.get("modifiedArgs")):
            arguments = modified
        if isinstance(remark := output.get("additionalContext"), str):
            remarks.append(remark)
        refusal = await self._refusal(tool, context, arguments, output)
        if refusal is not None:
            return refusal
        result = await _run_tool(tool, context, arguments)
        return await self._after(call.name, arguments, result)

    async def _refusal(
        self, tool: Tool, context: ToolContext, arguments: Arguments, hook: Mapping[str, object]
    ) -> ToolResult | None:
        """Why the call may not be carried out; None if it may."""
        decision = hook.get("permissionDecision")
        reason = str(hook.get("permissionDecisionReason") or "")
        if decision == "deny":
            return ToolResult(f"A hook denied this tool call. {reason}".strip(), "denied", error=reason)
        if decision == "allow":
            return None
        asked = tool.asks(context, arguments)
        wanted = list(await asked if isinstance(asked, Awaitable) else asked)
        if decision == "ask":
            wanted = [asks.after_hook(tool.name, arguments, reason)]
        verdict = await self._session.permissions.check(
            wanted, call_id=context.call_id, agent_id=self._agent.id
        )
        if verdict.allowed:
            return None
        return ToolResult(verdict.text, "rejected" if verdict.ends_turn else "denied", error=verdict.text)

    async def _after(self, name: str, arguments: Arguments, result: ToolResult) -> ToolResult:
        hooks = self._session.hooks
        if result.kind == "success":
            shown = {"textResultForLlm": result.text, "resultType": result.kind}
            output = await hooks.invoke(
                "postToolUse", {"toolName": name, "toolArgs": dict(arguments), "toolResult": shown}
            )
            modified = output.get("modifiedResult")
            if isinstance(modified, str):
                result = replace(result, text=modified)
            elif is_object(modified) and "textResultForLlm" in modified:
                result = replace(result, text=str(modified["textResultForLlm"]))
        else:
            details = {"toolName": name, "toolArgs": dict(arguments), "error": result.error or result.text}
            output = await hooks.invoke("postToolUseFailure", details)
        if isinstance(remark := output.get("additionalContext"), str):
            result = replace(result, text=f"{result.text}\n\n{remark}")
        return result

    def _complete(self, call: ToolCall, result: ToolResult, *, code: str | None = None) -> None:
        agent = self._agent
        data = ToolExecutionCompleteData(
            tool_call_id=call.id,
            success=result.kind == "success",
            model=agent.model_id,
            interaction_id=agent.exchange.id,
            tool_telemetry=None if result.telemetry is None else dict(result.telemetry),
            turn_id=self._turn_id,
            parent_tool_call_id=agent.parent_call_id,
        )
        if data.success:
            data.result = ToolExecutionCompleteResult.model_validate(
                {"content": result.text, "detailedContent": result.detail}
                | ({"contents": list(result.contents)} if result.contents else {})
            )
        else:
            data.error = ToolExecutionCompleteError(
                message=result.error or result.text, code=code or result.kind
            )
        agent.emit(data)
        if result.follows is not None:
            agent.emit(result.follows)


async def _run_tool(tool: Tool, context: ToolContext, arguments: Arguments) -> ToolResult:
    try:
        return await tool.run(context, arguments)
    except ToolError as error:
        return ToolResult.failure(str(error))


def _line(name: str, arguments: object) -> str:
    """One line about a call, for people."""
    shown = ""
    if is_object(arguments):
        values = [value for value in arguments.values() if isinstance(value, str)]
        shown = values[0] if values else json.dumps(arguments) if arguments else ""
    line = " ".join(f"{name} {shown}".split())
    return f"● {line[:120]}"
