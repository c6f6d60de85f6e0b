"""A tool, a policy for it, and what the model is told of its calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from copilot_sdk import tool
from tests.support.model_server import ChatRequest, ToolCall, text_of

if TYPE_CHECKING:
    from copilot_sdk.types import PermissionDecision, PermissionRequest

ROME, OSLO = ToolCall("weather", {"city": "Rome"}), ToolCall("weather", {"city": "Oslo"})


@tool
def weather(city: str, days: int = 1) -> str:
    """Tells the weather of a city.

    Args:
        city: Name of the city.
        days: How many days to look ahead.
    """
    return f"Sun in {city} for {days} days."


def tool_texts(request: ChatRequest) -> list[str]:
    """What the model is told that its tools gave, in order."""
    return [text_of(message) for message in request.messages if message["role"] == "tool"]


class Policy:
    """Decides the same each time and remembers what it was asked."""

    def __init__(self, decide: Callable[[], PermissionDecision]) -> None:
        """Takes the function that makes the decisions."""
        self.decide = decide
        self.asked: list[PermissionRequest] = []

    def __call__(self, request: PermissionRequest) -> PermissionDecision:
        """Remembers the request and decides."""
        self.asked.append(request)
        return self.decide()
