"""The commands `absorb` and `lacking`: what they write, what they say, and the codes they exit with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codegen.__main__ import main
from codegen.absorb.command import lacking, text_of
from tests.support.small_schema import STRING, method, record, reference
from tests.support.versions import (
    API,
    EVENTS,
    FIRST,
    LIFECYCLE,
    SECOND,
    Files,
    event,
    ours,
    read,
    theirs,
    write,
)


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    return write(tmp_path / "ours", ours())


def published(tmp_path: Path, files: Files, version: str | None = SECOND) -> str:
    """The folder of an installed runtime, which its package gives a version."""
    package = tmp_path / "runtime"
    write(package / "schemas", files)
    if version:
        (package / "package.json").write_text(json.dumps({"version": version}), encoding="utf-8")
    return str(package)


def files_in(folder: Path) -> Files:
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def with_snow() -> Files:
    files = theirs()
    files[API]["definitions"]["Snow"] = record((), deep=STRING)
    return files


def test_absorb_rewrites_our_files_and_prints_what_it_did(
    tmp_path: Path, schema: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--schema", str(schema), "absorb", published(tmp_path, with_snow())]) == 0
    assert capsys.readouterr().out == "type Snow is new\n"
    files = files_in(schema)
    assert files[API]["runtimes"] == [FIRST, SECOND]
    assert files.keys() == {API, EVENTS, LIFECYCLE}
    assert "Snow" in read(files).types
    assert (schema / API).read_text(encoding="utf-8") == text_of(files[API])


def test_absorb_leaves_a_file_alone_in_which_nothing_changes(tmp_path: Path, schema: Path) -> None:
    by_hand = '{ "definitions" : {} }'
    (schema / "observed.schema.json").write_text(by_hand, encoding="utf-8")
    before = (schema / LIFECYCLE).read_bytes()
    assert main(["--schema", str(schema), "absorb", published(tmp_path, with_snow())]) == 0
    assert (schema / "observed.schema.json").read_text(encoding="utf-8") == by_hand
    assert (schema / LIFECYCLE).read_bytes() == before


def test_absorb_says_so_when_there_is_nothing_and_writes_the_same_files_again(
    tmp_path: Path, schema: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--schema", str(schema), "absorb", published(tmp_path, with_snow())]
    main(arguments)
    before = files_in(schema)
    capsys.readouterr()
    assert main(arguments) == 0
    assert capsys.readouterr().out == "nothing\n"
    assert files_in(schema) == before


def test_absorb_goes_by_what_was_published_and_writes_no_correction_into_it(
    tmp_path: Path, schema: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    correction = {
        "file": API,
        "at": "/definitions/Sky/properties/note",
        "merge": {"type": ["string", "null"]},
        "evidence": "Weather 1.0: there was no note.",
        "seen": {"result": "look", "path": "/note"},
    }
    (schema / "corrections.json").write_text(json.dumps([correction]), encoding="utf-8")
    before = files_in(schema)
    assert main(["--schema", str(schema), "absorb", published(tmp_path, theirs())]) == 0
    assert capsys.readouterr().out == "nothing\n"
    after = files_in(schema)
    assert after.pop("corrections.json") == before.pop("corrections.json")
    assert after[API]["definitions"] == before[API]["definitions"]


def test_absorb_takes_the_version_that_it_is_told(tmp_path: Path, schema: Path) -> None:
    path = published(tmp_path, with_snow(), version=None)
    assert main(["--schema", str(schema), "absorb", path, "--version", "3.0.0"]) == 0
    assert files_in(schema)[API]["runtimes"] == [FIRST, "3.0.0"]


@pytest.mark.parametrize(
    ("version", "said"),
    [(None, "pass --version"), ("0.1.0", "1.0.0 was absorbed before; 0.1.0 is older")],
)
def test_absorb_refuses_and_touches_nothing(
    tmp_path: Path, schema: Path, capsys: pytest.CaptureFixture[str], version: str | None, said: str
) -> None:
    path = published(tmp_path, with_snow(), version)
    assert main(["--schema", str(schema), "absorb", path]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert files_in(schema) == ours()


@pytest.mark.parametrize("argument", [["nowhere"], ["nowhere", "--version", "2.0.0"]])
def test_absorb_refuses_a_folder_without_schema_files(
    schema: Path, capsys: pytest.CaptureFixture[str], argument: list[str]
) -> None:
    assert main(["--schema", str(schema), "absorb", *argument]) == 2
    assert "nowhere#/: holds no *.schema.json file" in capsys.readouterr().err


def test_lacking_names_each_thing_without_a_description(tmp_path: Path, schema: Path) -> None:
    files = ours()
    files[API]["server"]["ping"].pop("description")
    files[EVENTS]["definitions"]["RainEndedEvent"].pop("description")
    files[API]["definitions"]["Color"]["x-enumDescriptions"].pop("gray")
    files[API]["definitions"]["Sky"].pop("description")
    files[API]["definitions"]["Sky"]["properties"]["note"].pop("description")
    named = set(lacking(write(tmp_path / "bare", files)))
    assert named - set(lacking(schema)) == {
        "method ping",
        "event rain.ended",
        "type Sky",
        "field Sky.note",
        "value Color.gray",
    }


def test_lacking_asks_for_no_text_on_a_constant(schema: Path) -> None:
    named = lacking(schema)
    assert "type Cirrus" in named
    assert "field Cirrus.kind" not in named
    assert named == sorted(named)


def test_lacking_fails_while_something_lacks_a_description(
    tmp_path: Path, schema: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--schema", str(schema), "lacking"]) == 1
    assert "type Stratus\n" in capsys.readouterr().out
    definition = {"description": "All.", **record((), it={"description": "One.", **STRING})}
    whole: Files = {
        API: {"definitions": {"Whole": definition, "More": {"description": "M.", **reference("Whole")}}}
    }
    assert main(["--schema", str(write(tmp_path / "whole", whole)), "lacking"]) == 0
    assert capsys.readouterr().out == "nothing\n"


def test_what_is_absorbed_lacks_a_description(tmp_path: Path, schema: Path) -> None:
    before = set(lacking(schema))
    files = with_snow()
    section = files[API]["definitions"]
    section["Sky"]["properties"].update(deep=STRING, cloud=reference("Snow"), mood=STRING)
    section["Color"]["enum"].append("pink")
    files[API]["server"]["melt"] = method("melt", reference("Snow"), record((), water=STRING))
    files[EVENTS]["definitions"]["SnowEvent"] = event("snow.fell", "RainEndedData")
    files[EVENTS]["definitions"]["SessionEvent"]["anyOf"].append(reference("SnowEvent"))
    main(["--schema", str(schema), "absorb", published(tmp_path, files)])
    assert set(lacking(schema)) - before == {
        "event snow.fell",
        "field MeltResult.water",
        "field Sky.deep",
        "field Snow.deep",
        "method melt",
        "type MeltResult",
        "type SkyCloud",
        "type Snow",
        "value Color.pink",
    }
