"""What becomes of a type that is an object in one version and a union, an enum or something else in the other."""

from __future__ import annotations

import copy

from codegen.absorb.dialect import Schema, definition_of, schema_of, shape_of
from codegen.absorb.draft import Draft, listed, member
from codegen.absorb.types import Types, constants, kind, parts
from codegen.frontends.unions import objects
from codegen.ir import AliasDef, Const, EnumDef, Json, ObjectDef, Ref, TypeDef, UnionDef

# What an object or an enum is called as a branch of the union that bears its name.
_FORM = {ObjectDef: "Object", EnumDef: "Value"}


class Kinds:
    """Makes one type of two kinds.

    Args:
        draft: Our files; all types of the same kind have been merged.
        types: Merges those of the same kind.
    """

    def __init__(self, draft: Draft, types: Types) -> None:
        self._draft = draft
        self._places = draft.places
        self._types = types

    def change(self, old: TypeDef, new: TypeDef) -> None:
        """Let our type take what the other version sends, and go on to take what older ones do."""
        file, schema = self._draft.definition(old.name)
        if isinstance(old, ObjectDef) and isinstance(new, UnionDef):
            branches = objects(new.name, self._draft.their.types)
            if self._fits(old, branches):
                properties = member(schema, "properties")
                self._draft.replace(schema, shape_of(new, self._places.locator(file)))
                self._draft.say(f"type {old.name} was object and is union, whose branches take the object")
                for branch in branches:
                    self._loosen(branch, old, branches, properties)
                return
        added = self._newer(file, new)
        if isinstance(old, UnionDef):
            keyword = "oneOf" if "oneOf" in schema else "anyOf"
            known = listed(schema, keyword)
            if added := [branch for branch in added if branch not in known]:
                schema[keyword] = [*known, *added]
                self._draft.say(f"type {old.name} was union and is {kind(new)}, which is a branch more")
            return
        before = self._older(file, schema, old)
        # Python tries the branches in order: what takes any object stands behind those with members.
        both = sorted([*added, *before], key=lambda branch: "$ref" not in branch)
        self._draft.replace(schema, {"anyOf": list[Json](both)})
        self._draft.say(f"type {old.name} was {kind(old)} and is {kind(new)}: a union of both")

    # -------------------------------------------------------- object to union

    def _fits(self, old: ObjectDef, branches: list[ObjectDef]) -> bool:
        """True where the constants that tell the branches apart are among the members of the object."""
        sent = {field.wire: field.type for field in old.fields if field.required}
        covers = self._types.widener(old.name).covers
        tags = [
            [field for field in branch.fields if field.required and isinstance(field.type, Const)]
            for branch in branches
        ]
        return all(field.wire in sent for fields in tags for field in fields) and any(
            all(covers(sent[field.wire], field.type) for field in fields) for fields in tags
        )

    def _loosen(
        self, branch: ObjectDef, old: ObjectDef, branches: list[ObjectDef], properties: Schema
    ) -> None:
        """Let a branch take what the object was that stood where its union stands."""
        file, schema = self._draft.definition(branch.name)
        mine = member(schema, "properties")
        sent = {field.wire: field for field in old.fields}
        required = []
        for field in branch.fields:
            constant = isinstance(field.type, Const)
            if field.wire in sent and not constant:
                self._types.widen(file, member(mine, field.wire), field, sent[field.wire].type, branch.name)
            if field.wire not in listed(schema, "required"):
                continue
            if constant or (field.wire in sent and sent[field.wire].required):
                required.append(field.wire)
            else:
                self._draft.say(f"{branch.name}.{field.wire} may be left out")
        schema.pop("required", None)
        if required:
            schema["required"] = list[Json](required)
        kept = {field.wire for other in branches for field in other.fields}
        for wire in sent.keys() - kept:
            mine[wire] = copy.deepcopy(properties[wire])
            self._draft.gone(member(mine, wire), f"{branch.name}.{wire}")

    # ------------------------------------------------------------- other kinds

    def _older(self, file: str, schema: Schema, old: TypeDef) -> list[Schema]:
        """The branches for what the type was; an object or an enum moves to a name of its own."""
        locate = self._places.locator(file)
        if isinstance(old, AliasDef):
            branches = [schema_of(part, locate) for part in parts(old.type)]
            null: Schema = {"type": "null"}
            return [*branches, null] if null in listed(schema, "anyOf") and null not in branches else branches
        name = self._named(file, old)
        self._draft.definitions(file)[name] = copy.deepcopy(schema)
        return [schema_of(Ref(name), locate)]

    def _newer(self, file: str, new: TypeDef) -> list[Schema]:
        """The branches for what the type is in the other version."""
        locate = self._places.locator(file)
        if isinstance(new, UnionDef):
            return [schema_of(part, locate) for part in new.members]
        if isinstance(new, AliasDef):
            return [schema_of(part, locate) for part in parts(new.type)]
        known = self._known_form(new)
        if known is None:
            name = self._named(file, new)
            self._draft.definitions(file)[name] = {**definition_of(new, locate), **self._draft.since}
            return [schema_of(Ref(name), locate)]
        place, schema = self._draft.definition(known.name)
        self._draft.serving.add(known.name)
        last = self._draft.back(schema, f"type {known.name}")
        if isinstance(known, ObjectDef) and isinstance(new, ObjectDef):
            self._types.members(place, schema, known, new, last)
        elif isinstance(known, EnumDef):
            self._types.values(schema, known, constants(new), last)
        return [schema_of(Ref(known.name), locate)]

    def _known_form(self, new: TypeDef) -> TypeDef | None:
        """The branch that was made for an object or an enum before."""
        known = self._draft.mine.types.get(f"{new.name}{_FORM[type(new)]}")
        if known is None or self._draft.published(known.name) or type(known) is not type(new):
            return None
        return known

    def _named(self, file: str, definition: TypeDef) -> str:
        name = f"{definition.name}{_FORM[type(definition)]}"
        self._places.add(name, file, definition.name)
        self._draft.serving.add(name)
        return name
