"""What the runtime asks of a language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.accounts import Identity

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call that the model wants; `arguments` is the text it wrote, valid JSON or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that goes with a message, in base64."""

    data: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class Thought:
    """What a model thought before it spoke, for the provider to take up again.

    Attributes:
        text: The thoughts, as far as the provider tells them.
        opaque: The provider's id for them, or its signature.
        encrypted: The whole of them, for the provider alone to read.
    """

    text: str
    opaque: str | None = None
    encrypted: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    images: tuple[Image, ...] = ()
    thought: Thought | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool on offer; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model.

    Attributes:
        model: The id of the model.
        messages: The conversation, system message first.
        tools: What the model may call.
        stream: Whether the answer is wanted in pieces.
        session_id: The session that asks.
        agent_id: The background agent that asks; None for the main agent.
        reasoning_effort: How hard to think; None leaves it to the model.
        reasoning_summary: How much of the thoughts to tell; None leaves it to the model.
        headers: HTTP headers to add.
        account: Who asks, where somebody is signed in.
    """

    model: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    stream: bool = True
    session_id: str = ""
    agent_id: str | None = None
    reasoning_effort: str | None = None
    reasoning_summary: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    account: Identity | None = None

    @property
    def prompt(self) -> str:
        """The text of the last message that the user sent, "" where there is none."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call, and what it cost in AI credits."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    ai_credits: float = 0.0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of what the model says."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of what the model thinks."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the arguments of a tool call; calls come whole in `Completed`, too.

    Attributes:
        id: The call.
        name: The tool.
        text: The piece of the text that the model writes.
    """

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """The end of an answer.

    Attributes:
        tool_calls: The tools to call.
        finish_reason: Why it ended, in the words of the chat-completions API.
        usage: What it took.
        call_id: What the provider calls it.
        opaque: See `Thought`.
        encrypted: See `Thought`.
        api_endpoint: The API that gave it, such as `/responses`.
    """

    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    usage: Usage = Usage()
    call_id: str | None = None
    opaque: str | None = None
    encrypted: str | None = None
    api_endpoint: str | None = None


ModelEvent = TextDelta | ReasoningDelta | ToolCallDelta | Completed


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model on offer; `details` is what its service says of it, in the service's words."""

    id: str
    name: str
    context_window: int = 128_000
    reasoning_efforts: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict[str, object])


class Model(Protocol):
    """A language model, or a provider of several."""

    def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Answers a request: any number of deltas, then one `Completed`.

        Raises:
            ModelFault: The call failed.
        """
        ...

    async def catalogue(self) -> Sequence[ModelInfo]:
        """The models on offer.

        Raises:
            ModelFault: The provider could not be asked.
        """
        ...

    async def aclose(self) -> None:
        """Gives up connections."""
        ...


@runtime_checkable
class ModelService(Protocol):
    """Models that are for those alone who are signed in, and not the same for everybody."""

    async def catalogue_of(self, account: Identity) -> Sequence[ModelInfo]:
        """The models on offer for somebody.

        Raises:
            ModelFault: The service could not be asked.
        """
        ...


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes: four characters make one."""
    return (len(text) + 3) // 4
