"""Reads the Copilot layout: method trees beside definitions, and a union of event types.

Our own files and those that a Copilot CLI ships have this layout; the frontend takes both.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codegen import naming
from codegen.frontends.documents import Documents, Node
from codegen.frontends.types import TypeReader, find_discriminators, is_absent, is_null, meta_of
from codegen.ir import (
    Broadcast,
    Event,
    Method,
    Null,
    Nullable,
    ObjectDef,
    Protocol,
    Ref,
    Scope,
    TypeExpr,
    UnionDef,
)

_EVENT_UNION = "SessionEvent"
_ENVELOPE = frozenset({"id", "timestamp", "parentId", "ephemeral", "agentId", "type", "data"})
_TARGET = "SessionTarget"


def read(folder: Path, name: str = "copilot") -> Protocol:
    """Read a folder of schema files.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    return _Reader(Documents.load(folder), name).protocol()


class _Reader:
    def __init__(self, documents: Documents, name: str) -> None:
        self.documents = documents
        self.name = name
        self.event_nodes = dict(self._event_definitions())
        self.types = TypeReader(documents, self._renames(), self._event_references())

    def _event_definitions(self) -> Iterator[tuple[str, Node]]:
        union = self.documents.definitions.get(_EVENT_UNION)
        if union is None:
            return
        for branch in union.children("anyOf"):
            name = self.documents.target(branch)
            yield name, self.documents.merged(self.documents.definitions[name])

    def _event_type(self, node: Node) -> str:
        kind = node.child("properties", "type")
        value = kind.value.get("const")
        if not isinstance(value, str):
            raise kind.fail("an event's type must be a constant string")
        return value

    def _event_references(self) -> dict[str, str | None]:
        references: dict[str, str | None] = {_EVENT_UNION: None, "SessionEventEnvelope": None}
        for name, node in self.event_nodes.items():
            references[name] = naming.event_class(self._event_type(node))
        return references

    def _renames(self) -> dict[str, str]:
        """Event data is named after its event; a type that bears an event class's name steps aside."""
        renames: dict[str, str] = {}
        uses: dict[str, list[str]] = {}
        classes = set()
        for node in self.event_nodes.values():
            event = naming.event_class(self._event_type(node))
            classes.add(event)
            data = node.child("properties", "data")
            if "$ref" in data.value:
                uses.setdefault(self.documents.target(data), []).append(event)
        for wire, events in uses.items():
            if wire.endswith("Data") and len(events) == 1:
                renames[wire] = f"{events[0]}Data"
        for wire in self.documents.definitions:
            if naming.class_name(wire) in classes:
                renames[wire] = f"{naming.class_name(wire)}Payload"
        return renames

    def protocol(self) -> Protocol:
        events = tuple(self._event(wire, node) for wire, node in self.event_nodes.items())
        methods = tuple(self._methods())
        types = self.types.types
        find_discriminators(types)
        self._check_methods(methods)
        return Protocol(
            name=self.name,
            types=dict(sorted(types.items())),
            methods=methods,
            events=tuple(sorted(events, key=lambda event: event.wire)),
            broadcasts=tuple(self._broadcasts()),
            notes=tuple(self.types.notes),
        )

    def _event(self, wire: str, node: Node) -> Event:
        kind = self._event_type(node)
        properties = node.child("properties")
        for key in properties.value:
            if key not in _ENVELOPE:
                raise properties.child(key).fail("is no member of the event envelope")
        name = naming.event_class(kind)
        data = self.types.expr(properties.child("data"), f"{name}Data")
        if not isinstance(data, Ref):
            raise properties.child("data").fail("an event's data must be an object")
        ephemeral = (
            "ephemeral" in properties.value and properties.child("ephemeral").value.get("const") is True
        )
        return Event(kind, name, kind.partition(".")[0], data, ephemeral, meta_of(node))

    def _methods(self) -> Iterator[Method]:
        for file in sorted(self.documents.files):
            root = self.documents.root(file)
            for scope in Scope:
                if scope.value in root.value:
                    yield from self._tree(root.child(scope.value), scope, ())

    def _tree(self, node: Node, scope: Scope, path: tuple[str, ...]) -> Iterator[Method]:
        for key in node.value:
            child = node.child(key)
            if "rpcMethod" in child.value:
                yield self._method(child, scope, path, key)
            elif "params" in child.value and "result" in child.value:
                raise child.fail("has params and a result but no rpcMethod")
            else:
                yield from self._tree(child, scope, (*path, naming.identifier(key)))

    def _method(self, node: Node, scope: Scope, path: tuple[str, ...], key: str) -> Method:
        wire = node.text("rpcMethod")
        for part in ("params", "result"):
            if part not in node.value:
                raise node.fail(f"{wire} has no {part}")
        stem = "".join(word[:1].upper() + word[1:] for word in wire.replace("/", ".").split("."))
        return Method(
            wire=wire,
            scope=scope,
            path=path,
            name=naming.identifier(key),
            params=self._params(node, scope, naming.class_name(f"{stem}Request")),
            result=self._result(node, naming.class_name(f"{stem}Result")),
            meta=meta_of(node),
            notification=node.value.get("notification") is True,
        )

    def _params(self, node: Node, scope: Scope, hint: str) -> Ref | None:
        if node.value["params"] is None:
            return None
        params = node.child("params")
        parts = params.children("allOf")
        if scope is Scope.SESSION and parts:
            rest = [part for part in parts if self.documents.target(part) != _TARGET]
            if len(rest) == 1:
                params = rest[0]
        branches = [b for b in [*params.children("anyOf"), *params.children("oneOf")] if not is_absent(b)]
        if len(branches) == 1 and len(params.children("anyOf")) == 2:
            title = params.text("title")
            params = branches[0]
            if title and "$ref" not in params.value:
                params = Node(params.file, params.pointer, {"title": title, **params.value})
        if is_absent(params) or is_null(params) or not params.value:
            return None
        if scope is Scope.SESSION:
            return self._session_params(params, hint)
        known = self._known(params, hint, drop="sessionId")
        if known is not None and "$ref" not in params.value:
            self.types.redefine(known.name, params)
            return known
        return self._named(self.types.expr(params, hint), params)

    def _known(self, params: Node, hint: str, *, drop: str) -> Ref | None:
        """The definition that inline params repeat, with or without the member `drop`."""
        members = {field for field in _members(params) if field != drop}
        for name in (self.types.name_of(params.text("title")), hint):
            definition = self.types.types.get(name)
            if isinstance(definition, ObjectDef) and {f.wire for f in definition.fields} - {drop} == members:
                return Ref(name)
        return None

    def _session_params(self, params: Node, hint: str) -> Ref | None:
        """The session's id is the client's business: params are typed without it."""
        if "$ref" in params.value:
            if self.documents.target(params) == _TARGET:
                return None
            made = self._named(self.types.expr(params, hint), params)
            definition = self.types.types.get(made.name)
            if isinstance(definition, ObjectDef) and any(
                field.wire == "sessionId" for field in definition.fields
            ):
                rest = tuple(field for field in definition.fields if field.wire != "sessionId")
                if not rest:
                    return None
                self.types.types[made.name] = ObjectDef(
                    definition.name, definition.wire, rest, definition.meta, definition.rest
                )
            return made
        properties = params.child("properties") if "properties" in params.value else None
        if properties is None or set(properties.value) == {"sessionId"}:
            return None
        own = {key: value for key, value in params.value.items() if key not in ("properties", "required")}
        own["properties"] = {key: value for key, value in properties.value.items() if key != "sessionId"}
        own["required"] = [key for key in params.strings("required") if key != "sessionId"]
        known = self._known(params, hint, drop="sessionId")
        if known is not None:
            return known
        return self._named(self.types.expr(Node(params.file, params.pointer, own), hint), params)

    def _named(self, made: TypeExpr, node: Node) -> Ref:
        if isinstance(made, Nullable):
            made = made.inner
        if not isinstance(made, Ref):
            raise node.fail("params must be an object or a union of objects")
        return made

    def _result(self, node: Node, hint: str) -> TypeExpr:
        if node.value["result"] is None:
            return Null()
        result = node.child("result")
        made = self.types.expr(result, hint)
        branches = [*result.children("anyOf"), *result.children("oneOf")]
        if any(map(is_absent, branches)) and not isinstance(made, (Null, Nullable)):
            return Nullable(made)
        return made

    def _broadcasts(self) -> Iterator[Broadcast]:
        for file in sorted(self.documents.files):
            for entry in self.documents.root(file).children("broadcasts"):
                yield Broadcast(entry.text("event"), entry.text("answer"), entry.text("completed"))

    def _check_methods(self, methods: tuple[Method, ...]) -> None:
        seen: dict[tuple[bool, str], Method] = {}
        for method in methods:
            other = seen.setdefault((method.scope.inbound, method.wire), method)
            if other is not method:
                raise self.documents.root(min(self.documents.files)).fail(f"{method.wire} is described twice")


def _members(node: Node) -> list[str]:
    return list(node.child("properties").value) if "properties" in node.value else []


def unions(protocol: Protocol) -> Iterator[UnionDef]:
    """The unions of a protocol."""
    return (definition for definition in protocol.types.values() if isinstance(definition, UnionDef))
