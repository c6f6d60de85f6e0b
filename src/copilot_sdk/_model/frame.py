"""Frames of a protocol in which a tag tells what an object is."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from copilot_sdk._model.base import UnknownVariant
from copilot_sdk._model.json_values import is_object
from copilot_sdk._model.lenient import fitted
from copilot_sdk._rpc.method import Loader
from copilot_sdk.errors import ProtocolError, UnknownFrame


class FrameDecoder:
    """Turns raw frames into the objects of a union; parts that do not fit stay as they came.

    Args:
        load: Loads the union.
        tag: The member that tells its branches apart.
        keeps_unknown: Whether a frame with another tag is an `UnknownVariant`; else it is an error.
    """

    def __init__(self, load: Loader, tag: str, *, keeps_unknown: bool) -> None:
        self._load = load
        self._tag = tag
        self._keeps_unknown = keeps_unknown

    @cached_property
    def _union(self) -> Any:
        return self._load()

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._union)

    def decode(self, raw: object) -> Any:
        """The object of a frame.

        Raises:
            ProtocolError: The frame is no object, or has no tag.
            UnknownFrame: Its tag is not known, and the protocol wants that told.
        """
        kind = raw.get(self._tag) if is_object(raw) else None
        if not isinstance(kind, str):
            quoted = json.dumps(raw, default=str).encode()
            raise ProtocolError(f"a frame has to be an object with the text {self._tag!r}", offending=quoted)
        try:
            frame = self._adapter.validate_python(raw)
        except ValidationError:
            frame, _ = fitted(self._union, raw)
        if isinstance(frame, UnknownVariant) and not self._keeps_unknown:
            raise UnknownFrame(kind, raw)
        return frame
