"""Holds what the runtime sent to the schema files, without the leniency of the package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from tests.support.frames import RecordedFrame, recorded_frames, turn_lines
from tests.support.schema_files import Document, event_places, methods

Subject = tuple[str, str]
"""What a JSON value is: an `event` by its type, or the `result` or the `params` of a method."""


@cache
def recorded() -> tuple[tuple[Subject, object], ...]:
    """Everything that the CLI has sent, errors left out."""
    events = [json.loads(line)["params"]["event"] for line in turn_lines()]
    return (
        *(subject_of(frame) for frame in recorded_frames() if frame.kind != "error"),
        *((("event", event["type"]), event) for event in events),
    )


def subject_of(frame: RecordedFrame) -> tuple[Subject, object]:
    """What a frame holds."""
    if frame.kind == "event" and isinstance(frame.payload, dict):
        event = frame.payload["event"]
        return ("event", event["type"]), event
    return ("result" if frame.kind == "result" else "params", frame.method), frame.payload


def values_at(value: object, path: str) -> Iterator[object]:
    """What stands at a JSON pointer in a value; `*` is any item of an array."""
    step, _, rest = path.removeprefix("/").partition("/")
    below = f"/{rest}" if rest else ""
    if not path:
        yield value
    elif step == "*" and isinstance(value, list):
        for item in value:
            yield from values_at(item, below)
    elif isinstance(value, dict) and step in value:
        yield from values_at(value[step], below)


class Strict:
    """Schema files as validators of what was sent."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._registry: Registry[Any] = Registry().with_resources(
            (name, Resource.from_contents(document, default_specification=DRAFT7))
            for name, document in _with_all_events(documents).items()
        )
        self._places: dict[Subject, str] = {
            **{("event", kind): place for kind, place in event_places(documents).items()},
            **dict(_method_places(documents)),
        }
        self._validators: dict[str, Draft7Validator] = {}

    def faults(self, subject: Subject, value: object) -> list[str]:
        """What the schema does not allow; a result may be null for an empty object, and the other way round."""
        place = self._places.get(subject)
        if place is None:
            return ["is in no schema file"]
        found = self.problems(place, value)
        if found and subject[0] == "result" and value in (None, {}):
            return self.problems(place, {} if value is None else None)
        return found

    def problems(self, place: str, value: Any) -> list[str]:
        """What the schema at a place, `file#pointer`, does not allow in a value."""
        if place not in self._validators:
            self._validators[place] = Draft7Validator({"$ref": place}, registry=self._registry)
        errors = self._validators[place].iter_errors(value)
        return [f"{error.json_path}: {error.message[:200]}" for error in errors]


def _with_all_events(documents: Mapping[str, Document]) -> Mapping[str, Document]:
    """The files with every event in the union `SessionEvent`, for the methods that return events."""
    file = "session-events.schema.json"
    union = [{"$ref": place} for place in event_places(documents).values()]
    definitions = {**documents[file]["definitions"], "SessionEvent": {"anyOf": union}}
    return {**documents, file: {**documents[file], "definitions": definitions}}


def _method_places(documents: Mapping[str, Document]) -> Iterator[tuple[Subject, str]]:
    for file, document in documents.items():
        for tree, pointer, method in methods(document):
            if tree in ("server", "session"):
                yield ("result", method["rpcMethod"]), f"{file}#{pointer}/result"
            elif method["params"] is not None:
                yield ("params", method["rpcMethod"]), f"{file}#{pointer}/params"
