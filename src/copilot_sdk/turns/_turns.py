"""The turns of a session: who sends, which of them an event concerns, and how all of them end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from copy import copy
from typing import TYPE_CHECKING, Any

from copilot_sdk.errors import ConnectionClosed, CopilotError
from copilot_sdk.turns._bounds import Bounds
from copilot_sdk.turns._pending import Pending
from copilot_sdk.turns._turn import Turn

if TYPE_CHECKING:
    from copilot_sdk._arrival import Arrival
    from copilot_sdk._generated.copilot.types import AbortReason

# Whether a turn is under way after an event. Background work and other clients start turns too.
_MARKS = {"user.message": True, "assistant.turn_start": True, "session.idle": False}
_QUIET_SECONDS = 0.5


class Turns:
    """Sends the prompts of a session, one at a time, and tells its turns of what happens.

    Attributes:
        pending: What the session waits for.

    Args:
        spawn: Starts a task that ends with the session.
        abort: Stops what is under way.
        is_active: Asks the runtime whether the session has work to do.
    """

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        abort: Callable[[AbortReason | None], Awaitable[None]],
        is_active: Callable[[], Awaitable[bool]],
    ) -> None:
        self.pending = Pending()
        self._spawn = spawn
        self._abort = abort
        self._is_active = is_active
        # The runtime does not keep the order of prompts that are sent at once.
        self._sending = asyncio.Lock()
        self._open: list[Turn] = []
        self._busy = False
        self._seen = 0
        self._lost = ConnectionClosed("the connection was lost during the turn")
        self._inquiry: asyncio.Task[None] | None = None

    def begin(
        self,
        send: Callable[[], Awaitable[str]],
        *,
        session_id: str,
        steering: bool,
        timeout: float | None,
        inactivity_timeout: float | None,
        abort_on_cancel: bool,
        buffer: int,
    ) -> Turn:
        """Send a prompt.

        Args:
            send: Sends it and gives its identifier.
            session_id: Identifier of the session.
            steering: Whether it is to join the turn that is under way.
            timeout: See `Session.send`, also for the rest.
            inactivity_timeout: Seconds without an event.
            abort_on_cancel: Whether the turn is stopped when a task that waits for it is cancelled.
            buffer: How many events may wait for a reader.

        Raises:
            UsageError: A limit or the buffer makes no sense.
        """
        turn = Turn(
            bounds=Bounds(
                busy=self._busy or bool(self._open),
                steering=steering,
                ahead=self._open[-1].bounds if self._open else None,
            ),
            send=lambda: self._in_line(send),
            session_id=session_id,
            abort=self._abort,
            spawn=self._spawn,
            pending=self.pending,
            timeout=timeout,
            inactivity_timeout=inactivity_timeout,
            abort_on_cancel=abort_on_cancel,
            buffer=buffer,
            on_end=self._open_without,
        )
        self._open.append(turn)
        return turn

    async def _in_line(self, send: Callable[[], Awaitable[str]]) -> str:
        async with self._sending:
            return await send()

    def _open_without(self, turn: Turn) -> None:
        self._open.remove(turn)

    def look(self, arrival: Arrival) -> None:
        """Take notice of an event; never blocks."""
        self.pending.look(arrival)
        self._seen += 1
        if arrival.own:
            self._busy = _MARKS.get(arrival.type, self._busy)
        # The newest first: a prompt that it claims ends the turns before it.
        for turn in reversed(self._open):
            turn.look(arrival)
        if arrival.own and arrival.type == "session.idle":
            self._clear_up()

    def end(self, error: CopilotError | None) -> None:
        """End all turns because the session has ended."""
        for turn in list(self._open):
            turn.fail(
                copy(error)
                if error is not None
                else ConnectionClosed("the session was closed before the turn ended")
            )

    def recovered(self, reason: ConnectionClosed) -> None:
        """The connection was lost and is there again: what comes of the turns is not known."""
        self._lost = reason
        for turn in self._open:
            turn.bounds.doubt()
        self._clear_up()

    def _clear_up(self) -> None:
        if self._unclear and self._inquiry is None:
            self._inquiry = self._spawn(self._inquire())

    @property
    def _unclear(self) -> list[Turn]:
        return [turn for turn in self._open if turn.bounds.unclear]

    async def _inquire(self) -> None:
        """Find out whether anything more will come of turns: a prompt may have been dropped, the last event missed."""
        try:
            while unclear := self._unclear:
                seen = self._seen
                rests = await self._rests()
                if rests:
                    # Events may be on their way that were sent before the answer.
                    await asyncio.sleep(_QUIET_SECONDS)
                    if seen != self._seen:
                        continue
                for turn in unclear:
                    if not rests:
                        turn.bounds.go_on()
                    elif turn.bounds.unclear:
                        turn.interrupted(self._lost)
        finally:
            self._inquiry = None

    async def _rests(self) -> bool:
        try:
            return not await self._is_active()
        except CopilotError:
            # The runtime cannot tell. That it was idle is then all that is known.
            return True
