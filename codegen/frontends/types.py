"""JSON Schema definitions to IR types: inline objects are lifted and named, nulls and unions are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen import naming
from codegen.frontends.documents import Documents, Node, shape
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    EventRef,
    Field,
    Json,
    Map,
    Meta,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    TypeDef,
    TypeExpr,
    UnionDef,
)

_SCALARS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
_CONSTRAINTS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "minLength",
    "maxLength",
    "pattern",
    "default",
    "contentEncoding",
)
# Keywords that this frontend understands; any other would be dropped in silence, so it is reported.
_KNOWN = frozenset(
    {
        "$ref", "allOf", "anyOf", "oneOf", "not", "type", "enum", "const", "properties", "required", "items",
        "additionalProperties", "description", "title", "format", "stability", "visibility", "deprecated", "since",
        "x-enumDescriptions", "x-opaque-json", "x-typescript-type", "x-opaque-in-process", "propertyNames", "minItems",
        "maxItems", "notification", *_CONSTRAINTS,
    }
)  # fmt: skip


def meta_of(node: Node) -> Meta:
    """What a node says about a thing beside its shape."""
    since = node.text("since") or None
    return Meta(
        description=node.text("description"),
        stability=node.text("stability") or None,
        internal=node.text("visibility") == "internal",
        deprecated=node.value.get("deprecated") is True,
        since=since,
    )


def is_absent(node: Node) -> bool:
    """True for `{"not": {}}`, which stands for "may be left out"."""
    return node.value.get("not") == {}


def is_null(node: Node) -> bool:
    """True for the type that only null belongs to."""
    return node.value.get("type") == "null"


class TypeReader:
    """Turns definitions into IR types.

    Args:
        documents: The schema files.
        renames: Wire names of definitions whose class is named otherwise.
        events: Wire names of the event definitions (with the class each makes) and of the union over them (with None).
    """

    def __init__(self, documents: Documents, renames: dict[str, str], events: dict[str, str | None]) -> None:
        self.documents = documents
        self.types: dict[str, TypeDef] = {}
        self.notes: list[str] = []
        self._events = events
        self._renames = renames
        self._places: dict[str, Node] = {}
        self._nullable = {
            name for name, node in documents.definitions.items() if any(map(is_null, self._branches(node)))
        }
        for name, node in documents.definitions.items():
            if name not in events:
                self._define(self.name_of(name), name, node)

    def name_of(self, wire: str) -> str:
        """Class name of a definition."""
        return self._renames.get(wire) or naming.class_name(wire)

    def _branches(self, node: Node) -> list[Node]:
        return [*node.children("anyOf"), *node.children("oneOf")]

    def _define(self, name: str, wire: str, node: Node) -> None:
        known = self._places.setdefault(name, node)
        if known is not node:
            if shape(known.value) == shape(node.value):
                return
            raise node.fail(f"makes the class {name}, which {known.file}#{known.pointer} makes too")
        self.types[name] = self._definition(name, wire, self.documents.merged(node))

    def _definition(self, name: str, wire: str, node: Node) -> TypeDef:
        meta = meta_of(node)
        branches = [b for b in self._branches(node) if not is_null(b) and not is_absent(b)]
        if len(branches) == 1:
            inner = self.documents.merged(branches[0])
            if "$ref" not in inner.value:
                found = self._definition(name, wire, inner)
                return replace(found, meta=meta if meta.description else found.meta)
            return AliasDef(name, wire, self.expr(inner, name), meta)
        if branches:
            members = tuple(self._members(branches, name))
            return UnionDef(name, wire, members, None, meta)
        if "enum" in node.value:
            return EnumDef(name, wire, tuple(self._enum_values(node)), meta)
        if "properties" in node.value or node.value.get("additionalProperties") is False:
            return self._object(name, wire, node, meta)
        return AliasDef(name, wire, self.expr(node, name), meta)

    def _members(self, branches: list[Node], name: str) -> Iterator[TypeExpr]:
        for index, branch in enumerate(branches):
            nested = [b for b in self._branches(branch) if not is_null(b) and not is_absent(b)]
            if nested and "$ref" not in branch.value:
                yield from self._members(nested, name)
            else:
                yield self.expr(branch, self._branch_name(branch, name, index))

    @staticmethod
    def _branch_name(branch: Node, owner: str, index: int) -> str:
        """A branch without a name takes it from its constant member: branch `done` of `LoginStep` is `LoginStepDone`."""
        if "properties" in branch.value:
            for member in branch.child("properties").value:
                tag = branch.child("properties", member).value.get("const")
                if isinstance(tag, str):
                    return owner + naming.class_name(tag)
        return f"{owner}Option{index + 1}"

    def _enum_values(self, node: Node) -> Iterator[tuple[str, str]]:
        texts = node.value.get("x-enumDescriptions")
        for value in node.strings("enum"):
            text = texts.get(value) if isinstance(texts, dict) else ""
            yield value, text if isinstance(text, str) else ""

    def _object(self, name: str, wire: str, node: Node, meta: Meta) -> ObjectDef:
        required = set(node.strings("required"))
        fields = []
        section = (
            node.child("properties") if "properties" in node.value else Node(node.file, node.pointer, {})
        )
        for key in section.value:
            fields.append(self._field(name, key, section.child(key), key in required))
        for key in required - section.value.keys():
            raise node.fail(f"requires {key!r}, which it does not describe")
        names = [field.name for field in fields]
        for field in fields:
            if names.count(field.name) > 1:
                raise section.child(field.wire).fail(f"makes the attribute {field.name} a second time")
        rest = None
        if isinstance(node.value.get("additionalProperties"), dict):
            rest = self.expr(node.child("additionalProperties"), f"{name}Value")
        return ObjectDef(name, wire, tuple(fields), meta, rest)

    def _field(self, owner: str, key: str, node: Node, required: bool) -> Field:
        hint = naming.class_name(f"{owner}_{key}")
        optional = any(map(is_absent, self._all_branches(node)))
        return Field(
            naming.field_name(key), key, self.expr(node, hint), required and not optional, meta_of(node)
        )

    def _all_branches(self, node: Node) -> Iterator[Node]:
        for branch in self._branches(node):
            yield branch
            yield from self._all_branches(branch)

    def expr(self, node: Node, hint: str) -> TypeExpr:
        """The type that a node describes; what needs a name of its own is lifted under `hint`."""
        node = self.documents.merged(node)
        for keyword in node.value:
            if keyword not in _KNOWN:
                self.notes.append(f"{node.file}#{node.pointer}: keyword {keyword!r} has no effect")
        if "$ref" in node.value:
            return self._reference(self.documents.target(node))
        branches = self._branches(node)
        if branches:
            return self._choice(node, branches, hint)
        if "const" in node.value:
            return self._const(node)
        if "enum" in node.value:
            return self._inline_enum(node, hint)
        return self._typed(node, hint)

    def _reference(self, wire: str) -> TypeExpr:
        if wire in self._events:
            return EventRef(self._events[wire])
        reference = Ref(self.name_of(wire))
        return Nullable(reference) if wire in self._nullable else reference

    def _choice(self, node: Node, branches: list[Node], hint: str) -> TypeExpr:
        null = any(map(is_null, self._all_branches(node)))
        real = [b for b in branches if not is_null(b) and not is_absent(b)]
        members = [
            self.expr(b, self._branch_name(b, hint, i) if real[1:] else hint) for i, b in enumerate(real)
        ]
        flat = [m.inner if isinstance(m, Nullable) else m for m in members]
        null = null or len(flat) != len(members) or flat != members
        if not flat:
            return Null()
        if len(flat) == 1:
            made: TypeExpr = flat[0]
        elif all(isinstance(member, Ref) for member in flat):
            self._lift(hint, UnionDef(hint, "", tuple(flat), None, meta_of(node)), node)
            made = Ref(hint)
        else:
            made = Choice(tuple(dict.fromkeys(flat)))
        return Nullable(made) if null else made

    def _const(self, node: Node) -> TypeExpr:
        value = node.value["const"]
        if isinstance(value, (str, bool, int)):
            return Const(value)
        raise node.fail("a const must be a string, a boolean or an integer")

    def _inline_enum(self, node: Node, hint: str) -> TypeExpr:
        values = node.value["enum"]
        if not isinstance(values, list) or not values:
            raise node.fail("an enum must be a non-empty array")
        if len(values) == 1 and isinstance(values[0], (str, bool)):
            return Const(values[0])
        null = None in values
        if not all(isinstance(value, str) for value in values if value is not None):
            return Choice(tuple(Const(v) for v in values if isinstance(v, (str, bool, int))))
        texts = {k: v for k, v in node.value.items() if k != "enum"}
        strings: list[Json] = [value for value in values if value is not None]
        lifted = Node(node.file, node.pointer, {**texts, "enum": strings})
        name = self._lift(hint, EnumDef(hint, "", tuple(self._enum_values(lifted)), meta_of(node)), node)
        return Nullable(Ref(name)) if null else Ref(name)

    def _typed(self, node: Node, hint: str) -> TypeExpr:
        kind = node.value.get("type")
        if isinstance(kind, list):
            parts = [
                self._typed(Node(node.file, node.pointer, {**node.value, "type": k}), hint) for k in kind
            ]
            real = tuple(part for part in parts if not isinstance(part, Null))
            made = real[0] if len(real) == 1 else Choice(real)
            return Nullable(made) if len(real) < len(parts) else made
        match kind:
            case None:
                return self._untyped(node, hint)
            case "null":
                return Null()
            case "array":
                return Array(
                    self.expr(node.child("items"), f"{hint}Item") if "items" in node.value else Scalar("any")
                )
            case "object":
                return self._inline_object(node, hint)
            case "string" | "integer" | "number" | "boolean":
                constraints = tuple((k, node.value[k]) for k in _CONSTRAINTS if k in node.value)
                return Scalar(kind, node.text("format") or None, constraints)
        raise node.fail(f"type {kind!r} is none of JSON Schema's types")

    def _untyped(self, node: Node, hint: str) -> TypeExpr:
        if "properties" in node.value or "additionalProperties" in node.value:
            return self._inline_object(node, hint)
        return Null() if is_absent(node) else Scalar("any")

    def _inline_object(self, node: Node, hint: str) -> TypeExpr:
        if "properties" in node.value:
            title = node.text("title")
            name = naming.class_name(title) if title else hint
            return Ref(self._lift(name, self._object(name, "", node, meta_of(node)), node))
        rest = node.value.get("additionalProperties")
        if isinstance(rest, dict):
            return Map(self.expr(node.child("additionalProperties"), f"{hint}Value"))
        return Map(Scalar("any"))

    def redefine(self, name: str, node: Node) -> None:
        """Give an object the members that stand at another place."""
        known = self.types[name]
        self.types[name] = self._object(name, known.wire, node, known.meta)

    def _lift(self, name: str, definition: TypeDef, node: Node) -> str:
        known = self._places.setdefault(name, node)
        if known is not node and shape(known.value) != shape(node.value):
            raise node.fail(
                f"would be lifted as the class {name}, which {known.file}#{known.pointer} makes too"
            )
        self.types.setdefault(name, definition)
        return name


def leaves(name: str, types: dict[str, TypeDef]) -> Iterator[str]:
    """Names of the types in a union, unions inside it opened."""
    definition = types[name]
    if isinstance(definition, UnionDef):
        for member in definition.members:
            if isinstance(member, Ref):
                yield from leaves(member.name, types)
    else:
        yield name


def find_discriminators(types: dict[str, TypeDef]) -> None:
    """Give each union of objects the member whose constant value tells the branches apart, where there is one."""
    for name, definition in list(types.items()):
        if isinstance(definition, UnionDef) and all(isinstance(m, Ref) for m in definition.members):
            types[name] = replace(definition, discriminator=_discriminator(list(leaves(name, types)), types))


def _discriminator(members: list[str], types: dict[str, TypeDef]) -> str | None:
    tags: dict[str, set[Json]] = {}
    for member in members:
        definition = types[member]
        if not isinstance(definition, ObjectDef):
            return None
        for field in definition.fields:
            if isinstance(field.type, Const) and field.required:
                tags.setdefault(field.wire, set()).add(field.type.value)
    for wire, values in tags.items():
        if len(values) == len(set(members)):
            return wire
    return None
