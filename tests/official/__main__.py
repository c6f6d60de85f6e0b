"""`python -m tests.official`: takes down the names of the official SDK and writes docs/reference/official-sdk.md."""

from __future__ import annotations

import sys

from tests.official import names, table, wire
from tests.official.page import PAGE, written


def main() -> int:
    """Takes down and writes.

    Returns:
        The exit code: 1 when a name has no row, or a row names what is not there.
    """
    table.NAMES.write_text("\n".join(names.public_names()) + "\n", encoding="utf-8")
    official = wire.official()
    official.record()
    rows = table.load()
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), rows, official, wire.ours()), encoding="utf-8")
    problems = list(rows.problems())
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
