"""What the generated types are made of.

The base models, the event envelope, and the codec between methods and JSON. They need pydantic, and so are loaded when
they are first asked for: `json_values` does without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk._model.base import TaggedModel as TaggedModel
    from copilot_sdk._model.base import UnknownVariant as UnknownVariant
    from copilot_sdk._model.base import VerbatimModel as VerbatimModel
    from copilot_sdk._model.base import WireModel as WireModel
    from copilot_sdk._model.base import Written as Written
    from copilot_sdk._model.event import EventBase as EventBase
    from copilot_sdk._model.event import EventDecoder as EventDecoder
    from copilot_sdk._model.event import UnknownEvent as UnknownEvent
    from copilot_sdk._model.event import event_annotation as event_annotation
    from copilot_sdk._model.frame import FrameDecoder as FrameDecoder
    from copilot_sdk._model.union import OpenUnion as OpenUnion

MODULES = {
    ".base": "TaggedModel UnknownVariant VerbatimModel WireModel Written",
    ".event": "EventBase EventDecoder UnknownEvent event_annotation",
    ".frame": "FrameDecoder",
    ".union": "OpenUnion",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
