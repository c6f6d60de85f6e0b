"""The tools for canvases: list_canvas_capabilities, open_canvas and invoke_canvas_action."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from html import escape

from copilot_sdk.runtime.core.canvases import Canvases
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    AsksNothing,
    Tool,
    ToolContext,
    ToolResult,
    schema,
    text,
    text_argument,
)

_OWNER = text("Who provides the canvas; needed only where several provide one of that id.")
_INSTANCE = text("The id of the panel: any short text of your choice, the same one for the same panel.")
_INPUT = {"type": ["object", "null"], "description": "What it takes as input; null where it takes none."}


def canvas_tools(canvases: Canvases) -> list[Tool]:
    """The tools for the canvases of a session."""
    return [ListCapabilities(), OpenCanvas(canvases), InvokeAction()]


class ListCapabilities(AsksNothing):
    """Describes one canvas."""

    name = "list_canvas_capabilities"
    description = "Look up what a canvas takes as input when it is opened, and what can be done with it then."
    parameters = schema(["canvasId"], canvasId=text("The id of the canvas."), extensionId=_OWNER)

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Looks it up."""
        canvas_id, owner = text_argument(arguments, "canvasId"), _owner(arguments)

        async def look() -> object:
            provider, canvas = context.session.canvases.find(canvas_id, owner)
            return next(
                found
                for found in context.session.canvases.described()
                if (found["extensionId"], found["canvasId"]) == (provider.id, canvas.id)
            )

        return await _tried(None, look)


class OpenCanvas:
    """Opens a panel."""

    name = "open_canvas"
    parameters = schema(
        ["canvasId", "instanceId"],
        canvasId=text("The id of the canvas."),
        instanceId=_INSTANCE,
        input=_INPUT,
        extensionId=_OWNER,
    )

    def __init__(self, canvases: Canvases) -> None:
        listed = "\n".join(
            f"<canvas>\n  <id>{escape(canvas.id, quote=False)}</id>\n"
            f"  <name>{escape(canvas.display_name, quote=False)}</name>\n"
            f"  <description>{escape(canvas.description, quote=False)}</description>\n</canvas>"
            for _, canvas in canvases.declared()
        )
        self.description = (
            "Open a panel of a canvas beside the conversation, or bring one that is open to the front.\n\n"
            f"<canvases>\n{listed}\n</canvases>"
        )

    def asks(self, _context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to call it."""
        return asks.to_call(self.name, "Open or focus a declared canvas", arguments)

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Opens it."""
        canvas_id, instance_id = text_argument(arguments, "canvasId"), text_argument(arguments, "instanceId")

        async def open_() -> object:
            panel = await context.session.canvases.open(
                canvas_id, instance_id, arguments.get("input"), _owner(arguments)
            )
            return panel.to_wire()

        return await _tried("session.canvas.open", open_)


class InvokeAction:
    """Does something with a panel."""

    name = "invoke_canvas_action"
    description = "Do something with a panel of a canvas that is open."
    parameters = schema(
        ["instanceId", "actionName"], instanceId=_INSTANCE, actionName=text("What to do."), input=_INPUT
    )

    def asks(self, _context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to call it."""
        return asks.to_call(self.name, "Invoke an action on an open canvas instance", arguments)

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Does it."""
        instance_id, action = text_argument(arguments, "instanceId"), text_argument(arguments, "actionName")

        async def act() -> object:
            return {"result": await context.session.canvases.act(instance_id, action, arguments.get("input"))}

        return await _tried("session.canvas.action.invoke", act)


def _owner(arguments: Arguments) -> str | None:
    return text_argument(arguments, "extensionId", "") or None


async def _tried(method: str | None, work: Callable[[], Awaitable[object]]) -> ToolResult:
    try:
        shown = json.dumps(await work(), indent=2)
    except RuntimeFault as fault:
        problem = str(fault) if method is None else f"Request {method} failed with message: {fault}"
        return ToolResult(f"Canvas operation failed: {problem}", "failure", error=problem)
    return ToolResult(shown, detail=shown)
