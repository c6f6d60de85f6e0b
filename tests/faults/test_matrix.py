"""What copilot_sdk does when its runtime misbehaves: the rows of docs/concepts/faults.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults.describe import sentence
from tests.faults.driver import Outcome, play
from tests.faults.plan import FAULTS, Fault
from tests.faults.table import PAGE

QUICK = [pytest.param(fault, id=name) for name, fault in FAULTS.items() if not fault.slow]
_AT_A_TIME = 4


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[Outcome]]]:
    """Those that are asked for, several at a time: much of their time is spent waiting."""
    chosen = {item.name.partition("[")[2].rstrip("]") for item in request.session.items}
    pool = ThreadPoolExecutor(_AT_A_TIME)
    try:
        yield {
            name: pool.submit(play, "ours", fault)
            for name, fault in FAULTS.items()
            if name in chosen and not fault.slow
        }
    finally:
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("fault", QUICK)
def test_a_fault_of_the_runtime_has_the_outcome_that_the_plan_says(
    fault: Fault, outcomes: Mapping[str, Future[Outcome]]
) -> None:
    outcome = outcomes[fault.name].result()
    assert sentence(fault, outcome) == fault.ours, outcome
    assert not outcome.complaints
    assert "never retrieved" not in outcome.errors
    # Python itself complains of the tasks of a loop that the program closes.
    assert fault.closes_loop or "Exception ignored" not in outcome.errors


def test_the_end_of_the_cli_is_told_with_its_exit_code_and_its_last_words() -> None:
    turn = play("ours", FAULTS["dies-in-turn"]).steps["turn"]
    assert turn.text is not None
    assert "exit code 3" in turn.text
    assert "the model is on strike" in turn.text


def test_no_outcome_of_ours_is_a_hang_a_lost_event_or_a_process_left() -> None:
    for fault in FAULTS.values():
        for word in ("hangs", "lost", "twice", "order", "left behind", "crashes"):
            assert word not in fault.ours


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_page_tells_the_outcome(fault: Fault) -> None:
    assert f"| {fault.title} | {fault.ours} |" in PAGE.read_text(encoding="utf-8")
