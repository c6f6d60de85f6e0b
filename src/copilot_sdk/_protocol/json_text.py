"""Reading JSON text."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn


def read_json(data: bytes) -> Any:
    """Read the value that a JSON text in UTF-8 stands for.

    The reader of pydantic's core takes half the time of the standard library's, and is used where somebody has loaded
    it. What it does not read, such as half of a surrogate pair, the standard library does or says what is wrong.

    Raises:
        ValueError: It is not JSON, or not UTF-8.
        RecursionError: It is nested too deeply.
    """
    read = _fast or _loaded()
    if read is not None:
        try:
            return read(data, allow_inf_nan=False)
        except ValueError:
            pass
    return _decoder.decode(data.decode())


_fast: Callable[..., Any] | None = None


def _loaded() -> Callable[..., Any] | None:
    global _fast  # noqa: PLW0603 - asked for each message until it is there
    _fast = getattr(sys.modules.get("pydantic_core"), "from_json", None)
    return _fast


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)
