"""The page about the methods is what the code and the survey give, and most methods are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk.runtime.copilot.methods import METHODS
from copilot_sdk.runtime.copilot.refusals import REFUSALS
from tests.methods import notes
from tests.methods.notes import Note
from tests.methods.page import PAGE, page
from tests.real.survey.page import survey
from tests.real.survey.verdicts import Kind, Verdict
from tests.support.go_reference import GoFacts

LEAST_SERVED = 440


def test_the_page_is_what_the_code_and_the_survey_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(survey(), notes.load()), "run `nox -s methods`"


def test_most_methods_are_served_and_nothing_that_no_client_can_call() -> None:
    assert METHODS.keys() <= set(OUTBOUND)
    assert REFUSALS.keys() <= METHODS.keys()
    assert len(METHODS) >= LEAST_SERVED


def test_every_method_of_the_go_reference_is_served() -> None:
    reference = {name for name, method in GoFacts().methods.items() if method.tree in ("server", "session")}
    assert reference - METHODS.keys() == set()


def test_a_row_has_both_runtimes_and_what_is_otherwise() -> None:
    cli = [
        Verdict("ping", Kind.SERVED),
        Verdict("environments.get", Kind.ACCOUNT),
        Verdict("session.auth.getStatus", Kind.UNKNOWN),
        Verdict("session.mcp.enable", Kind.SERVED),
        Verdict("azureMl.catalog", Kind.PRECONDITION, "no network"),
    ]
    text = page(cli, {"ping": Note("it pongs"), "session.mcp.enable": Note("never", refused=True)})
    for row in (
        "| `ping` | served | served | it pongs |",
        "| `environments.get` | refused | account |  |",
        "| `session.auth.getStatus` | served | unknown | newer than 1.0.61, the CLI has it no more |",
        "| `session.mcp.enable` | refused | served | never |",
        "| `azureMl.catalog` | not served | precondition |  |",
    ):
        assert f"    {row}\n" in text
    assert '??? note "client.rpc: 1 served, 1 with a note"' in text
    assert (
        "| served | it does what the method is for, and refuses where the CLI would | 2 | 1 | 0 | 0 | 1 |"
        in text
    )


@pytest.mark.parametrize(
    ("methods", "problem"),
    [('["ping", "ping"]', "ping has two notes"), ('["pong"]', "pong has a note in .* and is not served")],
)
def test_a_note_is_about_one_method_that_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, methods: str, problem: str
) -> None:
    file = tmp_path / "notes.toml"
    file.write_text(f'[[note]]\nmethods = {methods}\nwords = "it pongs"\n', encoding="utf-8")
    monkeypatch.setattr(notes, "FILE", file)
    with pytest.raises(ValueError, match=problem):
        notes.load()
