"""Canvases: panels of the program that the agent and the user open and act on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from copilot_sdk._callbacks import call_off_loop, log_failure
from copilot_sdk._docstring import documented
from copilot_sdk.errors import CanvasError, RpcError, UsageError, describe_exception

if TYPE_CHECKING:
    from copilot_sdk._arguments import Arguments
    from copilot_sdk._generated.copilot.types import (
        CanvasDeclaration,
        CanvasProviderCloseRequest,
        CanvasProviderInvokeActionRequest,
        CanvasProviderOpenRequest,
        CanvasProviderOpenResult,
    )

OpenCanvas: TypeAlias = (
    "Callable[..., Awaitable[CanvasProviderOpenResult | None] | CanvasProviderOpenResult | None]"
)
"""Opens an instance of a canvas; a plain function is run in a worker thread."""
CloseCanvas: TypeAlias = "Callable[..., Awaitable[None] | None]"
"""Closes an instance of a canvas; a plain function is run in a worker thread."""

_UNKNOWN_CANVAS = "canvas_handler_unset"
_UNKNOWN_ACTION = "canvas_action_no_handler"
_FAILED = "canvas_handler_error"


@dataclass(frozen=True, slots=True)
class CanvasInstance:
    """The panel that a function of a canvas is called for.

    A function that has a parameter of this type gets it, the model does not see it. Two are equal when they are the
    same panel, and can be keys of a dictionary.

    Attributes:
        session_id: Identifier of the session.
        canvas_id: Identifier of the canvas.
        instance_id: Identifier of the panel within the session, as whoever opened it chose it.
        extension_id: Identifier that the runtime has for this program.
        working_directory: Folder that the session works in, None if it is not known.
    """

    session_id: str
    canvas_id: str
    instance_id: str
    extension_id: str = field(compare=False)
    working_directory: str | None = field(default=None, compare=False)


class Canvas:
    """A canvas, made of functions. They may be async, or plain: a plain one runs in a worker thread.

    The parameters of `open` and of the actions are the input that the model gives, described by type hints, defaults
    and docstrings as for `@tool`. A parameter of type `CanvasInstance` gets the panel instead.

    A function that raises a `CanvasError` chooses what is told; any other exception is told as `canvas_handler_error`
    with its text, and logged to `copilot_sdk.callbacks`.

    Args:
        id: Identifier of the canvas.
        display_name: Its name for people.
        description: What it shows, in one sentence for the model.
        open: Opens a panel, or brings one that is open to the front. Called anew for each panel when a session is
            resumed. What to show of the panel is the result; None for nothing.
        close: Called when a panel was closed.
        actions: What can be done with an open panel, by name; the result is anything with JSON.

    Raises:
        UsageError: The identifier is empty, or something is no function.
    """

    def __init__(
        self,
        id: str,
        *,
        display_name: str,
        description: str,
        open: OpenCanvas,
        close: CloseCanvas | None = None,
        actions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        if not id:
            raise UsageError("a canvas needs an id")
        self.id = id
        self.display_name = display_name
        self.description = description
        self._open = _Function(f"canvas {id}: open", open)
        self._close = None if close is None else _Function(f"canvas {id}: close", close)
        self._actions = {
            name: _Function(f"canvas {id}: action {name}", function)
            for name, function in (actions or {}).items()
        }

    def __repr__(self) -> str:
        return f"<Canvas {self.id}>"

    @property
    def declaration(self) -> CanvasDeclaration:
        """The canvas as a session is told of it.

        Raises:
            UsageError: A function cannot be called with named arguments, or a type hint has no JSON Schema.
        """
        from copilot_sdk._generated.copilot.types import CanvasActionDeclaration, CanvasDeclaration

        actions = [
            CanvasActionDeclaration.model_validate({"name": name, **function.declared})
            for name, function in self._actions.items()
        ]
        return CanvasDeclaration.model_validate(
            {
                **self._open.declared,
                "id": self.id,
                "display_name": self.display_name,
                "description": self.description,
                "actions": actions,
            }
        )

    async def open(self, instance: CanvasInstance, raw: object) -> CanvasProviderOpenResult:
        """Open a panel with the input that was given for it.

        Raises:
            RpcError: What the runtime is told when that fails.
        """
        from copilot_sdk._generated.copilot.types import CanvasProviderOpenResult

        shown = await self._open.call(instance, raw)
        if shown is None:
            return CanvasProviderOpenResult()
        if not isinstance(shown, CanvasProviderOpenResult):
            raise CanvasError(
                _FAILED, f"canvas {self.id}: open has to return a CanvasProviderOpenResult or None"
            )
        return shown

    async def close(self, instance: CanvasInstance) -> None:
        """Tell that a panel was closed.

        Raises:
            RpcError: What the runtime is told when that fails.
        """
        if self._close is not None:
            await self._close.call(instance, None)

    async def act(self, instance: CanvasInstance, action: str, raw: object) -> Any:
        """Do an action with the input that was given for it; gives the result as JSON data.

        Raises:
            RpcError: What the runtime is told when that fails.
        """
        from pydantic_core import to_jsonable_python

        if action not in self._actions:
            raise CanvasError(_UNKNOWN_ACTION, f"the canvas {self.id} has no action {action!r}")
        result = await self._actions[action].call(instance, raw)
        try:
            return to_jsonable_python(result, bytes_mode="base64")
        except ValueError as error:
            raise CanvasError(
                _FAILED, f"canvas {self.id}: the result of {action} has no JSON: {error}"
            ) from None


class Canvases:
    """The canvases of a program: `handlers={"canvas": Canvases([Canvas(...)])}`.

    Sessions are told of them, and that this client shows them; pass `request_canvas_renderer=False` where another
    client does.

    Args:
        canvases: The canvases.

    Raises:
        UsageError: Two have the same identifier.
    """

    def __init__(self, canvases: Iterable[Canvas]) -> None:
        self._canvases: dict[str, Canvas] = {}
        for canvas in canvases:
            if canvas.id in self._canvases:
                raise UsageError(f"two canvases have the id {canvas.id!r}")
            self._canvases[canvas.id] = canvas

    @property
    def declarations(self) -> list[CanvasDeclaration]:
        """The canvases as a session is told of them; raises what `Canvas.declaration` raises."""
        return [canvas.declaration for canvas in self._canvases.values()]

    async def open(self, params: CanvasProviderOpenRequest) -> CanvasProviderOpenResult:
        """Wire method: `canvas.open`."""
        return await self._canvas(params).open(_instance(params), params.input)

    async def close(self, params: CanvasProviderCloseRequest) -> None:
        """Wire method: `canvas.close`."""
        await self._canvas(params).close(_instance(params))

    async def invoke(self, params: CanvasProviderInvokeActionRequest) -> Any:
        """Wire method: `canvas.action.invoke`."""
        return await self._canvas(params).act(_instance(params), params.action_name, params.input)

    def _canvas(self, params: _Request) -> Canvas:
        if params.canvas_id not in self._canvases:
            raise CanvasError(_UNKNOWN_CANVAS, f"this client has no canvas {params.canvas_id!r}")
        return self._canvases[params.canvas_id]


_Request: TypeAlias = (
    "CanvasProviderOpenRequest | CanvasProviderCloseRequest | CanvasProviderInvokeActionRequest"
)


def _instance(params: _Request) -> CanvasInstance:
    folder = params.session.working_directory if params.session is not None else None
    return CanvasInstance(
        params.session_id, params.canvas_id, params.instance_id, params.extension_id, folder
    )


class _Function:
    """A function of a canvas, with the input that it takes."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise UsageError(f"{name} has to be a function, not {function!r}")
        self._name = name
        self._function = function

    @cached_property
    def _docstring(self) -> tuple[str, dict[str, str]]:
        return documented(self._function)

    @cached_property
    def _arguments(self) -> Arguments:
        from copilot_sdk._arguments import Arguments

        return Arguments(self._name, self._function, self._docstring[1], CanvasInstance)

    @property
    def declared(self) -> dict[str, Any]:
        """Description and JSON Schema of the input; no schema where there is no input, as a model passes null then."""
        schema = self._arguments.schema
        declared = {
            "description": self._docstring[0],
            "input_schema": schema if schema["properties"] else None,
        }
        return {name: value for name, value in declared.items() if value}

    async def call(self, instance: CanvasInstance, raw: object) -> Any:
        """Call it.

        Raises:
            RpcError: The function raised it, or stands for what the function raised.
        """
        try:
            arguments = self._arguments.read(raw, instance)
        except ValueError as error:
            raise CanvasError(_FAILED, f"{self._name}: the input does not fit: {error}") from None
        try:
            return await call_off_loop(self._function, **arguments)
        except RpcError:
            raise
        except Exception as error:
            log_failure(self._name, error)
            raise CanvasError(_FAILED, describe_exception(error)) from error
