"""What a docstring tells a model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def documented(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """What a function does, and the descriptions of its parameters."""
    from docstring_parser import parse

    parsed = parse(inspect.getdoc(function) or "")
    texts = [parsed.short_description, parsed.long_description]
    parameters = {item.arg_name: item.description or "" for item in parsed.params}
    return "\n\n".join(text for text in texts if text), parameters
