"""Reads the frames that were recorded from the real CLI."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "data" / "frames"
TURN = FOLDER / "turn.jsonl"


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """One message that the CLI sent; tests/data/frames/README.md says what the fields hold."""

    scenario: str
    kind: str
    method: str
    payload: object


def recorded_frames() -> list[RecordedFrame]:
    """Every frame of the recording, in the order in which they came."""
    (packed,) = FOLDER.glob("cli-*.jsonl.gz")
    with gzip.open(packed, "rt", encoding="utf-8") as lines:
        return [RecordedFrame(**json.loads(line)) for line in lines]


def turn_lines() -> list[bytes]:
    """The messages of one streamed turn as they stand on the wire, without their frames."""
    return TURN.read_bytes().splitlines()
