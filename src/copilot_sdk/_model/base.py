"""Base classes of every generated model. One configuration for all: none repeats it."""

from __future__ import annotations

from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer


def to_camel(name: str) -> str:
    """Wire spelling of an attribute: `session_id` is `sessionId`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class WireModel(BaseModel):
    """An object of the wire: attributes in snake case here, members in camel case there.

    Members that this version of the schema does not know are kept and survive a round trip; `model_extra` has them.
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
        return self.model_dump(mode="json", exclude_unset=True)


class TaggedModel(WireModel):
    """An object with constant members, such as the `kind` of a union's branch: they are sent even if nobody set them."""

    @model_serializer(mode="wrap")
    def _with_constants(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        for name, field in type(self).model_fields.items():
            if name not in self.model_fields_set and get_origin(field.annotation) is Literal:
                data[field.serialization_alias or to_camel(name)] = field.default
        return data


class UnknownVariant(WireModel):
    """A branch of a union that this version of the schema does not know, or one that does not fit its description."""

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it came."""
        return dict(self.model_extra or {})
