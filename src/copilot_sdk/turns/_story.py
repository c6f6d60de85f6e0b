"""What has happened in a turn so far, told by its events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from copilot_sdk._arrival import Arrival
from copilot_sdk.errors import SessionError
from copilot_sdk.turns._result import ModelUsage, ToolCall, TurnUsage, number

_MILLISECONDS = 1000


class Story:
    """Collects what the result of a turn is made of, from events as they came: nothing in them makes it fail.

    Attributes:
        error: What the turn has failed with, unless the agent went on after it.
        aborted: Whether somebody stopped the turn.
        messages: The agent's messages.
        complete: Whether the agent's last step left nothing to do.
    """

    def __init__(self) -> None:
        self.error: SessionError | None = None
        self.aborted = False
        self.messages: list[Arrival] = []
        self.complete = False
        self._answered = False
        self._text = _Text()
        self._tools: dict[str, ToolCall] = {}
        self._usage: dict[str, ModelUsage] = {}

    @property
    def text(self) -> str:
        """What the agent says, or has said last."""
        return self._text.said

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools that were run."""
        return tuple(self._tools.values())

    @property
    def usage(self) -> TurnUsage:
        """What was used."""
        return TurnUsage(models=dict(self._usage))

    def look(self, arrival: Arrival) -> None:
        """Take notice of an event of the turn."""
        match arrival.type:
            case "assistant.usage":
                self._used(arrival)
            case "tool.execution_start":
                self._tool_started(arrival)
            case "tool.execution_complete":
                self._tool_ended(arrival)
            case _ if arrival.own:
                self._look_at_agent(arrival)
            case _:
                pass

    def _look_at_agent(self, arrival: Arrival) -> None:
        match arrival.type:
            case "assistant.message_delta":
                self._text.delta(arrival)
            case "assistant.turn_start":
                self.complete = self._answered = False
            case "assistant.message":
                self._answered = not (arrival.data.get("toolRequests") or self._text.cut)
                self.error = None
                self.messages.append(arrival)
                self._text.message(arrival)
            case "assistant.turn_retry":
                self._text.retry()
            case "assistant.turn_end":
                self.complete = self._answered
                self._text.step_ended()
            case "session.error":
                self.error = self.error or SessionError.from_wire(arrival.data)
            case "session.idle":
                self.aborted = self.aborted or arrival.data.get("aborted") is True
            case "abort":
                self.aborted = True
            case _:
                pass

    def _used(self, arrival: Arrival) -> None:
        data = arrival.data
        if arrival.own:
            self._text.cut = data.get("finishReason") == "length"
        model = arrival.text("model") or ""
        used = ModelUsage(
            calls=1,
            input_tokens=int(number(data, "inputTokens")),
            output_tokens=int(number(data, "outputTokens")),
            cache_read_tokens=int(number(data, "cacheReadTokens")),
            cache_write_tokens=int(number(data, "cacheWriteTokens")),
            reasoning_tokens=int(number(data, "reasoningTokens")),
            cost=number(data, "cost"),
            duration=number(data, "duration") / _MILLISECONDS,
        )
        self._usage[model] = self._usage.get(model, ModelUsage()) + used

    def _tool_started(self, arrival: Arrival) -> None:
        call_id = arrival.text("toolCallId")
        if call_id is not None:
            agent: Any = arrival.raw.get("agentId")
            self._tools[call_id] = ToolCall(
                id=call_id,
                name=arrival.text("toolName") or "",
                arguments=arrival.data.get("arguments"),
                agent_id=agent,
            )

    def _tool_ended(self, arrival: Arrival) -> None:
        call = self._tools.get(arrival.text("toolCallId") or "")
        if call is not None:
            data = arrival.data
            self._tools[call.id] = replace(
                call,
                success=data.get("success") is True,
                result=_member(data.get("result"), "content"),
                error=_member(data.get("error"), "message"),
            )


class _Text:
    """The text of the agent's last message.

    A runtime lets a model go on that has reached the limit of its output. What came before is then in the deltas alone,
    or in a message of its own; the text is all of it. A model call that is repeated begins its text anew.

    Attributes:
        cut: Whether the model has reached its limit in the last call.
    """

    def __init__(self) -> None:
        self.cut = False
        self._carried = ""
        self._whole = ""
        self._streamed: list[str] = []
        self._message_id: str | None = None

    @property
    def said(self) -> str:
        """The text so far."""
        if self._carried or self._streamed:
            return self._carried + "".join(self._streamed)
        return self._whole

    def delta(self, arrival: Arrival) -> None:
        """A piece of a message."""
        message_id = arrival.text("messageId")
        if message_id != self._message_id:
            self._message_id = message_id
            self._streamed.clear()
        self._streamed.append(arrival.text("deltaContent") or "")

    def message(self, arrival: Arrival) -> None:
        """A message in full."""
        before = self._carried
        if number(arrival.data, "chunkIndex") > 0:
            before = before or self._whole
        self._whole = before + (arrival.text("content") or "")
        self._carried = self._whole if self.cut else ""
        self.cut = False
        self.retry()

    def retry(self) -> None:
        """What was streamed of the present message does not count."""
        self._streamed.clear()
        self._message_id = None

    def step_ended(self) -> None:
        """What was streamed and never came in full is the first part of what comes now."""
        self._carried += "".join(self._streamed)
        self.retry()


def _member(value: Any, name: str) -> str | None:
    found: Any = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
