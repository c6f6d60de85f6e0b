"""Session events: the envelope that all share, and decoding that never fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import (
    PrivateAttr,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_serializer,
)

from copilot_sdk._model.base import TaggedModel, problems, reader
from copilot_sdk._model.lenient import salvage


class EventBase(TaggedModel):
    """What every session event carries beside its own `type` and `data`."""

    id: str
    """Unique identifier of the event; an event that is sent twice keeps it."""
    timestamp: str
    """When the event was created, as an RFC 3339 date and time; `time` has it as a datetime."""
    parent_id: str | None
    """Identifier of the event before this one in the session, None for the first."""
    ephemeral: bool | None = None
    """True when the event is not written to the session's log."""
    agent_id: str | None = None
    """Identifier of the sub-agent that the event comes from; None for the session's own agent."""

    @property
    def time(self) -> datetime:
        """`timestamp` as an aware datetime.

        Raises:
            ValueError: The runtime sent something else.
        """
        return datetime.fromisoformat(self.timestamp)


class UnknownEvent(EventBase):
    """An event whose type this version of the schema does not know, or that has no data."""

    id: str = ""
    timestamp: str = ""
    parent_id: str | None = None
    type: str = ""
    data: Any = None
    _raw: Any = PrivateAttr(default=None)
    _problem: str | None = PrivateAttr(default=None)

    @property
    def raw(self) -> Any:
        """The event as it came."""
        return self._raw

    @property
    def problem(self) -> str | None:
        """Why an event of a known type could not be read; None for an unknown type."""
        return self._problem

    @classmethod
    def of(cls, raw: object, problem: str | None = None) -> UnknownEvent:
        """Wrap whatever came."""
        members = _members(raw)
        event = cls.model_construct(
            _fields_set=None,
            id=_text(members.get("id")),
            timestamp=_text(members.get("timestamp")),
            parent_id=members.get("parentId") if isinstance(members.get("parentId"), str) else None,
            ephemeral=members.get("ephemeral") is True or None,
            agent_id=members.get("agentId") if isinstance(members.get("agentId"), str) else None,
            type=_text(members.get("type")),
            data=members.get("data"),
        )
        event._raw = raw
        event._problem = problem
        return event

    @model_serializer(mode="wrap", return_type=Any)
    def _as_it_came(self, handler: SerializerFunctionWrapHandler) -> Any:
        return handler(self) if self._raw is None else self._raw


def _members(raw: object) -> dict[str, Any]:
    return dict(cast("Mapping[str, Any]", raw)) if isinstance(raw, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


class EventDecoder:
    """Turns raw events into event objects.

    Args:
        classes: The class of each event type; one that is loaded when it is first asked for costs nothing before.
    """

    def __init__(self, classes: Mapping[str, type[EventBase]]) -> None:
        self._classes = classes
        self._validators: dict[str, Callable[[Any], EventBase]] = {}

    def class_of(self, event_type: str) -> type[EventBase] | None:
        """The class of an event type, None if the type is unknown."""
        return self._classes.get(event_type)

    def decode(self, raw: object, on_misfit: Callable[[str], None] | None = None) -> EventBase:
        """The event object of a raw event; never raises.

        Args:
            raw: The event as it came.
            on_misfit: Told what of the event does not fit its description, if anything does not.
        """
        kind = _type_of(raw)
        if not isinstance(kind, str):
            return _unreadable(raw, "is not an object with a string `type`", on_misfit)
        validate = self._validators.get(kind)
        if validate is None:
            found = self.class_of(kind)
            if found is None:
                return UnknownEvent.of(raw)
            validate = self._validators[kind] = reader(found)
        try:
            return validate(raw)
        except ValidationError as error:
            return self._forgiving(kind, _members(raw), "; ".join(problems(error)), on_misfit)

    def _forgiving(
        self, kind: str, raw: dict[str, Any], problem: str, on_misfit: Callable[[str], None] | None
    ) -> EventBase:
        found = self.class_of(kind)
        if found is None or not isinstance(raw.get("data"), dict):
            return _unreadable(raw, problem, on_misfit)
        if on_misfit is not None:
            on_misfit(problem)
        return salvage(found, raw)


def _unreadable(raw: object, problem: str, on_misfit: Callable[[str], None] | None) -> UnknownEvent:
    if on_misfit is not None:
        on_misfit(problem)
    return UnknownEvent.of(raw, problem)


def _type_of(raw: object) -> object:
    return cast("dict[str, object]", raw).get("type") if isinstance(raw, dict) else None


def event_annotation(decoder: EventDecoder) -> Any:
    """The annotation of a field that holds any event."""

    def load(value: object, _: ValidatorFunctionWrapHandler) -> EventBase:
        return value if isinstance(value, EventBase) else decoder.decode(value)

    return Annotated[SerializeAsAny[EventBase], WrapValidator(load)]
