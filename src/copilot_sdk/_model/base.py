"""Base classes of every generated model. One configuration for all: none repeats it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer
from pydantic.fields import FieldInfo

from copilot_sdk._secrets import is_secret, without_secrets


def to_camel(name: str) -> str:
    """Wire spelling of an attribute: `session_id` is `sessionId`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def wire_name(name: str, field: FieldInfo) -> str:
    """What a field is called on the wire."""
    return field.serialization_alias or to_camel(name)


class WireModel(BaseModel):
    """An object of the wire: attributes in snake case here, members in camel case there.

    Members that this version of the schema does not know are kept and survive a round trip; `model_extra` has
    them.
    """

    model_config = ConfigDict(
        defer_build=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="allow",
        protected_namespaces=(),
        hide_input_in_errors=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """The object as JSON data: what was set, under its wire names."""
        # A part that did not fit when it was read stays as it came: no reason to warn.
        return self.model_dump(mode="json", exclude_unset=True, warnings=False)

    def misfits(self) -> list[str]:
        """What of the object does not fit its description, a line for each fault; empty as a rule.

        A runtime of another version may leave out or send as null what is promised here, or send another type. Then
        the attribute is None, whatever its annotation says, and `model_extra` and `to_wire()` have what came.
        """
        try:
            type(self).model_validate(self.to_wire())
        except ValidationError as error:
            return problems(error)
        return []

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        unknown = self.model_extra or {}
        for name, value in super().__repr_args__():
            if name not in unknown or not is_secret(name):
                yield name, without_secrets(value)


def problems(error: ValidationError) -> list[str]:
    """One line for each fault: the path of the field and what is wrong with it, without the value."""
    return [
        f"{'.'.join(str(part) for part in item['loc']) or 'value'}: {item['msg']}" for item in error.errors()
    ]


class TaggedModel(WireModel):
    """An object with constant members, such as the `kind` of a union's branch.

    They are sent even if nobody set them.
    """

    @model_serializer(mode="wrap", return_type=dict[str, Any])
    def _with_constants(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        for name, member, value in _constants(type(self)):
            if name not in self.model_fields_set:
                data.setdefault(member, value)
        return data


@cache
def _constants(kind: type) -> Sequence[tuple[str, str, Any]]:
    """The constant members of a model: their names here and on the wire, and their values."""
    # Where an object was promised and null came, pydantic passes the null in its place.
    fields: Mapping[str, FieldInfo] = getattr(kind, "model_fields", {})
    return [
        (name, wire_name(name, field), field.default)
        for name, field in fields.items()
        if get_origin(field.annotation) is Literal
    ]


class UnknownVariant(WireModel):
    """A branch of a union that this version of the schema does not know."""

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it came."""
        return dict(self.model_extra or {})

    if TYPE_CHECKING:
        # Whatever the object has can be read under its wire name, the member that tells branches apart first.
        def __getattr__(self, name: str) -> Any: ...
