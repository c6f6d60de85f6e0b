"""The runtime over every transport: in this process, as a child process, and listening."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import AuthenticationFailed, AuthenticationNotConfigured, AuthenticationRequired
from copilot_sdk.runtime import Runtime, embedded
from copilot_sdk.runtime.__main__ import main
from copilot_sdk.runtime.copilot.connection import Connection
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.transports import address
from copilot_sdk.transports.address import Address
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.stdio import StdioTransport
from copilot_sdk.transports.tcp import connect, spawn_listening
from tests.support import certificates
from tests.unit.runtime.harness import Client, types

COMMAND = [
    sys.executable,
    "-m",
    "copilot_sdk.runtime",
    "--headless",
    "--no-auto-update",
    "--log-level",
    "error",
]
SECONDS = 20.0

Open = Callable[..., Awaitable[Transport]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as exits:
        yield exits


def _environment(home: Path, **variables: str) -> dict[str, str]:
    source = Path(__file__).parents[2] / "src"
    return {**os.environ, "PYTHONPATH": str(source), "COPILOT_HOME": str(home), **variables}


LISTENING = {
    "unix": "unix:{folder}/socket",
    "tls": "tls://127.0.0.1:0",
    "websocket": "ws://127.0.0.1:0",
    "http": "http://[::1]:0",
}


async def _listening(stack: AsyncExitStack, where: str, home: Path, token: str | None) -> Transport:
    """A runtime in this process that listens."""
    runtime = await stack.enter_async_context(Runtime(home=home))
    wanted = Address.parse(where, listening=True)

    async def serve(transport: Transport) -> None:
        await Connection(runtime, Reception(transport, token=token)).serve()

    context = certificates.serving() if wanted.is_encrypted else None
    listener = await stack.enter_async_context(await address.listen(wanted, serve, ssl=context))
    return await _reach(listener.address)


async def _reach(told: str) -> Transport:
    there = Address.parse(told)
    return await address.connect(there, ssl=certificates.trusting() if there.is_encrypted else None)


@pytest.fixture(params=["memory", "stdio", "tcp", *LISTENING])
def way(request: pytest.FixtureRequest, stack: AsyncExitStack, tmp_path: Path) -> Open:
    """Opens a connection to a runtime of its own."""

    async def run(token: str | None = None) -> Transport:
        environment = _environment(tmp_path)
        if token is not None:
            environment["COPILOT_CONNECTION_TOKEN"] = token
        if request.param == "memory":
            runtime = await stack.enter_async_context(embedded(home=tmp_path, token=token))
            return runtime.connect()
        if request.param == "stdio":
            return await StdioTransport.spawn([*COMMAND, "--stdio"], env=environment)
        if where := LISTENING.get(request.param):
            return await _listening(stack, where.format(folder=tmp_path), tmp_path, token)
        return await spawn_listening(COMMAND, env=environment)

    return run


async def test_a_turn_runs_from_the_first_request_to_idle(way: Open) -> None:
    async with Client(await way()) as client:
        await client.open(streaming=True)
        events = await client.turn("!say hello \n!say you")
        assert "".join(delta["deltaContent"] for delta in client.of("assistant.message_delta")) == "hello you"
        assert types(events)[-1] == "session.idle"


async def test_text_of_all_kinds_passes_unchanged(way: Open) -> None:
    text = 'Grüße \U0001f600 \u2028 "quoted" \\ tab\t'
    async with Client(await way()) as client:
        await client.open()
        await client.turn(f"!say {text}")
        assert client.of("assistant.message")[0]["content"] == text


async def test_shutdown_is_answered_before_the_end(way: Open) -> None:
    async with Client(await way()) as client:
        await client.open()
        assert await client.peer.request("runtime.shutdown", {}, timeout=SECONDS) is None
        assert types(client.events)[-1] == "session.shutdown"


@pytest.mark.parametrize("way", ["memory", "tcp", *LISTENING], indirect=True)
async def test_a_token_is_asked_for(way: Open) -> None:
    async with Peer(await way(token="s3cret"), default_timeout=SECONDS) as peer:
        with pytest.raises(AuthenticationRequired):
            await peer.request("ping")
        for wrong in ({}, {"token": "guess"}):
            with pytest.raises(AuthenticationFailed):
                await peer.request("connect", wrong)
        assert (await peer.request("connect", {"token": "s3cret"}))["ok"] is True
        assert (await peer.request("ping"))["protocolVersion"] == 3


async def test_a_token_that_nobody_wants_is_refused(way: Open) -> None:
    async with Peer(await way(), default_timeout=SECONDS) as peer:
        with pytest.raises(AuthenticationNotConfigured):
            await peer.request("connect", {"token": "x"})


@pytest.mark.parametrize("end", ["eof", "sigterm"])
def test_the_process_ends_with_its_client_or_a_signal(tmp_path: Path, end: str) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(tmp_path),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}'
    process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    process.stdin.flush()
    assert process.stdout.readline().startswith(b"Content-Length")
    if end == "sigterm":
        process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, errors) == (0, b"")


async def test_a_session_survives_the_death_of_the_process(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    transport = await StdioTransport.spawn([*COMMAND, "--stdio"], env=environment)
    async with Client(transport) as client:
        await client.open(sessionId="kept")
        await client.call("session.permissions.setApproveAll", enabled=True)
        await client.send('!call bash {"command": "kill -9 $PPID"}')
        await client.peer.wait_closed()
    async with Client(await StdioTransport.spawn([*COMMAND, "--stdio"], env=environment)) as client:
        client.session_id = "kept"
        await client.call("session.resume")
        stored = (await client.call("session.getMessages"))["events"]
        assert "tool.execution_start" in types(stored)
        await client.turn("!say back")
        assert client.of("assistant.message")[-1]["content"] == "back"


async def test_two_clients_share_a_session_over_tcp(tmp_path: Path) -> None:
    async with Client(await spawn_listening(COMMAND, env=_environment(tmp_path))) as first:
        port = int(first.peer._transport.describe().rpartition(" ")[2].rstrip(")"))
        await first.open()
        async with Client(await connect("127.0.0.1", port, timeout=SECONDS)) as second:
            second.session_id = first.session_id
            await second.call("session.resume")
            await second.turn("hi")
            await first.until("session.idle")
            assert first.events[-1] == second.events[-1]


def test_a_port_in_use_ends_the_process_with_a_message(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [*COMMAND, "--port", str(taken.getsockname()[1])]
        ended = subprocess.run(
            command, capture_output=True, env=_environment(tmp_path), timeout=SECONDS, check=False
        )
    assert ended.returncode == 1
    assert b"cannot listen" in ended.stderr


def test_a_home_that_cannot_be_had_ends_the_process_with_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = subprocess.run(
        [*COMMAND, "--port", "0"],
        capture_output=True,
        env=_environment(tmp_path / "file" / "home"),
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"error: ")
    assert b"Not a directory" in ended.stderr


@pytest.mark.parametrize("where", LISTENING.values(), ids=LISTENING)
async def test_the_process_tells_the_address_that_it_listens_on(tmp_path: Path, where: str) -> None:
    files = ["--tls-certificate", str(certificates.CERTIFICATE), "--tls-key", str(certificates.KEY)]
    more = files if where.startswith("tls") else []
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("--listen", where.format(folder=tmp_path), *more),
        env=_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = (await process.stdout.readline()).decode()
    assert said.startswith("CLI server listening on ")
    async with Peer(await _reach(said.split()[-1]), default_timeout=SECONDS) as peer:
        assert (await peer.request("ping"))["protocolVersion"] == 3
        await peer.request("runtime.shutdown", {})
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        (["--listen", "0.0.0.0:0"], "s3cret", "can be reached from other machines"),
        (["--listen", "ws://example.com:0"], "s3cret", "encrypt with"),
        (["--listen", "https://0.0.0.0:0"], "", "set COPILOT_CONNECTION_TOKEN"),
        (["--listen", "tls://127.0.0.1:0"], "", "--tls-certificate is needed"),
        (["--listen", "nowhere"], "", "is no address"),
    ],
)
def test_a_place_that_is_not_safe_is_refused(
    arguments: list[str],
    token: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COPILOT_CONNECTION_TOKEN", token)
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


async def test_a_script_file_is_played(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(
        '[{"text": ["a", "b"], "calls": [{"name": "nope"}]}, {"error": {"status": 400, "message": "x"}}]'
    )
    command = [*COMMAND, "--stdio", "--script", str(script)]
    async with Client(await StdioTransport.spawn(command, env=_environment(tmp_path))) as client:
        await client.open()
        await client.turn("go")
        assert client.of("assistant.message")[0]["content"] == "ab"
        assert client.of("session.error")[0]["message"] == "x"


def test_a_script_that_is_none_ends_the_process_with_a_message(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"text": "no list"}')
    command = [*COMMAND, "--stdio", "--script", str(script)]
    ended = subprocess.run(
        command, capture_output=True, env=_environment(tmp_path), timeout=SECONDS, check=False
    )
    assert ended.returncode == 2
    assert b"script.json is no script" in ended.stderr


async def test_requests_are_answered_while_others_wait(way: Open) -> None:
    async with Client(await way()) as client:
        await client.open()
        cursor = (await client.call("session.eventLog.tail"))["cursor"]
        waiting = [
            asyncio.create_task(
                client.call("session.eventLog.read", cursor=cursor, waitMs=20000, types=["session.idle"])
            )
            for _ in range(70)
        ]
        assert (await client.call("ping", message="x"))["message"] == "pong: x"
        await client.turn("hi")
        assert {len(batch["events"]) for batch in await asyncio.gather(*waiting)} == {1}
