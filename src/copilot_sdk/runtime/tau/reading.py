"""Frames as the types that they have to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from copilot_sdk._generated.tau.frames import decode_request
from copilot_sdk._model import WireModel

ModelT = TypeVar("ModelT", bound=WireModel)


def read_as(kind: type[ModelT], frame: Mapping[str, object]) -> ModelT:
    """A frame of a kind: what it has to have must be there, and null stands for what is left out.

    Raises:
        ValidationError: It does not fit.
    """
    optional = {name for name, field in kind.model_fields.items() if not field.is_required()}
    given = {name: value for name, value in frame.items() if value is not None or name not in optional}
    return kind.model_validate(given)


def read_request(frame: object) -> WireModel:
    """The request that a frame is.

    Raises:
        ProtocolError, UnknownFrame, ValidationError: It is none.
    """
    return read_as(type(decode_request(frame)), cast("Mapping[str, object]", frame))
