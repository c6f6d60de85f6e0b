"""`python -m tests.methods`: writes docs/reference/runtime-methods.md from the code and the survey of the CLI."""

from __future__ import annotations

from tests.methods import notes
from tests.methods.page import PAGE, page
from tests.real.survey.page import survey

if __name__ == "__main__":
    PAGE.write_text(page(survey(), notes.load()), encoding="utf-8")
