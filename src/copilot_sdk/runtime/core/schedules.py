"""Scheduled prompts: each is sent to the agent when its time has come."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.queue import Prompt

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_INTERVAL = re.compile(r"\s*(\d+)\s*([smhd]?)\s*")
_SECONDS: Mapping[str, int] = {"s": 1, "m": 60, "": 60, "h": 3600, "d": 86400}
_SHORTEST, _LONGEST = 10, 86400
_ZONE = "Etc/UTC"
_SELF_PACED = (
    "You carry out the self-paced schedule #{id}: it has no fixed interval, and ends with this run unless its "
    "next run is set. The task:\n\n{prompt}"
)


class BadSchedule(RuntimeFault):
    """A schedule that cannot be: the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a prompt is sent; exactly one of the ways is given.

    Attributes:
        interval_ms: Milliseconds from one run to the next.
        cron: A cron expression.
        tz: The IANA zone in which it is read.
        at: One moment, in milliseconds since the epoch.
        self_paced: Whether each next run is set by hand.
    """

    interval_ms: int | None = None
    cron: str | None = None
    tz: str | None = None
    at: int | None = None
    self_paced: bool = False

    def first(self, moment: datetime) -> datetime:
        """The first run of a schedule that is made at a moment."""
        if self.at is not None:
            return _moment(self.at)
        return moment if self.self_paced else self.following(moment) or moment

    def following(self, moment: datetime) -> datetime | None:
        """The next run after a moment; None if nothing tells when that is.

        Raises:
            BadSchedule: The cron expression or its zone means nothing.
        """
        if self.interval_ms is not None:
            return moment + timedelta(milliseconds=self.interval_ms)
        return None if self.cron is None else _next_cron(self.cron, self.tz or _ZONE, moment)


@dataclass(slots=True, eq=False)
class Schedule:
    """One scheduled prompt.

    Attributes:
        id: Its number within the session.
        prompt: What the agent gets.
        display: What people see in its place.
        recurring: Whether it is sent again and again.
        timing: When it is sent.
        next_run: When it is sent next.
        waiting: Whether it waits for that moment, rather than for the end of its turn.
    """

    id: int
    prompt: str
    display: str | None
    recurring: bool
    timing: Timing
    next_run: datetime
    waiting: bool = False
    running: asyncio.Task[None] | None = field(default=None, repr=False)


class Schedules:
    """The scheduled prompts of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._active: dict[int, Schedule] = {}
        self._newest = 0

    def __iter__(self) -> Iterator[Schedule]:
        """The active ones, oldest first."""
        return iter(list(self._active.values()))

    def add(self, prompt: str, timing: Timing, *, recurring: bool, display: str | None = None) -> Schedule:
        """Schedules a prompt.

        Raises:
            BadSchedule: It is empty, or its time means nothing.
        """
        if not prompt.strip():
            raise BadSchedule("Prompt cannot be empty.")
        next_run = timing.first(self._session.clock.now())
        schedule = Schedule(self._newest + 1, prompt, display, recurring, timing, next_run)
        self._session.emit(
            types.SessionScheduleCreatedData(
                id=schedule.id,
                interval_ms=timing.interval_ms,
                cron=timing.cron,
                tz=timing.tz,
                at=timing.at,
                prompt=prompt,
                recurring=recurring,
                display_prompt=display,
                self_paced=timing.self_paced or None,
            )
        )
        self._begin(schedule)
        return schedule

    def rearm(self, schedule_id: int, at: int) -> Schedule:
        """Sets the next run of a self-paced schedule, in milliseconds since the epoch.

        Raises:
            BadSchedule: There is no such schedule, or it has a time of its own.
        """
        schedule = self._active.get(schedule_id)
        if schedule is None:
            raise BadSchedule(f"No active schedule with id {schedule_id}.")
        if not schedule.timing.self_paced:
            raise BadSchedule(f"Schedule #{schedule_id} is not self-paced and cannot be re-armed.")
        schedule.next_run = _moment(at)
        self._session.emit(types.SessionScheduleRearmedData(id=schedule_id, next_run_at=at))
        if schedule.waiting:
            self._wait_anew(schedule)
        return schedule

    def stop(self, schedule_id: int) -> Schedule | None:
        """Ends a schedule; what it has sent stays sent.

        Returns:
            The schedule; None if there is none with that id.
        """
        schedule = self._active.get(schedule_id)
        if schedule is not None:
            if schedule.running is not None:
                schedule.running.cancel()
            self._end(schedule)
        return schedule

    def hydrate(self) -> None:
        """Takes up again what the stored events say is scheduled; what is active now is replaced by that."""
        for schedule in self:
            if schedule.running is not None:
                schedule.running.cancel()
        self._active.clear()
        now = self._session.clock.now()
        found: dict[int, Schedule] = {}
        for event in self._session.log.events:
            match event.type:
                case "session.schedule_created":
                    created = types.SessionScheduleCreatedData.model_validate(event.data)
                    found[created.id] = _restored(created, now)
                case "session.schedule_rearmed":
                    rearmed = types.SessionScheduleRearmedData.model_validate(event.data)
                    if rearmed.id in found:
                        found[rearmed.id].next_run = _moment(rearmed.next_run_at)
                case "session.schedule_cancelled":
                    found.pop(types.SessionScheduleCancelledData.model_validate(event.data).id, None)
                case _:
                    continue
        for schedule in found.values():
            self._begin(schedule)

    def _begin(self, schedule: Schedule) -> None:
        self._newest = max(self._newest, schedule.id)
        self._active[schedule.id] = schedule
        self._wait_anew(schedule)

    def _wait_anew(self, schedule: Schedule) -> None:
        if schedule.running is not None:
            schedule.running.cancel()
        schedule.waiting = True
        name = f"schedule {schedule.id}"
        schedule.running = self._session.scope.start(self._run(schedule), name=name)

    async def _run(self, schedule: Schedule) -> None:
        clock = self._session.clock
        while True:
            schedule.waiting = True
            await clock.sleep((schedule.next_run - clock.now()).total_seconds())
            schedule.waiting = False
            planned = schedule.next_run
            # The next run is planned after the end of this one: a slow turn must not gather a queue of its own kind.
            await self._send(schedule)
            if schedule.timing.self_paced:
                going_on = schedule.next_run > planned
            else:
                following = schedule.timing.following(clock.now()) if schedule.recurring else None
                schedule.next_run, going_on = following or planned, following is not None
            if not going_on:
                self._end(schedule)
                return

    async def _send(self, schedule: Schedule) -> None:
        head = f"[Scheduled prompt #{schedule.id}]\n"
        text = schedule.prompt
        if schedule.timing.self_paced:
            text = _SELF_PACED.format(id=schedule.id, prompt=text)
        prompt = Prompt(
            id=new_id(),
            text=head + text,
            display=None if schedule.display is None else head + schedule.display,
            source=f"schedule-{schedule.id}",
        )
        self._session.turns.send(prompt, immediate=True)
        await prompt.done.wait()

    def _end(self, schedule: Schedule) -> None:
        del self._active[schedule.id]
        self._session.emit(types.SessionScheduleCancelledData(id=schedule.id))


def interval(text: str) -> int:
    """The milliseconds of an interval such as `30s`, `5m`, `2h` or `1d`; a number alone counts minutes.

    Raises:
        BadSchedule: It is none, or too short or too long.
    """
    match = _INTERVAL.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if seconds == 0:
        raise BadSchedule(f'Invalid interval "{text}". Try 30s, 5m, 2h, or 1d.')
    if seconds < _SHORTEST:
        raise BadSchedule("Minimum interval is 10s.")
    if seconds > _LONGEST:
        raise BadSchedule("Maximum interval is 1d.")
    return seconds * 1000


def cron_timing(expression: str, zone: str | None) -> Timing:
    """The timing of a cron expression; UTC unless a zone is named."""
    return Timing(cron=expression, tz=zone or _ZONE)


def _next_cron(expression: str, zone: str, moment: datetime) -> datetime:
    from zoneinfo import ZoneInfo

    try:
        from croniter import croniter
    except ImportError as error:
        raise BadSchedule("Cron expressions need croniter: pip install 'copilot-sdk[runtime]'.") from error
    try:
        found: datetime = croniter(expression, moment.astimezone(ZoneInfo(zone))).get_next(datetime)
    except (ValueError, KeyError) as error:
        raise BadSchedule(f'Invalid cron expression "{expression}".') from error
    return found.astimezone(UTC)


def _moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadSchedule(f"Invalid time {milliseconds}.") from error


def _restored(created: types.SessionScheduleCreatedData, now: datetime) -> Schedule:
    interval_ms = None if created.interval_ms is None else int(created.interval_ms)
    timing = Timing(interval_ms, created.cron, created.tz, created.at, bool(created.self_paced))
    recurring = bool(created.recurring)
    return Schedule(created.id, created.prompt, created.display_prompt, recurring, timing, timing.first(now))
