"""Plays the survey against the real CLI and writes its page.

python -m tests.real.support.cli
python -m tests.real.support.netns python -m tests.real.survey
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.real.support.netns import is_isolated
from tests.real.survey.page import PAGE, counts, page
from tests.real.survey.strictness import misfits
from tests.real.survey.sweep import play_survey
from tests.real.survey.verdicts import verdicts


def main() -> int:
    """Plays and writes; returns the exit code."""
    if not is_isolated():
        print("The CLI runs without a network only: `nox -s survey`", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="survey-") as folder:
        survey = asyncio.run(play_survey(Path(folder)))
    found = verdicts(survey)
    PAGE.write_text(page(found), encoding="utf-8")
    outcomes = [outcome for outcomes in survey.outcomes.values() for outcome in outcomes]
    print(
        f"{counts(found)}; {sum(outcome.answered for outcome in outcomes)} results in {len(outcomes)} calls"
    )
    for misfit in sorted(set().union(*map(misfits, outcomes))):
        print(f"{misfit.method}: {misfit.path or 'the result'}: {misfit.expected}; {misfit.came} came")
    return 0


if __name__ == "__main__":
    sys.exit(main())
