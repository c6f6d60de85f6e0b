from __future__ import annotations

import socket
from pathlib import Path

import pytest

from copilot_sdk.errors import ConnectError
from copilot_sdk.transports import unix
from copilot_sdk.transports.base import Transport


async def echo(far: Transport) -> None:
    while True:
        await far.send(await far.receive())


async def test_the_file_is_for_its_owner_and_goes_with_the_listener(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with await unix.listen(path, echo) as listener:
        assert path.stat().st_mode & 0o777 == 0o600
        assert listener.address == f"unix:{path}"
        with pytest.raises(
            ConnectError, match=r"cannot listen on .*: Address already in use; choose another"
        ):
            await unix.listen(path, echo)
        transport = await unix.connect(path)
        await transport.send(b"x")
        assert await transport.receive() == b"x"
        await transport.aclose()
    assert not path.exists()


async def test_a_file_that_was_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with await unix.listen(path, echo):
        await (await unix.connect(path)).aclose()


async def test_a_file_that_is_no_socket_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    with pytest.raises(ConnectError, match=r"cannot listen on"):
        await unix.listen(path, echo)
    assert path.read_text() == "mine"


async def test_a_file_that_somebody_else_made_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with await unix.listen(path, echo):
        path.unlink()
        path.write_text("mine")
    assert path.read_text() == "mine"


async def test_a_socket_where_nobody_listens_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ConnectError, match=r"cannot connect to the socket .*nowhere: No such file or directory"
    ):
        await unix.connect(tmp_path / "nowhere")
