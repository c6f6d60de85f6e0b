"""The recorded events, those that the runtime publishes apart from the others.

The official SDK wraps most of the others and does not decode them: mixed, the two would say nothing about either.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.frames import recorded_frames, turn_lines

SCHEMA = Path(__file__).resolve().parents[1] / "schema" / "copilot" / "session-events.schema.json"


def published_types() -> frozenset[str]:
    """The wire types of events that the runtime publishes."""
    definitions = json.loads(SCHEMA.read_text(encoding="utf-8"))["definitions"].values()
    members = [definition.get("properties", {}) for definition in definitions]
    return frozenset(each["type"]["const"] for each in members if "data" in each and "const" in each["type"])


def turn() -> list[bytes]:
    """The messages of one streamed turn, most of which are deltas."""
    published = published_types()
    return [line for line in turn_lines() if json.loads(line)["params"]["event"]["type"] in published]


def turn_events() -> list[dict[str, Any]]:
    """The events of that turn."""
    return [json.loads(line)["params"]["event"] for line in turn()]


def broad_events() -> list[dict[str, Any]]:
    """Examples of each type of event, many of them large."""
    published = published_types()
    return [event for event in _recorded() if event["type"] in published]


def unpublished_events() -> list[dict[str, Any]]:
    """Examples of the types that were only seen; the official SDK knows some of them."""
    published = published_types()
    return [event for event in _recorded() if event["type"] not in published]


def _recorded() -> list[dict[str, Any]]:
    payloads: list[Any] = [frame.payload for frame in recorded_frames() if frame.kind == "event"]
    return [payload["event"] for payload in payloads]
