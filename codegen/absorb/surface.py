"""Merges the methods and events of another version into ours."""

from __future__ import annotations

import copy
from typing import cast

from codegen import naming
from codegen.absorb.dialect import Schema, marks, schema_of
from codegen.absorb.draft import Draft, listed, member
from codegen.absorb.places import API, EVENTS, TARGET
from codegen.absorb.types import Types
from codegen.ir import (
    Event,
    Json,
    Method,
    ObjectDef,
    Ref,
    Scope,
    definition_references,
    method_references,
)

_ENVELOPE = {"$ref": "#/definitions/SessionEventEnvelope"}


class Surface:
    """Merges methods and events.

    Args:
        draft: Our files; all types have been merged.
        types: Merges types.
    """

    def __init__(self, draft: Draft, types: Types) -> None:
        self._draft = draft
        self._places = draft.places
        self._types = types
        self._mine = {(m.scope.inbound, m.wire): m for m in draft.mine.methods}

    # ----------------------------------------------------------------- events

    def event(self, new: Event) -> None:
        """Merge an event of the other version; one that we wrote by hand stays as it is."""
        file, key = self._places.event_home(new.name)
        if file != EVENTS:
            self._draft.note(f"event {new.wire} is published: remove it from {file} and absorb again")
            return
        definitions = self._draft.definitions(EVENTS)
        if key not in definitions:
            self._new_event(definitions, key, new)
            return
        what = f"event {new.wire}"
        schema = member(definitions, key)
        self._draft.back(schema, what)
        old = next(event for event in self._draft.mine.events if event.wire == new.wire)
        if old.ephemeral and not new.ephemeral:
            member(schema, "properties").pop("ephemeral", None)
            schema["required"] = [item for item in listed(schema, "required") if item != "ephemeral"]
            self._draft.say(f"{what} is stored now")
        elif new.ephemeral and not old.ephemeral:
            self._draft.note(f"{what} is ephemeral now; older versions store it")
        wide = self._types.widener(f"{new.name}_data").widen(old.data, new.data)
        if wide != old.data:
            member(schema, "properties")["data"] = schema_of(wide, self._places.locator(EVENTS))
            self._draft.say(f"{what} has other data than before: {old.data} and {new.data}")
        self._draft.facts(schema, new.meta, what)

    def _new_event(self, definitions: Schema, key: str, new: Event) -> None:
        members: Schema = {"type": {"type": "string", "const": new.wire}}
        if new.ephemeral:
            members["ephemeral"] = {"type": "boolean", "const": True}
        members["data"] = {"$ref": self._places.locator(EVENTS)(new.data)}
        required: list[Json] = [*(["ephemeral"] if new.ephemeral else []), "type", "data"]
        definitions[key] = {
            "allOf": [dict(_ENVELOPE)],
            "type": "object",
            "properties": members,
            "required": required,
            **marks(new.meta),
            **self._draft.since,
        }
        union = member(definitions, "SessionEvent")
        union["anyOf"] = [*listed(union, "anyOf"), {"$ref": f"#/definitions/{key}"}]
        self._draft.say(f"event {new.wire} is new")

    # ---------------------------------------------------------------- methods

    def method(self, new: Method) -> None:
        """Merge a method of the other version; one that we wrote by hand stays as it is."""
        old = self._mine.get((new.scope.inbound, new.wire))
        if old is None:
            self._new_leaf(new)
            return
        leaf = self.leaf(old)
        if leaf is None:
            return
        what = f"method {new.wire}"
        self._draft.back(leaf, what)
        if old.scope is not new.scope:
            self._draft.note(f"{what} is published in {new.scope.value}, ours stays in {old.scope.value}")
        self._new_params(leaf, old, new)
        wide = self._types.widener(f"{new.wire}_result").widen(old.result, new.result)
        if wide != old.result:
            leaf["result"] = schema_of(wide, self._places.locator(API))
            self._draft.say(f"{what} returns more than before: {old.result} and {new.result}")
        if old.notification != new.notification:
            leaf.pop("notification", None)
            if new.notification:
                leaf["notification"] = True
            self._draft.say(f"{what} has {'no' if new.notification else 'an'} answer now")
        self._draft.facts(leaf, new.meta, what)

    def _new_leaf(self, new: Method) -> None:
        branch = self._draft.files[API]
        path = _tree_path(new)
        for key in (new.scope.value, *path[:-1]):
            branch = member(branch, key)
        branch[path[-1]] = {
            "rpcMethod": new.wire,
            "params": self._params(new.params, new.scope),
            "result": schema_of(new.result, self._places.locator(API)),
            "stability": new.meta.stability or "stable",
            **{key: value for key, value in marks(new.meta).items() if key != "stability"},
            **({"notification": True} if new.notification else {}),
            **self._draft.since,
        }
        self._draft.say(f"method {new.wire} is new")

    def leaf(self, method: Method) -> Schema | None:
        """Where our own files have a method; None where it is written by hand."""
        branch: Json = self._draft.files[API]
        for key in (method.scope.value, *_tree_path(method)):
            branch = branch.get(key) if isinstance(branch, dict) else None
        return branch if isinstance(branch, dict) and branch.get("rpcMethod") == method.wire else None

    def _params(self, params: Ref | None, scope: Scope) -> Json:
        own: Json = None if params is None else {"$ref": self._places.locator(API)(params)}
        if scope is not Scope.SESSION:
            return own
        target: Schema = {"$ref": f"#/definitions/{TARGET}"}
        return target if own is None else {"allOf": [target, own]}

    def _new_params(self, leaf: Schema, old: Method, new: Method) -> None:
        """Let a method take the params of both versions."""
        if old.params is None:
            if new.params is not None:
                leaf["params"] = self._params(new.params, old.scope)
                self._draft.say(f"method {new.wire} takes params")
            return
        if new.params is not None and self._places.same(old.params.name, new.params.name):
            return
        before = self._draft.mine.types[old.params.name]
        if new.params is None and isinstance(before, ObjectDef) and not before.fields:
            return
        after = ObjectDef("none", "", ()) if new.params is None else self._draft.their.types[new.params.name]
        if isinstance(before, ObjectDef) and isinstance(after, ObjectDef):
            self._members_of_both(leaf, old, before, after)
        elif new.params is not None:
            wide = self._types.widener(f"{new.wire}_params").widen(old.params, new.params)
            if wide != old.params:
                leaf["params"] = self._params(cast("Ref", wide), old.scope)
                self._draft.say(f"method {new.wire} takes more than before: {old.params} and {new.params}")

    def _members_of_both(self, leaf: Schema, old: Method, before: ObjectDef, after: ObjectDef) -> None:
        """Callers name the members: the params go on to have the older ones, beside the newer ones."""
        if self._draft.published(before.name) or self._users(before.name) > 1:
            # Others use the type as it is.
            name = naming.class_name(f"{old.wire}_params")
            self._places.add(name, API, f"method {old.wire}")
            _, schema = self._draft.definition(before.name)
            self._draft.definitions(API)[name] = copy.deepcopy(schema)
            leaf["params"] = self._params(Ref(name), old.scope)
            self._draft.say(f"method {old.wire} takes {after.name} instead of {before.name}: {name} has both")
            return
        file, schema = self._draft.definition(before.name)
        self._draft.serving.add(before.name)
        last = self._draft.back(schema, f"type {before.name}")
        self._types.members(file, schema, before, after, last)

    def _users(self, name: str) -> int:
        methods = [name in method_references(method) for method in self._draft.mine.methods]
        types = [name in definition_references(item) for item in self._draft.mine.types.values()]
        return sum(methods) + sum(types)


def _tree_path(method: Method) -> tuple[str, ...]:
    wire = method.wire.removeprefix("session.") if method.scope is Scope.SESSION else method.wire
    return tuple(wire.split("."))
