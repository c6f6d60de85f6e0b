"""Reads the Copilot layout: method trees beside definitions, and a union of event types.

Our own files and those that a Copilot CLI ships have this layout; the frontend takes both.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from pathlib import Path

from codegen import naming, ownership
from codegen.errors import SchemaError
from codegen.frontends.corrections import corrected
from codegen.frontends.documents import Documents, Node
from codegen.frontends.types import TypeReader, check_name, is_absent, is_null, meta_of, settle
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
_SCOPES = (Scope.SERVER, Scope.SESSION, Scope.CLIENT_SESSION, Scope.CLIENT_GLOBAL)


def read(folder: Path, name: str = "copilot") -> Protocol:
    """Read a folder of schema files, with their corrections.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    return protocol_of(corrected(Documents.load(folder), folder), name)


def protocol_of(documents: Documents, name: str = "copilot") -> Protocol:
    """Make a protocol of schema files that have been read.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    return _Reader(documents, name).protocol()


class _Reader:
    def __init__(self, documents: Documents, name: str) -> None:
        self.documents = documents
        self.name = name
        self.event_nodes = dict(self._event_definitions())
        self.types = TypeReader(documents, self._renames(), self._event_references())

    def _event_definitions(self) -> Iterator[tuple[str, Node]]:
        branches = [
            event
            for file in sorted(self.documents.files)
            for event in self.documents.root(file).children("events")
        ]
        union = self.documents.definitions.get(_EVENT_UNION)
        if union is not None:
            published = [*union.children("anyOf"), *union.children("oneOf")]
            if not published:
                raise union.fail("names no event")
            branches = [*published, *branches]
        kinds: dict[str, str] = {}
        for branch in branches:
            name = self.documents.target(branch)
            node = self.documents.merged(self.documents.definitions[name])
            event = naming.event_class(self._event_type(node))
            if kinds.setdefault(event, name) != name:
                raise node.fail(f"makes the class {event}, which the event {kinds[event]} makes too")
            yield name, node

    def _event_type(self, node: Node) -> str:
        kind = node.child("properties", "type")
        value = kind.value.get("const")
        if not isinstance(value, str):
            raise kind.fail("an event's type must be a constant string")
        family = value.partition(".")[0]
        if not family.isidentifier() or keyword.iskeyword(family):
            raise kind.fail(f"the first word of {value!r} cannot name a module")
        check_name(naming.event_class(value), kind)
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
        self._note_roots()
        events = tuple(self._event(node) for node in self.event_nodes.values())
        methods = tuple(self._checked(list(self._methods())))
        types = settle(self.types)
        return Protocol(
            name=self.name,
            types=dict(sorted(types.items())),
            methods=methods,
            events=tuple(sorted(events, key=lambda event: event.wire)),
            broadcasts=tuple(self._broadcasts(methods)),
            versions=tuple(self._runtimes()),
            notes=self.types.notes.lines(),
            scopes=_SCOPES,
        )

    def _note_roots(self) -> None:
        for file in sorted(self.documents.files):
            self.types.notes.root(self.documents.root(file), frozenset(scope.value for scope in _SCOPES))

    def _event(self, node: Node) -> Event:
        self.types.notes.event(node)
        kind = self._event_type(node)
        properties = node.child("properties")
        for key in properties.value:
            if key not in _ENVELOPE:
                raise properties.child(key).fail("is no member of the event envelope")
        name = naming.event_class(kind)
        data = self.types.expr(properties.child("data"), f"{name}Data")
        if not isinstance(data, Ref) or not isinstance(self.types.types[data.name], (ObjectDef, UnionDef)):
            raise properties.child("data").fail("an event's data must be an object or a union of objects")
        if name in self.types.types:
            raise node.fail(f"makes the class {name}, which a type makes too")
        ephemeral = (
            "ephemeral" in properties.value and properties.child("ephemeral").value.get("const") is True
        )
        return Event(kind, name, kind.partition(".")[0], data, ephemeral, meta_of(node))

    def _methods(self) -> Iterator[tuple[Method, Node]]:
        for file in sorted(self.documents.files):
            root = self.documents.root(file)
            for scope in _SCOPES:
                if scope.value in root.value:
                    yield from self._tree(root.child(scope.value), scope, ())

    def _tree(self, node: Node, scope: Scope, path: tuple[str, ...]) -> Iterator[tuple[Method, Node]]:
        for key in node.value:
            child = node.child(key)
            if "rpcMethod" in child.value:
                yield self._method(child, scope, path, key), child
            elif "params" in child.value or "result" in child.value:
                raise child.fail("has params or a result but no rpcMethod")
            else:
                yield from self._tree(child, scope, (*path, naming.identifier(key)))

    def _method(self, node: Node, scope: Scope, path: tuple[str, ...], key: str) -> Method:
        self.types.notes.method(node)
        wire = node.text("rpcMethod")
        if not wire:
            raise SchemaError(node.file, f"{node.pointer}/rpcMethod", "must not be empty")
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
            waits=node.value.get("waits") is True,
            replaced_by=node.text("replacedBy") or None,
        )

    def _params(self, node: Node, scope: Scope, hint: str) -> Ref | None:
        if node.value["params"] is None:
            return None
        params = self._unwrapped(node.child("params"), scope)
        if is_absent(params) or is_null(params) or not params.value:
            return None
        if scope is Scope.SESSION:
            return self._session_params(params, hint)
        known = self._known(params, hint, drop="sessionId")
        if known is not None and "$ref" not in params.value:
            self.types.redefine(known.name, params)
            return known
        return self._named(self.types.expr(params, hint), params)

    def _unwrapped(self, params: Node, scope: Scope) -> Node:
        """The params themselves, out of what says that they have a session's id or may be left out."""
        parts = params.children("allOf")
        rest = [part for part in parts if scope is not Scope.SESSION or not self._is_target(part)]
        if rest and len(rest) < len(parts):
            params = Node(
                params.file, params.pointer, {**params.value, "allOf": [part.value for part in rest]}
            )
        if len(rest) == 1 and params.value.keys() == {"allOf"}:
            params = rest[0]
        branches = [*params.children("anyOf"), *params.children("oneOf")]
        real = [branch for branch in branches if not is_absent(branch)]
        if len(real) == 1 and len(branches) == 2:
            title = params.text("title")
            params = real[0]
            if title and "$ref" not in params.value:
                params = Node(params.file, params.pointer, {"title": title, **params.value})
        return self.documents.merged(params)

    def _is_target(self, part: Node) -> bool:
        return "$ref" in part.value and self.documents.target(part) == _TARGET

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
        if "properties" not in params.value:
            if _is_empty_object(params):
                return None
            return self._named(self.types.expr(params, hint), params)
        properties = params.child("properties")
        if set(properties.value) == {"sessionId"}:
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
        if not isinstance(made, Ref) or not isinstance(self.types.types[made.name], (ObjectDef, UnionDef)):
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

    def _runtimes(self) -> Iterator[str]:
        for file in sorted(self.documents.files):
            yield from self.documents.root(file).strings("runtimes")

    def _broadcasts(self, methods: tuple[Method, ...]) -> Iterator[Broadcast]:
        events = {self._event_type(node) for node in self.event_nodes.values()}
        ends = {"event": events, "answer": {method.wire for method in methods}, "completed": events}
        for file in sorted(self.documents.files):
            for entry in self.documents.root(file).children("broadcasts"):
                for end, known in ends.items():
                    if entry.text(end) not in known:
                        raise SchemaError(file, f"{entry.pointer}/{end}", f"{entry.text(end)!r} is not known")
                yield Broadcast(entry.text("event"), entry.text("answer"), entry.text("completed"))

    @staticmethod
    def _checked(placed: list[tuple[Method, Node]]) -> Iterator[Method]:
        """The methods, none of which may take the name of another."""
        spaces = {
            (method.scope, method.attributes[:n])
            for method, _ in placed
            for n in range(len(method.attributes))
        }
        calls = {method.wire for method, _ in placed}
        taken: dict[tuple[object, ...], Node] = {}
        for method, node in placed:
            python = f"{ownership.namespace(method)}.{method.constant}"
            for key, what in (((method.scope.inbound, method.wire), method.wire), ((python,), python)):
                known = taken.setdefault(key, node)
                if known is not node:
                    raise node.fail(f"makes {what} a second time, {known.file}#{known.pointer} makes it too")
            if method.replaced_by is not None and method.replaced_by not in calls:
                raise SchemaError(node.file, f"{node.pointer}/replacedBy", "is the name of no method")
            if method.attributes[0] == "internal" and not method.internal:
                raise node.fail("makes the name 'internal', where the methods for the runtime itself stand")
            if (method.scope, method.attributes) in spaces:
                raise node.fail(f"makes the method {method.name}, the name of a namespace")
            yield method


def _members(node: Node) -> list[str]:
    return list(node.child("properties").value) if "properties" in node.value else []


def _is_empty_object(params: Node) -> bool:
    said = {key: value for key, value in params.value.items() if key not in ("title", "description")}
    return said.pop("type", "object") == "object" and said in ({}, {"additionalProperties": False})
