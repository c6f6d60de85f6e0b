"""The two time limits of a turn: for the whole of it, and for silence in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, TypeAlias

from copilot_sdk.errors import UsageError

DEFAULT_INACTIVITY_TIMEOUT = 600.0

Limit: TypeAlias = Literal["timeout", "inactivity_timeout"]


class Limits:
    """Watches the time of one turn, from within a running event loop.

    Args:
        timeout: Seconds that the turn may take, None for no limit.
        inactivity_timeout: Seconds that may pass without an event, None for no limit.
        is_waiting: Tells whether something is pending, which is no silence.
        expire: Called once with the limit that was passed and its seconds.

    Raises:
        UsageError: A limit is not above zero.
    """

    def __init__(
        self,
        timeout: float | None,
        inactivity_timeout: float | None,
        is_waiting: Callable[[], bool],
        expire: Callable[[Limit, float], None],
    ) -> None:
        for name, seconds in (("timeout", timeout), ("inactivity_timeout", inactivity_timeout)):
            if seconds is not None and not seconds > 0:
                raise UsageError(
                    f"{name} has to be above zero seconds, or None for no limit, not {seconds!r}"
                )
        self._loop = asyncio.get_running_loop()
        self.began = self._last = self._loop.time()
        self._silence = inactivity_timeout
        self._is_waiting = is_waiting
        self._expire = expire
        self._whole_timer: asyncio.TimerHandle | None = None
        self._silence_timer: asyncio.TimerHandle | None = None
        if timeout is not None:
            self._whole_timer = self._loop.call_later(timeout, expire, "timeout", timeout)
        self._watch(0.0)

    @property
    def elapsed(self) -> float:
        """Seconds since the turn began."""
        return self._loop.time() - self.began

    def touch(self) -> None:
        """Something has happened."""
        self._last = self._loop.time()

    def stop(self) -> None:
        """Watch no longer."""
        for timer in (self._whole_timer, self._silence_timer):
            if timer is not None:
                timer.cancel()

    def _watch(self, passed: float) -> None:
        if self._silence is not None:
            self._silence_timer = self._loop.call_later(self._silence - passed, self._look)

    def _look(self) -> None:
        if self._is_waiting():
            self.touch()
        passed = self._loop.time() - self._last
        if self._silence is not None and passed >= self._silence:
            self._expire("inactivity_timeout", self._silence)
        else:
            self._watch(passed)
