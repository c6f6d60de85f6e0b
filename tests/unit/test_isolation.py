"""The real CLI meets neither the user's settings nor, unless it was fetched, anything at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.real.support import cli, netns


def test_the_environment_of_the_cli_has_a_home_of_its_own_and_no_credentials(tmp_path: Path) -> None:
    users = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "GH_TOKEN": "secret",
        "GITHUB_TOKEN": "secret",
        "COPILOT_API_URL": "https://models.invalid",
        "COPILOT_HOME": "/home/me/.copilot",
        "XDG_CONFIG_HOME": "/home/me/.config",
        cli.CACHE_VARIABLE: "/cache",
    }
    assert netns.clean_environment(tmp_path, users) == {
        "PATH": "/usr/bin",
        "HOME": str(tmp_path),
        "COPILOT_HOME": str(tmp_path / ".copilot"),
        cli.CACHE_VARIABLE: "/cache",
    }


@pytest.mark.parametrize(("user", "flags"), [(0, "-n"), (1000, "-rn")])
def test_a_namespace_is_entered_with_the_rights_that_the_user_has(
    user: int, flags: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    again = netns.unshare_command(["pytest", "-x"])
    assert again == [
        "/usr/bin/unshare",
        flags,
        sys.executable,
        "-m",
        "tests.real.support.netns",
        "pytest",
        "-x",
    ]


def test_without_unshare_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr(netns, "is_isolated", lambda: False)
    assert netns.main(["pytest"]) == 1
    assert "`unshare` is not on PATH" in capsys.readouterr().err


def test_a_cli_that_was_not_fetched_is_told_with_the_command_that_fetches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cli.CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(cli.CLIUnavailable, match="nox -s real"):
        cli.installed_cli()


def test_a_cli_in_the_cache_is_used_without_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cli.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("shutil.which", lambda name: None)
    executable = tmp_path / f"copilot-linux-x64-{cli.VERSION}" / "copilot"
    executable.parent.mkdir()
    executable.touch()
    assert cli.fetch(cli.CLI) / "copilot" == cli.installed_cli() == executable


@pytest.mark.parametrize(
    ("platform", "machine", "reason"),
    [("darwin", "arm64", "linux-x64 only; this is darwin-arm64"), ("linux", "x86_64", "npm is needed")],
)
def test_where_the_cli_cannot_be_fetched_the_reason_is_told(
    platform: str,
    machine: str,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(cli.CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert cli.main() == 1
    assert reason in capsys.readouterr().err


def test_an_archive_other_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\nfor folder; do :; done\necho other > "$folder/other.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setenv(cli.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("shutil.which", lambda name: str(npm))
    with pytest.raises(cli.CLIUnavailable, match="not the pinned"):
        cli.fetch(cli.CLI)
    assert list((tmp_path / "cache").iterdir()) == []
