"""A union reads a branch that it does not know, and is strict about those that it knows."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import pytest
from pydantic import TypeAdapter, ValidationError

from copilot_sdk._model import OpenUnion, TaggedModel, UnknownVariant, WireModel


class Cat(TaggedModel):
    pet_kind: Literal["cat", "kitten"]
    lives: int


class Dog(TaggedModel):
    pet_kind: Literal["dog"] = "dog"
    tricks: list[str] | None = None


class Kennel(TaggedModel):
    pet_kind: Literal["kennel"] = "kennel"
    pets: list[Annotated[Dog | Kennel | UnknownVariant, OpenUnion("pet_kind")]]


class Bowl(WireModel):
    size: int


Pet: TypeAlias = Annotated[Cat | Dog | UnknownVariant, OpenUnion("pet_kind")]
PET: TypeAdapter[Cat | Dog | UnknownVariant] = TypeAdapter(Pet)
Thing: TypeAlias = Annotated[str | Bowl | UnknownVariant, OpenUnion()]
THING: TypeAdapter[str | Bowl | UnknownVariant] = TypeAdapter(Thing)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"petKind": "cat", "lives": 9}, Cat),
        ({"petKind": "kitten", "lives": 9}, Cat),
        ({"petKind": "dog"}, Dog),
        ({"pet_kind": "dog"}, Dog),
        ({"petKind": "bird", "lives": 1}, UnknownVariant),
        ({"petKind": ["cat"]}, UnknownVariant),
        ({"petKind": None}, UnknownVariant),
        ({}, UnknownVariant),
    ],
)
def test_the_tag_decides_for_the_first_object_and_for_those_after_it(
    raw: dict[str, object], kind: type
) -> None:
    pets: TypeAdapter[list[Cat | Dog | UnknownVariant]] = TypeAdapter(list[Pet])
    assert [type(pet) for pet in pets.validate_python([raw, raw])] == [kind, kind]


def test_an_object_without_a_tag_is_of_the_default_branch_and_its_name_is_no_tag() -> None:
    pets: TypeAdapter[list[Dog | Bowl | UnknownVariant]] = TypeAdapter(
        list[Annotated[Dog | Bowl | UnknownVariant, OpenUnion("pet_kind", default="Bowl")]]
    )
    bowl = {"size": 1}
    read = pets.validate_python([bowl, {"petKind": "dog"}, bowl, {"petKind": "Bowl", **bowl}])
    assert [type(one) for one in read] == [Bowl, Dog, Bowl, UnknownVariant]


@pytest.mark.parametrize(
    "value", [Cat(pet_kind="kitten", lives=9), Dog(), UnknownVariant.model_validate({"petKind": "dog"})]
)
def test_an_object_that_was_made_before_is_taken_as_it_is(value: Cat | Dog | UnknownVariant) -> None:
    assert [PET.validate_python(value) is value for _ in range(2)] == [True, True]


def test_a_known_branch_has_to_fit_and_the_fault_has_the_path_of_its_member() -> None:
    with pytest.raises(ValidationError) as caught:
        PET.validate_python({"petKind": "cat"})
    assert [error["loc"] for error in caught.value.errors()] == [("lives",)]


@pytest.mark.parametrize("value", [None, 5, "cat", ["cat"], Bowl(size=1).size])
def test_what_is_no_object_is_refused_in_plain_words(value: object) -> None:
    with pytest.raises(ValidationError, match="Input should be an object"):
        PET.validate_python(value)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [("a", str), ({"size": 1}, Bowl), ({"size": "big"}, UnknownVariant), ({}, UnknownVariant)],
)
def test_without_a_tag_the_first_branch_that_fits_is_taken(raw: object, kind: type) -> None:
    assert type(THING.validate_python(raw)) is kind


def test_the_json_schema_of_a_union_has_its_branches() -> None:
    assert {"Cat", "Dog", "UnknownVariant"} == set(PET.json_schema()["$defs"])


def test_the_json_schema_of_a_union_that_holds_itself_refers_to_its_branches() -> None:
    schema = TypeAdapter(Kennel | None).json_schema()
    branches = schema["$defs"]["Kennel"]["properties"]["pets"]["items"]["oneOf"]
    assert [branch["$ref"] for branch in branches] == [
        f"#/$defs/{name}" for name in ("Dog", "Kennel", "UnknownVariant")
    ]


def test_a_branch_is_built_when_the_first_of_its_objects_comes() -> None:
    class Hen(TaggedModel):
        pet_kind: Literal["hen"] = "hen"

    class Duck(TaggedModel):
        pet_kind: Literal["duck"] = "duck"

    pets: TypeAdapter[Hen | Duck | UnknownVariant] = TypeAdapter(
        Annotated[Hen | Duck | UnknownVariant, OpenUnion("pet_kind")]
    )
    assert pets.validate_python({"petKind": "duck"}) == Duck()
    assert (Hen.__pydantic_complete__, Duck.__pydantic_complete__) == (False, True)
