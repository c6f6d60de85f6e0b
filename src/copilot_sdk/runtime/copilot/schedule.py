"""Methods of `session.schedule`: prompts that are sent when their time has come."""

from __future__ import annotations

from collections.abc import Callable

from copilot_sdk._generated.copilot.types import (
    ScheduleAddAtRequest,
    ScheduleAddCronRequest,
    ScheduleAddRequest,
    ScheduleAddResult,
    ScheduleAddSelfPacedRequest,
    ScheduleEntry,
    ScheduleHasSelfPacedResult,
    ScheduleList,
    ScheduleRearmSelfPacedRequest,
    ScheduleStopRequest,
    ScheduleStopResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clock import stamp
from copilot_sdk.runtime.core.schedules import BadSchedule, Schedule, Timing, cron_timing, interval

router = Router()


@router.plain("session.schedule.list")
async def _list(call: Call) -> ScheduleList:
    return ScheduleList(entries=[_describe(schedule) for schedule in call.session.schedules])


@router.plain("session.schedule.hasSelfPaced")
async def _has_self_paced(call: Call) -> ScheduleHasSelfPacedResult:
    paced = any(schedule.timing.self_paced for schedule in call.session.schedules)
    return ScheduleHasSelfPacedResult(has_self_paced=paced)


@router.plain("session.schedule.hydrate")
async def _hydrate(call: Call) -> None:
    call.session.schedules.hydrate()


@router.on("session.schedule.add", ScheduleAddRequest)
async def _add(call: Call, params: ScheduleAddRequest) -> ScheduleAddResult:
    return _result(
        lambda: call.session.schedules.add(
            params.prompt,
            Timing(interval_ms=interval(params.interval)),
            recurring=params.recurring is not False,
            display=params.display_prompt,
        )
    )


@router.on("session.schedule.addCron", ScheduleAddCronRequest)
async def _add_cron(call: Call, params: ScheduleAddCronRequest) -> ScheduleAddResult:
    return _result(
        lambda: call.session.schedules.add(
            params.prompt,
            cron_timing(params.cron, params.tz),
            recurring=params.recurring is not False,
            display=params.display_prompt,
        )
    )


@router.on("session.schedule.addAt", ScheduleAddAtRequest)
async def _add_at(call: Call, params: ScheduleAddAtRequest) -> ScheduleAddResult:
    return _result(
        lambda: call.session.schedules.add(
            params.prompt,
            Timing(at=params.at),
            recurring=bool(params.recurring),
            display=params.display_prompt,
        )
    )


@router.on("session.schedule.addSelfPaced", ScheduleAddSelfPacedRequest)
async def _add_self_paced(call: Call, params: ScheduleAddSelfPacedRequest) -> ScheduleAddResult:
    return _result(
        lambda: call.session.schedules.add(
            params.prompt, Timing(self_paced=True), recurring=True, display=params.display_prompt
        )
    )


@router.on("session.schedule.rearmSelfPaced", ScheduleRearmSelfPacedRequest)
async def _rearm(call: Call, params: ScheduleRearmSelfPacedRequest) -> ScheduleAddResult:
    return _result(lambda: call.session.schedules.rearm(params.id, params.at))


@router.on("session.schedule.stop", ScheduleStopRequest)
async def _stop(call: Call, params: ScheduleStopRequest) -> ScheduleStopResult:
    stopped = call.session.schedules.stop(params.id)
    return ScheduleStopResult(entry=None if stopped is None else _describe(stopped))


def _result(make: Callable[[], Schedule]) -> ScheduleAddResult:
    """What came of making or changing a schedule; what is wrong with it is no error of the wire."""
    try:
        return ScheduleAddResult(entry=_describe(make()))
    except BadSchedule as fault:
        return ScheduleAddResult(error=str(fault))


def _describe(schedule: Schedule) -> ScheduleEntry:
    timing = schedule.timing
    return ScheduleEntry(
        id=schedule.id,
        interval_ms=timing.interval_ms,
        cron=timing.cron,
        tz=timing.tz,
        at=timing.at,
        prompt=schedule.prompt,
        recurring=schedule.recurring,
        display_prompt=schedule.display,
        next_run_at=stamp(schedule.next_run),
        self_paced=timing.self_paced or None,
    )
