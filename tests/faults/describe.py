"""The outcome of a fault in the words of the table; the same outcome gives the same words on any machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.faults.driver import Outcome, Step
from tests.faults.plan import Fault

FAILS_SOON = 2.0
STOPS_SOON = 1.0
_NAMES = {
    "open": "starting",
    "turn": "the turn",
    "first": "the first turn",
    "call": "the call",
    "stop": "stopping",
}


def sentence(fault: Fault, outcome: Outcome) -> str:
    """All that is worth saying; what is as it should be afterwards is left out, see the text above the table."""
    return "; ".join(parts(fault, outcome))


def parts(fault: Fault, outcome: Outcome) -> Iterator[str]:
    steps = outcome.steps
    for name in ("open", "call", "first", "turn"):
        if name in steps:
            yield from step(fault, name, steps[name])
    if "program" in steps:
        yield f"the program ends with {in_words(steps['program'])}"
    yield from dict.fromkeys(outcome.told)
    yield from dict.fromkeys(outcome.notes)
    yield from events(fault, outcome)
    if "ping" in steps and steps["ping"].error is not None:
        yield "the connection is over"
    if "stop" in steps:
        yield from stopping(fault, steps["stop"])
    if outcome.hangs is not None:
        yield f"{_NAMES.get(outcome.hangs, outcome.hangs)} hangs"
    elif outcome.exit_code:
        yield "the program crashes"
    if outcome.left:
        yield "the process is left behind"
    if fault.quiet and outcome.hangs is None:
        yield "the program ends"


def step(fault: Fault, name: str, done: Step) -> Iterator[str]:
    if done.error is not None:
        limit = {"turn": fault.turn_seconds, "open": fault.start_seconds}.get(name)
        yield f"{_NAMES[name]} fails with {in_words(done, limit)}"
    elif name == "call":
        yield "each call gets its own answer" if done.result == "own" else f"the call gives {done.result}"
    elif name == "turn":
        if done.result == (fault.answer or f"answer {fault.turns}"):
            yield "the turn ends with its answer"
        elif done.result is None:
            yield "the turn ends without its answer"
        else:
            yield f"the turn ends with another answer, {done.result!r}"


def in_words(done: Step, limit: float | None = None) -> str:
    if limit is not None and done.seconds >= limit:
        return f"`{done.error}` when its time is over"
    return (
        f"`{done.error}` within 2 s" if done.seconds < FAILS_SOON else f"`{done.error}` later than after 2 s"
    )


def events(fault: Fault, outcome: Outcome) -> Iterator[str]:
    if fault.cut_short:
        return
    sent, seen = Counter(set(outcome.sent)), Counter(outcome.seen)
    if lost := sum((sent - seen).values()):
        yield f"{lost} of {len(sent)} events are lost"
    if any(count > 1 for count in seen.values()):
        yield "events come twice"
    first_seen = list(dict.fromkeys(outcome.seen))
    if first_seen != [identifier for identifier in dict.fromkeys(outcome.sent) if identifier in seen]:
        yield "events come in another order"
    if fault.callback not in (None, "never-returns") and outcome.extra < len(first_seen):
        yield "the callback is called no more"


def stopping(fault: Fault, done: Step) -> Iterator[str]:
    if done.error is not None:
        yield f"stopping fails with {in_words(done)}"
    elif fault.about_stopping:
        yield (
            "stopping ends within 1 s" if done.seconds < STOPS_SOON else "stopping ends, later than after 1 s"
        )
    elif done.seconds >= STOPS_SOON:
        yield "stopping takes more than 1 s"
