"""The protocol that the page about a fifth one adds can be added as the page says."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import pytest

from codegen.__main__ import main
from tests.support.schema_files import faults

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "adding-a-protocol.md"


def blocks(language: str) -> list[str]:
    """The blocks of a language on the page."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_protocol_of_the_page_is_generated_and_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [schema], [program] = blocks("json"), blocks("py")
    *_, printed = blocks("text")
    assert faults({"station.schema.json": json.loads(schema)}) == []
    folder = tmp_path / "schema" / "station"
    folder.mkdir(parents=True)
    (folder / "station.schema.json").write_text(schema, "utf-8")
    assert main(["--schema", str(folder), "--out", str(tmp_path / "station")]) == 0
    assert "has no effect" not in capsys.readouterr().err

    script = tmp_path / "program.py"
    script.write_text(program.replace("copilot_sdk._generated.station", "station"), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "station"]:
            del sys.modules[name]
    assert capsys.readouterr().out == printed


def test_the_modules_that_the_page_names_are_there() -> None:
    root = PAGE.parents[2]
    text = PAGE.read_text("utf-8")
    for name in re.findall(r"`((?:tests|codegen|schema|docs)/[\w/.]+)`", text):
        assert (root / name).exists() or name.startswith("schema/station"), name
    for name in ("_protocol/lines.py", "_protocol/commands.py", "_subscriptions.py", "_scope.py"):
        assert (root / "src" / "copilot_sdk" / name).exists()
