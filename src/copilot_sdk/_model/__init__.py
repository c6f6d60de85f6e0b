"""What the generated types are made of.

The base models, the event envelope, and the codec between methods and JSON.
"""

from copilot_sdk._model.base import TaggedModel, UnknownVariant, WireModel
from copilot_sdk._model.event import EventBase, EventDecoder, UnknownEvent, event_annotation
from copilot_sdk._model.union import OpenUnion

__all__ = [
    "EventBase",
    "EventDecoder",
    "OpenUnion",
    "TaggedModel",
    "UnknownEvent",
    "UnknownVariant",
    "WireModel",
    "event_annotation",
]
