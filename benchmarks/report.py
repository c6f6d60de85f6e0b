"""From the samples to the table and the file of results."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from benchmarks.plan import Measurement
from benchmarks.processes import Metrics

HEADINGS: tuple[str, ...] = ("measurement", "metric", "copilot_sdk", "official", "official / ours", "aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `official` and `ratio` are None where the official SDK takes no part, `aim` where the ratio has no lower limit.
    """

    case: str
    title: str
    metric: str
    ours: float
    official: float | None
    ratio: float | None
    aim: float | None


def rows_of(measurement: Measurement, samples: Mapping[str, list[Metrics]]) -> Iterable[Row]:
    """The least of each metric on each side."""
    for metric, label in measurement.rows.items():
        ours = least(samples["ours"], metric)
        official = least(samples["official"], metric) if "official" in samples else None
        ratio = official / ours if official is not None and ours > 0 else None
        yield Row(
            measurement.case, measurement.title, label, ours, official, ratio, measurement.aims.get(metric)
        )


def least(samples: list[Metrics], metric: str) -> float:
    return min(sample[metric] for sample in samples)


def table(rows: Iterable[Row]) -> str:
    """The rows as text, each title once."""
    lines: list[tuple[str, ...]] = [HEADINGS]
    title = ""
    for row in rows:
        shown = row.title if row.title != title else ""
        title = row.title
        ratio = "-" if row.ratio is None else f"{row.ratio:.2f}"
        aim = "" if row.aim is None else f">= {row.aim:g}"
        lines.append((shown, row.metric, number(row.ours), number(row.official), ratio, aim))
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join(aligned(line, widths) for line in lines)


def aligned(cells: tuple[str, ...], widths: list[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join([*left, *right]).rstrip()


def number(value: float | None) -> str:
    """Three digits that matter, and no more."""
    if value is None:
        return "-"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    packages = ("copilot-sdk", "github-copilot-sdk", "pydantic")
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **{package: installed(package) for package in packages},
    }


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def document(rows: Iterable[Row]) -> dict[str, object]:
    """The rows for a file."""
    return {"measured_on": machine(), "rows": [asdict(row) for row in rows]}
