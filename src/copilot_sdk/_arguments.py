"""The arguments of a function that a model calls: from its signature to a JSON Schema, from JSON to a call."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, cast, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from copilot_sdk.errors import UsageError

_MANY_PROBLEMS = 10


class _PlainSchema(GenerateJsonSchema):
    """Says what a model has to know: no titles that repeat names, no warnings about what cannot be said."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 - as in the base class

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base class asks so
        """No title is made of a name."""
        return False


class Arguments:
    """What a model may pass to a function.

    Args:
        owner: What the function belongs to, such as `tool weather`, for errors.
        function: The function.
        descriptions: Texts for parameters that have none in their annotation.
        hidden: A type whose parameters the model does not see.

    Raises:
        UsageError: The function cannot be called with named arguments, or a type hint has no JSON Schema.
    """

    def __init__(
        self, owner: str, function: Callable[..., Any], descriptions: Mapping[str, str], hidden: type
    ) -> None:
        self._hidden: list[str] = []
        fields: dict[str, Any] = {}
        # Names of parameters can be anything, `model_config` or `_x` too; names of fields cannot.
        self._names: dict[str, str] = {}
        hints = _hints(owner, function)
        for parameter in _parameters(owner, function):
            hint = hints.get(parameter.name, Any)
            if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
                raise UsageError(f"{owner}: parameter {parameter.name!r} must be passable by name")
            if hint is hidden or hidden in get_args(hint):
                self._hidden.append(parameter.name)
                continue
            field = f"field{len(fields)}"
            self._names[field] = parameter.name
            fields[field] = _field(parameter, hint, descriptions.get(parameter.name))
        config = ConfigDict(extra="forbid", protected_namespaces=())
        try:
            self._model: type[BaseModel] = create_model(f"{owner} arguments", __config__=config, **fields)
            self.schema = _neat(self._model.model_json_schema(schema_generator=_PlainSchema))
        except (PydanticUserError, TypeError, NameError) as error:
            raise UsageError(f"{owner}: a parameter cannot be described to a model: {error}") from error

    def read(self, raw: object, hidden: object) -> dict[str, Any]:
        """Make keyword arguments of what a model passed.

        Args:
            raw: What it passed; None stands for no arguments.
            hidden: The value for hidden parameters.

        Raises:
            ValueError: It does not fit; the text says what to correct.
        """
        try:
            values = self._model.model_validate({} if raw is None else raw)
        except ValidationError as error:
            raise ValueError(_explain(error)) from None
        keywords = {name: getattr(values, field) for field, name in self._names.items()}
        return {**keywords, **dict.fromkeys(self._hidden, hidden)}


def schema_of(owner: str, described: type) -> dict[str, Any]:
    """JSON Schema of the arguments that a type stands for.

    Raises:
        UsageError: The type has no JSON Schema.
    """
    try:
        return _neat(TypeAdapter(described).json_schema(schema_generator=_PlainSchema))
    except (PydanticUserError, TypeError, NameError) as error:
        raise UsageError(f"{owner}: {described!r} cannot be described to a model: {error}") from error


def _neat(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the titles of classes, and with definitions only for what is used more than once."""
    definitions: dict[str, dict[str, Any]] = schema.pop("$defs", {})
    for name, definition in definitions.items():
        if name.split("__")[-1] == definition.get("title"):
            del definition["title"]
    schema.pop("title", None)
    for name in list(definitions):
        places = list(_references(name, [schema, definitions]))
        # What refers to itself, or is named by a discriminator too, is used once more.
        if len(places) == 1 and (place := places[0]) is not None:
            del place["$ref"]
            place.update({**definitions.pop(name), **place})
    return {**schema, "$defs": definitions} if definitions else schema


def _references(name: str, value: object) -> Iterator[dict[str, object] | None]:
    """The objects that stand for a definition, and None for each mere mention of it."""
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        for key, member in members.items():
            if member == f"#/$defs/{name}":
                yield members if key == "$ref" else None
            else:
                yield from _references(name, member)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _references(name, item)


def _hints(owner: str, function: Callable[..., Any]) -> dict[str, Any]:
    annotated: Any = function
    while isinstance(annotated, functools.partial):
        annotated = annotated.func
    if not inspect.isroutine(annotated):
        annotated = type(annotated).__call__
    try:
        return get_type_hints(annotated, include_extras=True)
    except (NameError, TypeError) as error:
        raise UsageError(
            f"{owner}: its type hints cannot be resolved: {error}; define the types at module level"
        ) from error


def _parameters(owner: str, function: Callable[..., Any]) -> list[inspect.Parameter]:
    bound = _bound_names(function)
    try:
        parameters = inspect.signature(function).parameters
    except ValueError as error:
        raise UsageError(f"{owner}: its parameters are not known: {error}; wrap it in a function") from error
    return [parameter for parameter in parameters.values() if parameter.name not in bound]


def _bound_names(function: Any) -> frozenset[str]:
    # What a partial binds by name could still be passed, but the model is not meant to see or to change it.
    return frozenset(function.keywords) if isinstance(function, functools.partial) else frozenset()


def _field(parameter: inspect.Parameter, hint: Any, description: str | None) -> tuple[Any, FieldInfo]:
    default: Any = ... if parameter.default is parameter.empty else parameter.default
    field: FieldInfo = default if isinstance(default, FieldInfo) else Field(default)
    said = [item for item in (field, *getattr(hint, "__metadata__", ())) if isinstance(item, FieldInfo)]
    missing: dict[str, Any] = {}
    if not any(item.alias or item.validation_alias for item in said):
        missing["alias"] = parameter.name
    if description is not None and not any(item.description for item in said):
        missing["description"] = description
    return (Annotated[hint, Field(**missing)] if missing else hint), field


def _explain(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    texts = [
        f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}."
        for item in problems[:_MANY_PROBLEMS]
    ]
    if len(problems) > _MANY_PROBLEMS:
        texts.append(f"And {len(problems) - _MANY_PROBLEMS} more.")
    return " ".join(texts)
