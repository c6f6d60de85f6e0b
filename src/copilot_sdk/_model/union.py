"""Unions that a newer peer may extend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from copilot_sdk._model.base import UnknownVariant, WireModel, reader, wire_name

_UNKNOWN = UnknownVariant.__name__
_BRANCHES = "branches"

_described: ContextVar[frozenset[type[WireModel]]] = ContextVar("_described", default=frozenset())
"""The branches whose JSON schemas are being made: where a union holds itself, it refers to them."""


@dataclass(frozen=True, slots=True)
class OpenUnion:
    """Marks a union that takes branches it does not know: `Annotated[A | B | UnknownVariant, OpenUnion("kind")]`.

    An object with a tag that no branch has is an `UnknownVariant`; one with a known tag has to fit its branch.
    Without a tag it is of the default branch, where there is one.

    Args:
        tag: The attribute that tells the branches apart, a constant in each; None where none does, and the first
            branch that fits is taken.
        default: Name of the class of objects without the tag.
    """

    tag: str | None = None
    default: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        if self.tag is None:
            return core_schema.union_schema(
                [handler.generate_schema(branch) for branch in get_args(source)], mode="left_to_right"
            )
        known = self._known(source)
        branches: dict[Any, type[WireModel]] = {**known, _UNKNOWN: UnknownVariant}
        return core_schema.no_info_plain_validator_function(
            self._validator(branches),
            # An object is written as what it is: nothing has to be chosen for that.
            serialization=core_schema.simple_ser_schema("any"),
            metadata={_BRANCHES: branches},
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        branches: dict[Any, type[WireModel]] | None = schema.get("metadata", {}).get(_BRANCHES)
        if branches is None:
            return handler(schema)
        references: dict[Any, CoreSchema] = {
            tag: core_schema.definition_reference_schema(_place(branch)) for tag, branch in branches.items()
        }
        union = core_schema.tagged_union_schema(references, discriminator=lambda _: None)
        outer = _described.get()
        token = _described.set(outer | {*branches.values()})
        try:
            described = [_built(branch) for branch in {*branches.values()} - outer]
            return handler(core_schema.definitions_schema(union, described))
        finally:
            _described.reset(token)

    def branches(self, source: Any, raw: object) -> list[Any]:
        """What of a union an object can be: by its tag one branch, by an unknown one none."""
        if self.tag is None:
            return [*get_args(source)]
        known = self._known(source)
        tag = self._chooser(known)(raw)
        return [known[tag]] if tag in known else []

    def _known(self, source: Any) -> dict[Any, type[WireModel]]:
        """The branches by the values of their tags."""
        known: dict[Any, type[WireModel]] = {}
        for branch in get_args(source):
            if branch.__name__ == self.default:
                known[self.default] = branch
            elif branch is not UnknownVariant:
                known |= dict.fromkeys(get_args(branch.model_fields[self.tag].annotation), branch)
        return known

    def _validator(self, branches: Mapping[Any, type[WireModel]]) -> Callable[[Any], object]:
        """Reads an object as what its tag says.

        A branch is built with the first object of it: most of a large union never come. Those that come later are read
        after one look into a dict; if pydantic chose, that would take as long as to read a small object.
        """
        wire, tag_of = self._wire_tag(branches), self._chooser(branches)
        met: dict[object, Callable[[object], object]] = {}

        def meet(value: Any) -> Callable[[object], object]:
            tag = tag_of(value)
            if tag is None:
                raise PydanticCustomError("object_type", "Input should be an object")
            branch = branches[tag]
            read = reader(branch)
            kind = value.__class__
            if kind is branch:
                met[branch] = read
            elif kind is dict and value.get(wire) == tag:
                met[tag] = read
            return read

        def validate(value: Any) -> object:
            kind = value.__class__
            try:
                read = met[value.get(wire) if kind is dict else kind]
            except (KeyError, TypeError):
                read = meet(value)
            return read(value)

        return validate

    def _wire_tag(self, branches: Mapping[Any, type[WireModel]]) -> str:
        branch = next(branch for tag, branch in branches.items() if tag not in (self.default, _UNKNOWN))
        return wire_name(branch, cast("str", self.tag))

    def _chooser(self, known: Mapping[Any, type[WireModel]]) -> Callable[[Any], Any]:
        """Tells the tag of a value; None if it cannot have one."""
        attribute, default, wire = cast("str", self.tag), self.default, self._wire_tag(known)
        tags = frozenset(known) - {default, _UNKNOWN}

        def tag_of(value: object) -> object:
            if isinstance(value, dict):
                members = cast("dict[str, object]", value)
                tag = members.get(wire, members.get(attribute))
                if tag is None and default is not None:
                    return default
            elif isinstance(value, UnknownVariant):
                return _UNKNOWN
            elif not isinstance(value, WireModel):
                return None
            elif type(value).__name__ == default:
                return default
            else:
                tag = getattr(value, attribute, None)
            return tag if isinstance(tag, (str, int)) and tag in tags else _UNKNOWN

        return tag_of


def _built(branch: type[WireModel]) -> CoreSchema:
    """The whole schema of a branch, under a name that can be referred to."""
    branch.model_rebuild()
    return cast("CoreSchema", {**branch.__pydantic_core_schema__, "ref": _place(branch)})


def _place(branch: type[WireModel]) -> str:
    return f"{branch.__module__}.{branch.__qualname__}:{id(branch)}"
