"""The command: what it writes, what it says, and the code it exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen import output
from codegen.__main__ import main
from codegen.models import GeneratorMismatch
from tests.support.small_schema import STRING, Document, put, small_schema


def folder(tmp_path: Path, document: Document, name: str = "schema") -> str:
    path = tmp_path / name
    path.mkdir()
    (path / "api.schema.json").write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def test_it_writes_the_package_and_then_finds_it_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--schema", folder(tmp_path, small_schema()), "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("7 methods, 15 types, 2 events: ")
    assert main([*arguments, "--check"]) == 0
    assert capsys.readouterr().out == ""


def test_a_package_that_is_not_up_to_date_is_told_and_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.py": "# one\n"}
    monkeypatch.setattr(output, "package", lambda _: files)
    arguments = ["--schema", folder(tmp_path, small_schema()), "--out", str(tmp_path / "out"), "--check"]
    assert main(arguments) == 1
    said = capsys.readouterr().err
    assert "a.py is not what the schema gives" in said
    assert "run `python -m codegen`" in said
    assert not (tmp_path / "out").exists()


def test_what_has_no_effect_is_noted_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "package", lambda _: {})
    document = put(small_schema(), "/definitions/Sky/properties/note/uniqueItems", value=True)
    assert main(["--schema", folder(tmp_path, document), "--out", str(tmp_path / "out")]) == 0
    assert (
        "note: keyword 'uniqueItems' has no effect (1 place, first api.schema.json#/definitions/Sky/properties/note)\n"
        in capsys.readouterr().err
    )


def test_a_malformed_schema_is_refused_with_the_place_of_the_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = put(small_schema(), "/definitions/Sky/properties/color", {"$ref": "#/definitions/Paint"})
    assert main(["--schema", folder(tmp_path, document), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == (
        "error: api.schema.json#/definitions/Sky/properties/color/$ref: '#/definitions/Paint' points to nothing\n"
    )


def test_a_file_that_is_not_json_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "odd.schema.json").write_text("{", encoding="utf-8")
    assert main(["--schema", str(tmp_path), "--check"]) == 2
    assert capsys.readouterr().err.startswith("error: odd.schema.json#/: is not JSON")


def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--schema", str(tmp_path / "none")]) == 2
    assert "holds no *.schema.json file" in capsys.readouterr().err


def test_names_that_do_not_fit_are_an_error_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def mismatch(_: object) -> dict[str, str]:
        raise GeneratorMismatch("missing ['Sky'], invented ['Sky1']")

    monkeypatch.setattr(output, "package", mismatch)
    assert main(["--schema", folder(tmp_path, small_schema()), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "error: missing ['Sky'], invented ['Sky1']"


def test_the_report_names_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = folder(tmp_path, small_schema(), "old")
    new = folder(tmp_path, put(small_schema(), "/definitions/Task/properties/more", STRING), "new")
    assert main(["--report", old, new]) == 0
    assert capsys.readouterr().out == "## Types\n\n- changed `Task`: field `more` added\n"


def test_a_report_on_a_malformed_schema_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = folder(tmp_path, small_schema())
    assert main(["--report", good, str(tmp_path / "none")]) == 2
    assert "holds no" in capsys.readouterr().err
