"""A limit of AI credits that suits a model, going by how much others have used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.limit_baseline import BASELINES, Caps

_LEAST = 30.0
"""No limit below this is recommended: a session could not do anything with it."""
_FAMILIES = (
    (re.compile("haiku"), "haiku"),
    (re.compile("sonnet"), "sonnet"),
    (re.compile("opus"), "opus"),
    (re.compile("fable"), "claude-fable-5"),
    (re.compile("gemini"), "gemini"),
    (re.compile("^gpt-|codex"), "gpt"),
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction.

    Attributes:
        model: The model, in the one way to write it.
        source: How close the data is to it.
        key: What the data is on.
        family: The family of the model, where the data knows it.
        caps: The caps of the tiers, the lowest first.
        tier: The place of the tier to begin with.
        recommended: The limit to begin with.
    """

    model: str
    source: Literal["model", "family", "global"]
    key: str
    family: str | None
    caps: Caps
    tier: int
    recommended: float


def predict(model: str, client: str) -> Prediction:
    """Predicts a limit.

    Args:
        model: The id of the model.
        client: The kind of client.

    Raises:
        RuntimeFault: There is no data on this kind of client.
    """
    baseline = BASELINES.get(client)
    if baseline is None:
        raise RuntimeFault(f"clientType: {client!r} is none of {', '.join(BASELINES)}")
    name = model.strip().lower()
    family = next((family for pattern, family in _FAMILIES if pattern.search(name)), "")
    source: Literal["model", "family", "global"] = "global"
    key, caps = "global", baseline.everything
    if name in baseline.models:
        source, key, caps = "model", name, baseline.models[name]
    elif family in baseline.families:
        source, key, caps = "family", family, baseline.families[family]
    return Prediction(
        model=name,
        source=source,
        key=key,
        family=None if source == "global" else family or None,
        caps=caps,
        tier=baseline.tier,
        recommended=max(_LEAST, caps[baseline.tier]),
    )
