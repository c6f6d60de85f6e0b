"""JSON in the one form that digests are made of: RFC 8785."""

from __future__ import annotations

import json
from decimal import Decimal

from copilot_sdk._model.json_values import is_array, is_object


def canonical(value: object) -> str:
    """A JSON value in its canonical form; all its numbers are taken for floating-point ones."""
    if is_object(value):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return f"{{{','.join(f'{_text(name)}:{canonical(item)}' for name, item in members)}}}"
    if is_array(value):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(float(value))
    return _text(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """As ECMAScript writes it: the fewest digits that tell it from its neighbours."""
    digits = Decimal(repr(value)).normalize()
    if value == 0:
        return "0"
    return f"{digits:f}" if 1e-6 <= abs(value) < 1e21 else f"{digits:e}"
