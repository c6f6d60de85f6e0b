"""What came of a turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from copilot_sdk._arrival import Arrival
    from copilot_sdk._generated.copilot.events import AssistantMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUsage:
    """What calls of a model have used.

    Attributes:
        calls: How many calls were made.
        input_tokens: Tokens that the model has read, those from its cache included.
        output_tokens: Tokens that it has written, those of its reasoning included.
        cache_read_tokens: Tokens that came from the cache of prompts.
        cache_write_tokens: Tokens that were stored in it.
        reasoning_tokens: Tokens of the reasoning.
        cost: What the calls are billed at, as the runtime counts it: multiples of a premium request.
        duration: Seconds that the calls have taken together.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float = 0.0
    duration: float = 0.0

    def __add__(self, other: ModelUsage) -> ModelUsage:
        """Both together."""
        return ModelUsage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost=self.cost + other.cost,
            duration=self.duration + other.duration,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnUsage:
    """What a turn has used, its sub-agents included.

    Attributes:
        models: The usage of each model by its identifier.
    """

    models: Mapping[str, ModelUsage] = field(default_factory=dict[str, ModelUsage])

    @property
    def total(self) -> ModelUsage:
        """The usage of all models together."""
        return sum(self.models.values(), ModelUsage())


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool that was run in a turn, by the agent or by one of its sub-agents.

    Attributes:
        id: Identifier of the call.
        name: Name of the tool.
        arguments: What the model passed, as JSON values.
        agent_id: Identifier of the sub-agent; None for the session's own agent.
        success: Whether it went well; None if it did not end.
        result: What the model was told, if it ended.
        error: What went wrong, if it failed.
    """

    id: str
    name: str
    arguments: Any = None
    agent_id: str | None = None
    success: bool | None = None
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResult:
    """What came of a turn.

    Attributes:
        message_id: Identifier of the prompt.
        text: The agent's last message as a text, also where the runtime sent it in several parts; what there is of it
            if the turn was aborted in the middle; empty if the agent said nothing.
        aborted: Whether somebody stopped the turn.
        tool_calls: The tools that were run, in the order of their beginning.
        usage: What the turn has used.
        duration: Seconds from sending the prompt to the end.
    """

    message_id: str
    text: str
    aborted: bool
    tool_calls: tuple[ToolCall, ...]
    usage: TurnUsage
    duration: float
    _messages: tuple[Arrival, ...] = field(default=(), repr=False, compare=False)

    @property
    def messages(self) -> tuple[AssistantMessage, ...]:
        """The agent's messages in full, those of sub-agents not included; one that cannot be read is left out."""
        from copilot_sdk._generated.copilot.events import AssistantMessage

        return tuple(
            arrival.event for arrival in self._messages if isinstance(arrival.event, AssistantMessage)
        )

    @property
    def message(self) -> AssistantMessage | None:
        """The agent's last message in full; None if there was none."""
        messages = self.messages
        return messages[-1] if messages else None


def number(data: Mapping[str, Any], member: str) -> float:
    """A number in the data of an event; 0 if there is none."""
    found = data.get(member)
    return cast("float", found) if isinstance(found, int | float) and not isinstance(found, bool) else 0
