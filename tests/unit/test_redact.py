"""What is kept of a recording names no machine and quotes nobody."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.real.support.redact import Redactor, filler

_FOREIGN = "You are an assistant that somebody else described."


def redactor(*own: object) -> Redactor:
    """Replaces the names of one machine, and keeps what is given as our own."""
    return Redactor({"/tmp/home": "/home/user", "/tmp": "/var/tmp", "vm": "host"}, list(own))


@given(st.text())
def test_filler_has_the_length_and_the_line_breaks_of_what_it_stands_for(text: str) -> None:
    filled = filler(text)
    assert len(filled) == len(text)
    assert [i for i, char in enumerate(filled) if char == "\n"] == [
        i for i, c in enumerate(text) if c == "\n"
    ]


def test_foreign_prose_becomes_filler_wherever_it_stands() -> None:
    assert redactor().clean({"content": [{"text": _FOREIGN}]}) == {"content": [{"text": filler(_FOREIGN)}]}


def test_our_own_prose_stays_whole_or_in_part() -> None:
    own = redactor({"prompt": _FOREIGN})
    assert own.clean([_FOREIGN, _FOREIGN[8:-4]]) == [_FOREIGN, _FOREIGN[8:-4]]


def test_a_description_becomes_filler_however_short() -> None:
    assert redactor().clean({"description": "Reads files", "name": "view"}) == {
        "description": filler("Reads files"),
        "name": "view",
    }


def test_short_values_and_values_that_are_no_text_stay() -> None:
    kept = {"type": "session.idle", "ephemeral": True, "count": 3, "share": 0.5, "parentId": None}
    assert redactor().clean(kept) == kept


def test_machine_names_are_replaced_as_words_and_paths_in_keys_and_values() -> None:
    assert redactor().clean({"/tmp/home/a": "/tmp/home/b /tmp/c vm"}) == {
        "/home/user/a": "/home/user/b /var/tmp/c host"
    }


def test_a_word_that_only_holds_a_machine_name_stays() -> None:
    assert redactor().clean("llvm /tmpfs") == "llvm /tmpfs"


def test_the_message_of_an_error_keeps_its_first_line_and_loses_the_names() -> None:
    error = {
        "code": -32603,
        "message": f"Request x failed with message: no /tmp/a\n{_FOREIGN}",
        "data": _FOREIGN,
    }
    assert redactor().clean_error(error) == {
        "code": -32603,
        "message": "Request x failed with message: no /var/tmp/a",
        "data": filler(_FOREIGN),
    }


def test_names_that_are_left_in_a_text_are_reported() -> None:
    assert redactor().leaks("on vm in /tmp/home/x, and llvm") == ["/tmp/home", "vm"]
    assert redactor().leaks("on host in /home/user") == []


def test_feature_flags_are_numbered_and_their_names_are_gone() -> None:
    flags = {"A_FLAG": True, "B-FLAG": {"name": "B_FLAG", "availability": "off", "tiers": 2}}
    assert Redactor({"machine": "host"}, []).clean({"flags": flags}) == {
        "flags": {"FLAG_1": True, "FLAG_2": {"name": "flag", "availability": "off", "tiers": 2}}
    }
