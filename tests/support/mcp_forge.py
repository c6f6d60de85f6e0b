"""Starts a program in milliseconds, the MCP server of `mcp_workshop` or another: a process that has it loaded forks.

    with Forge() as forge:
        ...  # a server is what `forge.command(*arguments)` starts: its stdin and stdout speak the protocol

The command hands its own streams, environment and working directory to the fork, and lives as long as it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Self

_MOST_BYTES = 1_000_000


class Forge:
    """The process that forks; it ends with this.

    Args:
        program: The module whose `main` takes the arguments.
    """

    def __init__(self, program: str = "tests.support.mcp_workshop") -> None:
        self._program = program

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="forge-")
        self._path = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, self._path, self._program],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"warm\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def command(self, *arguments: str) -> list[str]:
        """The command line of a server."""
        return [sys.executable, "-S", "-E", __file__, self._path, *arguments]


def start(path: str, arguments: list[str]) -> int:
    """Has a server forked that uses the streams of this process, and waits for its end."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        message = {"arguments": arguments, "environment": dict(os.environ), "folder": str(Path.cwd())}
        socket.send_fds(connection, [json.dumps(message).encode()], [0, 1, 2])
        for stream in (0, 1):
            os.close(stream)
        return int(connection.recv(16) or b"1")


def serve(path: str, program: str) -> None:
    """Forks a program for each connection."""
    main = import_module(program).main
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("warm", flush=True)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                text, streams, _, _ = socket.recv_fds(connection, _MOST_BYTES, 3)
                order = json.loads(text)
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                    os.close(stream)
                os.environ.clear()
                os.environ.update(order["environment"])
                os.chdir(order["folder"])
                try:
                    main(order["arguments"])
                finally:
                    connection.send(b"0")
                    os._exit(0)
            connection.close()


if __name__ == "__main__":
    if "-S" not in sys.orig_argv:
        serve(*sys.argv[1:])
    else:
        sys.exit(start(sys.argv[1], sys.argv[2:]))
