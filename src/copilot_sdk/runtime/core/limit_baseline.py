"""How many AI credits sessions use, by the model and by the kind of client: what limits are predicted from.

The numbers are those that Copilot CLI 1.0.102 answers with; each row has the caps of the tiers, the lowest first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Caps = tuple[float, float, float, float]

WINDOW = ("2026-09-12T00:00:00Z", "2026-10-10T00:00:00Z")
"""The time that the numbers cover, from its beginning to its end."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The use of one kind of client.

    Attributes:
        tier: The place of the tier that it begins with.
        everything: The caps over all models.
        families: Those of families of models.
        models: Those of single models.
    """

    tier: int
    everything: Caps
    families: Mapping[str, Caps]
    models: Mapping[str, Caps]


BASELINES: Mapping[str, Baseline] = {
    "cli-interactive": Baseline(
        0,
        (459.0, 1877.0, 4573.0, 29931.0),
        {
            "claude-fable-5": (1180.0, 4431.0, 9500.0, 48275.0),
            "gemini": (256.0, 818.0, 1932.0, 10547.0),
            "gpt": (413.0, 2010.0, 5439.0, 42085.0),
            "haiku": (80.7, 331.0, 760.0, 4110.0),
            "opus": (1302.0, 4347.0, 9731.0, 48330.0),
        },
        {
            "claude-fable-5": (1031.0, 3825.0, 7809.0, 39766.0),
            "claude-haiku-4.5": (85.4, 346.0, 789.0, 4308.0),
            "claude-opus-4.8": (1246.0, 4404.0, 10467.0, 53999.0),
            "claude-opus-5": (1779.0, 5879.0, 13509.0, 65912.0),
            "claude-sonnet-5": (301.0, 1004.0, 2000.0, 7955.0),
            "gpt-5-mini": (10.5, 63.9, 227.0, 1841.0),
            "gpt-5.3-codex": (159.0, 489.0, 953.0, 3699.0),
            "gpt-5.4": (293.0, 972.0, 2232.0, 11436.0),
            "gpt-5.4-mini": (82.2, 378.0, 1532.0, 36379.0),
            "gpt-5.5": (545.0, 1807.0, 3983.0, 25167.0),
        },
    ),
    "cli-prompt": Baseline(
        1,
        (31.6, 102.0, 215.0, 747.0),
        {
            "claude-fable-5": (197.0, 528.0, 830.0, 1975.0),
            "gemini": (3.0, 10.2, 22.8, 86.0),
            "gpt": (33.1, 103.0, 220.0, 763.0),
            "haiku": (4.2, 11.2, 21.0, 55.2),
            "opus": (104.0, 287.0, 485.0, 1676.0),
        },
        {
            "claude-fable-5": (122.0, 313.0, 474.0, 1120.0),
            "claude-haiku-4.5": (4.5, 12.1, 21.9, 57.4),
            "claude-opus-4.8": (129.0, 309.0, 456.0, 1184.0),
            "claude-opus-5": (115.0, 315.0, 568.0, 1924.0),
            "claude-sonnet-4.6": (91.0, 154.0, 222.0, 470.0),
            "claude-sonnet-5": (21.3, 58.5, 105.0, 321.0),
            "gpt-5-mini": (0.867, 1.9, 3.1, 8.6),
            "gpt-5.3-codex": (9.9, 36.8, 55.1, 126.0),
            "gpt-5.4": (21.4, 59.8, 143.0, 493.0),
            "gpt-5.4-mini": (3.0, 7.6, 21.0, 60.4),
            "gpt-5.5": (61.6, 143.0, 238.0, 559.0),
        },
    ),
}
