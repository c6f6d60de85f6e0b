"""IR types as JSON in the dialect of our schema files, without any text."""

from __future__ import annotations

from collections.abc import Callable

from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    EventRef,
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

Schema = dict[str, Json]
Locate = Callable[[Ref | EventRef], str]

_NULL: Schema = {"type": "null"}
_CONST_TYPES = {bool: "boolean", int: "integer", str: "string"}


def schema_of(expr: TypeExpr, locate: Locate) -> Schema:
    """The schema of a type expression.

    Args:
        expr: The expression.
        locate: Gives the `$ref` of a named type or of an event.
    """
    match expr:
        case Scalar("any"):
            return {"x-opaque-json": True}
        case Scalar(kind, format, constraints):
            return {"type": kind, **({"format": format} if format else {}), **dict(constraints)}
        case Const(value):
            return {"type": _CONST_TYPES[type(value)], "const": value}
        case Ref() | EventRef():
            return {"$ref": locate(expr)}
        case Array(item, min_items):
            return {
                "type": "array",
                "items": schema_of(item, locate),
                **({"minItems": min_items} if min_items else {}),
            }
        case Tuple(items):
            return {"type": "array", "items": [schema_of(i, locate) for i in items], "minItems": len(items)}
        case Map(value, key):
            names = {} if key is None else {"propertyNames": schema_of(key, locate)}
            return {"type": "object", "additionalProperties": schema_of(value, locate), **names}
        case Nullable(Choice(members)):
            return {"anyOf": [*(schema_of(member, locate) for member in members), _NULL]}
        case Nullable(inner):
            return {"anyOf": [schema_of(inner, locate), _NULL]}
        case Choice(members):
            return {"anyOf": [schema_of(member, locate) for member in members]}
        case Null():
            return dict(_NULL)


def definition_of(definition: TypeDef, locate: Locate) -> Schema:
    """The schema of a named type."""
    return {**shape_of(definition, locate), **marks(definition.meta)}


def shape_of(definition: TypeDef, locate: Locate) -> Schema:
    """The schema of a named type without its marks."""
    match definition:
        case ObjectDef(fields=fields, rest=rest):
            made: Schema = {
                "type": "object",
                "properties": {
                    field.wire: {**schema_of(field.type, locate), **marks(field.meta)} for field in fields
                },
            }
            if required := [field.wire for field in fields if field.required]:
                made["required"] = list[Json](required)
            if rest is not None:
                made["additionalProperties"] = schema_of(rest, locate)
            return made
        case EnumDef(values=values):
            return {"type": "string", "enum": [value for value, _ in values]}
        case UnionDef(members=members):
            return {"anyOf": [schema_of(member, locate) for member in members]}
        case AliasDef(type=expr):
            return schema_of(expr, locate)


def marks(meta: Meta) -> Schema:
    """Keywords for what is said of a thing beside its shape and its text."""
    made: Schema = {}
    if meta.stability is not None:
        made["stability"] = meta.stability
    if meta.internal:
        made["visibility"] = "internal"
    if meta.deprecated:
        made["deprecated"] = True
    return made
