"""The time limits of a turn, with a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from copilot_sdk.turns._limits import Limits


class Timer:
    def __init__(self, when: float, call: Callable[[], object]) -> None:
        self.when = when
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Stands for the event loop."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[..., object], *args: Any) -> Timer:
        self.timers.append(Timer(self.now + delay, lambda: call(*args)))
        return self.timers[-1]

    def go_on(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.when <= end and not timer.cancelled]:
            timer = min(due, key=lambda each: each.when)
            self.timers.remove(timer)
            self.now = max(self.now, timer.when)
            timer.call()
        self.now = end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: clock)
    return clock


class Watched:
    """Limits, and what they say."""

    def __init__(self, timeout: float | None, inactivity_timeout: float | None) -> None:
        self.waiting = False
        self.expired: list[tuple[str, float]] = []
        self.limits = Limits(timeout, inactivity_timeout, lambda: self.waiting, self._expire)

    def _expire(self, limit: str, seconds: float) -> None:
        self.expired.append((limit, seconds))
        self.limits.stop()


def test_the_whole_limit_counts_from_the_beginning(clock: Clock) -> None:
    watched = Watched(10, None)
    clock.go_on(9)
    watched.limits.touch()
    assert watched.expired == []
    clock.go_on(1)
    assert watched.expired == [("timeout", 10)]
    assert watched.limits.elapsed == 10


def test_silence_counts_from_the_last_event(clock: Clock) -> None:
    watched = Watched(None, 10)
    for _ in range(5):
        clock.go_on(9)
        watched.limits.touch()
    clock.go_on(9.9)
    assert watched.expired == []
    clock.go_on(0.1)
    assert watched.expired == [("inactivity_timeout", 10)]


def test_waiting_for_something_is_no_silence(clock: Clock) -> None:
    watched = Watched(None, 10)
    watched.waiting = True
    clock.go_on(95)
    assert watched.expired == []
    watched.waiting = False
    clock.go_on(5)
    assert watched.expired == [("inactivity_timeout", 10)]


def test_a_turn_that_has_ended_is_watched_no_longer(clock: Clock) -> None:
    watched = Watched(10, 10)
    watched.limits.stop()
    clock.go_on(100)
    assert watched.expired == []


def test_no_limit_is_no_timer(clock: Clock) -> None:
    Watched(None, None)
    assert clock.timers == []
