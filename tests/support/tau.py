"""The schema of tau beside what was made from it, and values that fit."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pydantic import TypeAdapter

from codegen import frontends
from codegen.__main__ import SCHEMAS
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    Map,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    Tuple,
    TypeExpr,
    UnionDef,
)
from codegen.samples import Sampler
from copilot_sdk._generated.tau import types

FOLDER = SCHEMAS / "tau"
PROTOCOL = frontends.read(FOLDER)
SAMPLER = Sampler(PROTOCOL)
_DOCUMENT: dict[str, Any] = json.loads(Path(FOLDER / "daemon.schema.json").read_text("utf-8"))
RESPONSES = {
    definition["properties"]["type"]["const"]: name
    for name, definition in _DOCUMENT["definitions"].items()
    if name.endswith("Response") and "properties" in definition
}
"""The definitions of responses by their types on the wire."""

_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=5),
    "integer": st.integers(0, 2**53),
    "number": st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1000),
    "boolean": st.booleans(),
    "any": st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
}


@cache
def adapter(name: str) -> TypeAdapter[Any]:
    """Reads and writes the values of a generated type."""
    return TypeAdapter(getattr(types, name))


def dumped(name: str, value: object) -> Any:
    """What a value of a type is on the wire."""
    return adapter(name).dump_python(value, mode="json", exclude_unset=True)


@cache
def _validator(name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": _DOCUMENT["definitions"]})


def faults(name: str, value: Any) -> list[str]:
    """What the schema says against a value; nothing of a type that stands within another one."""
    if name not in _DOCUMENT["definitions"]:
        return []
    return [f"{name}: {error.json_path}: {error.message}" for error in _validator(name).iter_errors(value)]


def frame_faults(frame: dict[str, Any]) -> list[str]:
    """What the schema says against what the daemon sends."""
    name = RESPONSES.get(frame["type"])
    return [f"{frame['type']} is no response"] if name is None else faults(name, frame)


@cache
def values(name: str) -> st.SearchStrategy[Any]:
    """Values that fit a type, as JSON."""
    match PROTOCOL.types[name]:
        case ObjectDef(fields=fields):
            required = {field.wire: _expression(field.type) for field in fields if field.required}
            optional = {field.wire: _expression(field.type) for field in fields if not field.required}
            return st.fixed_dictionaries(required, optional=optional)
        case EnumDef(values=words):
            return st.sampled_from([word for word, _ in words])
        case UnionDef(members=members):
            return st.one_of(*map(_expression, members))
        case AliasDef(type=expression):
            return _expression(expression)


def _expression(expression: TypeExpr) -> st.SearchStrategy[Any]:
    match expression:
        case Scalar(kind):
            return _SCALARS[kind]
        case Const(value):
            return st.just(value)
        case Ref(name):
            return st.deferred(lambda: values(name))
        case Array(item):
            return st.lists(_expression(item), max_size=2)
        case Tuple(items):
            return st.tuples(*map(_expression, items)).map(list)
        case Nullable(inner):
            return st.none() | _expression(inner)
        case Choice(members):
            return st.one_of(*map(_expression, members))
        case Null():
            return st.none()
        case Map(value):
            return st.dictionaries(st.text(max_size=3), _expression(value), max_size=2)
    raise AssertionError(f"tau has no {expression}")
