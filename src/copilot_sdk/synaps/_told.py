"""Frames on their way to those who want them, read only when one of them asks."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from copilot_sdk._model.json_values import is_object

if TYPE_CHECKING:
    from copilot_sdk._protocol.messages import JsonObject


class Told:
    """A frame that answers nothing.

    Attributes:
        raw: The frame.
        type: The kind of the event: of the one within, where the frame holds nothing else; of a response its command.
    """

    def __init__(self, raw: JsonObject) -> None:
        self.raw = raw
        inner = raw.get("event")
        self._within = raw.get("type") == "message_update" and is_object(inner)
        holder: Any = inner if self._within else raw
        self.type = str(holder.get("command" if raw.get("type") == "response" else "type"))

    @cached_property
    def event(self) -> Any:
        """The event as an object."""
        from copilot_sdk._generated.synaps.frames import decode_event, decode_response

        if self.raw.get("type") == "response":
            return decode_response(self.raw)
        found: Any = decode_event(self.raw)
        return found.event if self._within else found

    @property
    def text(self) -> str:
        """What the model wrote; "" for any other event."""
        delta: Any = self.raw["event"].get("delta") if self._within and self.type == "text_delta" else None
        return delta if isinstance(delta, str) else ""
