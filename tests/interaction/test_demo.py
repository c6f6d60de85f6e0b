"""The demo, as a new user runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from copilot_sdk.demo.__main__ import main


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "copilot_sdk.demo", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)


def test_the_demo_shows_a_reply_a_tool_call_a_task_and_usage() -> None:
    done = demo()

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for sign in (
        "Hello! I am an agent",
        "permission asked for custom-tool",
        "tool called forecast {'city': 'Lisbon', 'days': 1}",
        "tool finished well",
        "sunny with 24 degrees",
        "There are three vowels",
        "input tokens",
    ):
        assert sign in done.stdout


def test_the_demo_says_what_to_do_when_there_is_no_cli() -> None:
    done = demo("--runtime", "copilot", "--cli-path", "/nowhere/copilot")

    assert done.returncode == 1
    assert "error: no Copilot CLI at '/nowhere/copilot'" in done.stderr


def test_the_demo_says_what_to_install_when_rich_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["demo"])
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.delitem(sys.modules, "copilot_sdk.demo.show", raising=False)

    assert main() == 1
    assert "error: the demo needs rich; install it" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["--runtime=other", "--unknown"])
def test_a_wrong_argument_is_explained(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["demo", wrong])

    with pytest.raises(SystemExit, match="2"):
        main()
    assert "usage: python -m copilot_sdk.demo" in capsys.readouterr().err
