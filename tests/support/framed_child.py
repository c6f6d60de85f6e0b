"""A child process for tests of transports, with framing of its own: `python framed_child.py MODE`.

It imports nothing of copilot_sdk, so it checks the frames of copilot_sdk instead of sharing their faults.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

F_SETPIPE_SZ = 1031  # the fcntl module knows the name on Linux only


def read_frame(source: BinaryIO) -> bytes | None:
    length = None
    while line := source.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return None if length is None else source.read(length)


def write_frame(sink: BinaryIO, body: bytes) -> None:
    sink.write(b"Content-Length: %d\r\n\r\n" % len(body))
    sink.write(body)
    sink.flush()


def echo(source: BinaryIO, sink: BinaryIO) -> None:
    """Sends everything back until its stdin ends."""
    while (body := read_frame(source)) is not None:
        write_frame(sink, body)


def burst(source: BinaryIO, sink: BinaryIO) -> None:
    """Sends three messages in one piece and goes."""
    sink.write(b"".join(b"Content-Length: 1\r\n\r\n%d" % number for number in range(3)))
    sink.flush()


def die(source: BinaryIO, sink: BinaryIO) -> None:
    """Waits for a message, complains on stderr and exits with code 3."""
    read_frame(source)
    sys.stderr.write("fatal: the model is on strike\nAPI_TOKEN=abcdefghijkl\n")
    sys.exit(3)


def chatter(source: BinaryIO, sink: BinaryIO) -> None:
    """Writes more to stderr than a pipe holds before it answers, and then exits with code 4."""
    sys.stderr.write("noise\n" * 100_000 + "the last line\n")
    sys.stderr.flush()
    write_frame(sink, b"still alive")
    read_frame(source)
    sys.exit(4)


def flood_and_die(source: BinaryIO, sink: BinaryIO) -> None:
    """Sends a large message and what a pipe made as wide as can be holds, and goes."""
    fcntl.fcntl(1, F_SETPIPE_SZ, 1024 * 1024)
    write_frame(sink, b"x" * 2_000_000)
    for number in range(50):
        write_frame(sink, b"%d" % (number % 10) * 20_000)


def graceful(source: BinaryIO, sink: BinaryIO) -> None:
    """Sends more than anybody takes unread, then waits for the end of stdin and leaves a note in a file."""
    write_frame(sink, b"ready")
    for _ in range(50):
        write_frame(sink, b"x" * 100_000)
    source.read()
    Path(sys.argv[2]).write_text("ended by itself")


def stray(source: BinaryIO, sink: BinaryIO) -> None:
    """Answers one message, then prints a log line where frames belong, and stays."""
    write_frame(sink, b"first")
    sink.write(b"INFO server is warming up\n")
    sink.flush()
    read_frame(source)


def cut(source: BinaryIO, sink: BinaryIO) -> None:
    """Goes in the middle of a frame."""
    sink.write(b"Content-Length: 10\r\n\r\nhalf")


def deaf(source: BinaryIO, sink: BinaryIO) -> None:
    """Reads nothing, and says so once."""
    write_frame(sink, b"ready")
    signal.pause()


def silent(source: BinaryIO, sink: BinaryIO) -> None:
    """Reads everything and answers nothing."""
    while read_frame(source) is not None:
        pass


def stubborn(source: BinaryIO, sink: BinaryIO) -> None:
    """Cares neither for the end of its stdin nor for SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    write_frame(sink, b"ready")
    while True:
        signal.pause()


def parent(source: BinaryIO, sink: BinaryIO) -> None:
    """Starts a process that keeps stdout and stderr open, tells its pid, and ends when told to."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL)
    write_frame(sink, b"%d" % child.pid)
    read_frame(source)
    os._exit(5)


STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
TIDY = """
import pathlib, signal, sys
signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path(sys.argv[1]).write_text("tidied up"), sys.exit()))
print(1, flush=True)
signal.pause()
"""


def parent_of(program: str, source: BinaryIO, sink: BinaryIO) -> None:
    child = subprocess.Popen(
        [sys.executable, "-ISc", program, *sys.argv[2:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    write_frame(sink, b"%d" % child.pid)
    source.read()
    os._exit(0)


def parent_of_stubborn(source: BinaryIO, sink: BinaryIO) -> None:
    """Starts a process that ignores SIGTERM, tells its pid, and ends with its stdin."""
    parent_of(STUBBORN, source, sink)


def parent_of_tidy(source: BinaryIO, sink: BinaryIO) -> None:
    """Starts a process that leaves a note on SIGTERM, tells its pid, and ends with its stdin."""
    parent_of(TIDY, source, sink)


def close_stdout(source: BinaryIO, sink: BinaryIO) -> None:
    """Closes its stdout and lives on."""
    os.close(1)
    os.close(sink.fileno()) if sink.fileno() != 1 else None
    signal.pause()


def environment(source: BinaryIO, sink: BinaryIO) -> None:
    """Tells its working directory and its environment."""
    read_frame(source)
    names = ",".join(sorted(name for name in os.environ if not name.startswith(("LC_", "__"))))
    write_frame(sink, f"{Path.cwd()}|{names}".encode())


def listen(source: BinaryIO, sink: BinaryIO) -> None:
    """Tells its port on stdout and echoes over the first connection, until that ends; then waits to be stopped."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"starting up\nCLI server Listening on port {server.getsockname()[1]}\n")
        sys.stdout.write("no token is set\n" * 10_000)
        sys.stdout.flush()
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as received, connection.makefile("wb") as sent:
            echo(received, sent)
    signal.pause()


def listen_and_die(source: BinaryIO, sink: BinaryIO) -> None:
    """Tells its port, takes a connection and a message, and exits with code 6."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"listening on port {server.getsockname()[1]}\n")
        sys.stdout.flush()
        connection, _ = server.accept()
        with connection.makefile("rb") as received:
            read_frame(received)
        sys.stderr.write("port is on fire\n")
        sys.stderr.flush()
        os._exit(6)


def never_listens(source: BinaryIO, sink: BinaryIO) -> None:
    """Says something else and stays."""
    sys.stderr.write("waiting for a licence\n")
    sys.stdout.write("listening is hard\n")
    sys.stdout.flush()
    time.sleep(600)


MODES = {
    function.__name__.replace("_", "-"): function
    for function in (
        echo, burst, die, chatter, flood_and_die, graceful, stray, cut, deaf, silent, stubborn, parent,
        parent_of_stubborn, parent_of_tidy, close_stdout, environment, listen, listen_and_die, never_listens,
    )
}  # fmt: skip


if __name__ == "__main__":
    MODES[sys.argv[1]](sys.stdin.buffer, sys.stdout.buffer)
