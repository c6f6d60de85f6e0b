"""Every Python snippet of the documents runs as it stands there, and prints what stands below it."""

from __future__ import annotations

import gc
import logging
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

from copilot_sdk.runtime.core.models.script_file import ScriptFile

ROOT = Path(__file__).parents[2]
_SNIPPET = re.compile(
    r"^```python\n(.*?)^```\n(?:\n(?:[^\n`#]+:\n\n)?```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL
)


def _snippets() -> list[tuple[str, str, str]]:
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    return [
        (f"{document.relative_to(ROOT).as_posix()}-{number}", code, printed)
        for document in documents
        for number, (code, printed) in enumerate(_SNIPPET.findall(document.read_text(encoding="utf-8")), 1)
    ]


SNIPPETS = _snippets()


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_of_others() -> None:
    """What other tests have left behind is logged before the first program."""
    gc.collect()


@pytest.fixture
def log_of_its_own() -> Iterator[None]:
    """What a program wants to have logged is forgotten after it."""
    logger = logging.getLogger("copilot_sdk.client")
    level = logger.level
    yield
    logger.setLevel(level)


def test_the_readme_has_snippets() -> None:
    assert len([name for name, *_ in SNIPPETS if name.startswith("README.md")]) >= 4


@pytest.mark.usefixtures("log_of_its_own")
@pytest.mark.parametrize(
    ("code", "printed"), [rest for _, *rest in SNIPPETS], ids=[name for name, *_ in SNIPPETS]
)
def test_a_snippet_runs_and_complains_of_nothing(
    code: str,
    printed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    # A program sets up OpenTelemetry once, and these are many programs.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())

    runpy.run_path(str(script), run_name="__main__")

    # What is left of it is logged by then.
    gc.collect()
    said = capsys.readouterr()
    assert said.err == ""
    assert "nobody has waited" not in caplog.text
    assert not printed or said.out == printed


def test_the_script_in_the_guide_is_one(tmp_path: Path) -> None:
    guide = (ROOT / "docs/guides/testing.md").read_text(encoding="utf-8")
    text, *_ = re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    path = tmp_path / "script.toml"
    path.write_text(text, encoding="utf-8")
    script = ScriptFile.read(path)
    assert (len(script.replies), script.signed_in()) == (3, "gho_octocat")


def test_the_readme_names_exactly_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python -m pip install nox && python -m nox -s (\w+)$", text, re.MULTILINE)
    assert commands == ["demo", "tests"]
