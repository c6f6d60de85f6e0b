"""Files in memory and in a folder behave alike."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copilot_sdk.providers import FolderFiles, MemoryFiles, PartialWriteError

Both = FolderFiles | MemoryFiles


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Both:
    return FolderFiles(tmp_path / "root") if request.param == "folder" else MemoryFiles()


def test_what_was_written_is_read(files: Both) -> None:
    files.write("/a/b/c.txt", b"one", None)
    assert files.read("/a/b/c.txt") == b"one"
    files.write("/a/b/c.txt", b"2", 0o600)
    files.append("/a/b/c.txt", b"3", None)
    files.append("/a/new", b"4", None)
    assert (files.read("/a/b/c.txt"), files.read("/a/new")) == (b"23", b"4")
    assert (files.names("/"), files.names("/a")) == (["a"], ["b", "new"])


def test_the_status_tells_files_from_directories(files: Both) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    files.write("/a/f", b"four", None)
    assert files.status("/a").is_directory
    found = files.status("/a/f")
    assert (found.is_directory, found.size) == (False, 4)
    assert before < found.modified <= datetime.now(UTC) + timedelta(seconds=2)
    assert before < found.created <= datetime.now(UTC) + timedelta(seconds=2)


def test_what_is_not_there_is_not_found(files: Both) -> None:
    files.make_directory("/d", recursive=True, mode=None)
    for call in (files.read, files.status, files.names):
        with pytest.raises(FileNotFoundError):
            call("/d/none")
    with pytest.raises(FileNotFoundError):
        files.remove("/d/none", recursive=True)
    with pytest.raises(FileNotFoundError):
        files.rename("/d/none", "/d/other")
    with pytest.raises(FileNotFoundError):
        files.make_directory("/d/none/below", recursive=False, mode=None)


def test_a_directory_is_made_once_unless_recursive(files: Both) -> None:
    files.make_directory("/a/b", recursive=True, mode=None)
    files.make_directory("/a/b", recursive=True, mode=None)
    with pytest.raises(FileExistsError):
        files.make_directory("/a/b", recursive=False, mode=None)
    files.write("/f", b"", None)
    with pytest.raises(FileExistsError):
        files.make_directory("/f", recursive=True, mode=None)


def test_a_directory_is_removed_with_its_content_only_when_recursive(files: Both) -> None:
    files.write("/a/b/c", b"", None)
    with pytest.raises(OSError, match="not empty"):
        files.remove("/a", recursive=False)
    files.remove("/a/b/c", recursive=False)
    files.remove("/a/b", recursive=False)
    files.write("/a/x/y", b"", None)
    files.remove("/a", recursive=True)
    assert files.names("/") == []


def test_files_and_directories_are_renamed(files: Both) -> None:
    files.write("/a/f", b"1", None)
    files.write("/g", b"2", None)
    files.rename("/a/f", "/g")
    assert files.read("/g") == b"1"
    files.write("/a/x/y", b"3", None)
    files.rename("/a", "/b/c")
    assert files.read("/b/c/x/y") == b"3"
    with pytest.raises(FileNotFoundError):
        files.status("/a")
    with pytest.raises(OSError, match="b"):
        files.rename("/b", "/b/c/d")


def test_a_file_is_no_directory(files: Both) -> None:
    files.write("/f", b"", None)
    with pytest.raises(OSError, match="f"):
        files.write("/f/below", b"", None)
    with pytest.raises(NotADirectoryError):
        files.names("/f")


def test_a_directory_is_no_file(files: Both) -> None:
    files.write("/d/f", b"", None)
    for path in ("/d", "/"):
        with pytest.raises(OSError, match=r"."):
            files.read(path)
        with pytest.raises(OSError, match=r"."):
            files.write(path, b"", None)


def test_paths_above_the_root_of_memory_are_the_root() -> None:
    files = MemoryFiles()
    files.write("/../../a/../b/./c", b"1", None)
    assert files.read("b/c") == b"1"


OUTSIDE = ["/../secret", "/a/../../secret", "/link/secret", "/file", "/link/new/deep"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_no_path_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    for secret in (outside / "secret", tmp_path / "secret"):
        secret.write_text("hidden")
    (root / "link").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    files = FolderFiles(root)
    for call in (files.read, files.status, files.names):
        with pytest.raises(PermissionError):
            call(path)
    with pytest.raises(PermissionError):
        files.write(path, b"changed", None)
    with pytest.raises(PermissionError):
        files.append(path, b"changed", None)
    with pytest.raises(PermissionError):
        files.make_directory(path, recursive=True, mode=None)
    assert sorted(str(p.relative_to(tmp_path)) for p in outside.rglob("*")) == ["outside/secret"]
    assert {(outside / "secret").read_text(), (tmp_path / "secret").read_text()} == {"hidden"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_is_deleted_or_moved_itself_and_never_what_it_leads_to(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (root / "link").symlink_to(outside)
    files = FolderFiles(root)
    files.rename("/link", "/moved")
    files.remove("/moved", recursive=True)
    assert list(root.iterdir()) == []
    with pytest.raises(PermissionError):
        files.remove("/../outside", recursive=True)
    with pytest.raises(PermissionError):
        files.rename("/../outside", "/x")
    (root / "d").mkdir()
    for path in ("/", "/d/..", "/d/../d"):
        with pytest.raises(PermissionError):
            files.remove(path, recursive=True)
    assert (outside / "kept").read_text() == "kept"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such modes")
def test_a_new_file_gets_its_mode(tmp_path: Path) -> None:
    FolderFiles(tmp_path).write("/f", b"", 0o600)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="sizes of files cannot be limited there")
def test_a_write_into_a_folder_that_ends_half_way_has_changed_the_file(tmp_path: Path) -> None:
    import resource

    files = FolderFiles(tmp_path)
    files.write("/f", b"before", None)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, hard))
    try:
        with pytest.raises(PartialWriteError, match="/f"):
            files.write("/f", b"after", None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files.read("/f") != b"before"
    with pytest.raises(IsADirectoryError):
        files.write("/", b"", None)
