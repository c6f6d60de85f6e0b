"""A protocol beside that of Copilot: its schema, the package that was made from it, and values that fit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from pydantic import TypeAdapter

from codegen import frontends
from codegen.__main__ import SCHEMAS
from codegen.ir import Protocol
from codegen.samples import Sampler
from tests.support.schema_files import opened
from tests.support.strategies import Values

_FILE = re.compile(r'"[\w-]+\.schema\.json#/')


class Further:
    """One protocol.

    Args:
        folder: Its schema files.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.protocol: Protocol = frontends.read(folder)
        self.sampler = Sampler(self.protocol)
        self.values = Values(self.protocol)
        self._adapters: dict[str, TypeAdapter[Any]] = {}
        self._validators: dict[str, Draft7Validator] = {}
        # As if all stood in one file: no name stands in two.
        texts = [_FILE.sub('"#/', path.read_text("utf-8")) for path in folder.glob("*.schema.json")]
        self.definitions: Mapping[str, Any] = {
            name: definition
            for text in texts
            for name, definition in opened(json.loads(text)["definitions"]).items()
        }

    def __repr__(self) -> str:
        return self.name

    @cached_property
    def types(self) -> Any:
        """The generated types."""
        return self.module("types")

    @property
    def is_tagged(self) -> bool:
        """Whether it is a protocol of tagged frames."""
        return self.protocol.frames is not None

    def module(self, name: str) -> Any:
        """A module of the generated package."""
        return import_module(f"copilot_sdk._generated.{self.name}.{name}")

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


@cache
def further_protocol(name: str) -> Further:
    """A protocol by the name of its folder."""
    return Further(SCHEMAS / name)


@cache
def further_protocols() -> tuple[Further, ...]:
    """Every protocol beside that of Copilot."""
    folders = {path.parent.name for path in SCHEMAS.glob("*/*.schema.json")}
    return tuple(further_protocol(name) for name in sorted(folders - {"copilot"}))
