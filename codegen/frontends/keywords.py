"""Which keywords of a schema have an effect, and a note for each that has none.

Nothing is dropped in silence.
"""

from __future__ import annotations

from codegen.frontends.documents import Node

LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
)
# Marks that end up in the documentation, or that JSON Schema itself takes for annotations.
_ANNOTATIONS = frozenset(
    {
        "$comment", "contentEncoding", "deprecated", "description", "discriminator", "format", "since", "stability",
        "title", "until", "visibility", "x-enumDescriptions", "x-enumSince", "x-enumUntil", "x-evidence",
        "x-opaque-in-process", "x-opaque-json", "x-open", "x-typescript-type",
    }
)  # fmt: skip
_SHAPES = frozenset(
    {
        "$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "items", "not", "oneOf", "properties",
        "propertyNames", "required", "type",
    }
)  # fmt: skip
_MARKS = frozenset({"deprecated", "description", "since", "stability", "until", "visibility"})
_METHOD = _MARKS | {"rpcMethod", "params", "result", "notification", "replacedBy", "waits", "x-evidence"}
_MESSAGE = frozenset({"waits", "x-answers", "x-capability", "x-method", "x-side"})
_EVENT = _MARKS | {
    "title", "type", "properties", "required", "additionalProperties", "x-evidence", "x-opaque-json",
}  # fmt: skip
_ROOT = frozenset(
    {
        "$schema",
        "$id",
        "$comment",
        "$ref",
        "title",
        "description",
        "definitions",
        "$defs",
        "broadcasts",
        "events",
        "runtimes",
    }
)


class Notes:
    """What a schema says without effect, by keyword, with the places."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, None]] = {}

    def add(self, what: str, node: Node) -> None:
        """Remember that something has no effect at a place."""
        self._places.setdefault(what, {})[f"{node.file}#{node.pointer}"] = None

    def schema(self, node: Node) -> None:
        """Look through the keywords of a type."""
        for keyword in node.value.keys() - _ANNOTATIONS - _SHAPES - _MESSAGE:
            self.add(f"keyword {keyword!r}", node)
        if "propertyNames" in node.value and "$ref" not in node.child("propertyNames").value:
            self.add("keyword 'propertyNames'", node)
        if "$ref" in node.value:
            for keyword in (node.value.keys() & _SHAPES) - {"$ref", "type", "const"}:
                self.add(f"{keyword!r} beside '$ref'", node)
        elif "properties" in node.value:
            self._object(node)
        elif "required" in node.value:
            self.add("'required' without 'properties'", node)
        if node.value.get("additionalProperties") is False:
            self.add("'additionalProperties': false", node)
        if node.value.get("not", {}) != {}:
            self.add("'not'", node)

    def _object(self, node: Node) -> None:
        for keyword in node.value.keys() & {"anyOf", "oneOf"}:
            self.add(f"{keyword!r} beside 'properties'", node)
        if isinstance(node.value.get("additionalProperties"), dict):
            self.add("the type in 'additionalProperties' beside 'properties'", node)

    def method(self, node: Node) -> None:
        """Look through the keywords of a method."""
        self._unknown(node, _METHOD)

    def event(self, node: Node) -> None:
        """Look through the keywords of an event."""
        self._unknown(node, _EVENT)

    def root(self, node: Node, trees: frozenset[str]) -> None:
        """Look through the keywords of a file, whose method trees are named in `trees`."""
        self._unknown(node, _ROOT | trees)

    def _unknown(self, node: Node, known: frozenset[str]) -> None:
        for keyword in node.value.keys() - known:
            self.add(f"keyword {keyword!r}", node)

    def lines(self) -> tuple[str, ...]:
        """A line for each thing without effect, with the number of places and the first."""
        return tuple(
            f"{what} has no effect ({len(places)} {'place' if len(places) == 1 else 'places'}, first {min(places)})"
            for what, places in sorted(self._places.items())
        )
