"""IR type expressions as Python annotations."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.ir import (
    Array,
    Choice,
    Const,
    EventRef,
    Map,
    Null,
    Nullable,
    Ref,
    Scalar,
    Tuple,
    TypeExpr,
    references,
)

_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "any": "Any"}
EVENT_UNION = "SessionEvent"


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation and the protocol's types that it mentions."""

    text: str
    names: frozenset[str]


def parameter(expr: TypeExpr) -> Annotation:
    """Annotation of something that a caller passes: any sequence, any mapping."""
    return Annotation(_text(expr, "Sequence", "Mapping"), _names(expr))


def result(expr: TypeExpr) -> Annotation:
    """Annotation of something that a caller gets. `builtins.list`, as a class may have a method `list`."""
    return Annotation(_text(expr, "builtins.list", "builtins.dict"), _names(expr))


def attribute(expr: TypeExpr) -> str:
    """Annotation of an attribute of an object."""
    return _text(expr, "list", "dict")


def _names(expr: TypeExpr) -> frozenset[str]:
    return frozenset(references(expr)) | ({EVENT_UNION} if _has_event(expr) else set())


def _has_event(expr: TypeExpr) -> bool:
    match expr:
        case EventRef():
            return True
        case Array(inner) | Map(inner) | Nullable(inner):
            return _has_event(inner)
        case Choice(members) | Tuple(members):
            return any(map(_has_event, members))
        case _:
            return False


def _text(expr: TypeExpr, sequence: str, mapping: str) -> str:
    match expr:
        case Scalar("integer", "duration"):
            return "float"
        case Scalar(kind):
            return _SCALARS[kind]
        case Const(value):
            return f"Literal[{value!r}]"
        case Ref(name):
            return name
        case EventRef():
            return EVENT_UNION
        case Array(item):
            return f"{sequence}[{_text(item, sequence, mapping)}]"
        case Tuple(items):
            return f"tuple[{', '.join(_text(item, sequence, mapping) for item in items)}]"
        case Map(value, key):
            return f"{mapping}[{key.name if key else 'str'}, {_text(value, sequence, mapping)}]"
        case Nullable(inner):
            return f"{_text(inner, sequence, mapping)} | None"
        case Choice(members):
            return " | ".join(dict.fromkeys(_text(member, sequence, mapping) for member in members))
        case Null():
            return "None"
