"""JSON text is read to the same values and with the same faults, whether or not pydantic's core is there to help."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol import json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
ODD = [
    b'{"a":-0}',
    b'{"a":-0.0}',
    b'{"a":1e400}',
    b'{"a":NaN}',
    b"[-Infinity]",
    b'{"a":"\\ud800"}',
    b'{"a":"\\ud83d\\ude00"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\xff"}',
    b'{"a":1,"a":2}',
    b'{"a":123456789012345678901234567890}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"a":2.2250738585072011e-308}',
    b' \t\r\n{"a":1} ',
    b'\xef\xbb\xbf{"a":1}',
    b'{"a":01}',
    b'{"a":1.}',
    b'{"a":1,}',
    b'{"a":"\t"}',
    b'{"a":1} {"b":2}',
    b"[" * 300 + b"]" * 300,
    b"",
    b"{",
]


def outcome(data: bytes) -> str:
    """What comes of reading a text, types of numbers and texts of faults included."""
    try:
        return repr(json_text.read_json(data))
    except ValueError as error:
        return f"{type(error).__name__}: {error}"


def both(data: bytes) -> tuple[str, str]:
    """What comes of it with help and without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_fast", pydantic_core.from_json)
        with_help = outcome(data)
        patch.setattr(json_text, "_fast", None)
        patch.setattr(json_text, "_loaded", lambda: None)
        return with_help, outcome(data)


@given(VALUES, st.booleans())
def test_a_value_is_read_the_same_with_help_and_without(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    with_help, alone = both(text.encode(errors="surrogatepass"))
    assert with_help == alone


@given(st.binary())
def test_what_may_be_no_json_is_refused_in_the_same_words(data: bytes) -> None:
    with_help, alone = both(data)
    assert with_help == alone


@pytest.mark.parametrize("data", ODD)
def test_an_odd_text_is_read_or_refused_the_same_with_help_and_without(data: bytes) -> None:
    with_help, alone = both(data)
    assert with_help == alone


def test_pydantic_is_not_loaded_to_read_a_text() -> None:
    program = (
        "import sys; from copilot_sdk._protocol.json_text import read_json; "
        "print(read_json(b'[1]'), 'pydantic_core' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert printed.stdout == "[1] False\n"
