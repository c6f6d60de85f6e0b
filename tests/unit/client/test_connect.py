"""Finding the CLI, its command line, and transports that own something."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import ConnectError, CopilotClient, UsageError
from copilot_sdk._connect import CLI_PATH_VARIABLE, Connect, OwningTransport, Spawn, find_cli
from copilot_sdk.transports.address import Address
from copilot_sdk.transports.memory import memory_pair


@pytest.fixture(autouse=True)
def no_cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CLI_PATH_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.touch()
    path.chmod(mode)
    return path


def test_without_a_cli_the_error_names_all_ways_to_give_one() -> None:
    with pytest.raises(ConnectError) as caught:
        find_cli()
    assert all(
        way in str(caught.value) for way in ("install", "CopilotClient", CLI_PATH_VARIABLE, "embedded")
    )


def test_the_argument_comes_before_the_variable_and_that_before_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = program(tmp_path / "bin" / "copilot")
    assert find_cli() == [str(on_path)]
    by_variable = program(tmp_path / "variable")
    monkeypatch.setenv(CLI_PATH_VARIABLE, str(by_variable))
    assert find_cli() == [str(by_variable)]
    given = program(tmp_path / "given")
    assert find_cli(given) == [str(given)]


def test_scripts_are_run_by_their_interpreters(tmp_path: Path) -> None:
    assert find_cli(program(tmp_path / "cli.js", 0o644))[0] == "node"
    assert find_cli(program(tmp_path / "cli.py", 0o644))[0] == sys.executable


def test_a_bad_path_is_named_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConnectError, match="not executable"):
        find_cli(program(tmp_path / "plain", 0o644))
    monkeypatch.setenv(CLI_PATH_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ConnectError, match=rf"nowhere.*from {CLI_PATH_VARIABLE}.*no such file"):
        find_cli()


def test_the_command_line_has_the_flags_of_the_server_mode(tmp_path: Path) -> None:
    cli = program(tmp_path / "cli")
    flags = ["--headless", "--no-auto-update", "--log-level"]
    assert Spawn(path=cli).command() == [str(cli), *flags, "error", "--stdio"]
    spawn = Spawn(path=cli, args=["--x"], log_level="debug", use_logged_in_user=False, tcp=True)
    assert spawn.command() == [str(cli), "--x", *flags, "debug", "--no-auto-login"]
    assert Spawn(path=cli, github_token="t").command()[-3:] == [
        "--auth-token-env", "COPILOT_SDK_AUTH_TOKEN", "--stdio",
    ]  # fmt: skip
    idle = Spawn(path=cli, session_idle_timeout=600)
    assert idle.command()[-3:] == ["--session-idle-timeout", "600", "--stdio"]


@pytest.mark.parametrize("seconds", [0, -1, 0.5, True, "600"])
def test_a_session_idle_timeout_is_a_number_of_seconds(seconds: Any) -> None:
    with pytest.raises(UsageError, match=r"session_idle_timeout .*whole number of seconds"):
        CopilotClient(session_idle_timeout=seconds)


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [("4321", "127.0.0.1", 4321), ("example.com:1", "example.com", 1), ("[::1]:65535", "::1", 65535)],
)
def test_addresses_are_read(address: str, host: str, port: int) -> None:
    assert Connect.parse(address) == Connect(Address("tcp", host, port))


async def test_what_a_transport_owns_is_released_once_and_after_it() -> None:
    near, far = memory_pair()
    released = []

    async def release() -> None:
        await asyncio.sleep(0)
        released.append(1)

    owning = OwningTransport(near, release)
    await owning.send(b"x")
    assert await far.receive() == b"x"
    assert owning.describe() == near.describe()
    await asyncio.gather(owning.aclose(), owning.aclose())
    await owning.aclose()
    assert released == [1]
