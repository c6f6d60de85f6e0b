"""Types: one run of datamodel-code-generator over a schema made from the IR, its output split by owner.

The IR decides every name and every shape; the schema that is handed over leaves datamodel-code-generator
nothing to invent. What comes back is checked against the IR, name by name.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from datamodel_code_generator import InputFileType, LiteralType, PythonVersion, generate
from datamodel_code_generator.enums import DataModelType

from codegen import naming, python_types
from codegen.frontends.unions import objects
from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    EventRef,
    Field,
    Json,
    Map,
    Meta,
    Nullable,
    ObjectDef,
    Protocol,
    Ref,
    Scalar,
    Tuple,
    TypeDef,
    TypeExpr,
    UnionDef,
    definition_references,
)
from codegen.text import quoted

# Stand-ins that the schema for datamodel-code-generator refers to; the real ones are hand-written and
# imported.
SUPPORT = {
    "OpenUnion": "copilot_sdk._model",
    "UnknownVariant": "copilot_sdk._model",
    "WireModel": "copilot_sdk._model",
    "TaggedModel": "copilot_sdk._model",
    "VerbatimModel": "copilot_sdk._model",
    "Written": "copilot_sdk._model",
}
EVENT = "SessionEvent"
_STAND_IN: dict[str, Json] = {"type": "object", "properties": {"x": {}}}
_NOT_OURS = frozenset({EVENT, "UnknownVariant", "SchemaRoot"})


class GeneratorMismatch(Exception):
    """datamodel-code-generator made other names than the IR asked for."""


@dataclass(frozen=True, slots=True)
class TypeSource:
    """Source text of one type, and the names it mentions."""

    name: str
    text: str
    references: frozenset[str]
    is_class: bool


def type_sources(protocol: Protocol) -> dict[str, TypeSource]:
    """Source of every type of a protocol, in an order in which aliases follow what they name."""
    module = ast.parse(_generate(protocol))
    sources = {source.name: source for source in _split(module, protocol)}
    missing = protocol.types.keys() - sources.keys()
    extra = sources.keys() - protocol.types.keys()
    if missing or extra:
        raise GeneratorMismatch(f"missing {sorted(missing)}, invented {sorted(extra)}")
    return sources


def _generate(protocol: Protocol) -> str:
    definitions: dict[str, Json] = {name: _definition(t) for name, t in protocol.types.items()}
    for name in ("UnknownVariant", EVENT):
        definitions[name] = _STAND_IN
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Root",
        "definitions": definitions,
    }
    text = generate(
        json.dumps(schema),
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        base_class="copilot_sdk._model.WireModel",
        use_type_alias=True,
        enum_field_as_literal=LiteralType.All,
        use_schema_description=True,
        use_field_description=True,
        use_union_operator=True,
        use_standard_collections=True,
        use_annotated=True,
        use_one_literal_as_default=True,
        strict_nullable=True,
        class_name="SchemaRoot",
        disable_timestamp=True,
        formatters=[],
    )
    if not isinstance(text, str):
        raise GeneratorMismatch("datamodel-code-generator split its output")
    return text


def _definition(definition: TypeDef) -> Json:
    described: dict[str, Json] = {"description": definition_text(definition)}
    match definition:
        case ObjectDef(fields=fields):
            described["type"] = "object"
            described["properties"] = {field.name: _property(field) for field in fields}
            described["required"] = [field.name for field in fields if field.required]
        case EnumDef(values=values):
            # A newer peer may send other values: they stay plain strings.
            described["anyOf"] = [
                {"type": "string", "enum": [value for value, _ in values]},
                {"type": "string"},
            ]
        case UnionDef(members=members):
            described["anyOf"] = [_expr(member) for member in members]
        case AliasDef(type=Tuple()):
            described.update(_STAND_IN)
        case AliasDef(type=expr):
            described.update(_object(_expr(expr)))
    return described


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _property(field: Field) -> Json:
    expr = field.type
    if isinstance(expr, Const) and not isinstance(expr.value, str):
        made: dict[str, Json] = {
            "enum": [expr.value],
            "type": "boolean" if isinstance(expr.value, bool) else "integer",
        }
    else:
        made = _object(_expr(expr))
    text = field_text(field)
    if text and "$ref" in made:
        return {"allOf": [made], "description": text}
    return {**made, **({"description": text} if text else {})}


def _expr(expr: TypeExpr) -> Json:
    """The schema of anything but a tuple, which is an alias of its own."""
    match expr:
        case Scalar("any"):
            return {}
        case Scalar("number") | Scalar("integer", "duration"):
            # JavaScript has one kind of number: a time in milliseconds may have a fraction, and 5.0 is
            # written 5.
            return {"type": ["integer", "number"]}
        case Scalar(kind):
            return {"type": kind}
        case Const(value):
            return {"const": value}
        case Ref(name):
            return {"$ref": f"#/definitions/{name}"}
        case EventRef():
            return {"$ref": f"#/definitions/{EVENT}"}
        case Array(item):
            return {"type": "array", "items": _expr(item)}
        case Map(value, key):
            names = {} if key is None else {"propertyNames": _expr(key)}
            return {"type": "object", "additionalProperties": _expr(value), **names}
        case Nullable(inner):
            return {"anyOf": [_expr(inner), {"type": "null"}]}
        case Choice(members):
            return {"anyOf": [_expr(member) for member in members]}
        case _:
            return {"type": "null"}


def definition_text(definition: TypeDef) -> str:
    """Docstring of a type: what it is, its values, its marks."""
    parts = [definition.meta.description]
    if isinstance(definition, EnumDef):
        parts.append(
            "\n".join(f"- `{value}`: {text}" if text else f"- `{value}`" for value, text in definition.values)
        )
    marks = _marks(definition.meta)
    return "\n\n".join(part for part in [*parts, marks] if part)


def field_text(field: Field) -> str:
    """Docstring of a field."""
    return " ".join(part for part in (field.meta.description, _marks(field.meta)) if part)


def _marks(meta: Meta) -> str:
    marks = ["Deprecated."] if meta.deprecated else []
    if meta.stability == "unstable":
        marks.append("Unstable.")
    if meta.since:
        marks.append(f"Since {meta.versioned} {meta.since}.")
    if meta.until:
        marks.append(f"Until {meta.versioned} {meta.until}.")
    return " ".join(marks)


def _split(module: ast.Module, protocol: Protocol) -> Iterator[TypeSource]:
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            definition = protocol.types.get(node.name)
            if isinstance(definition, ObjectDef):
                yield _class(node, definition, protocol)
            elif isinstance(definition, AliasDef) and isinstance(definition.type, Tuple):
                yield _assigned(definition, _expression(python_types.attribute(definition.type)))
            elif node.name not in _NOT_OURS:
                raise GeneratorMismatch(f"{node.name} became a class")
        elif (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Call)
        ):
            name = node.targets[0].id
            if name in protocol.types:
                yield _alias(name, node.value.args[1], protocol)


def _class(node: ast.ClassDef, definition: ObjectDef, protocol: Protocol) -> TypeSource:
    by_name = {field.name: field for field in definition.fields}
    found = set()
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            field = by_name.get(statement.target.id)
            if field is None:
                raise GeneratorMismatch(f"{definition.name}.{statement.target.id} is not in the IR")
            found.add(field.name)
            alias = naming.to_camel(field.name) if protocol.camel else field.name
            if field.default is not None:
                statement.annotation = ast.Subscript(ast.Name("Written"), statement.annotation)
                statement.value = _expression(repr(field.default.value))
            statement.value = _field(statement.value, field, definition.name, alias)
    if found != by_name.keys():
        raise GeneratorMismatch(f"{definition.name} lacks {sorted(by_name.keys() - found)}")
    if not protocol.camel:
        node.bases = [ast.Name("VerbatimModel")]
    elif any(isinstance(field.type, Const) or field.default for field in definition.fields):
        node.bases = [ast.Name("TaggedModel")]
    references = frozenset(definition_references(definition)) | _special(node)
    return TypeSource(definition.name, _documented(node, definition), references, True)


def _field(default: ast.expr | None, field: Field, owner: str, alias: str) -> ast.expr | None:
    """The field's default, in a `Field(...)` where its wire name is unusual or its value a secret.

    Not `alias=`, by which type checkers would name the constructor's argument.
    """
    keywords = []
    if field.wire != alias:
        keywords += [
            ast.keyword(f"{side}_alias", ast.Constant(field.wire)) for side in ("validation", "serialization")
        ]
    if naming.is_secret(field.wire, owner):
        keywords.append(ast.keyword("repr", ast.Constant(value=False)))
    if not keywords:
        return default
    if default is not None:
        keywords.insert(0, ast.keyword("default", default))
    return ast.Call(ast.Name("Field"), [], keywords)


def _documented(node: ast.ClassDef, definition: ObjectDef) -> str:
    """Source of a class with a docstring under each field, where it costs nothing at run time."""
    docs = [definition_text(definition)]
    body: list[ast.stmt] = [_placeholder(0)] if docs[0] else []
    texts = {field.name: field_text(field) for field in definition.fields}
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            body.append(statement)
            if text := texts[statement.target.id]:
                body.append(_placeholder(len(docs)))
                docs.append(text)
    node.body = body or [ast.Pass()]
    return _fill(ast.unparse(node), docs)


def _placeholder(index: int) -> ast.Expr:
    return ast.Expr(ast.Name(f"__doc_{index}__"))


def _fill(source: str, docs: list[str]) -> str:
    """Put docstrings where the placeholders are; `ast.unparse` would write them with escapes."""

    def docstring(match: re.Match[str]) -> str:
        return match[1] + quoted(docs[int(match[2])], indent=len(match[1]))

    return re.sub(r"^( *)__doc_(\d+)__$", docstring, source, flags=re.MULTILINE)


def _special(node: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in (EVENT, *SUPPORT))


def _alias(name: str, value: ast.expr, protocol: Protocol) -> TypeSource:
    definition = protocol.types[name]
    value = _Plain().visit(value)
    if isinstance(definition, UnionDef) and any(isinstance(member, Ref) for member in definition.members):
        value = _open_union(value, definition, protocol)
    return _assigned(definition, value)


def _assigned(definition: TypeDef, value: ast.expr) -> TypeSource:
    assign = ast.unparse(ast.AnnAssign(ast.Name(definition.name), ast.Name("TypeAlias"), value, simple=1))
    if text := definition_text(definition):
        assign += "\n" + quoted(text, indent=0)
    references = frozenset(definition_references(definition)) | _special(value)
    return TypeSource(definition.name, assign, references, False)


def _open_union(value: ast.expr, definition: UnionDef, protocol: Protocol) -> ast.expr:
    """A union that takes a branch it does not know as an `UnknownVariant`."""
    # A union inside it is opened: what takes unknown branches takes those behind it too.
    names = [branch.name for branch in objects(definition.name, protocol.types)]
    branches = " | ".join(names) or ast.unparse(value)
    tag = repr(naming.field_name(definition.discriminator)) if definition.discriminator else ""
    default = f", default={definition.default!r}" if definition.default else ""
    return _expression(f"Annotated[{branches} | UnknownVariant, OpenUnion({tag}{default})]")


class _Plain(ast.NodeTransformer):
    """Takes the quotes off types in an alias: `Union[A, 'B']`, as written for a type defined below, is `A | B`.

    An alias stands behind the types that it names, so nothing has to be quoted.
    """

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        match node:
            case ast.Subscript(value=ast.Name(id="Literal")):
                return node
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=members)):
                return _expression(" | ".join(ast.unparse(self.visit(member)) for member in members))
        node.slice = self.visit(node.slice)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _expression(node.value) if isinstance(node.value, str) else node


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
