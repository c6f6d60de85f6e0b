"""The connections to a daemon of tau: sockets, frames, and what becomes of a client when one of them breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from copilot_sdk import tau
from copilot_sdk._protocol.exchanges import encode_frame, parse_frame
from copilot_sdk.errors import (
    ConnectError,
    ConnectionClosed,
    DaemonShuttingDown,
    InvalidParams,
    ProtocolError,
    RequestRefused,
    RequestTimeout,
    UnknownFrame,
    UsageError,
)
from copilot_sdk.tau import Client, sync
from copilot_sdk.tau._connect import socket_path
from copilot_sdk.tau.events import PhaseEvent, TextDeltaEvent
from copilot_sdk.tau.types import AuthStatusResponse
from tests.support.tau_stage import PATIENCE, Door, FakeDaemon, RawClient, daemon_of, session, stage, until

IDLE = {"type": "stream", "event": {"type": "phase", "phase": "Idle"}}


async def test_a_bad_request_is_answered_and_the_connection_goes_on() -> None:
    async with daemon_of() as daemon:
        client, answer = RawClient(daemon.connect()), {"message": ""}
        for text in (
            b"nonsense",
            b"[]",
            b'{"type":1}',
            b'{"type":"unheard_of"}',
            b'{"type":"chat","text":"x"}',
        ):
            await client.transport.send(text)
            answer = await client.hear()
            assert answer["type"] == "error"
            assert answer["message"].startswith("bad request: ")
        assert "session_id: Field required" in answer["message"]
        made = await client.ask("create_session", cwd="/tmp", parent_id=None, model=None, new_member=1)
        assert made == {"type": "session_created", "session_id": "s1"}
        for tag in ("list_models", "auth_status"):
            await client.transport.send(encode_frame({"type": tag}))
        assert [(await client.hear())["type"] for _ in range(2)] == ["models", "auth_status"]
        await client.transport.aclose()


async def test_a_word_of_the_client_ends_a_subscription() -> None:
    async with daemon_of() as daemon:
        client = RawClient(daemon.connect())
        assert await client.ask("subscribe", session_id="s1") == IDLE
        await client.transport.send(b"stop")
        with pytest.raises(ConnectionClosed):
            await client.hear()


async def test_a_daemon_on_a_socket_is_for_its_user_alone_and_takes_the_place_of_a_dead_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run" / "tau.sock"
    async with daemon_of() as daemon:
        async with await daemon.listen(path):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            path.rename(path.with_suffix(".old"))
        path.with_suffix(".old").rename(path)
        with pytest.raises(ConnectError):
            async with tau.connect(path):
                pass
        async with await daemon.listen(path), tau.connect(path) as client:
            with pytest.raises(ConnectError):
                await daemon.listen(path)
            name = await session(client)
            assert (await client.chat(name, "!say " + "x" * 2_000_000)).text == "x" * 2_000_000
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(b'\n \r\n{"type":"auth_status"}\r\n')
            assert parse_frame(await reader.readline())[1] == {"type": "auth_status", "providers": []}
            writer.close()
            await writer.wait_closed()


def test_the_socket_is_where_the_daemon_of_tau_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert socket_path() == Path("/run/user/7/tau/tau.sock")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("HOME", "/home/ada")
    assert socket_path() == Path("/home/ada/.tau/tau.sock")


async def test_idle_connections_are_used_again_and_no_more_are_opened_than_may_be() -> None:
    async with daemon_of() as daemon:
        door = Door(daemon.connect)
        async with Client(door, max_connections=2) as client:
            await asyncio.gather(*(client.rpc.list_models() for _ in range(10)))
            await client.rpc.list_models()
            assert door.opened == 2
        with pytest.raises(UsageError, match="max_connections"):
            Client(door, max_connections=0)


async def test_what_waits_long_takes_no_connection_from_others() -> None:
    async with stage() as (daemon, _), Client(Door(daemon.connect), max_connections=1) as client:
        name = await session(client)
        turn = client.chat(name, "!say Go\n!hold")
        await until(client.subscribe(name), lambda event: isinstance(event, TextDeltaEvent))
        waiting = asyncio.create_task(client.rpc.wait_sessions(session_ids=[name]))
        await turn.abort()
        assert [result.status for result in (await waiting).results] == ["done"]


async def test_a_connection_that_the_daemon_ends_while_it_is_idle_is_replaced() -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door) as client:
        await daemon.say({"type": "server_shutdown", "restart": True})
        call = asyncio.create_task(_answered(daemon, client))
        assert (await call).providers == []
        assert daemon.door.opened == 2


async def _answered(daemon: FakeDaemon, client: Client) -> AuthStatusResponse:
    asking = asyncio.create_task(client.rpc.auth_status())
    await daemon.opened(2)
    await daemon.hear()
    await daemon.say({"type": "auth_status", "providers": []})
    return await asking


async def test_a_call_that_is_given_up_at_once_leaves_no_connection_behind() -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door, max_connections=1) as client:
        asking = asyncio.create_task(client.rpc.list_models())
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(ConnectionClosed):
            await daemon.hear()


async def test_a_call_ends_in_time_and_its_connection_with_it() -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door, request_timeout=0.01, max_connections=1) as client:
        with pytest.raises(RequestTimeout, match=r"list_models got no answer within 0.01 s"):
            await client.rpc.list_models()
        asking = asyncio.create_task(client.rpc.list_models(request_timeout=PATIENCE))
        await daemon.opened(2)
        await daemon.hear()
        await daemon.say({"type": "models", "models": []})
        assert (await asking).models == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"type": "unheard_of"}, UnknownFrame),
        ({"type": "models", "models": []}, ProtocolError),
        ({"type": "server_shutdown", "restart": False}, DaemonShuttingDown),
    ],
)
async def test_what_has_no_place_breaks_the_call_and_the_next_has_another_connection(
    answer: dict[str, object], error: type[Exception]
) -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door, max_connections=1) as client:
        asking = asyncio.create_task(client.rpc.auth_status())
        assert await daemon.hear() == {"type": "auth_status"}
        await daemon.say(answer)
        with pytest.raises(error):
            await asking
        again = asyncio.create_task(client.rpc.auth_status())
        await daemon.opened(2)
        await daemon.hear()
        await daemon.say({"type": "auth_status", "providers": []})
        assert (await again).providers == []


@pytest.mark.parametrize(
    ("frames", "error"),
    [
        ([{"type": "unheard_of"}], UnknownFrame),
        ([{"type": "ok"}], ProtocolError),
        ([{"type": "stream"}], ProtocolError),
        ([{"type": "stream", "event": None}], ProtocolError),
        ([{"type": "stream", "event": {"type": "unheard_of"}}], UnknownFrame),
        ([{"type": "error", "message": "agent error: no"}, {"type": "agent_done"}], RequestRefused),
        ([{"type": "error", "message": "__tau_server_shutting_down__"}], DaemonShuttingDown),
        ([{"type": "server_shutdown", "restart": True}], DaemonShuttingDown),
        ([], ConnectionClosed),
    ],
)
async def test_a_chat_ends_with_what_ends_it(frames: list[dict[str, object]], error: type[Exception]) -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door) as client:
        chat = client.chat("s1", "Hello!")
        await daemon.opened(2)
        assert await daemon.hear() == {"type": "chat", "session_id": "s1", "text": "Hello!"}
        await daemon.say(IDLE, *frames)
        if not frames:
            await daemon.connections[-1].aclose()
        with pytest.raises(error) as raised:
            await chat
        assert raised.type is error
        assert await anext(chat) == PhaseEvent(phase="Idle")
        with pytest.raises(error):
            await anext(chat)
        assert chat.done


@pytest.mark.parametrize(
    "message", [None, {}, {"content": None}, {"content": [5, {"type": "text"}, {"type": "text", "text": ""}]}]
)
async def test_an_answer_of_the_model_that_lacks_something_ends_no_chat(message: object) -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door) as client:
        chat = client.chat("s1", "Hello!")
        await daemon.opened(2)
        await daemon.hear()
        done = {"type": "stream", "event": {"type": "done", "reason": "stop", "message": message}}
        await daemon.say(done, {"type": "agent_done"})
        assert (await chat).text == ""
        assert [event.type async for event in chat] == ["done"]


async def test_a_client_that_is_closed_ends_all_that_waits() -> None:
    daemon = FakeDaemon()
    client = Client(daemon.door)
    async with client:
        chat = client.chat("s1", "Hello!")
        asking = asyncio.create_task(client.rpc.list_models())
        following = client.subscribe("s1")
        waiting = asyncio.create_task(anext(following))
        await daemon.opened(3)
    for ended in (chat, asking, waiting, client.rpc.list_models(), client.chat("s1", "More?")):
        with pytest.raises(ConnectionClosed):
            await ended


async def test_a_subscription_ends_when_it_is_closed_and_has_one_reader() -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door) as client:
        async with client.subscribe("s1") as events:
            assert await daemon.hear() == {"type": "subscribe", "session_id": "s1"}
            waiting = asyncio.create_task(anext(events))
            await asyncio.sleep(0)
            with pytest.raises(UsageError, match="another task waits"):
                await anext(events)
        with pytest.raises(StopAsyncIteration):
            await waiting
        assert [event async for event in events] == []


async def test_arguments_that_do_not_fit_are_refused_before_they_are_sent() -> None:
    daemon = FakeDaemon()
    async with Client(daemon.door) as client:
        with pytest.raises(InvalidParams, match="get_messages: session_id"):
            await client.rpc.get_messages(session_id=5)  # type: ignore[arg-type]
        with pytest.raises(InvalidParams, match="chat: text"):
            client.chat("s1", None)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="timeout has to be above zero seconds, not 0"):
            client.chat("s1", "Hello!", timeout=0)
        for call in (client.rpc.chat(session_id="s1", text="x"), client.rpc.subscribe(session_id="s1")):
            with pytest.raises(UsageError, match="use client"):
                await call


async def test_nothing_is_left_when_a_client_and_its_daemon_are_closed() -> None:
    before = asyncio.all_tasks()
    async with stage() as (_, client):
        name = await session(client)
        async with client.subscribe(name) as events:
            turn = client.chat(name, "!hold")
            await anext(events)
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionClosed, match="the client was closed"):
        await turn


def test_the_sync_face_does_the_same_without_an_event_loop() -> None:
    with sync.embedded() as client:
        name = client.rpc.create_session(cwd="/tmp").session_id
        with client.subscribe(name) as events:
            assert next(events) == PhaseEvent(phase="Idle")
            assert repr(events) == f"<Subscription of {name}>"
            chat = client.chat(name, "!say Hel\n!say lo")
            assert [event.delta for event in chat if isinstance(event, TextDeltaEvent)] == ["Hel", "lo"]
            assert chat.result().text == "Hello"
            assert chat.done
        assert list(client.chat(name, "!say a\n!say b").text()) == ["a", "b"]
        held = client.chat(name, "!hold")
        held.abort()
        assert held.result().cancelled
    with pytest.raises(UsageError, match=r"it is not open: .* use it in a 'with' statement"):
        client.chat(name, "More?")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no unix sockets")
def test_the_daemon_is_a_program_that_starts_anew_when_it_is_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "tau.sock"
    command = [sys.executable, "-m", "copilot_sdk.runtime", "--tau", str(path)]
    env = {**os.environ, "COPILOT_HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"tau daemon listening on {path}\n"
        with sync.connect(path) as client:
            name = client.rpc.create_session(cwd=str(tmp_path)).session_id
            client.rpc.shutdown(restart=True)
        assert process.stdout.readline() == f"tau daemon listening on {path}\n"
        with sync.connect(path) as client:
            assert client.chat(name, "!say kept").result().text == "kept"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert not path.exists()
