"""Plays scenarios on both runtimes and prints what they differ in, for who writes or mends one.

python -m tests.real.support.netns python -m tests.real.differential [AREA | SCENARIO ...]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.real.differential.areas import AREAS
from tests.real.differential.compare import differences
from tests.real.differential.general import GENERAL
from tests.real.differential.play import play


def main() -> int:
    """Plays and prints; returns the exit code."""
    wanted = set(sys.argv[1:])
    for area in AREAS:
        chosen = [s for s in area.scenarios if not wanted or {s.name, area.name} & wanted]
        if not chosen:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="differential-") as folder:
            played = asyncio.run(play(replace(area, scenarios=chosen), Path(folder)))
        print(f"== {area.name}: {time.monotonic() - began:.1f} s")
        for scenario in chosen:
            cli, ours = played[scenario.name]
            print(f"-- {scenario.name} ({cli.failure!r}, {ours.failure!r})")
            found = differences(cli, ours)
            for difference in found:
                if not any(item.accounts_for(difference) for item in (*scenario.known, *GENERAL)):
                    print(f"   {difference.text}\n        {difference.cli}\n        {difference.ours}")
            for item in scenario.known:
                for pattern in item.outdated(found):
                    print(f"   no longer there: {pattern}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
