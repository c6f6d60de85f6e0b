"""Nothing that a schema says is dropped in silence: what has no effect makes a note."""

from __future__ import annotations

import pytest

from tests.support.small_schema import STRING, Document, protocol_from, put, record, reference, small_schema

SKY = "/definitions/Sky"
COLOR = f"{SKY}/properties/color"


def notes_after(pointer: str, value: object) -> set[str]:
    """The notes that a change of the small schema adds."""
    before = set(protocol_from(small_schema()).notes)
    return set(protocol_from(put(small_schema(), pointer, value)).notes) - before


def note(what: str, pointer: str) -> str:
    return f"{what} has no effect (1 place, first api.schema.json#{pointer})"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("uniqueItems", True),
        ("propertyNames", {"minLength": 1}),
        ("minItems", 1),
        ("maxItems", 1),
        ("minProperties", 1),
        ("maximum", 1),
        ("multipleOf", 2),
        ("maxLength", 9),
        ("if", {}),
        ("then", {}),
        ("patternProperties", {"^x": {}}),
        ("dependentRequired", {}),
        ("default", "x"),
        ("contains", {}),
        ("x-of-ours", 1),
    ],
)
def test_a_keyword_without_effect_makes_a_note(keyword: str, value: object) -> None:
    assert notes_after(f"{SKY}/properties/note/{keyword}", value) == {
        note(f"keyword {keyword!r}", f"{SKY}/properties/note")
    }
    assert notes_after(f"{SKY}/{keyword}", value) == {note(f"keyword {keyword!r}", SKY)}


@pytest.mark.parametrize(
    ("pointer", "value", "what", "place"),
    [
        (
            f"{SKY}/additionalProperties",
            {"type": "null"},
            "the type in 'additionalProperties' beside 'properties'",
            SKY,
        ),
        (f"{SKY}/additionalProperties", False, "'additionalProperties': false", SKY),
        (f"{SKY}/anyOf", [{"required": ["color"]}], "'anyOf' beside 'properties'", SKY),
        (COLOR, {**reference("Color"), "enum": ["x"]}, "'enum' beside '$ref'", COLOR),
        (COLOR, {**STRING, "not": {"const": "x"}}, "'not'", COLOR),
        (COLOR, {"type": "object", "required": ["x"]}, "'required' without 'properties'", COLOR),
        ("/serverSession", {}, "keyword 'serverSession'", ""),
        ("/server/ping/timeout", 5, "keyword 'timeout'", "/server/ping"),
        (
            "/definitions/RainEndedEvent/minProperties",
            1,
            "keyword 'minProperties'",
            "/definitions/RainEndedEvent",
        ),
    ],
)
def test_what_has_no_effect_where_it_stands_makes_a_note(
    pointer: str, value: object, what: str, place: str
) -> None:
    assert notes_after(pointer, value) == {note(what, place)}


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("description", "Text."),
        ("format", "uuid"),
        ("deprecated", True),
        ("since", "1.0.0"),
        ("x-opaque-json", True),
    ],
)
def test_what_documents_a_member_makes_no_note(keyword: str, value: object) -> None:
    assert notes_after(f"{SKY}/properties/note/{keyword}", value) == set()


def test_the_same_keyword_at_many_places_makes_one_note() -> None:
    limited: Document = {**STRING, "maxLength": 3}
    document = put(small_schema(), "/definitions/Extra", record((), b=limited, a=limited))
    (line,) = [line for line in protocol_from(document).notes if "maxLength" in line]
    assert line == (
        "keyword 'maxLength' has no effect (2 places, first api.schema.json#/definitions/Extra/properties/a)"
    )
