"""Whatever a policy lets through, the file system, a shell and another parser agree that it was meant."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic import AnyUrl

from copilot_sdk.permissions._files import real_path
from copilot_sdk.permissions._names import host_of
from copilot_sdk.permissions._shell import commands_of

_BASH = shutil.which("bash")
_STEPS = st.lists(
    st.sampled_from(["in", "out", "file", "new", "..", ".", "", "up", "over", "cross", "nothing", "loop"]),
    max_size=7,
)
_PIECES = [
    "ok", "bad", " ", " ", "\t", "\n", "\r", ";", "&", "&&", "|", "||", "'", '"', "\\", "$", "(", ")", "`", "<", ">",
    "{", "}", "#", "!", "~", "*", "?", "=", "if ok", "then", "fi", "do", "done", "x", "-", "\u00a0", "[", "]", "^",
    " x", " ok", ";ok", "&&ok", "|ok", "\nok", "'x y'", '"x;y"', "\\ ",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders with links between them; each file says where it is."""
    top = tmp_path_factory.mktemp("tree")
    for name in ("in", "out"):
        (top / name / "in").mkdir(parents=True)
        for place in (top / name, top / name / "in"):
            (place / "file").write_text(name)
    (top / "in" / "up").symlink_to("..")
    (top / "in" / "over").symlink_to(top / "out" / "in")
    (top / "in" / "cross").symlink_to("../out/file")
    (top / "in" / "nothing").symlink_to("../out/new")
    (top / "in" / "loop").symlink_to("loop")
    (top / "out" / "over").symlink_to(top / "in")
    return top


@given(steps=_STEPS)
@example(steps=["new", "..", "..", "out", "file"])
@example(steps=["over", "..", "file"])
@example(steps=["nothing"])
@settings(max_examples=200)
def test_what_lies_below_a_folder_is_opened_below_it(folder: Path, steps: list[str]) -> None:
    path = "/".join([str(folder), "in", *steps])
    found = real_path(path)
    assume(found is not None and found.is_relative_to(folder / "in"))
    if Path(path).is_file():
        assert Path(path).read_text() == "in"
        return
    outside = set((folder / "out").rglob("*"))
    try:
        with open(path, "w") as new:  # noqa: PTH123 - a Path would take the path apart
            new.write("new")
    except OSError:
        return
    try:
        assert set((folder / "out").rglob("*")) == outside
    finally:
        Path(found or path).unlink()


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder to run commands in, where wildcards would find what is bad."""
    if _BASH is None:
        pytest.skip("there is no bash")
    folder = tmp_path_factory.mktemp("shell")
    (folder / "bad").touch()
    yield folder
    assert [path.name for path in folder.iterdir()] == ["bad"]


# Most lines that do not begin so have other commands, and say nothing.
@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=7))
@example(pieces=[" ", "'", ";", "'", " ", "ok"])
@example(pieces=["\n", "ok", " ", "x"])
@settings(max_examples=50, suppress_health_check=[HealthCheck.filter_too_much])
def test_a_shell_runs_the_commands_that_are_read_with_their_words(shell: Path, pieces: list[str]) -> None:
    line = "ok" + "".join(pieces)
    commands = commands_of(line)
    assume(commands is not None and all(words[0] == ("ok", False) for words in commands))
    assert commands is not None
    counts = [str(len(words) - 1) for words in commands if not any(word.expands for word in words)]
    assume(len(counts) == len(commands))
    told = shell.parent / "told"
    told.write_text("")
    script = f'ok() {{ echo $# >> "{told}"; }}\nbad() {{ echo bad >> "{told}"; }}\n{line}\n'
    ended = subprocess.run([str(_BASH), "-c", script], cwd=shell, capture_output=True, check=False)
    ran = told.read_text().split()
    # A part of a pipe runs when it likes, and what follows `||` may not run at all.
    assert set(ran) <= set(counts)
    assert ended.returncode in (0, 2)


@given(
    text=st.lists(
        st.sampled_from(
            [*"ab.:/@\\?#%[]-_ ~\t", "http:", "https://", "//", "a.b", "%2e", "\u0430", "。", "\u00ad"]
        ),
        max_size=10,
    ).map(lambda parts: "https://" + "".join(parts))
)
@example(text="https://a.b\\@c.d")
@example(text="https://a.b:8/c")
@settings(max_examples=500)
def test_a_host_is_what_another_parser_reads_too(text: str) -> None:
    host = host_of(text)
    if host is None:
        return
    assert (AnyUrl(text).host or "").removesuffix(".") == host
