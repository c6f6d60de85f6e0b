"""The tool calls of one answer: all at once, with hooks and permissions, their results in the order of the calls."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.answer import readable_arguments
from copilot_sdk.runtime.core.hooks import HookCall, remark_of
from copilot_sdk.runtime.core.mcp.tool import MCPTool
from copilot_sdk.runtime.core.models.base import Message, ToolCall
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import Arguments, Tool, ToolContext, ToolError, ToolResult

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent

_logger = logging.getLogger("copilot_sdk.runtime")

_INTERRUPTED = "The tool call was interrupted before it had a result."
_ABORTED = ToolResult.failure(_INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call.

    Attributes:
        message: Its result, for the conversation.
        remarks: What hooks add to the conversation.
        ends_turn: Whether the agent is done with it.
        rejected: Whether the user turned it down, and the agent is to stop.
    """

    message: Message
    remarks: Sequence[str] = ()
    ends_turn: bool = False
    rejected: bool = False


class ToolCalls:
    """Runs the tool calls of one answer."""

    def __init__(self, agent: Agent, turn_id: str) -> None:
        self._agent = agent
        self._session = agent.session
        self._turn_id = turn_id

    async def run(self, calls: Sequence[ToolCall]) -> list[Outcome]:
        """Runs all calls at the same time, once the hooks have seen them; their outcomes come in their order."""
        hooked = [HookCall(call.id, call.name, readable_arguments(call.arguments)) for call in calls]
        for call in hooked:
            self._begin(call)
        try:
            outputs = await self._session.hooks.before_tools(hooked, agent=self._agent)
        except asyncio.CancelledError:
            for call in hooked:
                self._complete(call, _ABORTED, code="aborted")
            raise
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._run(call, output), name=f"tool {call.name}")
                for call, output in zip(hooked, outputs, strict=True)
            ]
        return [task.result() for task in tasks]

    async def run_one(self, call: HookCall) -> ToolResult:
        """Runs one call that no model made: nothing is told of it, and nothing of it is remembered."""
        return await self._attempt(call, {})

    def interrupted(self, calls: Sequence[ToolCall]) -> list[Message]:
        """Results for calls that will have none."""
        return [Message("tool", _INTERRUPTED, tool_call_id=call.id) for call in calls]

    def _begin(self, call: HookCall) -> None:
        agent = self._agent
        tool = agent.tools().get(call.name)
        agent.emit(
            types.ToolExecutionStartData.model_validate(
                {
                    "toolCallId": call.id,
                    "toolName": call.name,
                    "arguments": call.arguments,
                    "model": agent.model_id,
                    "turnId": self._turn_id,
                    "parentToolCallId": agent.parent_call_id,
                    **(tool.origin if isinstance(tool, MCPTool) else {}),
                }
            )
        )
        agent.note(_line(call.name, call.arguments))

    async def _run(self, call: HookCall, hook: Mapping[str, object]) -> Outcome:
        try:
            result = await self._attempt(call, hook)
        except asyncio.CancelledError:
            self._complete(call, _ABORTED, code="aborted")
            raise
        self._complete(call, result)
        added = (remark_of(hook), result.remark)
        return Outcome(
            Message("tool", self._session.secrets.text(result.text), tool_call_id=call.id),
            remarks=tuple(remark for remark in added if remark is not None),
            ends_turn=result.ends_turn,
            rejected=result.kind == "rejected",
        )

    async def _attempt(self, call: HookCall, hook: Mapping[str, object]) -> ToolResult:
        modified = hook.get("modifiedArgs")
        arguments = modified if is_object(modified) else call.arguments
        try:
            tool, checked = self._find(call.name), _checked(call.name, arguments)
            context = ToolContext(self._session, self._agent, call.id)
            refusal = await self._refusal(tool, context, checked, hook)
            if refusal is not None:
                return refusal
            result = await tool.run(context, checked)
        except ToolError as error:
            result = ToolResult.failure(str(error))
        except Exception as error:
            # Whatever a tool does wrong, the model learns of it and the session lives on.
            _logger.exception("tool %s failed", call.name)
            result = ToolResult.failure(f"Tool execution failed: {type(error).__name__}: {error}")
        return await self._after(call.name, arguments, result)

    def _find(self, name: str) -> Tool:
        tool = self._agent.tools().get(name)
        if tool is None:
            raise ToolError(f"Tool '{name}' does not exist.")
        return tool

    async def _refusal(
        self, tool: Tool, context: ToolContext, arguments: Arguments, hook: Mapping[str, object]
    ) -> ToolResult | None:
        """Why the call may not be carried out; None if it may."""
        decision = hook.get("permissionDecision")
        reason = str(hook.get("permissionDecisionReason") or "")
        if decision == "deny":
            return ToolResult(f"A hook denied this tool call. {reason}".strip(), "denied", error=reason)
        asked = tool.asks(context, arguments)
        wanted = list(await asked if isinstance(asked, Awaitable) else asked)
        if obstacle := self._session.modes.obstacle(tool.name, wanted):
            return ToolResult(obstacle, "denied", error=obstacle)
        if decision == "allow":
            return None
        if decision == "ask":
            wanted = [asks.after_hook(context, tool.name, arguments, reason)]
        verdict = await self._session.permissions.check(
            wanted, call_id=context.call_id, agent_id=self._agent.id
        )
        if verdict.allowed:
            return None
        return ToolResult(verdict.text, "rejected" if verdict.ends_turn else "denied", error=verdict.text)

    async def _after(self, name: str, arguments: object, result: ToolResult) -> ToolResult:
        hooks, details = self._session.hooks, {"toolName": name, "toolArgs": arguments}
        if result.kind == "success":
            shown = {"textResultForLlm": result.text, "resultType": result.kind}
            output = await hooks.invoke("postToolUse", {**details, "toolResult": shown}, agent=self._agent)
            modified = output.get("modifiedResult")
            text = modified.get("textResultForLlm") if is_object(modified) else modified
            if isinstance(text, str):
                # What the hook replaces is shown to nobody.
                result = replace(result, text=text, detail=None, contents=(), members=None)
        else:
            details["error"] = result.error or result.text
            output = await hooks.invoke("postToolUseFailure", details, agent=self._agent)
        remark = remark_of(output)
        return result if remark is None else replace(result, text=f"{result.text}\n\n{remark}")

    def _complete(self, call: HookCall, result: ToolResult, *, code: str | None = None) -> None:
        agent = self._agent
        data = types.ToolExecutionCompleteData(
            tool_call_id=call.id,
            success=result.kind == "success",
            model=agent.model_id,
            interaction_id=agent.exchange.id,
            tool_telemetry=None if result.telemetry is None else dict(result.telemetry),
            turn_id=self._turn_id,
            parent_tool_call_id=agent.parent_call_id,
        )
        if data.success or result.members is not None:
            data.result = types.ToolExecutionCompleteResult.model_validate(
                {
                    "content": result.text,
                    "detailedContent": result.detail or result.text,
                    **(result.members or {}),
                }
                | ({"contents": list(result.contents)} if result.contents else {})
            )
        if not data.success:
            data.error = types.ToolExecutionCompleteError(
                message=result.error or result.text, code=code or result.kind
            )
        agent.emit(data)
        if result.follows is not None:
            agent.emit(result.follows)


def _checked(name: str, arguments: object) -> Arguments:
    if not is_object(arguments):
        raise ToolError(f"The arguments of '{name}' are not a JSON object.")
    return arguments


def _line(name: str, arguments: object) -> str:
    """One line about a call, for people."""
    shown = ""
    if is_object(arguments):
        values = [value for value in arguments.values() if isinstance(value, str)]
        shown = values[0] if values else json.dumps(arguments) if arguments else ""
    line = " ".join(f"{name} {shown}".split())
    return f"● {line[:120]}"
