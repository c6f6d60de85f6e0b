"""Reading what does not fit its description, so that no event and no result is lost over it.

A runtime of another version sends null or nothing where a value was promised, a float for an integer, a text for an
object. What fits is typed; an attribute that cannot have what came is None, and its object keeps the raw value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from copilot_sdk._model.base import WireModel, wire_name
from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk._model.union import OpenUnion

M = TypeVar("M", bound=WireModel)


def salvage(kind: type[M], raw: Mapping[str, Any]) -> M:
    """The object that `raw` is meant to be; `model_extra` has the members that no attribute can have."""
    rest = dict(raw)
    exact: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for name, (wire, annotation, required) in _fields(kind).items():
        if wire in rest:
            value, whole = fitted(annotation, rest[wire])
            if whole:
                exact[name] = value
                del rest[wire]
            else:
                others[name] = value
        elif required:
            others[name] = None
    made = kind.model_construct(_fields_set=set(exact), **exact, **others)
    cast("dict[str, Any]", made.__pydantic_extra__).update(rest)
    return made


def fitted(annotation: Any, raw: Any) -> tuple[Any, bool]:
    """A value as its annotation says, as far as it fits, and whether all that came is in it."""
    try:
        return _adapter(annotation).validate_python(raw), True
    except ValidationError:
        pass
    for kind in _alternatives(annotation, raw):
        found = _as_kind(kind, raw)
        if found is not None:
            return found
    return None, False


def _as_kind(kind: Any, raw: Any) -> tuple[Any, bool] | None:
    """A value as one of the types it may be; None if JSON writes the two differently."""
    origin = get_origin(kind)
    if is_object(raw):
        if origin is None and issubclass(kind, WireModel):
            return salvage(kind, raw), True
        if origin is dict:
            inner = {key: fitted(get_args(kind)[1], value) for key, value in raw.items()}
            return {key: value for key, (value, _) in inner.items()}, all(
                whole for _, whole in inner.values()
            )
    elif is_array(raw) and origin is list:
        items = [fitted(get_args(kind)[0], value) for value in raw]
        return [value for value, _ in items], all(whole for _, whole in items)
    elif is_array(raw) and origin is tuple and len(raw) == len(get_args(kind)):
        members = [fitted(each, value) for each, value in zip(get_args(kind), raw, strict=True)]
        return tuple(value for value, _ in members), all(whole for _, whole in members)
    elif (isinstance(raw, float) and kind is int) or (isinstance(raw, (str, int)) and origin is Literal):
        return raw, True
    return None


def _alternatives(annotation: Any, raw: object) -> Iterator[Any]:
    """What a value can be by its annotation; the tag of an object, where it has one, leaves one class."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *marks = get_args(annotation)
        tagged = [mark.branches(inner, raw) for mark in marks if isinstance(mark, OpenUnion)]
        yield from tagged[0] if tagged else _alternatives(inner, raw)
    elif origin in (Union, UnionType):
        for branch in get_args(annotation):
            yield from _alternatives(branch, raw)
    elif origin is not None or isinstance(annotation, type):
        yield annotation


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


@cache
def _fields(kind: type[WireModel]) -> Mapping[str, tuple[str, Any, bool]]:
    """Wire name, annotation and requiredness of each field."""
    # What a type says of itself in quotes is read when the type is built.
    kind.model_rebuild()
    return {
        name: (wire_name(kind, name), field.rebuild_annotation(), field.is_required())
        for name, field in kind.model_fields.items()
    }
