"""Corrections change what is generated, leave the schema files alone, and are refused once they have no use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codegen.errors import SchemaError
from codegen.frontends import copilot
from codegen.frontends.corrections import FILE, corrected, merged
from codegen.frontends.documents import Documents
from codegen.ir import Nullable, ObjectDef, Scalar
from tests.support.small_schema import FILE as SCHEMA
from tests.support.small_schema import small_schema

AMOUNT = "/definitions/RainData/properties/amount"
NULLABLE = {"type": ["number", "null"]}


def entry(**members: object) -> dict[str, Any]:
    return {
        "file": SCHEMA,
        "at": AMOUNT,
        "merge": NULLABLE,
        "evidence": "Weather 1.0: sent null for a drizzle.",
        "seen": {"event": "rain.started", "path": "/data/amount"},
        **members,
    }


def folder_with(folder: Path, *entries: object) -> Path:
    (folder / SCHEMA).write_text(json.dumps(small_schema()))
    (folder / FILE).write_text(json.dumps(entries))
    return folder


def refused(folder: Path) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        copilot.read(folder)
    assert caught.value.file == FILE
    return caught.value


def test_a_correction_is_part_of_what_is_generated(tmp_path: Path) -> None:
    protocol = copilot.read(folder_with(tmp_path, entry()))
    rain = protocol.types[next(event.data.name for event in protocol.events if event.wire == "rain.started")]
    assert isinstance(rain, ObjectDef)
    assert [field.type for field in rain.fields] == [Nullable(Scalar("number", None, (("minimum", 0),)))]


def test_the_files_that_were_read_stay_as_they_were(tmp_path: Path) -> None:
    documents = Documents.load(folder_with(tmp_path, entry()))
    assert corrected(documents, tmp_path).files != documents.files
    assert documents.files == {SCHEMA: small_schema()}


def test_a_folder_without_corrections_is_taken_as_it_is(tmp_path: Path) -> None:
    documents = Documents({SCHEMA: small_schema()})
    assert corrected(documents, tmp_path) is documents


def test_two_corrections_of_one_place_add_up(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, entry(), entry(merge={"description": "Much or none."}))
    node = corrected(Documents.load(folder), folder).definitions["RainData"].child("properties", "amount")
    assert node.value == {**NULLABLE, "minimum": 0, "description": "Much or none."}


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"at": "/definitions/Sea"}, "no schema stands at api.schema.json#/definitions/Sea"),
        ({"at": f"{AMOUNT}/type"}, f"no schema stands at api.schema.json#{AMOUNT}/type"),
        ({"at": "/definitions/SessionEvent/anyOf/7"}, "no schema stands at"),
        ({"file": "sea.schema.json"}, f"no schema stands at sea.schema.json#{AMOUNT}"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_refused(tmp_path: Path, place: dict[str, str], problem: str) -> None:
    error = refused(folder_with(tmp_path, entry(), entry(**place)))
    assert error.pointer == "/1/at"
    assert problem in error.problem


def test_a_correction_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    error = refused(folder_with(tmp_path, entry(), entry()))
    assert error.pointer == "/1/merge"
    assert "changes nothing" in error.problem


@pytest.mark.parametrize(
    ("change", "pointer", "problem"),
    [
        ({"reason": "none"}, "/0", "'reason' was unexpected"),
        ({"merge": {"nullable": True}}, "/0/merge", "'nullable' is not one of"),
        ({"merge": {}}, "/0/merge", "non-empty"),
        ({"evidence": " "}, "/0/evidence", "does not match"),
        ({"at": "definitions"}, "/0/at", "does not match"),
        ({"seen": {"path": ""}}, "/0/seen", "does not have enough properties"),
    ],
)
def test_a_malformed_entry_is_refused(
    tmp_path: Path, change: dict[str, object], pointer: str, problem: str
) -> None:
    error = refused(folder_with(tmp_path, entry(**change)))
    assert error.pointer == pointer
    assert problem in error.problem


@pytest.mark.parametrize("member", ["file", "at", "merge", "evidence", "seen"])
def test_an_entry_without_one_of_its_members_is_refused(tmp_path: Path, member: str) -> None:
    incomplete = entry()
    del incomplete[member]
    assert f"{member!r} is a required property" in refused(folder_with(tmp_path, incomplete)).problem


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    folder_with(tmp_path)
    (tmp_path / FILE).write_text("[")
    assert "is not JSON" in refused(tmp_path).problem


# The examples of RFC 7396, appendix A, that have an object for target and patch.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_standard_says(
    target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    assert merged(target, patch) == result
