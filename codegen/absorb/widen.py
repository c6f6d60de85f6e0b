"""The narrowest type that takes what two versions send."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from codegen.ir import (
    Array,
    Choice,
    Const,
    EnumDef,
    Map,
    Null,
    Nullable,
    Ref,
    Scalar,
    TypeDef,
    TypeExpr,
    UnionDef,
)

Unite = Callable[[Ref, Ref], Ref]

_ANY = Scalar("any")
_KINDS = {bool: "boolean", int: "integer", str: "string"}


class Widener:
    """Finds wider types.

    Args:
        types: Types by name, of both versions.
        unite: Gives the name of a union of two named types.
    """

    def __init__(self, types: Mapping[str, TypeDef], unite: Unite) -> None:
        self._types = types
        self._unite = unite

    def widen(self, old: TypeExpr, new: TypeExpr) -> TypeExpr:
        """A type that takes everything that `old` or `new` takes; `old` itself where that is enough."""
        if self.covers(old, new):
            return old
        if self.covers(new, old):
            return new
        match old, new:
            case Null(), other:
                return _nullable(other)
            case other, Null():
                return _nullable(other)
            case (Nullable(a), Nullable(b)) | (Nullable(a), b) | (a, Nullable(b)) if a != old or b != new:
                return _nullable(self.widen(a, b))
            case Scalar(), Scalar():
                return _scalar(old, new)
            case Array(a), Array(b):
                return Array(self.widen(a, b), min(old.min_items, new.min_items))
            case Map(a, key), Map(b, other):
                return Map(self.widen(a, b), key if key == other else None)
            case Ref(), Ref():
                return self._unite(old, new)
            case _:
                return Choice(tuple(dict.fromkeys([*_members(old), *_members(new)])))

    def covers(self, wide: TypeExpr, narrow: TypeExpr) -> bool:
        """True where `wide` takes everything that `narrow` takes."""
        if wide in (narrow, _ANY):
            return True
        match wide, narrow:
            case Nullable(inner), other:
                return self.covers(inner, other.inner if isinstance(other, Nullable) else other)
            case Choice(members), other:
                return all(any(self.covers(m, part) for m in members) for part in _members(other))
            case _, Choice(members):
                return all(self.covers(wide, member) for member in members)
            case Array(a, least), Array(b, most):
                return least <= most and self.covers(a, b)
            case Map(a), Map(b):
                return self.covers(a, b)
            case Ref(name), _:
                return self._named_covers(name, narrow)
            case Scalar("string", None, ()), Ref(name):
                return isinstance(self._types.get(name), EnumDef)
            case Scalar(kind, None, ()), Const(value):
                return kind == _KINDS[type(value)]
            case _:
                return False

    def _named_covers(self, name: str, narrow: TypeExpr) -> bool:
        match self._types.get(name):
            case EnumDef():
                # Enums are open: any string is welcome.
                return narrow == Scalar("string") or (
                    isinstance(narrow, Const) and isinstance(narrow.value, str)
                )
            case UnionDef(members=members):
                return any(self.covers(member, narrow) for member in members)
            case _:
                return False


def _nullable(expr: TypeExpr) -> TypeExpr:
    return expr if isinstance(expr, (Nullable, Null)) else Nullable(expr)


def _members(expr: TypeExpr) -> tuple[TypeExpr, ...]:
    return expr.members if isinstance(expr, Choice) else (expr,)


def _scalar(old: Scalar, new: Scalar) -> TypeExpr:
    """Two scalars of one kind lose the limits on which they do not agree; integer and number are number."""
    kinds = {old.kind, new.kind}
    if len(kinds) == 2 and kinds != {"integer", "number"}:
        return Choice((old, new))
    return Scalar(
        old.kind if len(kinds) == 1 else "number",
        old.format if old.format == new.format else None,
        tuple(limit for limit in old.constraints if limit in new.constraints),
    )
