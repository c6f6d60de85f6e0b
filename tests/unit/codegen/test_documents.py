"""Schema files are read whole: references, merged parts, and faults with the place where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from codegen.errors import SchemaError
from codegen.frontends.documents import Documents, Node, shape
from tests.support.small_schema import STRING, record, reference


def documents(**definitions: object) -> Documents:
    return Documents({"a.schema.json": {"definitions": definitions}})  # type: ignore[dict-item]


def node(value: dict[str, object], pointer: str = "/here") -> Node:
    return Node("a.schema.json", pointer, value)  # type: ignore[arg-type]


def test_a_reference_reaches_a_definition_of_another_file() -> None:
    found = Documents({"a.schema.json": {"definitions": {}}, "b.schema.json": {"$defs": {"Sky": {}}}})
    assert found.target(node({"$ref": "b.schema.json#/$defs/Sky"})) == "Sky"


@pytest.mark.parametrize(
    "target",
    ["#/definitions/Sea", "b.schema.json#/definitions/Sky", "#/properties/Sky", "Sky", "", "#/definitions/"],
)
def test_a_reference_to_nothing_is_refused_with_its_place(target: str) -> None:
    with pytest.raises(SchemaError) as caught:
        documents(Sky={}).target(node({"$ref": target}))
    assert caught.value.pointer == "/here/$ref"
    assert repr(target) in str(caught.value)


def test_the_members_and_the_required_names_of_all_parts_are_put_together() -> None:
    parts = [reference("Base"), record(("b",), b=STRING)]
    merged = documents(Base={**record(("a",), a=STRING), "description": "Base."}).merged(
        node({"allOf": parts, "properties": {"c": STRING}, "description": "Own."})
    )
    assert list(merged.child("properties").value) == ["a", "b", "c"]
    assert merged.strings("required") == ["a", "b"]
    assert merged.text("description") == "Own."


def test_a_part_may_be_a_name_for_another_definition() -> None:
    found = documents(Base=record(("a",), a=STRING), Alias=reference("Base"))
    assert found.merged(node({"allOf": [reference("Alias")]})).strings("required") == ["a"]


def test_the_text_of_a_part_is_not_the_text_of_the_whole() -> None:
    merged = documents(Base={"description": "Base.", **record()}).merged(node({"allOf": [reference("Base")]}))
    assert merged.text("description") == ""


def test_parts_that_differ_in_more_than_members_are_refused() -> None:
    with pytest.raises(SchemaError, match="differ in 'type'"):
        documents().merged(node({"allOf": [{"type": "object"}, {"type": "string"}]}))


@pytest.mark.parametrize(
    "definitions",
    [
        {"Sky": {"allOf": [reference("Sky")]}},
        {"Sky": {"allOf": [reference("Sea")]}, "Sea": {"allOf": [reference("Sky")]}},
        {"Sky": reference("Sea"), "Sea": reference("Sky")},
    ],
)
def test_parts_that_lead_back_are_refused(definitions: dict[str, object]) -> None:
    with pytest.raises(SchemaError, match="leads back to itself"):
        documents(**definitions).merged(node({"allOf": [reference("Sky")]}))


def test_two_files_may_describe_a_type_alike_and_word_it_otherwise() -> None:
    one = {**STRING, "description": "One."}
    found = Documents(
        {"a.schema.json": {"definitions": {"Sky": one}}, "b.schema.json": {"definitions": {"Sky": STRING}}}
    )
    assert list(found.definitions) == ["Sky"]


def test_two_files_that_describe_a_type_differently_are_refused() -> None:
    with pytest.raises(SchemaError, match=r"b\.schema\.json#/definitions/Sky: differs .* a\.schema\.json"):
        Documents(
            {
                "a.schema.json": {"definitions": {"Sky": STRING}},
                "b.schema.json": {"definitions": {"Sky": {"type": "null"}}},
            }
        )


def test_members_called_title_and_description_count_for_the_shape() -> None:
    assert shape({"properties": {"title": {"type": "string"}}}) != shape({"properties": {}})
    assert shape({"title": "One", "description": "Two"}) == {}


def test_a_pointer_escapes_what_json_pointers_escape() -> None:
    with pytest.raises(SchemaError) as caught:
        node({"a/b~c": 1}, "").child("a/b~c")
    assert caught.value.pointer == "/a~1b~0c"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "must be an object, not an array"),
        ('{"a": 1, "a": 2}', "has the member 'a' twice"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_is_no_json_object_is_refused_by_name(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "odd.schema.json").write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=problem) as caught:
        Documents.load(tmp_path)
    assert caught.value.file == "odd.schema.json"


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "odd.schema.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(SchemaError, match=r"odd\.schema\.json#/: is not JSON"):
        Documents.load(tmp_path)


def test_a_file_that_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "odd.schema.json").mkdir()
    with pytest.raises(SchemaError, match=r"odd\.schema\.json#/: cannot be read"):
        Documents.load(tmp_path)


def test_a_folder_without_schema_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"holds no \*\.schema\.json file"):
        Documents.load(tmp_path)
