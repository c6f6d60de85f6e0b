"""What a client is told: the events of a session as frames, and the turn that they belong to."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from copilot_sdk._generated.synaps.types import (
    AgentEndEvent,
    AssistantEvent,
    AutoTurnResponse,
    ErrorEvent,
    EventPayload,
    MessageUpdateEvent,
    PromptResponse,
    RuntimeEvent,
    SubagentDoneEvent,
    SubagentStartEvent,
    SubagentUpdateEvent,
    TextDelta,
    ThinkingDelta,
    ToolcallInput,
    ToolcallInputDelta,
    ToolcallResult,
    ToolcallStart,
    TurnProviderFailed,
    TurnUsage,
)
from copilot_sdk._model.json_values import is_object, objects_in

if TYPE_CHECKING:
    from copilot_sdk._model.base import WireModel
    from copilot_sdk.runtime.core.log import Event

_PREVIEW_CHARACTERS = 200
_NO_TURN_ERRORS = frozenset({"persistence"})
_numbers = itertools.count(1)


@dataclass(slots=True)
class RunningTurn:
    """A turn that is under way.

    Attributes:
        id: The command that began it, or a name that begins with `auto:`.
        auto: Whether the agent began it by itself.
        error: Why it fails, if it does.
        cancelled: Whether it was aborted.
        usage: What it has used so far.
    """

    id: str
    auto: bool = False
    error: Mapping[str, object] | None = None
    cancelled: bool = False
    usage: TurnUsage = field(default_factory=lambda: TurnUsage(input_tokens=0, output_tokens=0))


class Telling:
    """Turns the events of sessions into frames.

    Attributes:
        turn: The turn that runs.

    Args:
        post: Sends a frame soon.
        on_rest: Called when a turn has ended.
    """

    def __init__(self, post: Callable[[WireModel], None], on_rest: Callable[[], None]) -> None:
        self.turn: RunningTurn | None = None
        self._post = post
        self._on_rest = on_rest
        self._tasks: dict[str, str] = {}
        self._begun: set[str] = set()
        self._agents: dict[str, _SubAgent] = {}
        self._main: Mapping[str, Callable[[Event], None]] = {
            "assistant.message_delta": self._said,
            "assistant.reasoning_delta": self._thought,
            "assistant.tool_call_delta": self._wrote,
            "assistant.message": self._answered,
            "tool.execution_complete": self._tool_done,
            "assistant.usage": self._used,
            "session.error": self._failed,
            "abort": self._aborted,
            "system.notification": self._noticed,
            "assistant.idle": self._rests,
        }

    def take(self, event: Event) -> None:
        """Tells of an event."""
        if event.agent_id is not None:
            self._take_of_agent(event.agent_id, event)
            return
        if (tell := self._main.get(event.type)) is not None:
            tell(event)

    def finish(self) -> None:
        """Tells that the turn is over, and what came of it."""
        turn, self.turn = self.turn, None
        self._begun.clear()
        if turn is None:
            return
        if turn.error is not None:
            # A turn that nobody asked for has no command that an error could name.
            message = str(turn.error.get("message", ""))
            self._post(ErrorEvent(message=message) if turn.auto else ErrorEvent(id=turn.id, message=message))
        self._post(AgentEndEvent(usage=turn.usage))
        kind = AutoTurnResponse if turn.auto else PromptResponse
        self._post(kind(id=turn.id, **_outcome(turn)))
        self._on_rest()

    # ------------------------------------------------------ of the main agent

    def _update(self, event: AssistantEvent) -> None:
        self._post(MessageUpdateEvent(event=event))

    def _said(self, event: Event) -> None:
        self._update(TextDelta(delta=str(event.data.get("deltaContent", ""))))

    def _thought(self, event: Event) -> None:
        self._update(ThinkingDelta(delta=str(event.data.get("deltaContent", ""))))

    def _wrote(self, event: Event) -> None:
        call = str(event.data.get("toolCallId"))
        self._begin(call, event.data.get("toolName"))
        self._update(ToolcallInputDelta(tool_id=call, delta=str(event.data.get("inputDelta", ""))))

    def _answered(self, event: Event) -> None:
        for request in objects_in(event.data.get("toolRequests")):
            call, given = str(request.get("toolCallId")), request.get("arguments")
            self._begin(call, request.get("name"))
            self._update(ToolcallInput(tool_id=call, input=given))
            if is_object(given):
                self._tasks[call] = str(given.get("prompt", ""))
        self._begun.clear()

    def _begin(self, call: str, name: object) -> None:
        if call not in self._begun:
            self._begun.add(call)
            self._update(ToolcallStart(tool_id=call, tool_name=str(name)))

    def _tool_done(self, event: Event) -> None:
        result, error = event.data.get("result"), event.data.get("error")
        text = result.get("content") if is_object(result) else None
        text = text or (error.get("message") if is_object(error) else "")
        self._update(ToolcallResult(tool_id=str(event.data.get("toolCallId")), result=str(text or "")))

    def _used(self, event: Event) -> None:
        if self.turn is None:
            return
        usage, data = self.turn.usage, event.data
        usage.input_tokens += _number(data, "inputTokens")
        usage.output_tokens += _number(data, "outputTokens")
        usage.cache_read_input_tokens += _number(data, "cacheReadTokens")
        usage.cache_creation_input_tokens += _number(data, "cacheWriteTokens")
        usage.model = usage.model or str(data.get("model"))

    def _failed(self, event: Event) -> None:
        if self.turn is not None and event.data.get("errorType") not in _NO_TURN_ERRORS:
            self.turn.error = event.data

    def _aborted(self, _: Event) -> None:
        if self.turn is not None:
            self.turn.cancelled = True

    def _noticed(self, event: Event) -> None:
        self._post(RuntimeEvent(payload=_payload(event)))
        if self.turn is None:
            self.turn = RunningTurn(f"auto:{event.id}", auto=True)

    def _rests(self, _: Event) -> None:
        self.finish()

    # --------------------------------------------------------- of sub-agents

    def _take_of_agent(self, agent_id: str, event: Event) -> None:
        data = event.data
        match event.type:
            case "subagent.started":
                name = str(data.get("agentName"))
                agent = self._agents[agent_id] = _SubAgent(next(_numbers), name)
                task = self._tasks.pop(str(data.get("toolCallId")), str(data.get("agentDescription", "")))
                self._post(
                    SubagentStartEvent(
                        subagent_id=agent.number, agent_name=name, task_preview=task[:_PREVIEW_CHARACTERS]
                    )
                )
            case "tool.execution_start" if agent_id in self._agents:
                agent = self._agents[agent_id]
                status = f"running {data.get('toolName')}"
                self._post(
                    SubagentUpdateEvent(subagent_id=agent.number, agent_name=agent.name, status=status)
                )
            case "assistant.message" if agent_id in self._agents:
                self._agents[agent_id].said = str(data.get("content", "")) or self._agents[agent_id].said
            case "subagent.completed" | "subagent.failed" if agent_id in self._agents:
                agent = self._agents.pop(agent_id)
                result = str(data.get("error") or agent.said)
                self._post(
                    SubagentDoneEvent(
                        subagent_id=agent.number,
                        agent_name=agent.name,
                        result_preview=result[:_PREVIEW_CHARACTERS],
                        duration_secs=_number(data, "durationMs") / 1000,
                    )
                )
            case _:
                return


@dataclass(slots=True)
class _SubAgent:
    number: int
    name: str
    said: str = ""


def _outcome(turn: RunningTurn) -> dict[str, Any]:
    if turn.error is not None:
        code = str(turn.error.get("errorCode") or turn.error.get("errorType") or "unknown")
        correlation = f"turn-{os.getpid()}-{next(_numbers)}"
        return {
            "ok": False,
            "error": str(turn.error.get("message", "")),
            "outcome": TurnProviderFailed(code=code, correlation_id=correlation),
        }
    return {"ok": True, "cancelled": True} if turn.cancelled else {"ok": True}


def _payload(event: Event) -> EventPayload:
    kind = event.data.get("kind")
    source = str(kind.get("type", "runtime")) if is_object(kind) else "runtime"
    content_type = "subagent_completion" if source == "agent_completed" else "message"
    text, severity = str(event.data.get("content", "")), "medium"
    attributes = {"id": event.id, "type": content_type, "severity": severity, "source": source}
    opening = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return EventPayload(
        id=event.id,
        source=source,
        severity=severity,
        content_type=content_type,
        text=text,
        timestamp=str(event.to_wire()["timestamp"]),
        formatted=f"<event {opening}>{escape(text)}</event>",
    )


def _number(data: Mapping[str, object], name: str) -> int:
    value = data.get(name)
    return int(value) if isinstance(value, (int, float)) else 0
