"""Base classes of every generated model. One configuration for all: none repeats it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from copilot_sdk._secrets import is_secret, without_secrets


def to_camel(name: str) -> str:
    """Wire spelling of an attribute: `session_id` is `sessionId`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


@dataclass(frozen=True, slots=True)
class _AlwaysWritten:
    """Marks a member that is sent even if nobody set it."""


_T = TypeVar("_T")
Written: TypeAlias = Annotated[_T, _AlwaysWritten()]
"""A member whose default is sent, because the other side wants to read it."""


M = TypeVar("M", bound="WireModel")


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
        allow_inf_nan=False,
        # A null in its place would not be noticed; this is no JSON, and found before it is sent.
        ser_json_inf_nan="constants",
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


def reader(kind: type[M]) -> Callable[[object], M]:
    """What reads objects of a class; it is built for that, if it is not yet."""
    kind.model_rebuild()
    read: Callable[[object], M] = kind.__pydantic_validator__.validate_python
    return read


def wire_name(kind: type[WireModel], name: str) -> str:
    """What a field of a class is called on the wire."""
    camel = kind.model_config.get("alias_generator") is not None
    return kind.model_fields[name].serialization_alias or (to_camel(name) if camel else name)


class TaggedModel(WireModel):
    """An object with constant members, such as the `kind` of a union's branch, or with defaults that are `Written`.

    In an object that is made here, with the class or with its `model_validate`, they count as set, and so they are
    sent. One that is part of what has come without them is sent on as it came.
    """

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            super().__init__(**data)
            self.__pydantic_fields_set__.update(_written(type(self)))

        # pydantic is to read what comes without calling it, as it does for a class that has none of its own.
        __init__.__pydantic_base_init__ = True

        @classmethod
        def model_validate(cls, obj: Any, **options: Any) -> Self:
            made = super().model_validate(obj, **options)
            made.__pydantic_fields_set__.update(_written(cls))
            return made


@cache
def _written(kind: type[WireModel]) -> frozenset[str]:
    """The attributes that an object of a class always has on the wire."""
    return frozenset(
        name
        for name, field in kind.model_fields.items()
        if not field.is_required()
        and (get_origin(field.annotation) is Literal or _AlwaysWritten() in field.metadata)
    )


class VerbatimModel(TaggedModel):
    """An object of a protocol in which members have the same names as attributes have here."""

    model_config = ConfigDict(alias_generator=None)


class UnknownVariant(WireModel):
    """A branch of a union that this version of the schema does not know."""

    @property
    def raw(self) -> dict[str, Any]:
        """The object as it came."""
        return dict(self.model_extra or {})

    if TYPE_CHECKING:
        # Whatever the object has can be read under its wire name, the member that tells branches apart first.
        def __getattr__(self, name: str) -> Any: ...
