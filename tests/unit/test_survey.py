"""The survey finds what a result was not read as, and tells refusals apart."""

from __future__ import annotations

import pytest

from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk._model.codec import decode_result
from copilot_sdk.errors import (
    InternalError,
    MethodNotFound,
    RequestTimeout,
    ResultValidationError,
    RpcError,
)
from tests.real.survey.calls import Outcome, python_call
from tests.real.survey.page import PAGE, counts, page, survey
from tests.real.survey.strictness import Misfit, misfits
from tests.real.survey.verdicts import REFUSED, Kind, Verdict, verdict

LIST = "session.tasks.list"
CANCEL = "session.tasks.cancel"


def answered(method: str, raw: object) -> Outcome:
    """The outcome of a call that was answered with this."""
    try:
        return Outcome(method, answered=True, raw=raw, result=decode_result(OUTBOUND[method], raw))
    except ResultValidationError as error:
        return Outcome(method, answered=True, raw=raw, error=error)


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        (CANCEL, {"cancelled": True}),
        (CANCEL, {"cancelled": True, "fromANewerPeer": [1, None]}),
        ("session.name.set", {}),
        ("session.name.set", None),
    ],
)
def test_what_is_read_as_a_whole_fits(method: str, raw: object) -> None:
    assert misfits(answered(method, raw)) == set()


def test_a_part_of_a_result_that_does_not_fit_is_a_misfit_at_its_place() -> None:
    outcome = answered(CANCEL, {"cancelled": "perhaps"})
    assert [(found.method, found.path, found.came) for found in misfits(outcome)] == [
        (CANCEL, "cancelled", "str")
    ]


def test_a_branch_that_is_not_known_is_a_misfit_at_its_place() -> None:
    outcome = answered(LIST, {"tasks": [{"type": "dream", "id": "1"}]})
    assert misfits(outcome) == {Misfit(LIST, "tasks.*", "a known branch", "{id, type}")}


def test_an_answer_to_a_method_without_a_result_is_lost() -> None:
    assert misfits(answered("session.name.set", {"success": True})) == {
        Misfit("session.name.set", "", "what came, when written again", "{success}")
    }


def test_a_result_that_is_written_otherwise_is_a_misfit() -> None:
    outcome = Outcome(
        CANCEL, answered=True, raw={"cancelled": True}, result=answered(CANCEL, {"cancelled": False}).result
    )
    assert [found.path for found in misfits(outcome)] == ["cancelled"]


@pytest.mark.parametrize(
    ("error", "kind", "note"),
    [
        (MethodNotFound(f"Unhandled method {LIST}"), Kind.UNKNOWN, ""),
        (MethodNotFound("It is not enabled on this server"), Kind.PRECONDITION, "switched off"),
        (InternalError("Not authenticated"), Kind.ACCOUNT, ""),
        (InternalError("For a trusted host"), Kind.PRECONDITION, "a trusted host only"),
        (InternalError("Not today"), Kind.PRECONDITION, REFUSED),
        (RequestTimeout(LIST, 1.0), Kind.SILENT, ""),
    ],
)
def test_a_refusal_is_told_by_its_text(error: RpcError | RequestTimeout, kind: Kind, note: str) -> None:
    assert verdict(Outcome(LIST, answered=False, error=error)) == Verdict(LIST, kind, note)


def test_the_page_has_each_method_with_its_call_and_its_class() -> None:
    found = [Verdict("ping", Kind.SERVED), Verdict(LIST, Kind.PRECONDITION, "no tasks")]
    text = page(found)
    assert python_call(LIST) == "session.rpc.tasks.list"
    assert '??? note "client.rpc: 1 served"' in text
    assert "| `session.tasks.list` | `session.rpc.tasks.list` |  | precondition | no tasks |" in text
    assert counts(found) == "1 served, 1 precondition"


def test_the_page_can_be_read_again() -> None:
    found = survey()
    assert {verdict.method for verdict in found} == set(OUTBOUND)
    assert page(found) == PAGE.read_text(encoding="utf-8")
