"""What goes over the wire, for tests, for debugging and for reports of bugs.

Each way to make a client takes `on_frame`, a function that gets a `Frame` for every message that is sent or received.
`FrameRecorder` is such a function: it writes them to a file, without the credentials in them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias, cast

from copilot_sdk._secrets import MASK, without_secrets
from copilot_sdk.errors import mask_secrets

_SHOWN_CHARACTERS = 500


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One message of the wire.

    Its `repr`, and what `redacted` gives, is without credentials; `data` and `json` have the message as it is.

    Attributes:
        direction: `sent` when the message is handed over to be sent, `received` when it is there and nothing was done
            with it yet.
        data: The bytes of the message, without what the transport puts around them; JSON, unless the other side sent
            something else.
        time: When that was, in UTC.
    """

    direction: Literal["sent", "received"]
    data: bytes
    time: datetime

    def json(self) -> Any:
        """The message as JSON data.

        Raises:
            ValueError: It is no JSON.
        """
        return json.loads(self.data)

    def redacted(self) -> Any:
        """The message as JSON data in which credentials are replaced by `***`; as a text if it is no JSON.

        Credentials are known by the names of members (`token`, `apiKey`, `headers`, `env` and the like) and by their
        looks. Prompts, files and the output of commands stay, with whatever else is in them.
        """
        try:
            return _redacted(self.json())
        except (ValueError, RecursionError):
            return mask_secrets(self.data.decode("utf-8", "replace"))

    def __repr__(self) -> str:
        text = json.dumps(self.redacted(), ensure_ascii=False)
        end = "..." if len(text) > _SHOWN_CHARACTERS else ""
        return f"<Frame {self.direction} {self.time.isoformat()} {text[:_SHOWN_CHARACTERS]}{end}>"


FrameHandler: TypeAlias = Callable[[Frame], object]
"""Sees the messages of a connection: called in its event loop, with each one in turn, so it must not block."""


class FrameRecorder:
    """Writes frames to a file: `with FrameRecorder("frames.jsonl") as record:` and then `on_frame=record`.

    Each line is a JSON object with `time`, `direction` and `message`, the last of which is what `Frame.redacted` gives.
    Nothing is held back, so the file is complete when the program crashes; clients may share a recorder. A new file is
    for its owner alone, an existing one is added to.

    Args:
        path: The file.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = open(path, "ab", buffering=0, opener=_private)  # noqa: SIM115 - closed by close

    def __call__(self, frame: Frame) -> None:
        """Write a frame.

        Raises:
            OSError: It cannot be written.
            ValueError: The file is closed.
        """
        line = {"time": frame.time.isoformat(), "direction": frame.direction, "message": frame.redacted()}
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _redacted(message: object) -> Any:
    if not isinstance(message, dict):
        return without_secrets(message)
    members = cast("dict[str, object]", message)
    # What a method about secrets is given may be a mere `value`.
    hidden = {"params": MASK} if "secret" in str(members.get("method")).lower() else {}
    return {**without_secrets(members), **hidden}
