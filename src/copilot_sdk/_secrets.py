"""Which members of JSON data hold credentials, and the data without them."""

from __future__ import annotations

import re
from typing import Any, cast

from copilot_sdk.errors import mask_secrets

MASK = "***"

# Fields of such a name are generated with `repr=False`; this is for members that the schema does not know.
_SECRET = re.compile(
    r"(token|secret|api[_-]?key|password|hmac|headers(json)?|authorization)$|^(env|secrets)$", re.IGNORECASE
)


def is_secret(name: object) -> bool:
    """True for a member whose value may be a credential."""
    return isinstance(name, str) and _SECRET.search(name) is not None


def without_secrets(value: object) -> Any:
    """JSON data in which `***` stands for what members of a telling name hold, and for what looks like a credential."""
    if isinstance(value, dict):
        members = cast("dict[object, object]", value)
        return {
            name: _masked(item) if is_secret(name) else without_secrets(item)
            for name, item in members.items()
        }
    if isinstance(value, list):
        return [without_secrets(item) for item in cast("list[object]", value)]
    return mask_secrets(value) if isinstance(value, str) else value


def _masked(value: object) -> object:
    # A flag or a number is no credential, and often tells what is the matter.
    return value if value is None or isinstance(value, bool | int | float) else MASK
