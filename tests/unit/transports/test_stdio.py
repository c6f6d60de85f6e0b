from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from copilot_sdk._protocol.framing import encode_frame
from copilot_sdk.errors import ConnectError, ConnectionClosed, ProtocolError, UsageError
from copilot_sdk.transports import _child
from copilot_sdk.transports.stdio import StdioTransport

ROOT = Path(__file__).parents[3]
CHILD = ROOT / "tests" / "support" / "framed_child.py"


async def spawn(mode: str, *, stop_timeout: float = 5) -> StdioTransport:
    return await StdioTransport.spawn([sys.executable, "-IS", str(CHILD), mode], stop_timeout=stop_timeout)


async def exit_of(pid: int) -> None:
    exited = asyncio.Event()
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    asyncio.get_running_loop().add_reader(process, exited.set)
    await exited.wait()
    asyncio.get_running_loop().remove_reader(process)
    os.close(process)


async def test_a_frame_of_64_mebibytes_goes_both_ways() -> None:
    transport = await spawn("echo")
    message = os.urandom(1024 * 1024) * 64
    sending = asyncio.create_task(transport.send(message))
    assert await transport.receive() == message
    await sending
    await transport.aclose()


async def test_a_child_that_dies_leaves_its_exit_code_and_its_last_words() -> None:
    transport = await spawn("die")
    await transport.send(b"hello")
    with pytest.raises(ConnectionClosed) as caught:
        await transport.receive()
    assert caught.value.exit_code == 3
    assert "has ended (exit code 3)" in str(caught.value)
    assert "fatal: the model is on strike" in caught.value.stderr
    assert "abcdefghijkl" not in caught.value.stderr + str(caught.value)
    with pytest.raises(ConnectionClosed, match="on strike"):
        await transport.send(b"anybody there?")
    await transport.aclose()


async def test_stderr_is_drained_and_its_end_is_kept() -> None:
    transport = await spawn("chatter")
    assert await transport.receive() == b"still alive"
    await transport.send(b"go")
    with pytest.raises(ConnectionClosed) as caught:
        await transport.receive()
    assert caught.value.stderr.endswith("noise\nthe last line\n")
    assert 8000 < len(caught.value.stderr) <= 8192
    await transport.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd")
async def test_all_that_a_child_wrote_before_it_died_is_received_by_a_slow_receiver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_child, "_SETTLE_SECONDS", 0)
    transport = await spawn("flood-and-die")
    # The large message fills the inbox, so most of what the child wrote after it waits in the pipe.
    await exit_of(_pid(transport))
    for _ in range(20):
        await asyncio.sleep(0)
    assert await transport.receive() == b"x" * 2_000_000
    assert [await transport.receive() for _ in range(50)] == [b"%d" % (n % 10) * 20_000 for n in range(50)]
    with pytest.raises(ConnectionClosed):
        await transport.receive()
    await transport.aclose()


async def test_a_stray_line_on_stdout_is_quoted() -> None:
    transport = await spawn("stray")
    assert await transport.receive() == b"first"
    with pytest.raises(ProtocolError, match=r"no frame .*: 'INFO server is warming up'"):
        await transport.receive()
    with pytest.raises(ConnectionClosed, match="INFO server is warming up"):
        await transport.send(b"x")
    await transport.aclose()


async def test_a_child_that_goes_in_the_middle_of_a_frame_is_told_so() -> None:
    transport = await spawn("cut")
    with pytest.raises(
        ConnectionClosed, match=r"in the middle of a frame, 6 bytes are missing \(exit code 0"
    ):
        await transport.receive()
    await transport.aclose()


async def test_a_child_that_closes_its_stdout_is_gone_even_if_it_lives() -> None:
    transport = await spawn("close-stdout", stop_timeout=0.2)
    with pytest.raises(ConnectionClosed, match="has closed its stdout"):
        await transport.receive()
    await transport.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd")
async def test_what_a_child_leaves_behind_is_killed_and_its_open_pipes_hold_nobody_up() -> None:
    transport = await spawn("parent")
    grandchild = int(await transport.receive())
    os.kill(grandchild, 0)
    await transport.send(b"go")
    with pytest.raises(ConnectionClosed, match="exit code 5"):
        await transport.receive()
    await transport.aclose()
    await exit_of(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd")
async def test_closing_ends_the_whole_process_group() -> None:
    transport = await spawn("parent")
    grandchild = int(await transport.receive())
    await transport.aclose()
    await exit_of(grandchild)


@pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd")
async def test_closing_kills_a_grandchild_that_ignores_being_terminated() -> None:
    transport = await spawn("parent-of-stubborn")
    grandchild = int(await transport.receive())
    await transport.aclose()
    await exit_of(grandchild)


async def test_a_grandchild_that_is_left_behind_may_tidy_up(tmp_path: Path) -> None:
    note = tmp_path / "note"
    transport = await StdioTransport.spawn([sys.executable, "-IS", str(CHILD), "parent-of-tidy", str(note)])
    await transport.receive()
    await transport.aclose()
    assert note.read_text() == "tidied up"


def wrapper(folder: Path, *arguments: str) -> str:
    """A script that starts the server as its child."""
    script = folder / "copilot"
    words = shlex.join([sys.executable, "-IS", str(CHILD), *arguments])
    script.write_text(f"#!/bin/sh\n{words}\ncode=$?\necho the server has ended >&2\nexit $code\n")
    script.chmod(0o700)
    return str(script)


async def test_a_server_behind_a_wrapper_ends_by_itself(tmp_path: Path) -> None:
    command = [wrapper(tmp_path, "graceful", str(tmp_path / "note"))]
    transport = await StdioTransport.spawn(command, stop_timeout=20)
    assert await transport.receive() == b"ready"
    await transport.aclose()
    assert (tmp_path / "note").read_text() == "ended by itself"


async def test_a_server_behind_a_wrapper_that_dies_leaves_its_exit_code_and_the_last_words_of_both(
    tmp_path: Path,
) -> None:
    transport = await StdioTransport.spawn([wrapper(tmp_path, "die")])
    await transport.send(b"hello")
    with pytest.raises(ConnectionClosed, match="copilot has ended") as caught:
        await transport.receive()
    assert caught.value.exit_code == 3
    assert "the model is on strike" in caught.value.stderr
    assert caught.value.stderr.endswith("the server has ended\n")
    await transport.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="waits on a pidfd")
async def test_closing_kills_a_stubborn_server_behind_a_wrapper(tmp_path: Path) -> None:
    transport = await StdioTransport.spawn([wrapper(tmp_path, "parent-of-stubborn")], stop_timeout=0.2)
    grandchild = int(await transport.receive())
    await transport.aclose()
    await exit_of(grandchild)
    with pytest.raises(ProcessLookupError):
        os.kill(_pid(transport), 0)


async def test_closing_lets_a_child_end_by_itself_though_nobody_received_what_it_sent(tmp_path: Path) -> None:
    command = [sys.executable, "-IS", str(CHILD), "graceful", str(tmp_path / "note")]
    transport = await StdioTransport.spawn(command, stop_timeout=20)
    assert await transport.receive() == b"ready"
    await transport.aclose()
    assert (tmp_path / "note").read_text() == "ended by itself"


async def test_closing_kills_a_child_that_ignores_everything_else() -> None:
    transport = await spawn("stubborn", stop_timeout=0.1)
    assert await transport.receive() == b"ready"
    pid = _pid(transport)
    await transport.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_child_that_is_killed_is_told_by_its_signal() -> None:
    transport = await spawn("silent")
    os.kill(_pid(transport), signal.SIGKILL)
    with pytest.raises(ConnectionClosed, match="killed by signal 9"):
        await transport.receive()
    await transport.aclose()


async def test_the_child_gets_the_environment_and_the_directory_it_was_given(tmp_path: Path) -> None:
    command = [sys.executable, "-IS", str(CHILD), "environment"]
    here = os.path.realpath(tmp_path)  # noqa: ASYNC240  the folder of a test is a local one
    transport = await StdioTransport.spawn(command, env={"ONLY": "this"}, cwd=tmp_path)
    await transport.send(b"where am I?")
    assert await transport.receive() == f"{here}|ONLY".encode()
    await transport.aclose()


async def test_a_wrong_path_is_named() -> None:
    with pytest.raises(
        ConnectError, match="cannot start '/no/such/copilot': no such program; give the full path"
    ):
        await StdioTransport.spawn(["/no/such/copilot", "--token", "hush-hush"])


async def test_arguments_show_neither_in_errors_nor_in_the_description(tmp_path: Path) -> None:
    with pytest.raises(ConnectError) as caught:
        await StdioTransport.spawn(["/no/such/copilot", "--token", "hush-hush"])
    assert "hush" not in str(caught.value)
    transport = await StdioTransport.spawn([sys.executable, "-IS", str(CHILD), "echo", "hush-hush"])
    assert transport.describe().startswith(Path(sys.executable).name)
    assert "hush" not in transport.describe()
    await transport.aclose()


async def test_a_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    plain = tmp_path / "copilot"
    plain.write_text("just text")
    with pytest.raises(ConnectError, match="it is not executable; check the path and its permissions"):
        await StdioTransport.spawn([str(plain)])
    plain.chmod(0o700)
    with pytest.raises(ConnectError, match=r"cannot start .*copilot.*Exec format error"):
        await StdioTransport.spawn([str(plain)])


async def test_a_missing_working_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match=r"the working directory '.*nowhere' is no directory"):
        await StdioTransport.spawn([sys.executable], cwd=tmp_path / "nowhere")


@pytest.mark.parametrize("command", [[], "copilot --stdio"])
async def test_a_command_is_a_list_with_a_program(command: list[str]) -> None:
    with pytest.raises(UsageError, match="command has to be a list"):
        await StdioTransport.spawn(command)


SERVER = """
    import asyncio, os, sys
    from copilot_sdk.errors import ConnectionClosed
    from copilot_sdk.transports.stdio import StdioTransport

    async def main():
        transport = await StdioTransport.of_this_process()
        print("a stray print")
        os.system("echo a stray child; cat")
        try:
            while True:
                await transport.send(await transport.receive())
        except ConnectionClosed as closed:
            print(closed, file=sys.stderr)
            await transport.send(b"the last word")
        await transport.aclose()

    asyncio.run(main())
"""


async def serve(program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-Werror",
        "-c",
        textwrap.dedent(program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


async def test_a_server_speaks_frames_and_sends_stray_prints_to_stderr() -> None:
    server = await serve(SERVER)
    output, complaints = await server.communicate(encode_frame(b"one") + encode_frame(b"x" * 500_000))
    assert output == b"".join(map(encode_frame, (b"one", b"x" * 500_000, b"the last word")))
    lines = complaints.decode().splitlines()
    assert lines[:2] == ["a stray print", "a stray child"]
    assert lines[2:] == ["connection closed: whoever started this process has closed the pipe"]
    assert server.returncode == 0


async def test_a_client_and_a_server_of_this_package_understand_each_other() -> None:
    transport = await StdioTransport.spawn(
        [sys.executable, "-c", textwrap.dedent(SERVER)], env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    )
    await transport.send(b"hello")
    assert await transport.receive() == b"hello"
    await transport.aclose()


@pytest.mark.parametrize("place", ["input", os.devnull])
async def test_a_server_whose_stdin_is_a_file_is_told_what_is_wrong(tmp_path: Path, place: str) -> None:
    program = """
        import asyncio
        from copilot_sdk.errors import ConnectError
        from copilot_sdk.transports.stdio import StdioTransport
        try:
            asyncio.run(StdioTransport.of_this_process())
        except ConnectError as error:
            print(error)
    """
    (tmp_path / "input").write_bytes(b"")
    with (tmp_path / place).open("rb") as source:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            "-Werror",
            "-c",
            textwrap.dedent(program),
            stdin=source,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
        _, complaints = await server.communicate()
    assert complaints.decode().startswith("stdin and stdout have to be pipes")


def _pid(transport: StdioTransport) -> int:
    return int(transport.describe().partition("(process ")[2].rstrip(")"))
