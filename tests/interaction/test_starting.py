"""Starting a client: what can be wrong with the runtime, the token and the order of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import (
    AuthenticationFailed,
    AuthenticationRequired,
    ConnectError,
    CopilotClient,
    InvalidParams,
    MethodNotFound,
    ProtocolError,
    ProtocolVersionMismatch,
    RpcError,
    UnsupportedMethod,
    UsageError,
)
from copilot_sdk.errors import AuthenticationNotConfigured
from copilot_sdk.providers import Handlers
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.tcp import listen, spawn_listening
from copilot_sdk.types import ConnectClientInfo, GitHubTelemetryNotification
from tests.support.fake_runtime import FakeRuntime


async def test_the_client_knows_the_versions_of_runtime_and_protocol(runtime: FakeRuntime) -> None:
    client = runtime.client()
    assert (client.runtime_version, client.protocol_version) == (None, None)
    async with client:
        assert (client.runtime_version, client.protocol_version) == ("9.9.9", 3)
    assert runtime.requests[0] == ("connect", {"supportedTaskKinds": ["agent", "client", "shell"]})


SINCE_81 = {"enableGitHubTelemetryForwarding", "clientInfo"}


@pytest.mark.parametrize("told", [{"enableGitHubTelemetryForwarding"}, {"clientInfo"}, SINCE_81, set()])
@pytest.mark.parametrize("known", [{"supportedTaskKinds", *SINCE_81}, SINCE_81, set()])
async def test_a_runtime_is_greeted_with_what_it_knows(
    runtime: FakeRuntime, known: set[str], told: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    def strict(params: dict[str, Any]) -> dict[str, Any]:
        if unknown := params.keys() - {"token", *known}:
            raise InvalidParams(f"unknown field {unknown}")
        return {"protocolVersion": 3}

    class Telemetry:
        def event(self, params: GitHubTelemetryNotification) -> None: ...

    runtime.answers["connect"] = strict
    handlers: Handlers = {"github_telemetry": Telemetry()} if told - {"clientInfo"} else {}
    info = ConnectClientInfo(editor_name="acme", editor_version="2.4.0") if "clientInfo" in told else None
    with caplog.at_level("WARNING", "copilot_sdk"):
        async with runtime.client(token="t", handlers=handlers, client_info=info):
            method, params = runtime.requests[-1]
    wanted = {"supportedTaskKinds", *told}
    assert (method, set(params)) == ("connect", {"token", *(known & wanted)})
    expected = {"editorName": "acme", "editorVersion": "2.4.0"}
    assert params.get("clientInfo", expected) == expected
    assert ("does not take client_info" in caplog.text) is ("clientInfo" in told - known)


def test_what_is_no_client_info_is_refused(runtime: FakeRuntime) -> None:
    with pytest.raises(UsageError, match=r"client_info .*ConnectClientInfo, not 'acme'"):
        runtime.client(client_info="acme")


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        ("1.0.61", {"session.tasks.list", "session.auth.getStatus"}),
        ("1.0.80", {"session.tasks.list"}),
        ("1.0.81", {"session.tasks.list", "session.queue.snapshot", "session.gitHubAuth.getStatus"}),
        ("1.0.102-3", {"session.tasks.list", "session.queue.snapshot", "session.gitHubAuth.getStatus"}),
        ("2.0", {"session.tasks.list", "session.queue.snapshot", "session.gitHubAuth.getStatus"}),
        ("nightly", {"session.tasks.list", "session.queue.snapshot", "session.gitHubAuth.getStatus"}),
        (None, {"session.tasks.list", "session.queue.snapshot", "session.gitHubAuth.getStatus"}),
    ],
)
async def test_the_version_of_the_runtime_tells_what_it_supports(
    runtime: FakeRuntime, version: str | None, supported: set[str]
) -> None:
    runtime.answers["connect"] = {"ok": True, "protocolVersion": 3, "version": version}
    asked = {
        "session.tasks.list",
        "session.queue.snapshot",
        "session.auth.getStatus",
        "session.gitHubAuth.getStatus",
        "session.no.such",
    }
    async with runtime.client() as client:
        assert {method for method in asked if client.supports(method)} == supported


async def test_only_a_connected_client_can_say_what_is_supported(runtime: FakeRuntime) -> None:
    client = runtime.client()
    with pytest.raises(UsageError, match="not started"):
        client.supports("ping")
    async with client:
        assert client.supports("ping")
    with pytest.raises(UsageError, match="closed"):
        client.supports("ping")


async def test_a_method_that_is_gone_raises_an_error_that_names_its_successor(runtime: FakeRuntime) -> None:
    async with runtime.client() as client:
        session = await client.create_session()
        with pytest.raises(
            UnsupportedMethod, match=r"newer ones have session\.gitHubAuth\.getStatus"
        ) as caught:
            await session.rpc.auth.get_status()
        assert caught.value.alternative == "session.gitHubAuth.getStatus"


async def test_a_runtime_without_connect_is_greeted_with_ping(runtime: FakeRuntime) -> None:
    del runtime.answers["connect"]
    runtime.answers["ping"] = {"message": "pong", "protocolVersion": 3}
    async with runtime.client() as client:
        assert (client.runtime_version, client.protocol_version) == (None, 3)


@pytest.mark.parametrize(
    ("answer", "server"),
    [({"protocolVersion": 2}, 2), ({"protocolVersion": 4}, 4), ({}, None), ({"protocolVersion": "3"}, None)],
)
async def test_another_protocol_version_is_refused(
    runtime: FakeRuntime, answer: dict[str, Any], server: int | None
) -> None:
    runtime.answers["connect"] = answer
    with pytest.raises(ProtocolVersionMismatch) as caught:
        await runtime.client().start()
    assert caught.value.server == server
    await runtime.peer.wait_closed()


async def test_a_greeting_that_is_no_object_is_refused(runtime: FakeRuntime) -> None:
    runtime.answers["connect"] = "hello"
    with pytest.raises(ProtocolError, match="is it a Copilot runtime"):
        await runtime.client().start()


async def test_a_runtime_that_says_nothing_is_given_up_in_time(runtime: FakeRuntime) -> None:
    runtime.answers["connect"] = lambda _: asyncio.Event().wait()
    with pytest.raises(ConnectError, match=r"not ready within 0\.02 s.*start_timeout"):
        await runtime.client(start_timeout=0.02).start()


async def test_a_connector_that_hangs_is_given_up_in_time() -> None:
    async def hang() -> Transport:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ConnectError, match=r"not ready within 0\.02 s"):
        await CopilotClient.over(hang, start_timeout=0.02).start()


async def test_a_runtime_that_goes_away_during_the_handshake_is_a_connect_error(runtime: FakeRuntime) -> None:
    # The answer comes after the end of the connection, so it never arrives.
    runtime.answers["connect"] = lambda _: asyncio.create_task(runtime.drop())
    with pytest.raises(ConnectError, match="ended the connection before it was ready"):
        await runtime.client().start()


@pytest.mark.parametrize(
    "error",
    [AuthenticationRequired("no token"), AuthenticationFailed("no"), AuthenticationNotConfigured("no")],
)
async def test_a_refused_token_is_an_error_of_its_own(runtime: FakeRuntime, error: RpcError) -> None:
    runtime.answers["connect"] = error
    with pytest.raises(type(error)) as caught:
        await runtime.client(token="sesame-opens-nothing").start()
    assert "sesame" not in str(caught.value)


async def test_the_token_goes_to_the_runtime_over_tcp(runtime: FakeRuntime) -> None:
    def check(params: dict[str, Any]) -> dict[str, Any]:
        if params.get("token") != "sesame":
            raise AuthenticationFailed("AUTHENTICATION_FAILED")
        return {"protocolVersion": 3}

    async def serve(transport: Transport) -> None:
        from copilot_sdk._rpc.peer import Peer

        async with Peer(transport, on_request=runtime._answer) as peer:
            await peer.wait_closed()

    runtime.answers["connect"] = check
    listener = await listen("127.0.0.1", 0, serve)
    async with listener:
        async with CopilotClient.connect(f"localhost:{listener.port}", token="sesame") as client:
            await client.ping()
        with pytest.raises(AuthenticationFailed, match="not the one"):
            await CopilotClient.connect(str(listener.port), token="wrong").start()
        with pytest.raises(AuthenticationRequired, match="COPILOT_CONNECTION_TOKEN as the argument `token`"):
            await CopilotClient.connect(str(listener.port)).start()


async def test_nobody_listens(unused_tcp_port: int) -> None:
    with pytest.raises(ConnectError, match=str(unused_tcp_port)):
        await CopilotClient.connect(str(unused_tcp_port)).start()


# ------------------------------------------------------------------------- CLI


@pytest.fixture
def cli(tmp_path: Path) -> Callable[[str], CopilotClient]:
    """Makes clients of a CLI with a given source."""

    def make(source: str, **options: Any) -> CopilotClient:
        path = tmp_path / "cli.py"
        path.write_text("import os, sys\n" + source)
        return CopilotClient(path, **options)

    return make


async def test_a_wrong_path_of_the_cli_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match=r"no Copilot CLI at .*nowhere"):
        await CopilotClient(tmp_path / "nowhere").start()


async def test_a_cli_that_dies_at_start_leaves_its_last_words(cli: Callable[..., CopilotClient]) -> None:
    with pytest.raises(ConnectError, match="exit code 7") as caught:
        await cli("sys.exit(print('no licence found', file=sys.stderr) or 7)").start()
    assert "no licence found" in str(caught.value)
    assert "no licence found" in caught.value.stderr


async def test_a_line_that_is_no_frame_is_quoted(cli: Callable[..., CopilotClient]) -> None:
    with pytest.raises(ConnectError, match="Welcome to the CLI!"):
        await cli("print('Welcome to the CLI!', flush=True); sys.stdin.read()").start()


async def test_a_cli_that_answers_nothing_is_stopped_in_time(cli: Callable[..., CopilotClient]) -> None:
    with pytest.raises(ConnectError, match="not ready within"):
        await cli("sys.stdin.read()", start_timeout=0.5).start()


async def test_a_listening_cli_gets_a_token_of_its_own(
    cli: Callable[..., CopilotClient], tmp_path: Path
) -> None:
    told = tmp_path / "token"
    source = f"open({str(told)!r}, 'w').write(os.environ['COPILOT_CONNECTION_TOKEN']); sys.exit(1)"
    tokens = set()
    for _ in range(2):
        with pytest.raises(ConnectError):
            await cli(source, tcp=True).start()
        tokens.add(told.read_text())
    assert len(tokens) == 2
    assert all(len(token) > 20 for token in tokens)


async def test_the_home_is_in_the_environment(cli: Callable[..., CopilotClient], tmp_path: Path) -> None:
    told = tmp_path / "told"
    source = f"open({str(told)!r}, 'w').write(os.environ['COPILOT_HOME'])"
    with pytest.raises(ConnectError):
        await cli(source, home=tmp_path / "home", env={"COPILOT_HOME": "/elsewhere"}).start()
    assert told.read_text() == str(tmp_path / "home")


async def test_a_listening_cli_may_take_as_long_as_the_client_allows(
    cli: Callable[..., CopilotClient], unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = {**(spawn_listening.__kwdefaults__ or {}), "start_timeout": 0.001}
    monkeypatch.setattr(spawn_listening, "__kwdefaults__", defaults)
    source = f"print('listening on port {unused_tcp_port}', flush=True); import time; time.sleep(60)"
    with pytest.raises(ConnectError, match=f"{unused_tcp_port}"):
        await cli(source, tcp=True).start()


async def test_the_github_token_is_in_the_environment_and_not_on_the_command_line(
    cli: Callable[..., CopilotClient], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    source = f"open({str(told)!r}, 'w').write(repr((sys.argv, os.environ['COPILOT_SDK_AUTH_TOKEN'])))"
    with pytest.raises(ConnectError) as caught:
        await cli(source, github_token="gho_secretsecretsecretsecret", env={}).start()
    arguments, token = eval(told.read_text())
    assert token == "gho_secretsecretsecretsecret"
    assert "secret" not in " ".join(arguments)
    assert "secretsecret" not in str(caught.value) + repr(caught.value)


# ------------------------------------------------------------ the order of calls


async def test_a_client_that_was_not_started_says_so(runtime: FakeRuntime) -> None:
    client = runtime.client()
    with pytest.raises(UsageError, match="not started"):
        await client.ping()
    with pytest.raises(UsageError, match="not started"):
        await client.create_session()
    with pytest.raises(UsageError, match="not started"):
        _ = client.rpc
    await client.close()


async def test_a_client_starts_once(runtime: FakeRuntime) -> None:
    async with runtime.client() as client:
        with pytest.raises(UsageError, match="started before"):
            await client.start()
        await client.ping()


async def test_a_second_start_while_the_first_goes_on_is_refused(runtime: FakeRuntime) -> None:
    client = runtime.client()
    first = asyncio.create_task(client.start())
    await asyncio.sleep(0)
    with pytest.raises(UsageError, match="started before"):
        await client.start()
    await first
    assert runtime.count("connect") == 1
    await client.close()


async def test_a_start_that_failed_can_be_tried_again(runtime: FakeRuntime) -> None:
    good = runtime.answers.pop("connect")
    runtime.answers["ping"] = {}
    client = runtime.client()
    with pytest.raises(ProtocolVersionMismatch):
        await client.start()
    runtime.answers["connect"] = good
    async with client:
        assert client.runtime_version == "9.9.9"


async def test_a_client_that_is_closed_stays_closed(runtime: FakeRuntime) -> None:
    async with runtime.client() as client:
        rpc = client.rpc
    with pytest.raises(UsageError, match="client is closed"):
        await client.start()
    with pytest.raises(UsageError, match="client is closed"):
        await client.ping()
    with pytest.raises(UsageError, match="client is closed"):
        await rpc.ping()
    with pytest.raises(UsageError, match="client is closed"):
        await client.create_session()
    await client.close()


async def test_closing_while_the_client_starts_ends_the_connection(runtime: FakeRuntime) -> None:
    go = asyncio.Event()

    async def greet(params: Any) -> dict[str, Any]:
        await go.wait()
        return {"protocolVersion": 3}

    runtime.answers["connect"] = greet
    client = runtime.client()
    starting = asyncio.create_task(client.start())
    await runtime.asked("connect")
    await client.close()
    go.set()
    with pytest.raises(UsageError, match="client is closed"):
        await starting
    await runtime.peer.wait_closed()


async def test_a_cancelled_start_leaves_nothing_behind(runtime: FakeRuntime) -> None:
    runtime.answers["connect"] = lambda _: asyncio.Event().wait()
    starting = asyncio.create_task(runtime.client().start())
    await runtime.asked("connect")
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await runtime.peer.wait_closed()


@pytest.mark.parametrize("address", ["", "host", "host:", "host:x", "host:0", "1:70000", "-1"])
def test_an_address_without_meaning_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        CopilotClient.connect(address)


def test_senseless_arguments_are_refused_at_once() -> None:
    with pytest.raises(UsageError, match="token must not be empty"):
        CopilotClient.connect("4321", token="")
    with pytest.raises(UsageError, match="start_timeout"):
        CopilotClient(start_timeout=0)
    with pytest.raises(UsageError, match="request_timeout"):
        CopilotClient(request_timeout=-1)


async def test_an_unknown_method_is_an_error_of_the_call_alone(client: CopilotClient) -> None:
    with pytest.raises(MethodNotFound, match=r"status\.get"):
        await client.status()
    await client.ping()
