"""What a turn and a client tell: `from copilot_sdk.synaps.events import TextDelta`.

A frame `message_update` holds nothing but the event of the turn: it is the event within that is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk._generated.synaps.types import AgentEndEvent as AgentEndEvent
    from copilot_sdk._generated.synaps.types import (
        AttachmentsDisclosureResponse as AttachmentsDisclosureResponse,
    )
    from copilot_sdk._generated.synaps.types import AutoTurnResponse as AutoTurnResponse
    from copilot_sdk._generated.synaps.types import CompactDisclosureResponse as CompactDisclosureResponse
    from copilot_sdk._generated.synaps.types import ErrorEvent as ErrorEvent
    from copilot_sdk._generated.synaps.types import ReadyEvent as ReadyEvent
    from copilot_sdk._generated.synaps.types import RuntimeEvent as RuntimeEvent
    from copilot_sdk._generated.synaps.types import SubagentDoneEvent as SubagentDoneEvent
    from copilot_sdk._generated.synaps.types import SubagentStartEvent as SubagentStartEvent
    from copilot_sdk._generated.synaps.types import SubagentUpdateEvent as SubagentUpdateEvent
    from copilot_sdk._generated.synaps.types import TextDelta as TextDelta
    from copilot_sdk._generated.synaps.types import ThinkingDelta as ThinkingDelta
    from copilot_sdk._generated.synaps.types import ToolcallInput as ToolcallInput
    from copilot_sdk._generated.synaps.types import ToolcallInputDelta as ToolcallInputDelta
    from copilot_sdk._generated.synaps.types import ToolcallResult as ToolcallResult
    from copilot_sdk._generated.synaps.types import ToolcallStart as ToolcallStart
    from copilot_sdk._generated.synaps.types import UnknownVariant as UnknownVariant

    SynapsEvent: TypeAlias = (
        TextDelta
        | ThinkingDelta
        | ToolcallStart
        | ToolcallInputDelta
        | ToolcallInput
        | ToolcallResult
        | SubagentStartEvent
        | SubagentUpdateEvent
        | SubagentDoneEvent
        | AgentEndEvent
        | ErrorEvent
        | RuntimeEvent
        | ReadyEvent
        | AttachmentsDisclosureResponse
        | CompactDisclosureResponse
        | AutoTurnResponse
        | UnknownVariant
    )
    """Any event; `UnknownVariant` for one of a newer version."""

MODULES = {
    "copilot_sdk._generated.synaps.types": """
        AgentEndEvent AttachmentsDisclosureResponse AutoTurnResponse CompactDisclosureResponse ErrorEvent ReadyEvent
        RuntimeEvent SubagentDoneEvent SubagentStartEvent SubagentUpdateEvent TextDelta ThinkingDelta ToolcallInput
        ToolcallInputDelta ToolcallResult ToolcallStart UnknownVariant
    """,
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
