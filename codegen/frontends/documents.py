"""Schema files as read from disk: definitions by name, `$ref` lookup, `allOf` merging, errors with a JSON pointer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.errors import SchemaError
from codegen.ir import Json

Schema = dict[str, Json]

_TEXT = frozenset({"description", "title", "$comment", "x-enumDescriptions"})


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a schema file together with the place where it stands."""

    file: str
    pointer: str
    value: Schema

    def fail(self, problem: str) -> SchemaError:
        """The error to raise about this place."""
        return SchemaError(self.file, self.pointer, problem)

    def child(self, *keys: str | int) -> Node:
        """The object below; raises `SchemaError` when there is none."""
        value: Json = self.value
        pointer = self.pointer
        for key in keys:
            pointer += "/" + str(key).replace("~", "~0").replace("/", "~1")
            if isinstance(value, dict) and isinstance(key, str) and key in value:
                value = value[key]
            elif isinstance(value, list) and isinstance(key, int) and key < len(value):
                value = value[key]
            else:
                raise SchemaError(self.file, pointer, "is missing")
        if value is True:
            value = {}
        if not isinstance(value, dict):
            raise SchemaError(self.file, pointer, f"must be an object, not {_kind(value)}")
        return Node(self.file, pointer, value)

    def children(self, key: str) -> list[Node]:
        """The objects of the array or object `key`, in order; empty when it is absent."""
        value = self.value.get(key)
        if value is None:
            return []
        if isinstance(value, list):
            return [self.child(key, index) for index in range(len(value))]
        if isinstance(value, dict):
            return [self.child(key, name) for name in value]
        raise SchemaError(
            self.file, f"{self.pointer}/{key}", f"must be an array or object, not {_kind(value)}"
        )

    def text(self, key: str) -> str:
        """The string `key`, empty when it is absent."""
        value = self.value.get(key, "")
        if not isinstance(value, str):
            raise SchemaError(self.file, f"{self.pointer}/{key}", f"must be a string, not {_kind(value)}")
        return value

    def strings(self, key: str) -> list[str]:
        """The array of strings `key`, empty when it is absent."""
        value = self.value.get(key, [])
        if not isinstance(value, list):
            raise SchemaError(self.file, f"{self.pointer}/{key}", f"must be an array, not {_kind(value)}")
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise SchemaError(
                    self.file, f"{self.pointer}/{key}/{index}", f"must be a string, not {_kind(item)}"
                )
        return [item for item in value if isinstance(item, str)]


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def shape(value: Json) -> Json:
    """A schema without its text: two definitions of the same shape are one type."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if k not in _TEXT or not isinstance(v, (str, dict))}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return value


class Documents:
    """The schema files of one folder.

    Args:
        files: Parsed files by name.
    """

    def __init__(self, files: Mapping[str, Schema]) -> None:
        self.files = dict(files)
        self._named: dict[str, Node] = {}
        for file in sorted(self.files):
            for name, node in self._definitions(file):
                known = self._named.setdefault(name, node)
                if known is not node and shape(known.value) != shape(node.value):
                    raise node.fail(f"differs from the definition of the same name in {known.file}")

    @classmethod
    def load(cls, folder: Path) -> Documents:
        """Read every `*.schema.json` of a folder.

        Raises:
            SchemaError: A file is not JSON, is no object, or the folder has none.
        """
        files: dict[str, Schema] = {}
        for path in sorted(folder.glob("*.schema.json")):
            try:
                value = json.loads(path.read_text(encoding="utf-8"))
            except (ValueError, UnicodeDecodeError) as error:
                raise SchemaError(path.name, "", f"is not JSON: {error}") from None
            if not isinstance(value, dict):
                raise SchemaError(path.name, "", f"must be an object, not {_kind(value)}")
            files[path.name] = value
        if not files:
            raise SchemaError(str(folder), "", "holds no *.schema.json file")
        return cls(files)

    def root(self, file: str) -> Node:
        """The whole file as a node."""
        return Node(file, "", self.files[file])

    def _definitions(self, file: str) -> Iterator[tuple[str, Node]]:
        root = self.root(file)
        for keyword in ("definitions", "$defs"):
            if keyword in root.value:
                section = root.child(keyword)
                for name in section.value:
                    yield name, section.child(name)

    @property
    def definitions(self) -> Mapping[str, Node]:
        """Every definition of every file by its wire name."""
        return self._named

    def target(self, node: Node) -> str:
        """The wire name that a `$ref` points to.

        Raises:
            SchemaError: The reference has another form, or nothing stands there.
        """
        reference = node.text("$ref")
        place, _, name = reference.rpartition("/")
        file, _, section = place.partition("#")
        if section not in ("/definitions", "/$defs"):
            raise SchemaError(
                node.file, f"{node.pointer}/$ref", f"{reference!r} is no reference to a definition"
            )
        if (file and file not in self.files) or name not in self._named:
            raise SchemaError(node.file, f"{node.pointer}/$ref", f"{reference!r} points to nothing")
        return name

    def merged(self, node: Node) -> Node:
        """The node with `allOf` folded in: members and required names of all parts, later parts win."""
        parts = node.children("allOf")
        if not parts:
            return node
        merged: Schema = {}
        for part in [
            *parts,
            Node(node.file, node.pointer, {k: v for k, v in node.value.items() if k != "allOf"}),
        ]:
            source = self.merged(self._named[self.target(part)] if "$ref" in part.value else part)
            properties = {**_object(merged, "properties"), **_object(source.value, "properties")}
            required = [*_list(merged, "required"), *_list(source.value, "required")]
            merged.update(source.value)
            if properties:
                merged["properties"] = properties
            if required:
                merged["required"] = list(dict.fromkeys(str(name) for name in required))
        for key in _TEXT:
            merged.pop(key, None)
            if key in node.value:
                merged[key] = node.value[key]
        return Node(node.file, node.pointer, merged)


def _object(schema: Schema, key: str) -> Schema:
    value = schema.get(key)
    return value if isinstance(value, dict) else {}


def _list(schema: Schema, key: str) -> list[Json]:
    value = schema.get(key)
    return value if isinstance(value, list) else []
