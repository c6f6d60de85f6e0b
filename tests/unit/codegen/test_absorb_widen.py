"""The widest of two types takes what either takes, and no more than it must."""

from __future__ import annotations

import pytest

from codegen.absorb.widen import Widener
from codegen.ir import (
    Array,
    Choice,
    Const,
    EnumDef,
    Map,
    Null,
    Nullable,
    ObjectDef,
    Ref,
    Scalar,
    TypeDef,
    TypeExpr,
    UnionDef,
)

ANY = Scalar("any")
STRING = Scalar("string")
INTEGER = Scalar("integer")
NUMBER = Scalar("number")
BOOLEAN = Scalar("boolean")
SHORT = Scalar("string", None, (("minLength", 1), ("maxLength", 9)))

TYPES: dict[str, TypeDef] = {
    "Color": EnumDef("Color", "Color", (("blue", ""),)),
    "Cat": ObjectDef("Cat", "Cat", ()),
    "Dog": ObjectDef("Dog", "Dog", ()),
    "Pet": UnionDef("Pet", "Pet", (Ref("Cat"), Ref("Dog")), None),
}
COLOR, CAT, DOG, PET = map(Ref, TYPES)
EITHER = Ref("Either")


def widen(old: TypeExpr, new: TypeExpr) -> TypeExpr:
    return Widener(TYPES, lambda *_: EITHER).widen(old, new)


@pytest.mark.parametrize(
    "same", [ANY, SHORT, Const("a"), CAT, Array(STRING, 2), Map(CAT), Nullable(CAT), Null()]
)
def test_a_type_that_did_not_change_stays(same: TypeExpr) -> None:
    assert widen(same, same) == same


@pytest.mark.parametrize(
    ("one", "other", "wide"),
    [
        pytest.param(STRING, Nullable(STRING), Nullable(STRING), id="null comes in"),
        pytest.param(STRING, Null(), Nullable(STRING), id="null alone makes it nullable"),
        pytest.param(Nullable(STRING), Null(), Nullable(STRING), id="null adds nothing to what is nullable"),
        pytest.param(Nullable(CAT), DOG, Nullable(EITHER), id="what is nullable stays so when it widens"),
        pytest.param(Nullable(INTEGER), Nullable(NUMBER), Nullable(NUMBER), id="both are nullable"),
        pytest.param(INTEGER, NUMBER, NUMBER, id="an integer is a number"),
        pytest.param(STRING, SHORT, STRING, id="no limit is wider than any"),
        pytest.param(Scalar("string", "uri"), STRING, STRING, id="a format that only one has is dropped"),
        pytest.param(Const("a"), STRING, STRING, id="a string covers a constant string"),
        pytest.param(Const(value=True), BOOLEAN, BOOLEAN, id="a boolean covers true"),
        pytest.param(Const(3), INTEGER, INTEGER, id="an integer covers a constant number"),
        pytest.param(Const("blue"), COLOR, COLOR, id="a constant becomes the enum"),
        pytest.param(CAT, PET, PET, id="a union covers its branch"),
        pytest.param(CAT, DOG, EITHER, id="two named types become a named union"),
        pytest.param(Array(CAT), Array(DOG), Array(EITHER), id="items widen"),
        pytest.param(Map(INTEGER), Map(NUMBER), Map(NUMBER), id="values widen"),
        pytest.param(Map(CAT, COLOR), Map(DOG, COLOR), Map(EITHER, COLOR), id="names stay"),
        pytest.param(Map(CAT, COLOR), Map(DOG), Map(EITHER), id="any names are allowed"),
        pytest.param(Array(STRING, 1), Array(STRING), Array(STRING), id="the fewer items are allowed"),
        pytest.param(Choice((Const("a"), Const("b"))), STRING, STRING, id="a string covers constants"),
        pytest.param(
            Choice((STRING, INTEGER)), INTEGER, Choice((STRING, INTEGER)), id="a choice covers its member"
        ),
    ],
)
def test_the_wider_type_is_found_from_both_sides(one: TypeExpr, other: TypeExpr, wide: TypeExpr) -> None:
    assert widen(one, other) == wide
    assert widen(other, one) == wide


@pytest.mark.parametrize(
    "other", [SHORT, CAT, COLOR, Array(CAT), Map(STRING), Nullable(PET), Null(), Const(1)]
)
def test_what_is_opaque_covers_everything(other: TypeExpr) -> None:
    assert widen(ANY, other) == ANY
    assert widen(other, ANY) == ANY


def test_an_open_enum_and_a_string_cover_each_other_so_the_old_one_stays() -> None:
    assert widen(STRING, COLOR) == STRING
    assert widen(COLOR, STRING) == COLOR


def test_a_limited_string_does_not_cover_an_enum_or_a_constant() -> None:
    assert widen(SHORT, COLOR) == Choice((SHORT, COLOR))
    assert widen(SHORT, Const("a")) == Choice((SHORT, Const("a")))


def test_limits_that_differ_are_dropped_and_those_that_agree_stay() -> None:
    new = Scalar("string", None, (("minLength", 1), ("maxLength", 99)))
    assert widen(SHORT, new) == Scalar("string", None, (("minLength", 1),))


def test_an_integer_and_a_number_keep_the_limits_they_share() -> None:
    least = (("minimum", 0),)
    assert widen(Scalar("integer", None, least), Scalar("number", None, (*least, ("maximum", 5)))) == Scalar(
        "number", None, least
    )


def test_types_of_different_kinds_become_a_choice_in_the_order_they_came() -> None:
    assert widen(STRING, INTEGER) == Choice((STRING, INTEGER))
    assert widen(Choice((STRING, INTEGER)), BOOLEAN) == Choice((STRING, INTEGER, BOOLEAN))
    assert widen(Const("a"), Const("b")) == Choice((Const("a"), Const("b")))


def test_a_constant_of_another_kind_is_not_covered() -> None:
    assert widen(BOOLEAN, Const("a")) == Choice((BOOLEAN, Const("a")))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CAT, DOG),
        (Nullable(STRING), Array(CAT)),
        (SHORT, INTEGER),
        (Choice((STRING, CAT)), Nullable(BOOLEAN)),
        (Array(STRING, 3), Array(INTEGER, 1)),
    ],
)
def test_the_wider_type_takes_both_and_widening_again_changes_nothing(old: TypeExpr, new: TypeExpr) -> None:
    types = {**TYPES, "Either": UnionDef("Either", "Either", (CAT, DOG), None)}
    widener = Widener(types, lambda *_: EITHER)
    wide = widener.widen(old, new)
    assert widener.covers(wide, old)
    assert widener.covers(wide, new)
    assert widener.widen(wide, new) == widener.widen(wide, old) == wide
