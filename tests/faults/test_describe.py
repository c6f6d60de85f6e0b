"""What is wrong with an outcome shows in its words."""

from __future__ import annotations

import pytest

from tests.faults.describe import sentence
from tests.faults.driver import Outcome, Step
from tests.faults.plan import FAULTS, GOOD

HEALTHY = FAULTS["single-bytes"]
TURN = Step(0.1, None, None, "answer 1")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome({"turn": TURN}, sent=["a", "b"], seen=["a", "b"]), GOOD),
        (Outcome({"turn": TURN}, sent=["a", "b"], seen=["a"]), f"{GOOD}; 1 of 2 events are lost"),
        (Outcome({"turn": TURN}, sent=["a"], seen=["a", "a"]), f"{GOOD}; events come twice"),
        (Outcome({"turn": TURN}, sent=["a", "b"], seen=["b", "a"]), f"{GOOD}; events come in another order"),
        (Outcome({"turn": TURN}, hangs="stop"), f"{GOOD}; stopping hangs"),
        (Outcome({"turn": TURN}, exit_code=1), f"{GOOD}; the program crashes"),
        (Outcome({"turn": TURN}, left=True), f"{GOOD}; the process is left behind"),
        (
            Outcome({"turn": TURN, "stop": Step(2, None, None, None)}),
            f"{GOOD}; stopping takes more than 1 s",
        ),
        (
            Outcome({"turn": TURN, "ping": Step(0, "Gone", "", None)}),
            f"{GOOD}; the connection is over",
        ),
        (Outcome({"turn": Step(0.1, None, None, None)}), "the turn ends without its answer"),
        (Outcome({"turn": Step(0.1, "Oops", "", None)}), "the turn fails with `Oops` within 2 s"),
        (Outcome({"turn": Step(2, "Oops", "", None)}), "the turn fails with `Oops` later than after 2 s"),
        (Outcome({"turn": Step(5.1, "Late", "", None)}), "the turn fails with `Late` when its time is over"),
    ],
)
def test_the_words_tell_what_happened(outcome: Outcome, words: str) -> None:
    assert sentence(HEALTHY, outcome) == words
