"""The report on two schemas says what came, what went and what changed."""

from __future__ import annotations

import pytest

from codegen.report import compare
from tests.support.small_schema import (
    STRING,
    TARGET,
    Document,
    method,
    protocol_from,
    put,
    record,
    reference,
    small_schema,
    with_definitions,
)

OLD = protocol_from(small_schema())


def report_on(document: Document) -> list[str]:
    return [line for line in compare(OLD, protocol_from(document)).splitlines() if line]


def test_the_same_schema_has_no_change() -> None:
    assert compare(OLD, protocol_from(small_schema())) == "No change.\n"


def test_text_alone_is_no_change() -> None:
    assert report_on(put(small_schema(), "/definitions/Sky/description", "Another text.")) == ["No change."]


def test_what_came_is_removed_the_other_way_around() -> None:
    document = with_definitions(Extra=record((), x=STRING))
    document["session"]["stop"] = method("session.stop", TARGET)
    new = protocol_from(document)
    lines = ["## Methods", "- {} `session.stop (session)`", "## Types", "- {} `Extra`"]
    for how, text in (("added", compare(OLD, new)), ("removed", compare(new, OLD))):
        assert [line for line in text.splitlines() if line] == [line.format(how) for line in lines]


@pytest.mark.parametrize(
    ("pointer", "value", "line"),
    [
        ("/server/ping/params", None, "- changed `ping (server)`: params PingRequest to none"),
        ("/server/ping/result", None, "- changed `ping (server)`: result Ref(name='Sky') to Null()"),
        (
            "/server/ping/stability",
            "experimental",
            "- changed `ping (server)`: stability None to experimental",
        ),
        ("/server/ping/visibility", "internal", "- changed `ping (server)`: became internal"),
        (
            "/definitions/RainEndedEvent/properties/data",
            reference("Task"),
            "- changed `rain.ended`: data Sky to Task",
        ),
        (
            "/definitions/RainEndedEvent/properties/ephemeral",
            {"const": True},
            "- changed `rain.ended`: became ephemeral",
        ),
        ("/definitions/RainStartedEvent/properties/ephemeral", {}, "- changed `rain.started`: is stored now"),
        (
            "/definitions/Color/enum",
            ["blue", "red"],
            "- changed `Color`: value `red` added; value `gray` removed",
        ),
        ("/definitions/Task/required", [], "- changed `Task`: `id` is optional now"),
        ("/definitions/Cirrus/required", ["kind", "height"], "- changed `Cirrus`: `height` is required now"),
        ("/definitions/Task/properties/more", STRING, "- changed `Task`: field `more` added"),
        ("/definitions/Cirrus/properties/height", STRING, "- changed `Cirrus`: `height` has another type"),
        (
            "/definitions/Cloud/anyOf",
            [reference("Cirrus"), reference("Task")],
            (
                "- changed `Cloud`: branch `Ref(name='Task')` added; branch `Ref(name='Stratus')` removed; "
                "discriminator kind to None"
            ),
        ),
        ("/definitions/Task", STRING, "- changed `Task`: ObjectDef to AliasDef"),
    ],
)
def test_a_change_is_told(pointer: str, value: object, line: str) -> None:
    assert line in report_on(put(small_schema(), pointer, value))
