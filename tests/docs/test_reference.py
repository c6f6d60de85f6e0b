"""The pages of the reference that are completed by `docs/hooks.py`."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

from copilot_sdk.options import ClientOptions, SessionCreateOptions, SessionResumeOptions

HOOKS = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "hooks.py"))


def completed(page: str) -> str:
    text = HOOKS["on_page_markdown"]("", page=SimpleNamespace(file=SimpleNamespace(src_uri=page)))
    assert isinstance(text, str)
    return text


def test_each_option_of_a_session_says_whether_it_serves_create_resume_or_both() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (both|create|resume) \| \S.+ \| `.+` \|$",
        completed("reference/options.md"),
        re.MULTILINE,
    )
    served = dict(rows)
    assert len(served) == len(rows)
    assert {name for name, serves in rows if serves != "resume"} == SessionCreateOptions.__optional_keys__
    assert {name for name, serves in rows if serves != "create"} == SessionResumeOptions.__optional_keys__
    assert (served["on_permission"], served["name"], served["open_canvases"]) == ("both", "create", "resume")


def test_each_option_of_a_client_is_described() -> None:
    of_clients = completed("reference/options.md").partition("## Of clients")[2]
    assert {*re.findall(r"^\| `(\w+)` \| \S", of_clients, re.MULTILINE)} == ClientOptions.__optional_keys__
