"""Merges the types of another version into ours: what is of the same kind in both."""

from __future__ import annotations

from codegen import naming
from codegen.absorb.dialect import Schema, definition_of, marks, schema_of, shape_of
from codegen.absorb.draft import Draft, listed, member
from codegen.absorb.places import API, EVENTS
from codegen.absorb.widen import Widener
from codegen.ir import (
    AliasDef,
    Choice,
    Const,
    EnumDef,
    Field,
    Json,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    TypeDef,
    TypeExpr,
    UnionDef,
)


class Types:
    """Merges types.

    Args:
        draft: Our files.

    Attributes:
        changed: Types that are of another kind in the other version, each as it is in both.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._places = draft.places
        self.changed: list[tuple[TypeDef, TypeDef]] = []

    def merge(self, new: TypeDef) -> None:
        """Merge a type of the other version."""
        draft = self._draft
        old = self._places.known(new)
        if old is None:
            file, key = self._places.home(new.name)
            made = {**definition_of(new, self._places.locator(file)), **draft.since}
            draft.definitions(file)[key] = made
            draft.say(f"type {new.name} is new")
            return
        file, schema = draft.definition(old.name)
        if file in (API, EVENTS):
            last = draft.back(schema, f"type {new.name}")
            self._shape(file, schema, old, new, last)
            draft.facts(schema, new.meta, f"type {new.name}")

    def _shape(self, file: str, schema: Schema, old: TypeDef, new: TypeDef, last: str | None) -> None:
        match old, new:
            case ObjectDef(), ObjectDef():
                self.members(file, schema, old, new, last)
            case EnumDef(), EnumDef():
                self.values(schema, old, constants(new), last)
            case UnionDef(), UnionDef():
                self.branches(file, schema, old, new.members)
            case AliasDef(type=Scalar("any")), _:
                pass
            case UnionDef(), AliasDef(type=expr):
                self.branches(file, schema, old, parts(expr))
            case EnumDef(), AliasDef(type=Scalar("string")):
                # Enums are open: any string is welcome.
                pass
            case _, AliasDef(type=Scalar("any")):
                self._replaced(file, schema, old, new)
            case EnumDef(), AliasDef() if constants(new):
                self.values(schema, old, constants(new), last)
            case AliasDef(type=Scalar("string")), EnumDef():
                self._replaced(file, schema, old, new)
            case AliasDef(), EnumDef() if constants(old):
                self._replaced(file, schema, old, new)
                before = EnumDef(old.name, old.wire, tuple((value, "") for value in constants(old)))
                schema["enum"] = list[Json](constants(old))
                self.values(schema, before, constants(new), last)
            case AliasDef(), AliasDef():
                self._alias(file, schema, old, new)
            case _:
                self.changed.append((old, new))

    # ---------------------------------------------------------------- objects

    def members(
        self, file: str, schema: Schema, old: ObjectDef, new: ObjectDef, last: str | None = None
    ) -> None:
        """Give an object the members of another one, and mark those that the other lacks."""
        properties = member(schema, "properties")
        required = [str(item) for item in listed(schema, "required")]
        mine = {field.wire: field for field in old.fields}
        for field in new.fields:
            if field.wire not in mine:
                properties[field.wire] = {
                    **schema_of(field.type, self._places.locator(file)),
                    **marks(field.meta),
                    **self._draft.since,
                }
                self._draft.say(f"{old.name}.{field.wire} is new")
                continue
            self.member(file, member(properties, field.wire), mine[field.wire], field, old.name)
            if field.wire in required and not field.required:
                required.remove(field.wire)
                self._draft.say(f"{old.name}.{field.wire} may be left out")
        for wire in mine.keys() - {field.wire for field in new.fields}:
            if self._draft.last or last:
                self._draft.gone(member(properties, wire), f"{old.name}.{wire}", last)
                required = [item for item in required if item != wire]
        schema.pop("required", None)
        if required:
            schema["required"] = list[Json](required)
        self._rest(file, schema, old, new)

    def member(self, file: str, schema: Schema, old: Field, new: Field, owner: str) -> None:
        """Let a member take what both versions send."""
        what = f"{owner}.{old.wire}"
        self._draft.back(schema, what)
        self.widen(file, schema, old, new.type, owner)
        self._narrowed(old.type, new.type, naming.class_name(f"{owner}_{old.wire}"))
        self._draft.facts(schema, new.meta, what)

    def widen(self, file: str, schema: Schema, field: Field, other: TypeExpr, owner: str) -> None:
        """Let a member take another type too."""
        wide = self.widener(f"{owner}_{field.wire}").widen(field.type, other)
        if wide != field.type:
            self._draft.replace(schema, schema_of(wide, self._places.locator(file)))
            self._draft.say(f"{owner}.{field.wire} takes more than before: {field.type} and {other}")

    def _narrowed(self, old: TypeExpr, new: TypeExpr, lifted: str) -> None:
        """A member's enum of which one value is left is no type of its own any more."""
        inner = old.inner if isinstance(old, Nullable) else old
        values = _constants(new.inner if isinstance(new, Nullable) else new)
        if inner == Ref(lifted) and values and not self._draft.published(lifted):
            enum = self._draft.mine.types[lifted]
            if isinstance(enum, EnumDef):
                self._draft.serving.add(lifted)
                _, schema = self._draft.definition(lifted)
                last = self._draft.back(schema, f"type {lifted}")
                self.values(schema, enum, values, last)

    def _rest(self, file: str, schema: Schema, old: ObjectDef, new: ObjectDef) -> None:
        """Type the members without a name; what is not typed takes anything."""
        if old.rest is None or old.rest == new.rest:
            return
        if new.rest is None:
            schema.pop("additionalProperties")
        else:
            wide = self.widener(f"{old.name}_value").widen(old.rest, new.rest)
            if wide == old.rest:
                return
            schema["additionalProperties"] = schema_of(wide, self._places.locator(file))
        self._draft.say(f"type {old.name} takes more than before in members without a name")

    # ------------------------------------------------- enums, unions, aliases

    def values(self, schema: Schema, old: EnumDef, new: list[str], last: str | None = None) -> None:
        """Give an enum the values of another one, and mark those that the other lacks."""
        draft = self._draft
        known = [value for value, _ in old.values]
        if added := [value for value in new if value not in known]:
            schema["enum"] = [*listed(schema, "enum"), *added]
            if draft.since:
                member(schema, "x-enumSince").update(dict.fromkeys(added, draft.version))
            schema.pop("const", None)
            draft.say(f"type {old.name} has the values {', '.join(added)} more")
        until = member(schema, "x-enumUntil")
        if back := [value for value in new if until.pop(value, None)]:
            draft.say(f"type {old.name} has the values {', '.join(back)} back")
        version = last or draft.last
        if version and (gone := [value for value in known if value not in new and value not in until]):
            until.update(dict.fromkeys(gone, version))
            draft.say(f"type {old.name} has the values {', '.join(gone)} no more")
        if not until:
            schema.pop("x-enumUntil")

    def branches(self, file: str, schema: Schema, old: UnionDef, new: tuple[TypeExpr, ...]) -> None:
        """Give a union the branches that it does not take yet; one that vanished has the mark on its type."""
        widener = self.widener(old.name)
        locate = self._places.locator(file)
        keyword = "oneOf" if "oneOf" in schema else "anyOf"
        branches = listed(schema, keyword)
        wanted = [schema_of(part, locate) for part in new if not widener.covers(Ref(old.name), part)]
        if added := [made for made in wanted if made not in branches]:
            schema[keyword] = [*branches, *added]
            self._draft.say(f"type {old.name} has {len(added)} branches more")

    def _alias(self, file: str, schema: Schema, old: AliasDef, new: AliasDef) -> None:
        # The frontend reads the null of a definition at the places that refer to it.
        null = {"type": "null"} in listed(schema, "anyOf") and not isinstance(old.type, Nullable)
        before = Nullable(old.type) if null else old.type
        wide = self.widener(f"{old.name}_value").widen(before, new.type)
        if wide != before:
            self._draft.replace(schema, schema_of(wide, self._places.locator(file)))
            self._draft.say(f"type {new.name} takes more than before: {before} and {new.type}")

    def _replaced(self, file: str, schema: Schema, old: TypeDef, new: TypeDef) -> None:
        self._draft.replace(schema, shape_of(new, self._places.locator(file)))
        self._draft.say(f"type {new.name} was {kind(old)} and is {kind(new)}: the newer one serves both")

    # ----------------------------------------------------------------- widening

    def widener(self, place: str) -> Widener:
        """Widens the type that stands at a place; a union of two types is named after it."""

        def unite(old: Ref, new: Ref) -> Ref:
            if self._places.same(old.name, new.name):
                return old
            name = naming.class_name(place)
            if old.name in (name, f"{name}Union") and isinstance(self._draft.mine.types[old.name], UnionDef):
                return self._extended(old, new)
            if self._places.taken(name):
                name = f"{name}Union"
            self._places.add(name, API, place)
            locate = self._places.locator(API)
            union: Schema = {"anyOf": [schema_of(old, locate), schema_of(new, locate)], **self._draft.since}
            self._draft.definitions(API)[name] = union
            return Ref(name)

        return Widener({**self._draft.their.types, **self._draft.mine.types}, unite)

    def _extended(self, union: Ref, branch: Ref) -> Ref:
        """A union with one more branch, which is the same union."""
        file, schema = self._draft.definition(union.name)
        keyword = "oneOf" if "oneOf" in schema else "anyOf"
        added = schema_of(branch, self._places.locator(file))
        if added not in listed(schema, keyword):
            schema[keyword] = [*listed(schema, keyword), added]
        return union


def parts(expr: TypeExpr) -> tuple[TypeExpr, ...]:
    """The types that an expression is made of, null among them."""
    if isinstance(expr, Nullable):
        return (*parts(expr.inner), Null())
    return expr.members if isinstance(expr, Choice) else (expr,)


def constants(definition: TypeDef) -> list[str]:
    """The words that a type consists of; none where it takes anything else."""
    match definition:
        case EnumDef(values=values):
            return [value for value, _ in values]
        case AliasDef(type=expr):
            return _constants(expr)
        case _:
            return []


def _constants(expr: TypeExpr) -> list[str]:
    members = expr.members if isinstance(expr, Choice) else (expr,)
    words = [m.value for m in members if isinstance(m, Const) and isinstance(m.value, str)]
    return words if len(words) == len(members) else []


def kind(definition: TypeDef) -> str:
    """What a report calls the kind of a type."""
    return type(definition).__name__.removesuffix("Def").lower()
