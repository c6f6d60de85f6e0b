"""JSON Schema definitions to IR types.

Inline objects are lifted and named, nulls and unions are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from codegen import naming
from codegen.errors import SchemaError
from codegen.frontends.documents import Documents, Node, shape
from codegen.frontends.keywords import LIMITS, Notes
from codegen.frontends.unions import endless, find_discriminators
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    Default,
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
    Tuple,
    TypeDef,
    TypeExpr,
    UnionDef,
)

# Names that the generated modules use themselves.
_RESERVED = frozenset(
    {
        "API", "Annotated", "Any", "Awaitable", "EVENTS", "EventBase", "EventDecoder", "False", "Field",
        "Final", "INBOUND", "LazyMapping", "Literal", "MODULES", "Mapping", "Method", "MethodTable", "None", "OUTBOUND",
        "OpenUnion", "Protocol", "SchemaRoot", "Sequence", "ServerRPC", "SessionEvent", "SessionRPC", "SyncAPI",
        "TYPE_CHECKING", "TaggedModel", "True", "TypeAlias", "UNSET", "UnknownEvent", "UnknownVariant", "Unset",
        "VerbatimModel", "WireModel", "Written",
    }
)  # fmt: skip


def meta_of(node: Node, versioned: str = "runtime") -> Meta:
    """What a node says about a thing beside its shape; its versions are those of what `versioned` says."""
    return Meta(
        description=node.text("description"),
        stability=node.text("stability") or None,
        internal=node.text("visibility") == "internal",
        deprecated=node.value.get("deprecated") is True,
        since=node.text("since") or None,
        until=node.text("until") or None,
        versioned=versioned,
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
        events: Wire names of the event definitions (with the class each makes) and of the union over them
            (with None).
        versioned: What has the versions that are named.
    """

    def __init__(
        self,
        documents: Documents,
        renames: dict[str, str],
        events: dict[str, str | None],
        versioned: str = "runtime",
    ) -> None:
        self.documents = documents
        self.types: dict[str, TypeDef] = {}
        self.notes = Notes()
        self._events = events
        self._versioned = versioned
        self._renames = renames
        self._places: dict[str, Node] = {}
        self._folding: list[Json] = []
        self._nullable = {name for name, node in documents.definitions.items() if self._takes_null(node)}
        for name, node in documents.definitions.items():
            if name not in events:
                self._define(self.name_of(name), name, node)

    def _meta(self, node: Node) -> Meta:
        return meta_of(node, self._versioned)

    def name_of(self, wire: str) -> str:
        """Class name of a definition."""
        return self._renames.get(wire) or naming.class_name(wire)

    def _branches(self, node: Node) -> list[Node]:
        return [*node.children("anyOf"), *node.children("oneOf")]

    def _takes_null(self, node: Node) -> bool:
        kind = node.value.get("type")
        shaped = "properties" in node.value or "enum" in node.value
        return any(map(is_null, self._all_branches(node))) or (
            shaped and isinstance(kind, list) and "null" in kind
        )

    def place(self, name: str) -> Node:
        """Where a type is described."""
        return self._places[name]

    def _define(self, name: str, wire: str, node: Node) -> None:
        check_name(name, node)
        known = self._places.setdefault(name, node)
        if known is not node:
            if shape(known.value) == shape(node.value):
                return
            raise node.fail(f"makes the class {name}, which {known.file}#{known.pointer} makes too")
        self.types[name] = self._definition(name, wire, self.documents.merged(node))

    def _definition(self, name: str, wire: str, node: Node) -> TypeDef:
        self.notes.schema(node)
        meta = self._meta(node)
        if "properties" in node.value:
            return self._object(name, wire, node, meta)
        branches = [b for b in self._branches(node) if not is_null(b) and not is_absent(b)]
        if len(branches) == 1:
            inner = self.documents.merged(branches[0])
            if "$ref" not in inner.value:
                found = self._definition(name, wire, inner)
                return replace(found, meta=meta if meta.description else found.meta)
            return AliasDef(name, wire, self.expr(inner, name), meta)
        if branches:
            members = tuple(self._members(branches, name))
            return UnionDef(name, wire, members, None, meta, self._default(node))
        if "enum" in node.value:
            return EnumDef(name, wire, tuple(self._enum_values(node)), meta)
        if node.value.get("additionalProperties") is False:
            return self._object(name, wire, node, meta)
        if _is_tuple(node):
            return AliasDef(name, wire, self._tuple(node, name), meta)
        return AliasDef(name, wire, self.expr(node, name), meta)

    def _members(self, branches: list[Node], name: str) -> Iterator[TypeExpr]:
        for index, branch in enumerate(branches):
            nested = [b for b in self._branches(branch) if not is_null(b) and not is_absent(b)]
            if nested and "$ref" not in branch.value:
                yield from self._members(nested, name)
            else:
                yield self.expr(branch, self._branch_name(branch, name, index))

    def _default(self, node: Node) -> str | None:
        """The branch of an object that lacks what tells the others apart."""
        wire = node.child("discriminator").text("default") if "discriminator" in node.value else ""
        return self.name_of(wire) if wire else None

    @staticmethod
    def _branch_name(branch: Node, owner: str, index: int) -> str:
        """A branch without a name takes it from its constant member, or from its only one.

        Branch `done` of `LoginStep` is `LoginStepDone`.
        """
        if "properties" in branch.value:
            properties = branch.child("properties")
            for member in properties.value:
                tag = properties.child(member).value.get("const")
                if isinstance(tag, str):
                    return owner + naming.class_name(tag)
            if len(properties.value) == 1 and branch.strings("required") == [*properties.value]:
                return owner + naming.class_name(*properties.value)
        return f"{owner}Option{index + 1}"

    def _enum_values(self, node: Node) -> Iterator[tuple[str, str]]:
        texts, since, until = (
            node.child(key) if key in node.value else Node(node.file, f"{node.pointer}/{key}", {})
            for key in ("x-enumDescriptions", "x-enumSince", "x-enumUntil")
        )
        values = Node(node.file, node.pointer, {"enum": _without_null(node)}).strings("enum")
        if not values:
            raise node.fail("an enum must have a value")
        for value in dict.fromkeys(values):
            mark = f" Since {self._versioned} {since.text(value)}." if since.text(value) else ""
            mark += f" Until {self._versioned} {until.text(value)}." if until.text(value) else ""
            yield value, texts.text(value) and texts.text(value) + mark

    def _object(self, name: str, wire: str, node: Node, meta: Meta) -> ObjectDef:
        required = node.strings("required")
        section = Node(node.file, node.pointer, {})
        if "properties" in node.value:
            section = node.child("properties")
        for index, key in enumerate(required):
            if key not in section.value:
                raise SchemaError(
                    node.file, f"{node.pointer}/required/{index}", f"{key!r} is not among the properties"
                )
        fields = [self._field(name, key, section.child(key), key in required) for key in section.value]
        names = [field.name for field in fields]
        for field in fields:
            if names.count(field.name) > 1:
                raise section.child(field.wire).fail(f"makes the attribute {field.name} a second time")
        return ObjectDef(name, wire, tuple(fields), meta, self._rest(node, name))

    def _field(self, owner: str, key: str, node: Node, required: bool) -> Field:
        hint = naming.class_name(f"{owner}_{key}")
        optional = any(map(is_absent, self._all_branches(node)))
        default = _default(node) if required and "default" in node.value else None
        shape_of = Node(node.file, node.pointer, {k: v for k, v in node.value.items() if k != "default"})
        return Field(
            naming.field_name(key),
            key,
            self.expr(node if default is None else shape_of, hint),
            required and not optional,
            self._meta(node),
            default,
        )

    def _all_branches(self, node: Node) -> Iterator[Node]:
        for branch in self._branches(node):
            yield branch
            yield from self._all_branches(branch)

    def expr(self, node: Node, hint: str) -> TypeExpr:
        """The type that a node describes; what needs a name of its own is lifted under `hint`."""
        if "allOf" not in node.value:
            return self._plain(node, hint)
        if any(node.value["allOf"] is opened for opened in self._folding):
            raise node.fail("allOf leads back to itself")
        self._folding.append(node.value["allOf"])
        made = self._plain(self.documents.merged(node), hint)
        self._folding.pop()
        return made

    def _plain(self, node: Node, hint: str) -> TypeExpr:
        self.notes.schema(node)
        if "$ref" in node.value:
            target = self.documents.target(node)
            return self._const(node) if "const" in node.value else self._reference(target)
        if "properties" in node.value:
            return self._inline_object(node, hint)
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
        flat = list(dict.fromkeys(m.inner if isinstance(m, Nullable) else m for m in members))
        null = null or any(isinstance(m, Nullable) for m in members)
        if not flat:
            return Null()
        if len(flat) == 1:
            made: TypeExpr = flat[0]
        elif all(isinstance(member, Ref) for member in flat):
            self._lift(hint, UnionDef(hint, "", tuple(flat), None, self._meta(node)), node)
            made = Ref(hint)
        else:
            made = Choice(tuple(flat))
        return Nullable(made) if null else made

    @staticmethod
    def _const(node: Node) -> TypeExpr:
        value = node.value["const"]
        if isinstance(value, (str, bool, int)):
            return Const(value)
        raise SchemaError(
            node.file, f"{node.pointer}/const", "a const must be a string, a boolean or an integer"
        )

    def _inline_enum(self, node: Node, hint: str) -> TypeExpr:
        null = _without_null(node) != node.value["enum"]
        values = [value for value in _without_null(node) if isinstance(value, (str, bool, int))]
        if len(values) < len(_without_null(node)):
            raise node.fail("an enum must hold strings, booleans, integers or null")
        made: TypeExpr
        if not values:
            raise node.fail("an enum must have a value")
        if len(values) == 1:
            made = Const(values[0])
        elif all(isinstance(value, str) for value in values):
            definition = EnumDef(hint, "", tuple(self._enum_values(node)), self._meta(node))
            made = Ref(self._lift(hint, definition, node))
        else:
            made = Choice(tuple(map(Const, values)))
        return Nullable(made) if null else made

    def _typed(self, node: Node, hint: str) -> TypeExpr:
        kind = node.value.get("type")
        if isinstance(kind, list):
            parts = [
                self._typed(Node(node.file, node.pointer, {**node.value, "type": k}), hint) for k in kind
            ]
            real = tuple(dict.fromkeys(part for part in parts if not isinstance(part, Null)))
            if not real:
                raise node.fail("type must name a type beside null")
            made = real[0] if len(real) == 1 else Choice(real)
            return Nullable(made) if len(real) < len(parts) else made
        match kind:
            case None:
                return self._untyped(node, hint)
            case "null":
                return Null()
            case "array":
                return self._array(node, hint)
            case "object":
                return self._inline_object(node, hint)
            case "string" | "integer" | "number" | "boolean":
                return Scalar(kind, node.text("format") or None, tuple(_limits(node)))
        raise SchemaError(node.file, f"{node.pointer}/type", f"{kind!r} is none of JSON Schema's types")

    def _tuple(self, node: Node, hint: str) -> Tuple:
        items = node.children("items")
        if _count(node, "minItems") != len(items):
            raise node.fail("a list with an item of each type needs 'minItems', as many as there are types")
        return Tuple(tuple(self.expr(item, f"{hint}Item{n}") for n, item in enumerate(items, 1)))

    def _array(self, node: Node, hint: str) -> Array | Ref:
        if _is_tuple(node):
            definition = AliasDef(hint, "", self._tuple(node, hint), self._meta(node))
            return Ref(self._lift(hint, definition, node))
        item = self.expr(node.child("items"), f"{hint}Item") if "items" in node.value else Scalar("any")
        return Array(item, _count(node, "minItems"))

    def _untyped(self, node: Node, hint: str) -> TypeExpr:
        if "properties" in node.value or "additionalProperties" in node.value:
            return self._inline_object(node, hint)
        return Null() if is_absent(node) else Scalar("any")

    def _inline_object(self, node: Node, hint: str) -> TypeExpr:
        if "properties" in node.value:
            title = node.text("title")
            name = naming.class_name(title) if title else hint
            return Ref(self._lift(name, self._object(name, "", node, self._meta(node)), node))
        rest = self._rest(node, hint)
        return Map(Scalar("any") if rest is None else rest, self._key(node))

    def _key(self, node: Node) -> Ref | None:
        """The enum of the names of members, None where they are any strings."""
        names = node.child("propertyNames") if "propertyNames" in node.value else None
        if names is None or "$ref" not in names.value:
            return None
        wire = self.documents.target(names)
        if "enum" not in self.documents.definitions[wire].value:
            raise names.fail("the names of members must be those of an enum")
        return Ref(self.name_of(wire))

    def _rest(self, node: Node, owner: str) -> TypeExpr | None:
        """The type of members without a name, None where the schema leaves it open or allows none."""
        key = "additionalProperties"
        if isinstance(node.value.get(key, True), bool):
            return None
        return self.expr(node.child(key), f"{owner}Value")

    def redefine(self, name: str, node: Node) -> None:
        """Give an object the members that stand at another place."""
        known = self.types[name]
        self.types[name] = self._object(name, known.wire, node, known.meta)

    def _lift(self, name: str, definition: TypeDef, node: Node) -> str:
        check_name(name, node)
        known = self._places.setdefault(name, node)
        if known is not node and shape(known.value) != shape(node.value):
            raise node.fail(
                f"would be lifted as the class {name}, which {known.file}#{known.pointer} makes too"
            )
        self.types.setdefault(name, definition)
        return name


def check_discriminators(reader: TypeReader) -> None:
    """Refuse a union that says of a member that it tells the branches apart where another one does, or none.

    Raises:
        SchemaError: That member is another one.
    """
    for wire, node in reader.documents.definitions.items():
        if "discriminator" in node.value:
            place = node.child("discriminator")
            definition = reader.types[reader.name_of(wire)]
            found = definition.discriminator if isinstance(definition, UnionDef) else None
            if found != place.text("propertyName"):
                raise place.fail(f"the branches are told apart by {found!r}, not by this member")


def settle(reader: TypeReader) -> dict[str, TypeDef]:
    """The types of the files, each union with the member that tells its branches apart.

    Raises:
        SchemaError: A type contains itself without end.
    """
    types = reader.types
    if circular := endless(types):
        raise reader.place(circular).fail("contains itself, and no object in between makes an end")
    find_discriminators(types)
    return types


def check_name(name: str, node: Node) -> None:
    """Refuse a class name that Python or the generated code cannot take.

    Raises:
        SchemaError: The name is no identifier, or one that every generated module uses.
    """
    if not name.isidentifier() or name in _RESERVED:
        raise node.fail(f"makes the class {name!r}, a name that cannot be used")


def _without_null(node: Node) -> list[Json]:
    values = node.value["enum"]
    if not isinstance(values, list):
        raise SchemaError(node.file, f"{node.pointer}/enum", "must be an array")
    return [value for value in values if value is not None]


def _limits(node: Node) -> Iterator[tuple[str, Json]]:
    for keyword in LIMITS:
        if keyword not in node.value:
            continue
        value = node.value[keyword]
        wanted = str if keyword == "pattern" else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            problem = f"must be a {'string' if wanted is str else 'number'}"
            raise SchemaError(node.file, f"{node.pointer}/{keyword}", problem)
        yield keyword, value


def _is_tuple(node: Node) -> bool:
    items = node.value.get("items")
    return isinstance(items, list) and bool(items)


def _default(node: Node) -> Default:
    value = node.value["default"]
    if isinstance(value, (dict, list)) and value:
        raise SchemaError(node.file, f"{node.pointer}/default", "must be a plain value, [] or {}")
    return Default(value)


def _count(node: Node, keyword: str) -> int:
    value = node.value.get(keyword, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SchemaError(
            node.file, f"{node.pointer}/{keyword}", "must be a whole number that is not negative"
        )
    return value
