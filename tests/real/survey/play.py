"""The survey while it is played: acts, each with a CLI of its own, and what came of their calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from copilot_sdk import Session
from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk.errors import ConnectionClosed
from tests.real.support.client_stage import CLI, Sightings
from tests.real.support.rawrpc import Json
from tests.real.survey.calls import Outcome, TappedStage, call

Chapter = Callable[["Act"], Awaitable[None]]


@dataclass(eq=False)
class Survey:
    """What came of all calls.

    Attributes:
        folder: Everything is played below it.
        outcomes: All outcomes of each method, in the order of the calls.
        events: Every event that the CLI sent.
    """

    folder: Path
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    _acts: int = 0

    @asynccontextmanager
    async def act(self) -> AsyncIterator[Act]:
        """A CLI of its own, in an empty folder."""
        self._acts += 1
        folder = self.folder / f"act-{self._acts}"
        (folder / "home").mkdir(parents=True)
        (folder / "home" / "settings.json").write_text('{"contextManagementTools": true}')
        async with TappedStage.open(CLI, folder, Sightings()) as stage:
            try:
                yield Act(self, stage)
            finally:
                self.events += stage.tap.events

    async def play(self, *chapters: Chapter) -> None:
        """Plays chapters one after the other."""
        for chapter in chapters:
            async with self.act() as act:
                await chapter(act)

    @property
    def missing(self) -> list[str]:
        """The methods that were not called yet."""
        return [name for name in sorted(OUTBOUND) if name not in self.outcomes]

    def best(self, method: str) -> Outcome:
        """The outcome that a method is judged by: its first result, or else its last refusal."""
        outcomes = self.outcomes[method]
        return next((outcome for outcome in outcomes if outcome.answered), outcomes[-1])


@dataclass(eq=False)
class Act:
    """One CLI in the survey."""

    survey: Survey
    stage: TappedStage
    is_over: bool = False

    async def call(self, method: str, session: Session | None = None, /, **params: object) -> Json:
        """Calls a method and keeps the outcome; returns the result if it is an object, otherwise nothing."""
        outcome = await call(self.stage, session, method, params)
        self.survey.outcomes.setdefault(method, []).append(outcome)
        self.is_over = self.is_over or isinstance(outcome.error, ConnectionClosed)
        return outcome.raw if isinstance(outcome.raw, dict) else {}
