"""A kind of event that asks every client of a session for an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import Contained

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC


@dataclass(frozen=True, slots=True)
class Question:
    """How a kind of event is answered.

    Attributes:
        event_type: Wire type of the event.
        completed: Wire type of the event that tells that somebody has answered.
        work: Gives the result for the data of an event.
        reply: Sends a result for a request.
        fallback: The result when `work` raises, and when its result cannot be sent.
        concerns: Whether an event is for this client at all.
        needs_interest: Whether the runtime asks nobody unless a client has registered interest in the event.
        notices: What else it has to know: takes events of other types, by their wire types.
    """

    event_type: str
    completed: str
    work: Callable[[Any], Awaitable[Any]]
    reply: Callable[[SessionRPC, str, Any], Awaitable[object]]
    fallback: Callable[[], Any]
    concerns: Callable[[Any], bool] = lambda _: True
    needs_interest: bool = False
    notices: Mapping[str, Callable[[Any], None]] = field(default_factory=dict[str, Callable[[Any], None]])

    async def answer(self, data: Any) -> Any:
        """The result for an event; never raises but for cancellation."""
        with Contained(self.event_type):
            return await self.work(data)
        return self.fallback()
