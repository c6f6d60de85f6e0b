"""Unions that a newer peer may extend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from copilot_sdk._model.base import UnknownVariant, WireModel, wire_name

_UNKNOWN = UnknownVariant.__name__


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
        schemas = {branch: handler.generate_schema(branch) for branch in get_args(source)}
        if self.tag is None:
            return core_schema.union_schema([*schemas.values()], mode="left_to_right")
        known = self._known(source)
        return core_schema.tagged_union_schema(
            {**{tag: schemas[branch] for tag, branch in known.items()}, _UNKNOWN: schemas[UnknownVariant]},
            discriminator=self._chooser(known),
            custom_error_type="object_type",
            custom_error_message="Input should be an object",
            # An object is written as what it is: nothing has to be chosen for that.
            serialization=core_schema.simple_ser_schema("any"),
        )

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

    def _chooser(self, known: Mapping[Any, type[WireModel]]) -> Callable[[Any], Any]:
        """Tells the tag of a value; None if it cannot have one."""
        attribute, default = cast("str", self.tag), self.default
        wire = wire_name(next(branch for name, branch in known.items() if name != default), attribute)

        # Objects of most classes tell by their class alone.
        constants: dict[type[Any], Any] = {
            branch: tag for tag, branch in known.items() if tag != default and _is_constant(branch, attribute)
        }

        def tag_of(value: object) -> object:
            if isinstance(value, dict):
                members = cast("dict[str, object]", value)
                tag = members.get(wire, members.get(attribute))
                if tag is None and default is not None:
                    return default
            elif (constant := constants.get(type(value))) is not None:
                return constant
            elif isinstance(value, UnknownVariant):
                return _UNKNOWN
            elif not isinstance(value, WireModel):
                return None
            elif type(value).__name__ == default:
                return default
            else:
                tag = getattr(value, attribute, None)
            return tag if isinstance(tag, (str, int)) and tag in known else _UNKNOWN

        return tag_of


def _is_constant(branch: type[WireModel], attribute: str) -> bool:
    return len(get_args(branch.model_fields[attribute].annotation)) == 1
