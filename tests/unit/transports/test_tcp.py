from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from pathlib import Path

import pytest

from copilot_sdk.errors import ConnectError, ConnectionClosed, ProtocolError
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.tcp import connect, listen, spawn_listening

CHILD = Path(__file__).parents[2] / "support" / "framed_child.py"


def child(mode: str) -> list[str]:
    return [sys.executable, "-IS", str(CHILD), mode]


async def echo(far: Transport) -> None:
    while True:
        await far.send(await far.receive())


def children_of_this_process() -> str:
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_a_port_where_nobody_listens_is_named() -> None:
    port = free_port()
    with pytest.raises(
        ConnectError, match=f"cannot connect to 127.0.0.1 port {port}: Connection refused; check"
    ):
        await connect("127.0.0.1", port)


async def test_a_port_that_cannot_be_is_named() -> None:
    with pytest.raises(ConnectError, match="port 70000"):
        await connect("127.0.0.1", 70_000)


async def test_a_host_that_does_not_answer_costs_no_more_than_the_timeout() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        # The kernel takes one or two connections nobody accepts; the next one waits.
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        try:
            with pytest.raises(ConnectError, match=f"127.0.0.1 port {port} took no connection within 0.05 s"):
                await connect("127.0.0.1", port, timeout=0.05)
        finally:
            for client in waiting:
                client.close()


async def test_a_port_that_is_taken_is_named() -> None:
    async with await listen("127.0.0.1", 0, echo) as listener:
        with pytest.raises(
            ConnectError, match=f"cannot listen on 127.0.0.1 port {listener.port}: .*choose another"
        ):
            await listen("127.0.0.1", listener.port, echo)


async def test_a_listener_serves_several_connections_at_once() -> None:
    async with await listen("127.0.0.1", 0, echo) as listener:
        transports = [await connect("127.0.0.1", listener.port) for _ in range(5)]
        for number, transport in enumerate(transports):
            await transport.send(b"%d" % number)
        assert [await transport.receive() for transport in transports] == [b"%d" % n for n in range(5)]
        for transport in transports:
            await transport.aclose()


async def test_closing_the_listener_ends_its_connections_and_their_tasks() -> None:
    cancelled = asyncio.Event()

    async def serve(far: Transport) -> None:
        try:
            await echo(far)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    listener = await listen("127.0.0.1", 0, serve)
    transport = await connect("127.0.0.1", listener.port)
    await transport.send(b"x")
    await transport.receive()
    before = len(asyncio.all_tasks())
    await asyncio.gather(listener.aclose(), listener.aclose())
    assert cancelled.is_set()
    assert len(asyncio.all_tasks()) == before - 1
    with pytest.raises(ConnectionClosed, match="the other side has closed it"):
        await transport.receive()
    await transport.aclose()
    with pytest.raises(ConnectError):
        await connect("127.0.0.1", listener.port)


async def test_a_connection_is_closed_when_it_was_served(caplog: pytest.LogCaptureFixture) -> None:
    async def serve(far: Transport) -> None:
        raise ValueError("no idea")

    async with await listen("127.0.0.1", 0, serve) as listener:
        transport = await connect("127.0.0.1", listener.port)
        with pytest.raises(ConnectionClosed):
            await transport.receive()
        await transport.aclose()
    assert "serving a connection failed" in caplog.text
    assert "ValueError: no idea" in caplog.text


async def test_a_client_that_leaves_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    served = asyncio.Event()

    async def serve(far: Transport) -> None:
        try:
            await echo(far)
        finally:
            served.set()

    async with await listen("127.0.0.1", 0, serve) as listener:
        transport = await connect("127.0.0.1", listener.port)
        await transport.aclose()
        await served.wait()
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


async def test_a_server_that_speaks_http_is_found_out() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        transport = await connect("127.0.0.1", server.sockets[0].getsockname()[1])
        with pytest.raises(ProtocolError, match=r"no frame .*HTTP/1.1 400 Bad Request"):
            await transport.receive()
        await transport.aclose()


@pytest.fixture
def socket_options(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The TCP options that sockets are given from now on."""
    names = {getattr(socket, name): name for name in ("TCP_NODELAY", "TCP_QUICKACK") if hasattr(socket, name)}
    options: list[str] = []
    original = socket.socket.setsockopt

    def setsockopt(self: socket.socket, level: int, option: int, value: int) -> None:
        if level == socket.IPPROTO_TCP:
            options.append(names[option])
        original(self, level, option, value)

    monkeypatch.setattr(socket.socket, "setsockopt", setsockopt)
    return options


async def greet(far: Transport) -> None:
    await far.send(b"hello")
    await far.receive()


async def test_small_messages_are_sent_at_once_by_both_ends(socket_options: list[str]) -> None:
    async with await listen("127.0.0.1", 0, greet) as listener:
        transport = await connect("127.0.0.1", listener.port)
        await transport.receive()
        await transport.aclose()
    # Each end sets it, and so does asyncio in the versions that do.
    assert socket_options.count("TCP_NODELAY") >= 2


@pytest.mark.skipif(sys.platform != "linux", reason="an option of Linux")
async def test_the_client_acknowledges_at_once_after_every_read(socket_options: list[str]) -> None:
    async with await listen("127.0.0.1", 0, echo) as listener:
        transport = await connect("127.0.0.1", listener.port)
        for rounds in (1, 2, 3):
            await transport.send(b"x")
            await transport.receive()
            assert socket_options.count("TCP_QUICKACK") == rounds
        await transport.aclose()


async def test_closing_cuts_off_a_server_that_does_not_read() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        transport = await connect("127.0.0.1", server.getsockname()[1])
        connection, _ = await loop.sock_accept(server)
        with connection:
            sending = asyncio.create_task(transport.send(b"x" * 50_000_000))
            await asyncio.sleep(0)
            await transport.aclose()
            with pytest.raises(ConnectionClosed):
                await sending
            received = 0
            with contextlib.suppress(ConnectionResetError):
                while piece := await loop.sock_recv(connection, 1_000_000):
                    received += len(piece)
            assert received < 50_000_000


async def test_a_spawned_server_is_stopped_on_closing() -> None:
    transport = await spawn_listening(child("listen"))
    assert "port" in transport.describe()
    pid = int(transport.describe().partition("(process ")[2].partition(",")[0])
    await transport.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_spawned_server_that_dies_leaves_its_exit_code_and_its_last_words() -> None:
    transport = await spawn_listening(child("listen-and-die"))
    await transport.send(b"hello")
    with pytest.raises(ConnectionClosed) as caught:
        await transport.receive()
    assert caught.value.exit_code == 6
    assert caught.value.stderr == "port is on fire\n"
    await transport.aclose()


async def test_a_spawned_server_that_ends_before_it_listens_tells_why() -> None:
    with pytest.raises(
        ConnectError, match="did not come up: it ended with exit code 1 before it listened"
    ) as caught:
        await spawn_listening([sys.executable, "-IS", "-c", "raise SystemExit('no licence')"])
    assert caught.value.stderr == "no licence\n"


async def test_a_spawned_server_that_names_no_port_is_stopped() -> None:
    before = asyncio.all_tasks()
    with pytest.raises(ConnectError, match=r"did not print 'listening on port N' within 0.5 s") as caught:
        await spawn_listening(child("never-listens"), start_timeout=0.5)
    assert "waiting for a licence" in caught.value.stderr
    assert asyncio.all_tasks() == before


async def test_a_spawned_server_that_cannot_be_reached_is_stopped() -> None:
    program = f"print('listening on port {free_port()}', flush=True); import time; time.sleep(600)"
    with pytest.raises(ConnectError, match=r"cannot connect to 127.0.0.1"):
        await spawn_listening([sys.executable, "-IS", "-c", program])


async def test_a_spawned_server_with_a_wrong_path_is_named() -> None:
    with pytest.raises(ConnectError, match="'/no/such/copilot': no such program"):
        await spawn_listening(["/no/such/copilot"])


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
async def test_a_cancelled_start_leaves_no_process_behind() -> None:
    before = children_of_this_process()
    starting = asyncio.create_task(spawn_listening(child("never-listens")))
    # Long enough for the process to be there, whatever it does by then.
    await asyncio.wait({starting}, timeout=0.1)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert children_of_this_process() == before
