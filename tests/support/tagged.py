"""A protocol of tagged frames: its schema beside the package that was made from it, and values that fit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pydantic import TypeAdapter

from codegen.__main__ import SCHEMAS
from codegen.frontends import tagged
from codegen.frontends.documents import Documents
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
    Protocol,
    Ref,
    Scalar,
    Tuple,
    TypeExpr,
    UnionDef,
)
from codegen.samples import Sampler

_FILE = re.compile(r'"[\w-]+\.schema\.json#/')

_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(0, 2**64),
    "number": st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1000),
    "boolean": st.booleans(),
    "any": st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
}


class Tagged:
    """One protocol.

    Args:
        folder: Its schema files.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.protocol: Protocol = tagged.read(folder, folder.name)
        self.sampler = Sampler(self.protocol)
        self._values: dict[str, st.SearchStrategy[Any]] = {}
        self._adapters: dict[str, TypeAdapter[Any]] = {}
        self._validators: dict[str, Draft7Validator] = {}
        # As if all stood in one file: no name stands in two.
        texts = [_FILE.sub('"#/', path.read_text("utf-8")) for path in folder.glob("*.schema.json")]
        self.definitions: Mapping[str, Any] = {
            name: definition for text in texts for name, definition in json.loads(text)["definitions"].items()
        }

    @cached_property
    def types(self) -> Any:
        """The generated types."""
        return import_module(f"copilot_sdk._generated.{self.name}.types")

    def adapter(self, name: str) -> TypeAdapter[Any]:
        """Reads and writes the values of a type."""
        if name not in self._adapters:
            self._adapters[name] = TypeAdapter(getattr(self.types, name))
        return self._adapters[name]

    def written(self, name: str, value: object) -> Any:
        """What a value of a type is on the wire once it was read."""
        read = self.adapter(name).validate_python(value)
        return self.adapter(name).dump_python(read, mode="json", exclude_unset=True)

    def faults(self, name: str, value: Any) -> list[str]:
        """What the schema says against a value; nothing of a type that stands within another one."""
        if name not in self.definitions:
            return []
        if name not in self._validators:
            root = {"$ref": f"#/definitions/{name}", "definitions": self.definitions}
            self._validators[name] = Draft7Validator(root)
        found = self._validators[name].iter_errors(value)
        return [f"{name}: {error.json_path}: {error.message}" for error in found]

    def values(self, name: str) -> st.SearchStrategy[Any]:
        """Values that fit a type, as JSON."""
        if name not in self._values:
            self._values[name] = self._defined(name)
        return self._values[name]

    def _defined(self, name: str) -> st.SearchStrategy[Any]:
        match self.protocol.types[name]:
            case ObjectDef(fields=fields):
                required = {field.wire: self._expression(field.type) for field in fields if field.required}
                optional = {
                    field.wire: self._expression(field.type) for field in fields if not field.required
                }
                return st.fixed_dictionaries(required, optional=optional)
            case EnumDef(values=words):
                return st.sampled_from([word for word, _ in words])
            case UnionDef(members=members):
                return st.one_of(*map(self._expression, members))
            case AliasDef(type=expression):
                return self._expression(expression)

    def _expression(self, expression: TypeExpr) -> st.SearchStrategy[Any]:
        match expression:
            case Scalar("string", constraints=(("minLength", int(least)),)):
                return st.text(min_size=least, max_size=least + 5)
            case Scalar("string", constraints=limits):
                return st.text(min_size=int(str(dict(limits).get("minLength", 0))), max_size=5)
            case Scalar(kind):
                return _SCALARS[kind]
            case Const(value):
                return st.just(value)
            case Ref(name):
                return st.deferred(lambda: self.values(name))
            case Array(item):
                return st.lists(self._expression(item), max_size=2)
            case Tuple(items):
                return st.tuples(*map(self._expression, items)).map(list)
            case Nullable(inner):
                return st.none() | self._expression(inner)
            case Choice(members):
                return st.one_of(*map(self._expression, members))
            case Null():
                return st.none()
            case Map(value):
                return st.dictionaries(st.text(max_size=3), self._expression(value), max_size=2)
        raise AssertionError(f"no such protocol has {expression}")


@cache
def tagged_protocols() -> tuple[Tagged, ...]:
    """Every protocol of this layout."""
    folders = sorted({path.parent for path in SCHEMAS.glob("*/*.schema.json")})
    return tuple(Tagged(folder) for folder in folders if tagged.is_layout(Documents.load(folder)))


@cache
def tagged_protocol(name: str) -> Tagged:
    """A protocol of this layout by the name of its folder."""
    return next(protocol for protocol in tagged_protocols() if protocol.name == name)
