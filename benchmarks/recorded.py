"""The recorded events, those of types that the schema knows apart from the others.

An event of another type is wrapped, not decoded: mixed, the two would say nothing about either.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.frames import recorded_frames, turn_lines

SCHEMA = Path(__file__).resolve().parents[1] / "schema" / "copilot" / "session-events.schema.json"


def known_types() -> frozenset[str]:
    """The wire types of events that the schema describes."""
    definitions = json.loads(SCHEMA.read_text(encoding="utf-8"))["definitions"].values()
    members = [definition.get("properties", {}) for definition in definitions]
    return frozenset(each["type"]["const"] for each in members if "data" in each and "const" in each["type"])


def turn() -> list[bytes]:
    """The messages of one streamed turn, most of which are deltas."""
    known = known_types()
    return [line for line in turn_lines() if json.loads(line)["params"]["event"]["type"] in known]


def turn_events() -> list[dict[str, Any]]:
    """The events of that turn."""
    return [json.loads(line)["params"]["event"] for line in turn()]


def broad_events() -> list[dict[str, Any]]:
    """Examples of each type of event, many of them large."""
    known = known_types()
    return [event for event in _recorded() if event["type"] in known]


def unknown_events() -> list[dict[str, Any]]:
    """Examples of the types that the schema does not know; the official SDK knows some of them."""
    known = known_types()
    return [event for event in _recorded() if event["type"] not in known]


def _recorded() -> list[dict[str, Any]]:
    payloads: list[Any] = [frame.payload for frame in recorded_frames() if frame.kind == "event"]
    return [payload["event"] for payload in payloads]
