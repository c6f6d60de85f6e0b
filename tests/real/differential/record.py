"""Plays all scenarios on both runtimes, and writes down which methods they call and the page of the documentation.

python -m tests.real.support.netns python -m tests.real.differential.record
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.real.differential import methods, page
from tests.real.differential.actor import Take
from tests.real.differential.areas import AREAS
from tests.real.differential.play import play


def main() -> None:
    """Plays and writes."""
    takes: dict[str, Take] = {}
    for area in AREAS:
        with tempfile.TemporaryDirectory(prefix="differential-") as folder:
            played = asyncio.run(play(area, Path(folder)))
        takes |= {name: cli for name, (cli, _) in played.items()}
    methods.record(takes)
    page.write()


if __name__ == "__main__":
    main()
