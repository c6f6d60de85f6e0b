"""Scenarios, and the differences that are meant to be there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.real.differential.actor import Actor
from tests.real.differential.compare import Difference

Play = Callable[[Actor], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Known:
    """A difference that is meant to be there.

    Attributes:
        why: What is different and why it stays so, in words for the documentation.
        patterns: The texts of differences that it accounts for, `*` for anything; each has to be found.
        sometimes: Whether it is a matter of time, so that nothing has to be found.
    """

    why: str
    patterns: tuple[str, ...]
    sometimes: bool = False

    def accounts_for(self, difference: Difference) -> bool:
        """Whether it is this difference."""
        return any(fnmatchcase(difference.text, pattern) for pattern in self.patterns)

    def outdated(self, differences: Iterable[Difference]) -> list[str]:
        """The patterns of which nothing was found although they are no matter of time."""
        if self.sometimes:
            return []
        texts = [difference.text for difference in differences]
        return [pattern for pattern in self.patterns if not any(fnmatchcase(t, pattern) for t in texts)]


def known(why: str, *patterns: str, sometimes: bool = False) -> Known:
    """A difference that is meant to be there; see `Known`."""
    return Known(why, patterns, sometimes)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A course of calls that both runtimes are taken through.

    Attributes:
        name: What it is called.
        play: Makes the calls.
        known: The differences that are meant to be there.
    """

    name: str
    play: Play
    known: tuple[Known, ...]

    @property
    def summary(self) -> str:
        """What happens in it, in a sentence."""
        return (self.play.__doc__ or "").partition("\n")[0]


Surroundings = Callable[[], AbstractContextManager[Mapping[str, str]]]


@dataclass(eq=False)
class Area:
    """Scenarios that share one process of each runtime.

    Attributes:
        name: What it is called.
        scenarios: What is played, in this order.
        surroundings: What both processes find around them; gives the variables that lead there.
    """

    name: str
    scenarios: list[Scenario] = field(default_factory=list)
    surroundings: Surroundings = lambda: nullcontext({})

    def scenario(self, *differences: Known) -> Callable[[Play], Play]:
        """Makes a function a scenario of this area, with these differences."""

        def add(play: Play) -> Play:
            self.scenarios.append(Scenario(play.__name__, play, differences))
            return play

        return add
