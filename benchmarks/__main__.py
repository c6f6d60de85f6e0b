"""`python -m benchmarks [CASE ...]`: measures both SDKs in turn and prints the best samples side by side."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.plan import OURS, PLAN, Measurement
from benchmarks.processes import FOLDER, Metrics, SampleFailed, sample
from benchmarks.report import Row, document, machine, rows_of, table
from benchmarks.servers import has_cli

RESULTS = FOLDER / "results.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks.

    Returns:
        The exit code: 1 when a sample failed.
    """
    known = [measurement.case for measurement in PLAN]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"one of {', '.join(known)}; all by default")
    parser.add_argument(
        "--samples", type=int, help="processes per side and case, instead of what the plan says"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="file for the results (%(default)s)")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.cases) - set(known)):
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(known)}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as bytecode:
        for measurement in PLAN:
            if not options.cases or measurement.case in options.cases:
                print(f"{measurement.title} ...", file=sys.stderr, flush=True)
                try:
                    rows += measured(measurement, options.samples or measurement.samples, Path(bytecode))
                except SampleFailed as failure:
                    print(failure, file=sys.stderr)
                    return 1
    options.results.write_text(json.dumps(document(rows), indent=1) + "\n", encoding="utf-8")
    print("measured on " + ", ".join(f"{name} {value}" for name, value in machine().items()))
    print(table(rows))
    return 0


def measured(measurement: Measurement, count: int, bytecode: Path) -> list[Row]:
    """The sides take turns, so that what else the machine does meets both."""
    sides = measurement.sides
    if measurement.of_servers and "official" in sides and not has_cli():
        print("without the CLI: see benchmarks/README.md", file=sys.stderr)
        sides = OURS
    samples: dict[str, list[Metrics]] = {side: [] for side in sides}
    for _ in range(measurement.compiling):
        for side in samples:
            sample(side, measurement.case, bytecode)
    for _ in range(count):
        for side, taken in samples.items():
            taken.append(sample(side, measurement.case, bytecode))
    return list(rows_of(measurement, samples))


if __name__ == "__main__":
    sys.exit(main())
