"""What is attached to a prompt has the form of the wire."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from copilot_sdk import UsageError
from copilot_sdk.attachments import blob, directory, file, github_url, selection


def test_a_file_has_an_absolute_path_and_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert file("a/b.txt").to_wire() == {
        "type": "file",
        "path": str(tmp_path / "a" / "b.txt"),
        "displayName": "b.txt",
    }
    assert file(tmp_path / "b.txt", name="The report").to_wire()["displayName"] == "The report"


def test_lines_of_a_file_are_counted_from_one() -> None:
    assert file("/b.txt", lines=(2, 2)).to_wire()["lineRange"] == {"start": 2, "end": 2}


@pytest.mark.parametrize("lines", [(0, 3), (3, 2), (-1, -1)])
def test_lines_that_are_no_range_are_refused(lines: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="lines has to be a first and a last line"):
        file("/b.txt", lines=lines)


def test_a_folder_has_an_absolute_path_and_its_name(tmp_path: Path) -> None:
    assert directory(tmp_path / "src").to_wire() == {
        "type": "directory",
        "path": str(tmp_path / "src"),
        "displayName": "src",
    }


def test_a_selection_has_its_text_and_its_place() -> None:
    assert selection("/b.py", "x = 1", (4, 0), (4, 5)).to_wire() == {
        "type": "selection",
        "filePath": "/b.py",
        "displayName": "b.py",
        "text": "x = 1",
        "selection": {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 5}},
    }


def test_bytes_travel_with_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(b"\x89PNG")
    encoded = base64.b64encode(b"\x89PNG").decode()
    assert blob(tmp_path / "dot.png").to_wire() == {
        "type": "blob",
        "data": encoded,
        "mimeType": "image/png",
        "displayName": "dot.png",
    }
    assert blob(b"\x89PNG", "image/png").to_wire() == {
        "type": "blob",
        "data": encoded,
        "mimeType": "image/png",
    }


def test_bytes_of_no_known_type_are_refused(tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(b"x")
    for data in (b"x", tmp_path / "odd"):
        with pytest.raises(UsageError, match="mime_type is missing"):
            blob(data)


def test_a_page_on_github_is_known_by_its_address() -> None:
    assert github_url("https://github.com/a/b/issues/1").to_wire() == {
        "type": "github_url",
        "url": "https://github.com/a/b/issues/1",
    }
