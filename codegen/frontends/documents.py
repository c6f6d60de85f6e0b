"""Schema files as read from disk.

Definitions by name, `$ref` lookup, `allOf` merging, faults with a pointer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.errors import SchemaError
from codegen.ir import Json

Schema = dict[str, Json]

_TEXT = frozenset({"description", "title", "$comment"})
# What the parts of an allOf may differ in: their members are put together, of marks and text the last counts.
_MERGED = frozenset(
    {"properties", "required", "additionalProperties", "stability", "visibility", "since", *_TEXT}
)


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
            match value, key:
                case dict(), str() if key in value:
                    value = value[key]
                case list(), int() if key < len(value):
                    value = value[key]
                case _:
                    raise SchemaError(self.file, pointer, "is missing")
        if value is True:
            value = {}
        if not isinstance(value, dict):
            raise SchemaError(self.file, pointer, f"must be an object, not {_kind(value)}")
        return Node(self.file, pointer, value)

    def children(self, key: str) -> list[Node]:
        """The objects of the array `key`, in order; empty when it is absent."""
        value = self.value.get(key, [])
        if not isinstance(value, list):
            raise SchemaError(self.file, f"{self.pointer}/{key}", f"must be an array, not {_kind(value)}")
        return [self.child(key, index) for index in range(len(value))]

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
        return {k: shape(v) for k, v in value.items() if not _is_text(k, v)}
    if isinstance(value, list):
        return [shape(item) for item in value]
    return value


def _is_text(key: str, value: Json) -> bool:
    # A member of an object may be called `title`: then its value is a schema.
    return key == "x-enumDescriptions" or (key in _TEXT and isinstance(value, str))


def _members_once(pairs: list[tuple[str, Json]]) -> Schema:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"an object has the member {next(k for k in keys if keys.count(k) > 1)!r} twice")
    return members


class Documents:
    """The schema files of one folder.

    Args:
        files: Parsed files by name.
    """

    def __init__(self, files: Mapping[str, Schema]) -> None:
        self.files = dict(files)
        self._named: dict[str, Node] = {}
        self._names: dict[str, set[str]] = {}
        for file in sorted(self.files):
            for name, node in self._definitions(file):
                self._names.setdefault(file, set()).add(name)
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
                value = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_members_once)
            except OSError as error:
                raise SchemaError(path.name, "", f"cannot be read: {error.strerror}") from None
            except (ValueError, RecursionError) as error:
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
        if name not in (self._named if not file else self._names.get(file, ())):
            raise SchemaError(node.file, f"{node.pointer}/$ref", f"{reference!r} points to nothing")
        return name

    def merged(self, node: Node, opened: frozenset[tuple[str, str]] = frozenset()) -> Node:
        """The node with `allOf` folded in: members and required names of all parts; an own member wins.

        Raises:
            SchemaError: The parts say different things about the value as a whole, or never end.
        """
        parts = node.children("allOf")
        if not parts:
            return node
        if (node.file, node.pointer) in opened:
            raise node.fail("allOf leads back to itself")
        opened |= {(node.file, node.pointer)}
        own = Node(node.file, node.pointer, {k: v for k, v in node.value.items() if k != "allOf"})
        merged: Schema = {}
        for part in (*parts, own):
            _fold(merged, self.merged(self._resolved(part), opened), node)
        for key in _TEXT:
            merged.pop(key, None)
            if key in node.value:
                merged[key] = node.value[key]
        return Node(node.file, node.pointer, merged)

    def _resolved(self, node: Node) -> Node:
        """What a node stands for, its references followed."""
        seen = set()
        while "$ref" in node.value:
            name = self.target(node)
            if name in seen:
                raise node.fail("$ref leads back to itself")
            seen.add(name)
            node = self._named[name]
        return node


def _fold(merged: Schema, source: Node, whole: Node) -> None:
    """Add a part of `allOf` to the parts before it."""
    for key in source.value.keys() & merged.keys() - _MERGED:
        if source.value[key] != merged[key]:
            raise whole.fail(f"the parts of allOf differ in {key!r}")
    members = [
        node.child("properties").value
        for node in (Node(whole.file, whole.pointer, merged), source)
        if "properties" in node.value
    ]
    required = [*Node(whole.file, whole.pointer, merged).strings("required"), *source.strings("required")]
    merged.update(source.value)
    if members:
        merged["properties"] = {key: value for part in members for key, value in part.items()}
    if required:
        merged["required"] = [*dict.fromkeys(required)]
