"""`python -m tests.faults`: runs the faults on both SDKs and writes the table of docs/concepts/faults.md."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

from tests.faults.describe import sentence
from tests.faults.driver import play
from tests.faults.plan import FAULTS, Fault
from tests.faults.table import SIDES, write_page

WORKERS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the faults.

    Returns:
        The exit code: 1 when copilot_sdk does something else than the plan says.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "faults", nargs="*", metavar="FAULT", help="some of them, as JSON; nothing is written"
    )
    parser.add_argument("--side", choices=SIDES, action="append", help="one side alone, with FAULT")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.faults) - set(FAULTS)):
        parser.error(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")
    if options.faults:
        for name in options.faults:
            for side in options.side or SIDES:
                show(side, FAULTS[name])
        return 0
    with ThreadPoolExecutor(WORKERS) as pool:
        cells = {
            side: dict(zip(FAULTS, pool.map(partial(cell, side), FAULTS.values()), strict=True))
            for side in SIDES
        }
    write_page(cells)
    wrong = [fault for fault in FAULTS.values() if cells["ours"][fault.name] != fault.ours]
    for fault in wrong:
        print(f"{fault.name}: {cells['ours'][fault.name]!r} instead of {fault.ours!r}", file=sys.stderr)
    return 1 if wrong else 0


def cell(side: str, fault: Fault) -> str:
    if side == "official" and fault.official is not None:
        return fault.official
    return sentence(fault, play(side, fault))


def show(side: str, fault: Fault) -> None:
    outcome = play(side, fault)
    account = {"side": side, "fault": fault.name, "sentence": sentence(fault, outcome), **asdict(outcome)}
    print(json.dumps(account, indent=1))


if __name__ == "__main__":
    sys.exit(main())
