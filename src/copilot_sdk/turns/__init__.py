"""Turns: what a prompt sets in motion, what comes of it, and how much it used.

`Session.send` makes a `Turn`; awaiting it gives a `TurnResult`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk.turns._pending import PendingRequest as PendingRequest
    from copilot_sdk.turns._result import ModelUsage as ModelUsage
    from copilot_sdk.turns._result import ToolCall as ToolCall
    from copilot_sdk.turns._result import TurnResult as TurnResult
    from copilot_sdk.turns._result import TurnUsage as TurnUsage
    from copilot_sdk.turns._turn import Turn as Turn

MODULES = {
    "._pending": "PendingRequest",
    "._result": "ModelUsage ToolCall TurnResult TurnUsage",
    "._turn": "Turn",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
