"""The payloads of events and results, as JSON."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel

from copilot_sdk._generated.copilot import events
from copilot_sdk._model.base import WireModel, wire_name
from copilot_sdk._model.json_values import is_array, is_object

Payload = BaseModel


def to_json(payload: Payload) -> dict[str, object]:
    """A payload under its wire names, without the optional members that are not set."""
    wire: dict[str, object] = payload.model_dump(mode="json", by_alias=True, exclude_none=True)
    _restore_nulls(payload, wire)
    return wire


def _restore_nulls(value: object, wire: object) -> None:
    """Puts back the nulls that say something: those of members that have to be there."""
    if isinstance(value, WireModel) and is_object(wire):
        for name, field in type(value).model_fields.items():
            alias = wire_name(type(value), name)
            member: object = getattr(value, name)
            if member is None and field.is_required():
                wire[alias] = None
            elif isinstance(member, BaseModel) or is_array(member) or is_object(member):
                _restore_nulls(member, wire.get(alias))
    elif is_array(value) and is_array(wire):
        for member, shown in zip(value, wire, strict=True):
            _restore_nulls(member, shown)
    elif is_object(value) and is_object(wire):
        for key, member in value.items():
            _restore_nulls(member, wire.get(key))


@cache
def event_kind(data: type[Payload]) -> tuple[str, bool]:
    """The event type that a class of event data belongs to, and whether such events are ephemeral.

    Raises:
        LookupError: No event carries such data.
    """
    event = getattr(events, data.__name__.removesuffix("Data"), None)
    if event is None or event.model_fields["data"].annotation is not data:
        raise LookupError(f"no event carries {data.__name__}")
    return event.model_fields["type"].default, event.model_fields["ephemeral"].default is True
