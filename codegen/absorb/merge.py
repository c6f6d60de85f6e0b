"""Merges another version's facts into our schema files.

New things come in with the version since which they exist; things that vanished stay, with the version until
which they did; types that changed become the widest that both versions accept. No text is taken over: what is new
has no description until somebody writes one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import TypeVar, cast

from codegen import naming
from codegen.absorb.dialect import Schema, definition_of, marks, schema_of
from codegen.absorb.places import API, EVENTS, Locator
from codegen.absorb.version import ordered
from codegen.absorb.widen import Widener
from codegen.errors import SchemaError
from codegen.frontends.copilot import protocol_of
from codegen.frontends.documents import Documents
from codegen.ir import (
    AliasDef,
    Choice,
    EnumDef,
    Event,
    Field,
    Json,
    Method,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    Scope,
    TypeDef,
    TypeExpr,
    UnionDef,
    closure,
    method_references,
)

T = TypeVar("T")

_ENVELOPE = {"$ref": "#/definitions/SessionEventEnvelope"}
_TARGET = "#/definitions/SessionTarget"
_SAID = frozenset({"description", "since", "until", "deprecated", "visibility"})


def take_in(ours: Documents, theirs: Documents, version: str) -> tuple[dict[str, Schema], list[str]]:
    """Merge until nothing is left to do: what one change widens may call for another one.

    Args:
        ours: Our schema files; they are not changed.
        theirs: The schema files of the other version.
        version: The version of the other files.

    Returns:
        Our files with the other version's facts, and what was done, a line each.

    Raises:
        SchemaError: A newer version was taken in before.
    """
    report: list[str] = []
    files = ours.files
    while True:
        absorber = Absorber(Documents(files), theirs, version)
        merged = absorber.absorb()
        report += absorber.report
        if merged == files:
            return merged, report
        files = merged


class Absorber:
    """Takes one version in.

    Args:
        ours: Our schema files; they are not changed, see `files`.
        theirs: The schema files of the other version.
        version: The version of the other files.

    Raises:
        SchemaError: A newer version was taken in before.
    """

    def __init__(self, ours: Documents, theirs: Documents, version: str) -> None:
        self.files: dict[str, Schema] = copy.deepcopy(ours.files)
        self.report: list[str] = []
        self._mine = protocol_of(ours)
        self._their = protocol_of(theirs)
        self._version = version
        self._known = [str(item) for item in _list(self.files[API], "runtimes")]
        newest = max(self._known, key=ordered, default="")
        if newest and ordered(version) < ordered(newest):
            raise SchemaError(API, "/runtimes", f"{newest} was absorbed before; {version} is older")
        self._homes = {name: (node.file, name) for name, node in ours.definitions.items()}
        self._keys = {
            definition.name: definition.wire or name for name, definition in self._mine.types.items()
        }
        self._twins = {
            definition.wire: definition for definition in self._mine.types.values() if definition.wire
        }
        self._event_keys = {naming.event_class(kind): key for kind, key in _event_definitions(ours)}
        # What we wrote by hand because no published schema had it stays ours.
        self._own = {
            (method.scope.inbound, method.wire) for method in self._mine.methods if self._leaf(method) is None
        }

    def absorb(self) -> dict[str, Schema]:
        """Merge; returns the files."""
        self._place_new_types()
        for name in sorted(self._wanted()):
            self._type(self._their.types[name])
        for event in self._their.events:
            self._event(event)
        for method in self._their.methods:
            if (method.scope.inbound, method.wire) not in self._own:
                self._method(method)
        self._vanished()
        runtimes = sorted({*self._known, self._version}, key=ordered)
        self.files[API]["runtimes"] = list[Json](runtimes)
        for file in (API, EVENTS):
            definitions = _object(self.files[file], "definitions")
            self.files[file]["definitions"] = dict(sorted(definitions.items()))
        return self.files

    # ------------------------------------------------------------------ names

    def _wanted(self) -> set[str]:
        """Their types, but for those that only methods of our own hand-written files use."""
        skipped = [m for m in self._their.methods if (m.scope.inbound, m.wire) in self._own]
        kept = [m for m in self._their.methods if (m.scope.inbound, m.wire) not in self._own]
        roots = [
            *(name for m in kept for name in method_references(m)),
            *(e.data.name for e in self._their.events),
        ]
        only_skipped = closure((name for m in skipped for name in method_references(m)), self._their.types)
        only_skipped -= closure(roots, self._their.types)
        return closure([*roots, *(set(self._their.types) - only_skipped)], self._their.types)

    def _place_new_types(self) -> None:
        """Give each new type its file: what events reach stands with the events."""
        with_events = closure((event.data.name for event in self._their.events), self._their.types)
        for name in sorted(self._wanted()):
            if name not in self._mine.types:
                wire = self._their.types[name].wire
                if wire in self._twins:
                    # How many events use a definition decides its class name; it is the same definition.
                    self._keys[name] = wire
                    continue
                key = wire if wire and naming.class_name(wire) == name else name
                self._keys[name] = key
                self._homes[key] = (EVENTS if name in with_events else API, key)
        for event in self._their.events:
            self._event_keys.setdefault(event.name, _event_key(event.wire))

    def _locator(self, file: str) -> Locator:
        return Locator(file, self._keys, self._homes, self._event_keys)

    def _definition(self, name: str) -> tuple[str, Schema]:
        file, key = self._homes[self._keys[name]]
        return file, _object(_object(self.files[file], "definitions"), key)

    def _widener(self, place: str) -> Widener:
        """Widens the type that stands at a place; a union of two types is named after it."""

        def unite(old: Ref, new: Ref) -> Ref:
            if self._keys[old.name] == self._keys[new.name]:
                return old
            name = naming.class_name(place)
            if old.name in (name, f"{name}Union") and isinstance(self._mine.types[old.name], UnionDef):
                return self._extended(old, new)
            if name in self._keys:
                name = f"{name}Union"
            if name in self._keys:
                raise SchemaError(
                    API, f"/definitions/{name}", f"is taken: {place} needs a union of that name"
                )
            self._keys[name] = name
            self._homes[name] = (API, name)
            locate = self._locator(API)
            branches: list[Json] = [schema_of(old, locate), schema_of(new, locate)]
            _object(self.files[API], "definitions")[name] = {"anyOf": branches, "since": self._version}
            return Ref(name)

        return Widener({**self._their.types, **self._mine.types}, unite)

    def _extended(self, union: Ref, branch: Ref) -> Ref:
        """A union with one more branch, which is the same union."""
        file, schema = self._definition(union.name)
        keyword = "oneOf" if "oneOf" in schema else "anyOf"
        added = schema_of(branch, self._locator(file))
        if added not in _list(schema, keyword):
            schema[keyword] = [*_list(schema, keyword), added]
        return union

    # ------------------------------------------------------------------ types

    def _type(self, new: TypeDef) -> None:
        old = self._mine.types.get(new.name) or self._twins.get(new.wire)
        file, key = self._homes[self._keys[new.name]]
        if old is None:
            made = {**definition_of(new, self._locator(file)), "since": self._version}
            _object(self.files[file], "definitions")[key] = made
            self._say(f"type {new.name} is new")
            return
        if file not in (API, EVENTS):
            return
        _, schema = self._definition(new.name)
        self._back(schema, f"type {new.name}")
        match old, new:
            case ObjectDef(), ObjectDef():
                self._members(file, schema, old, new)
            case EnumDef(), EnumDef():
                self._values(schema, old, new)
            case UnionDef(), UnionDef():
                self._branches(file, schema, old, new)
            case AliasDef(type=Scalar("any")), _:
                pass
            case AliasDef(), AliasDef():
                self._alias(file, schema, old, new)
            case EnumDef(), AliasDef(type=expr) if self._takes(Ref(old.name), expr):
                pass
            case UnionDef(), AliasDef(type=expr):
                self._alternatives(file, schema, old, expr)
            case _ if type(old) is not type(new):
                self._replace(schema, definition_of(new, self._locator(file)))
                self._say(f"type {new.name} was {_kind(old)} and is {_kind(new)}: the newer one serves both")
            case _:
                pass

    def _takes(self, old: Ref, new: TypeExpr) -> bool:
        return self._widener(old.name).covers(old, new)

    def _alternatives(self, file: str, schema: Schema, old: UnionDef, new: TypeExpr) -> None:
        """Give a union what it does not take yet of a type that stands where the union stood."""
        keyword = "oneOf" if "oneOf" in schema else "anyOf"
        inner = new.inner if isinstance(new, Nullable) else new
        parts = inner.members if isinstance(inner, Choice) else (inner,)
        wanted = [part for part in parts if not self._takes(Ref(old.name), part)]
        if isinstance(new, Nullable):
            wanted.append(Null())
        branches = _list(schema, keyword)
        added = [
            made for made in (schema_of(part, self._locator(file)) for part in wanted) if made not in branches
        ]
        if added:
            schema[keyword] = [*branches, *added]
            self._say(f"type {old.name} has {len(added)} branches more")

    def _alias(self, file: str, schema: Schema, old: AliasDef, new: AliasDef) -> None:
        # The frontend reads the null of a definition at the places that refer to it.
        null = {"type": "null"} in _list(schema, "anyOf") and not isinstance(old.type, Nullable)
        before = Nullable(old.type) if null else old.type
        wide = self._widener(f"{old.name}_value").widen(before, new.type)
        if wide != before:
            self._replace(schema, schema_of(wide, self._locator(file)))
            self._say(f"type {new.name} takes more than before: {before} and {new.type}")

    def _members(self, file: str, schema: Schema, old: ObjectDef, new: ObjectDef) -> None:
        locate = self._locator(file)
        properties = _object(schema, "properties")
        schema["properties"] = properties
        required = [str(item) for item in _list(schema, "required")]
        mine = {field.wire: field for field in old.fields}
        for field in new.fields:
            known = mine.get(field.wire)
            if known is None:
                properties[field.wire] = {
                    **schema_of(field.type, locate),
                    **marks(field.meta),
                    "since": self._version,
                }
                self._say(f"{new.name}.{field.wire} is new")
                continue
            member = _object(properties, field.wire)
            self._back(member, f"{new.name}.{field.wire}")
            self._widen_member(member, known, field, file, new.name)
            if field.wire in required and not field.required:
                required.remove(field.wire)
                self._say(f"{new.name}.{field.wire} may be left out")
        theirs = {field.wire for field in new.fields}
        for wire in (wire for wire in mine if wire not in theirs):
            self._gone(_object(properties, wire), f"{new.name}.{wire}")
            if wire in required:
                required.remove(wire)
        schema.pop("required", None)
        if required:
            schema["required"] = list[Json](required)

    def _widen_member(self, member: Schema, old: Field, new: Field, file: str, owner: str) -> None:
        wide = self._widener(f"{owner}_{old.wire}").widen(old.type, new.type)
        if wide != old.type:
            self._replace(member, schema_of(wide, self._locator(file)))
            self._say(f"{owner}.{old.wire} takes more than before: {old.type} and {new.type}")
        if new.meta.deprecated:
            member["deprecated"] = True

    def _values(self, schema: Schema, old: EnumDef, new: EnumDef) -> None:
        added = [value for value, _ in new.values if value not in dict(old.values)]
        if added:
            schema["enum"] = [*_list(schema, "enum"), *added]
            _object(schema, "x-enumSince").update(dict.fromkeys(added, self._version))
            schema.pop("const", None)
            self._say(f"type {new.name} has the values {', '.join(added)} more")

    def _branches(self, file: str, schema: Schema, old: UnionDef, new: UnionDef) -> None:
        added = [member for member in new.members if member not in old.members]
        if added:
            locate = self._locator(file)
            keyword = "oneOf" if "oneOf" in schema else "anyOf"
            schema[keyword] = [*_list(schema, keyword), *(schema_of(member, locate) for member in added)]
            self._say(f"type {new.name} has {len(added)} branches more")

    @staticmethod
    def _replace(schema: Schema, shape: Schema) -> None:
        """Give a place another shape; what is said about it stays."""
        said = {key: value for key, value in schema.items() if key in _SAID}
        schema.clear()
        schema.update({**said, **{key: value for key, value in shape.items() if key not in said}})

    # ------------------------------------------------------ events and methods

    def _event(self, new: Event) -> None:
        definitions = _object(self.files[EVENTS], "definitions")
        key = self._event_keys[new.name]
        if key not in definitions:
            reference = self._locator(EVENTS)(new.data)
            members: Schema = {"type": {"type": "string", "const": new.wire}}
            if new.ephemeral:
                members["ephemeral"] = {"type": "boolean", "const": True}
            members["data"] = {"$ref": reference}
            required: list[Json] = [*(["ephemeral"] if new.ephemeral else []), "type", "data"]
            definitions[key] = {
                "allOf": [dict(_ENVELOPE)],
                "type": "object",
                "properties": members,
                "required": required,
                **marks(new.meta),
                "since": self._version,
            }
            union = _object(definitions, "SessionEvent")
            union["anyOf"] = [*_list(union, "anyOf"), {"$ref": f"#/definitions/{key}"}]
            self._say(f"event {new.wire} is new")
            return
        schema = _object(definitions, key)
        self._back(schema, f"event {new.wire}")
        old = next(event for event in self._mine.events if event.wire == new.wire)
        if old.ephemeral and not new.ephemeral:
            _object(schema, "properties").pop("ephemeral", None)
            schema["required"] = [item for item in _list(schema, "required") if item != "ephemeral"]
            self._say(f"event {new.wire} is stored now")
        wide = self._widener(f"{new.name}_data").widen(old.data, new.data)
        if wide != old.data:
            _object(schema, "properties")["data"] = schema_of(wide, self._locator(EVENTS))
            self._say(f"event {new.wire} has other data than before: {old.data} and {new.data}")

    def _method(self, new: Method) -> None:
        leaf = self._leaf(new)
        if leaf is None:
            self._new_leaf(new)
            return
        old = next(
            m for m in self._mine.methods if (m.scope.inbound, m.wire) == (new.scope.inbound, new.wire)
        )
        self._back(leaf, f"method {new.wire}")
        if old.params is None and new.params is not None:
            leaf["params"] = self._params(new)
            self._say(f"method {new.wire} takes params")
        elif old.params is not None and new.params is not None and old.params != new.params:
            leaf["params"] = self._params(new)
            self._say(f"method {new.wire} takes {new.params.name} instead of {old.params.name}")
        wide = self._widener(f"{new.wire}_result").widen(old.result, new.result)
        if wide != old.result:
            leaf["result"] = schema_of(wide, self._locator(API))
            self._say(f"method {new.wire} returns more than before: {old.result} and {new.result}")
        leaf["stability"] = new.meta.stability or "stable"
        leaf.pop("visibility", None)
        leaf.update({key: value for key, value in marks(new.meta).items() if key != "stability"})

    def _new_leaf(self, new: Method) -> None:
        branch = self.files[API]
        for key in (new.scope.value, *_tree_path(new)[:-1]):
            branch = cast("Schema", branch.setdefault(key, {}))
        branch[_tree_path(new)[-1]] = {
            "rpcMethod": new.wire,
            "params": self._params(new),
            "result": schema_of(new.result, self._locator(API)),
            "stability": new.meta.stability or "stable",
            **{key: value for key, value in marks(new.meta).items() if key != "stability"},
            **({"notification": True} if new.notification else {}),
            "since": self._version,
        }
        self._say(f"method {new.wire} is new")

    def _params(self, method: Method) -> Json:
        own: Json = None if method.params is None else {"$ref": self._locator(API)(method.params)}
        if method.scope is not Scope.SESSION:
            return own
        target: Schema = {"$ref": _TARGET}
        return target if own is None else {"allOf": [target, own]}

    def _leaf(self, method: Method) -> Schema | None:
        branch: Json = self.files[API]
        for key in (method.scope.value, *_tree_path(method)):
            branch = branch.get(key) if isinstance(branch, dict) else None
        return branch if isinstance(branch, dict) and branch.get("rpcMethod") == method.wire else None

    # --------------------------------------------------------------- vanished

    def _vanished(self) -> None:
        theirs = {(m.scope.inbound, m.wire) for m in self._their.methods}
        for method in self._mine.methods:
            leaf = self._leaf(method)
            if leaf is not None and (method.scope.inbound, method.wire) not in theirs:
                self._gone(leaf, f"method {method.wire}")
        kinds = {event.wire for event in self._their.events}
        for event in self._mine.events:
            if event.wire not in kinds:
                schema = _object(_object(self.files[EVENTS], "definitions"), self._event_keys[event.name])
                self._gone(schema, f"event {event.wire}")

    def _gone(self, schema: Schema, what: str) -> None:
        last = [version for version in self._known if ordered(version) < ordered(self._version)]
        if "until" not in schema and last:
            schema["until"] = max(last, key=ordered)
            self._say(f"{what} is gone")

    def _back(self, schema: Schema, what: str) -> None:
        if schema.pop("until", None) is not None:
            self._say(f"{what} is back")

    def _say(self, line: str) -> None:
        self.report.append(line)


def _tree_path(method: Method) -> tuple[str, ...]:
    wire = method.wire.removeprefix("session.") if method.scope is Scope.SESSION else method.wire
    return tuple(wire.split("."))


def _event_key(wire: str) -> str:
    """Name of an event's definition: `mcp.oauth_required` is `McpOauthRequiredEvent`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", wire)) + "Event"


def _event_definitions(documents: Documents) -> Iterable[tuple[str, str]]:
    for branch in documents.definitions["SessionEvent"].children("anyOf"):
        key = documents.target(branch)
        kind = documents.merged(documents.definitions[key]).child("properties", "type").value.get("const")
        yield str(kind), key


def _kind(definition: TypeDef) -> str:
    return type(definition).__name__.removesuffix("Def").lower()


def _object(schema: Schema, key: str) -> Schema:
    value = schema.setdefault(key, {})
    if not isinstance(value, dict):
        raise TypeError(f"{key} is no object")
    return value


def _list(schema: Schema, key: str) -> list[Json]:
    value = schema.get(key)
    return value if isinstance(value, list) else []
