"""Tools that the program answers by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Unpack

from copilot_sdk.errors import UsageError
from copilot_sdk.tools._tool import Tool, ToolOptions


class DeclaredTool(Tool[..., Any]):
    """A tool without a function. See `declare_tool`."""

    declared_only = True

    def __init__(
        self,
        name: str,
        *,
        description: str,
        parameters: Mapping[str, Any] | type,
        **options: Unpack[ToolOptions],
    ) -> None:
        def answered_by_hand(**_: object) -> NoReturn:
            raise UsageError(f"tool {name} has no function: answer its calls with session.answer_tool")

        super().__init__(answered_by_hand, name=name, description=description, **options)
        self._declared = parameters

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments.

        Raises:
            UsageError: The type has no JSON Schema.
        """
        from copilot_sdk._arguments import schema_of

        if isinstance(self._declared, Mapping):
            return dict(self._declared)
        return schema_of(f"tool {self.name}", self._declared)


def declare_tool(
    name: str,
    *,
    description: str,
    parameters: Mapping[str, Any] | type,
    **options: Unpack[ToolOptions],
) -> DeclaredTool:
    """Declare a tool whose calls the program answers by hand.

    The calls come as `external_tool.requested` events, to `session.events` and `session.on`; `session.answer_tool`
    takes the result. The turn waits until each call has one.

    Args:
        name: Name for the model.
        description: What the tool does, for the model.
        parameters: JSON Schema of the arguments, or a pydantic model, dataclass or TypedDict that stands for it.
            The arguments of a call are not checked.
        options: As for `tool`.

    Raises:
        UsageError: See `Tool`.
    """
    return DeclaredTool(name, description=description, parameters=parameters, **options)
