"""Remembering what was seen, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._recent import RecentIds


def test_an_identifier_is_new_once() -> None:
    recent = RecentIds(10)
    assert [recent.add(text) for text in "aba"] == [True, True, False]


@given(st.lists(st.integers(0, 30)), st.integers(1, 8))
def test_the_last_ones_are_remembered_and_no_more_than_twice_as_many(seen: list[int], limit: int) -> None:
    recent, different = RecentIds(limit), list[str]()
    for number in map(str, seen):
        known = number in different[-limit:]
        if recent.add(number):
            assert not known
            different.append(number)
        assert len(recent._new) + len(recent._old) <= 2 * limit
