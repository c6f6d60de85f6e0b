"""A turn for programs without an event loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from copilot_sdk.sync._portal import Portal

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk._generated.copilot.types import AbortReason
    from copilot_sdk.turns import Turn as AsyncTurn
    from copilot_sdk.turns import TurnResult, TurnUsage


class Turn:
    """See `copilot_sdk.turns.Turn`: a plain iterator over its events, and `result` in place of `await`."""

    def __init__(self, portal: Portal, turn: AsyncTurn) -> None:
        self._portal = portal
        self._turn = turn
        self._events = portal.iterate(turn)

    def __repr__(self) -> str:
        return repr(self._turn)

    @property
    def message_id(self) -> str | None:
        """Identifier of the prompt; None until the runtime has accepted it."""
        return self._turn.message_id

    @property
    def done(self) -> bool:
        """True once the turn has ended, well or not."""
        return self._turn.done

    @property
    def usage(self) -> TurnUsage:
        """What the turn has used so far."""
        return self._turn.usage

    def accepted(self) -> str:
        """See `copilot_sdk.turns.Turn.accepted`."""
        return self._portal.run(self._turn.accepted())

    def result(self) -> TurnResult:
        """Wait for the end of the turn.

        Raises:
            SessionError, TurnTimeout, ConnectionClosed, RpcError: See `copilot_sdk.turns.Turn`.
        """

        async def waiting() -> TurnResult:
            return await self._turn

        return self._portal.run(waiting())

    def __iter__(self) -> Iterator[SessionEvent]:
        return self._events

    def __next__(self) -> SessionEvent:
        return next(self._events)

    def text(self) -> Iterator[str]:
        """See `copilot_sdk.turns.Turn.text`."""
        return self._portal.iterate(self._turn.text())

    def abort(self, reason: AbortReason | None = None) -> None:
        """See `copilot_sdk.turns.Turn.abort`."""
        self._portal.run(self._turn.abort(reason))
