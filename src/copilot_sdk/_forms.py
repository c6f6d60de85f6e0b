"""Asking the user: forms made of pydantic models, and what was filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from copilot_sdk.errors import ResultValidationError, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from copilot_sdk._core import SessionCore

M = TypeVar("M", bound="BaseModel")
T = TypeVar("T")

_METHOD = "session.ui.elicitation"
_SIMPLE = {"string", "number", "integer", "boolean"}


async def elicit(core: SessionCore, message: str, form: type[M], timeout: float | None) -> M | None:
    """See `Session.elicit`."""
    from pydantic import ValidationError

    from copilot_sdk._model.base import problems

    content = await _ask(core, message, form_of(form), timeout)
    if content is None:
        return None
    try:
        return form.model_validate(content)
    except ValidationError as error:
        raise ResultValidationError(_METHOD, problems(error), content) from None


async def confirm(core: SessionCore, message: str, timeout: float | None) -> bool:
    """See `Session.confirm`."""
    field = {"type": "boolean", "title": "Yes", "default": True}
    return await _ask_one(core, message, field, bool, timeout) is True


async def select(
    core: SessionCore, message: str, options: Sequence[str], timeout: float | None
) -> str | None:
    """See `Session.select`."""
    if not options:
        raise UsageError("there has to be an option to select")
    answer = await _ask_one(core, message, {"type": "string", "enum": list(options)}, str, timeout)
    if answer is not None and answer not in options:
        raise ResultValidationError(_METHOD, [f"value: {answer!r} is none of the options"], answer)
    return answer


async def enter(core: SessionCore, message: str, timeout: float | None) -> str | None:
    """See `Session.input`."""
    return await _ask_one(core, message, {"type": "string"}, str, timeout)


async def _ask_one(
    core: SessionCore, message: str, field: Mapping[str, Any], kind: type[T], timeout: float | None
) -> T | None:
    schema = {"type": "object", "properties": {"value": field}, "required": ["value"]}
    content = await _ask(core, message, schema, timeout)
    if content is None:
        return None
    value = content.get("value")
    if not isinstance(value, kind):
        raise ResultValidationError(_METHOD, [f"value: a {kind.__name__} was asked for"], content)
    return value


async def _ask(
    core: SessionCore, message: str, schema: Mapping[str, Any], timeout: float | None
) -> dict[str, Any] | None:
    """What the user filled in, None if the user did not."""
    from copilot_sdk._generated.copilot.types import UIElicitationSchema

    core.check_open()
    ui = None if core.capabilities is None else core.capabilities.ui
    if ui is None or not ui.elicitation:
        # The runtime would wait for ever for somebody to show the form.
        raise UsageError(
            "no client of this session can ask the user (capabilities.ui.elicitation is not true); "
            "open the session with on_elicitation"
        )
    answer = await core.rpc.ui.elicitation(
        message=message,
        requested_schema=UIElicitationSchema.model_validate(schema),
        request_timeout=timeout,
    )
    return dict[str, Any](answer.content or {}) if answer.action == "accept" else None


def form_of(model: type[BaseModel]) -> dict[str, Any]:
    """The form for a model: one field for each of its own, which have to be simple ones.

    Raises:
        UsageError: It is no model, or a field is of a type that no form has.
    """
    from pydantic import BaseModel

    given: Any = model
    if not (isinstance(given, type) and issubclass(given, BaseModel)):
        raise UsageError(f"a form has to be a pydantic model, not {model!r}")
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    fields = {
        name: _field(model.__name__, name, field, definitions)
        for name, field in schema.get("properties", {}).items()
    }
    form: dict[str, Any] = {"type": "object", "properties": fields}
    if "required" in schema:
        form["required"] = schema["required"]
    return form


def _field(model: str, name: str, field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A field as forms have it: flat, and without the null that makes it optional."""
    flat = _resolved(field, definitions)
    branches = [branch for branch in flat.pop("anyOf", ()) if branch.get("type") != "null"]
    if len(branches) == 1:
        flat = _resolved(branches[0], definitions) | flat
    if flat.get("default", ...) is None:
        del flat["default"]
    if "const" in flat:
        flat["enum"] = [flat.pop("const")]
    if flat.get("type") == "array":
        flat["items"] = _resolved(flat.get("items", {}), definitions)
        flat.pop("uniqueItems", None)
        possible = _is_choice(flat["items"])
    else:
        possible = flat.get("type") in _SIMPLE and ("enum" not in flat or _is_choice(flat))
    if not possible:
        raise UsageError(
            f"{model}.{name} cannot be a field of a form: those are texts, numbers, booleans, and one or several "
            "of some given texts"
        )
    return flat


def _resolved(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    own = dict(field)
    reference: str = own.pop("$ref", "")
    target = definitions.get(reference.rpartition("/")[2], {})
    return {**cast("Mapping[str, Any]", target), **own}


def _is_choice(field: Mapping[str, Any]) -> bool:
    return field.get("type") == "string" and "enum" in field
