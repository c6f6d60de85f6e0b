"""How long a call of a method may take."""

from __future__ import annotations

import pytest

from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.errors import UsageError

PROMPT: Method[object] = Method("prompt", scope="agent", waits=True)
STATE: Method[object] = Method("state", scope="agent")


@pytest.mark.parametrize(
    ("method", "given", "limit"),
    [(STATE, UNSET, 30.0), (STATE, 5, 5), (STATE, None, None), (PROMPT, UNSET, None), (PROMPT, 5, 5)],
)
def test_what_the_call_says_counts_then_whether_it_waits_then_what_is_usual(
    method: Method[object], given: float | Unset | None, limit: float | None
) -> None:
    assert method.time_limit(given, 30.0) == limit


@pytest.mark.parametrize("given", [0, -1, float("nan")])
def test_a_limit_that_lets_no_time_pass_is_refused(given: float) -> None:
    with pytest.raises(UsageError, match="timeout has to be above zero seconds"):
        PROMPT.time_limit(given, None)
