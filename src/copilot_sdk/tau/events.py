"""What a chat and a subscription give: events of a turn, and what the daemon tells of a session besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk._generated.tau.types import AgentDoneResponse as AgentDoneResponse
    from copilot_sdk._generated.tau.types import CancelledResponse as CancelledResponse
    from copilot_sdk._generated.tau.types import DoneEvent as DoneEvent
    from copilot_sdk._generated.tau.types import ErrorEvent as ErrorEvent
    from copilot_sdk._generated.tau.types import ErrorResponse as ErrorResponse
    from copilot_sdk._generated.tau.types import PhaseEvent as PhaseEvent
    from copilot_sdk._generated.tau.types import SessionSucceededResponse as SessionSucceededResponse
    from copilot_sdk._generated.tau.types import StartEvent as StartEvent
    from copilot_sdk._generated.tau.types import StatusEvent as StatusEvent
    from copilot_sdk._generated.tau.types import SteerMessageEvent as SteerMessageEvent
    from copilot_sdk._generated.tau.types import SubscriptionUsageResponse as SubscriptionUsageResponse
    from copilot_sdk._generated.tau.types import TextDeltaEvent as TextDeltaEvent
    from copilot_sdk._generated.tau.types import TextEndEvent as TextEndEvent
    from copilot_sdk._generated.tau.types import TextStartEvent as TextStartEvent
    from copilot_sdk._generated.tau.types import ThinkingDeltaEvent as ThinkingDeltaEvent
    from copilot_sdk._generated.tau.types import ThinkingEndEvent as ThinkingEndEvent
    from copilot_sdk._generated.tau.types import ThinkingStartEvent as ThinkingStartEvent
    from copilot_sdk._generated.tau.types import ToolCallDeltaEvent as ToolCallDeltaEvent
    from copilot_sdk._generated.tau.types import ToolCallEndEvent as ToolCallEndEvent
    from copilot_sdk._generated.tau.types import ToolCallStartEvent as ToolCallStartEvent
    from copilot_sdk._generated.tau.types import ToolOutputDeltaEvent as ToolOutputDeltaEvent
    from copilot_sdk._generated.tau.types import ToolResultEvent as ToolResultEvent
    from copilot_sdk._generated.tau.types import UserMessageResponse as UserMessageResponse

TextEvent: TypeAlias = "TextStartEvent | TextDeltaEvent | TextEndEvent"
"""What the model says."""

ThinkingEvent: TypeAlias = "ThinkingStartEvent | ThinkingDeltaEvent | ThinkingEndEvent"
"""What the model thinks."""

ToolCallEvent: TypeAlias = "ToolCallStartEvent | ToolCallDeltaEvent | ToolCallEndEvent"
"""What the model wants to be done."""

AnswerEvent: TypeAlias = "StartEvent | TextEvent | ThinkingEvent | ToolCallEvent | DoneEvent | ErrorEvent"
"""An answer of the model, from its start to its end."""

ToolEvent: TypeAlias = "ToolOutputDeltaEvent | ToolResultEvent"
"""What comes of that."""

TurnEvent: TypeAlias = "AnswerEvent | ToolEvent | SteerMessageEvent | PhaseEvent | StatusEvent"
"""What happens in a turn."""

ChatEvent: TypeAlias = (
    "TurnEvent | UserMessageResponse | SessionSucceededResponse | SubscriptionUsageResponse"
)
"""What comes before the end of a chat."""

SessionEvent: TypeAlias = "ChatEvent | AgentDoneResponse | CancelledResponse | ErrorResponse"
"""What those who follow a session get."""

MODULES = {
    "copilot_sdk._generated.tau.types": """
        AgentDoneResponse CancelledResponse DoneEvent ErrorEvent ErrorResponse PhaseEvent SessionSucceededResponse
        StartEvent StatusEvent SteerMessageEvent SubscriptionUsageResponse TextDeltaEvent TextEndEvent TextStartEvent
        ThinkingDeltaEvent ThinkingEndEvent ThinkingStartEvent ToolCallDeltaEvent ToolCallEndEvent
        ToolCallStartEvent ToolOutputDeltaEvent ToolResultEvent UserMessageResponse
    """,
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(
        __name__,
        MODULES,
        *(
            "AnswerEvent",
            "ChatEvent",
            "SessionEvent",
            "TextEvent",
            "ThinkingEvent",
            "ToolCallEvent",
            "ToolEvent",
        ),
        "TurnEvent",
    )


def read_event(frame: Any) -> Any:
    """The event that a frame of a chat or a subscription brings: of a turn the one within.

    Raises:
        UnknownFrame: The frame or the event is of a kind that is not known.
        ProtocolError: It brings no event.
    """
    from copilot_sdk._generated.tau.frames import decode_response, decode_subscription_event
    from copilot_sdk._generated.tau.types import StreamResponse
    from copilot_sdk._model import UnknownVariant
    from copilot_sdk.errors import ProtocolError, UnknownFrame

    try:
        read = decode_subscription_event(frame)
    except UnknownFrame:
        decode_response(frame)
        raise ProtocolError(f"{frame['type']} is no event of a session") from None
    if not isinstance(read, StreamResponse):
        return read
    event: Any = read.event
    if event is None:
        raise ProtocolError("a frame of a stream came without its event")
    if isinstance(event, UnknownVariant):
        raise UnknownFrame(str(event.type), event.raw)
    return event
