"""A sweep tries every value, and tells of each that fails."""

from __future__ import annotations

import pytest

from tests.support.sweep import parts_of, sweep

NAMES = [str(number) for number in range(100)]


def test_every_value_is_tried_once() -> None:
    tried: list[str] = []

    def take(name: str) -> None:
        tried.append(name)

    decorated = sweep("name", NAMES)(take)
    for part in parts_of(decorated) or ():
        decorated(part)
    assert tried == NAMES


def test_one_case_is_tried_alone() -> None:
    decorated = sweep("name", NAMES)(lambda name: None)
    assert parts_of(decorated, ["41", "no such"]) == [["41"]]
    assert parts_of(lambda: None, ["41"]) is None


def test_each_value_that_fails_is_told_of() -> None:
    def odd(name: str, face: str) -> None:
        assert face == "sync"
        if name == "1":
            pytest.fail("one")
        if name == "3":
            raise ValueError("three")

    with pytest.raises(BaseExceptionGroup, match="2 of 4 cases fail") as caught:
        sweep("name", NAMES)(odd)(["0", "1", "2", "3"], face="sync")
    assert [failure.__notes__ for failure in caught.value.exceptions] == [["name: 1"], ["name: 3"]]


@sweep("name", NAMES)
@pytest.mark.parametrize("face", ["sync"])
def test_a_sweep_goes_with_other_parameters(name: str, face: str) -> None:
    assert (name in NAMES, face) == (True, "sync")
