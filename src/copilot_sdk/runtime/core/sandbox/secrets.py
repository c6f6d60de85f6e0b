"""Variables that look as if they held a secret, which sandboxed commands need not see."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

_SECRET = re.compile(r"(?:.*_)?(?:TOKEN|SECRET|PASSWORD|KEY)|.*_ACCESS_KEY_ID", re.IGNORECASE | re.DOTALL)
_HOSTS: Mapping[str, str] = {
    "GROQ_API_KEY": "api.groq.com",
    "HF_TOKEN": "huggingface.co",
    "HUGGING_FACE_HUB_TOKEN": "huggingface.co",
}
"""The hosts of variables that belong to one provider."""


def suggested(environment: Mapping[str, str], masked: Collection[str]) -> list[tuple[str, list[str]]]:
    """The variables to mask, with the hosts that would get their values.

    Args:
        environment: What commands see.
        masked: The names of those that are masked already.
    """
    return [
        (name, [_HOSTS[name]] if name in _HOSTS else [])
        for name, value in sorted(environment.items())
        if value and name not in masked and _SECRET.fullmatch(name)
    ]
