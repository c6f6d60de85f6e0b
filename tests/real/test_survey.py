"""Every method of the schema is called through the typed API: what comes is read as the schema says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from copilot_sdk._generated.copilot.events import decode
from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk.events import UnknownEvent
from tests.real.support.cli import VERSION
from tests.real.survey.page import PAGE, page
from tests.real.survey.play import Survey
from tests.real.survey.strictness import fallbacks, misfits
from tests.real.survey.verdicts import REFUSED, Kind, verdicts

pytestmark = pytest.mark.timeout(300)

LEAST_SERVED = 470
LEAST_EVENT_TYPES = 75
# The schema of the CLI itself has these.
LISTED_BUT_NOT_SERVED = {
    "session.mcp.configureGitHub",
    "session.workflow.resumeFromTool",
    "session.workflow.runFromTool",
}


def parsed(version: str) -> list[int]:
    """A version that can be compared."""
    return [int(part) for part in version.split(".")]


def test_every_method_is_called_and_most_are_served(survey: Survey) -> None:
    assert set(survey.outcomes) == set(OUTBOUND)
    served = [verdict.method for verdict in verdicts(survey) if verdict.kind is Kind.SERVED]
    assert len(served) >= LEAST_SERVED


def test_every_result_is_read_into_its_own_class_and_written_as_it_came(
    survey: Survey, tell: Callable[[str], None]
) -> None:
    results = [outcome for outcomes in survey.outcomes.values() for outcome in outcomes if outcome.answered]
    methods = {outcome.method for outcome in results}
    assert len(methods) >= LEAST_SERVED
    assert set().union(*map(misfits, results)) == set()
    tell(
        f"survey: {len(results)} results of {len(methods)} methods, each of its own class and without a misfit"
    )


def test_every_event_meanwhile_is_read_into_its_own_class_and_written_as_it_came(
    survey: Survey, tell: Callable[[str], None]
) -> None:
    events = [decode(raw) for raw in survey.events]
    types = {event.type for event in events}
    assert len(types) >= LEAST_EVENT_TYPES
    assert [event.type for event in events if isinstance(event, UnknownEvent)] == []
    assert {event.type: list(fallbacks(event)) for event in events if any(fallbacks(event))} == {}
    assert {event.type: event.misfits() for event in events if event.misfits()} == {}
    assert [event.to_wire() for event in events] == survey.events
    tell(f"survey: {len(events)} events of {len(types)} types, each of its own class and without a misfit")


def test_the_cli_knows_the_methods_that_the_schema_says_it_has(survey: Survey) -> None:
    unknown = {verdict.method for verdict in verdicts(survey) if verdict.kind is Kind.UNKNOWN}
    gone = {name for name in OUTBOUND if OUTBOUND[name].until is not None}
    newer = {name for name in OUTBOUND if parsed(OUTBOUND[name].since or "0") > parsed(VERSION)}
    assert unknown == gone | newer | LISTED_BUT_NOT_SERVED


def test_each_refusal_has_a_reason_and_nothing_is_silent(survey: Survey) -> None:
    found = verdicts(survey)
    assert [verdict.method for verdict in found if verdict.kind is Kind.SILENT] == []
    assert [verdict.method for verdict in found if verdict.note == REFUSED] == []


def test_the_page_of_the_documentation_says_what_the_survey_finds(survey: Survey) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(verdicts(survey)), "run `nox -s survey`"
