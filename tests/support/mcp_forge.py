"""Starts the MCP server of `mcp_workshop` in milliseconds: a process that has it loaded forks for each start.

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
from pathlib import Path
from typing import Self

_MOST_BYTES = 1_000_000


class Forge:
    """The process that forks; it ends with this."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="forge-")
        self._path = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, self._path],
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


def serve(path: str) -> None:
    """Forks a server for each connection."""
    from tests.support import mcp_workshop

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
                    mcp_workshop.main(order["arguments"])
                finally:
                    connection.send(b"0")
                    os._exit(0)
            connection.close()


if __name__ == "__main__":
    if len(sys.argv) == 2 and "-S" not in sys.orig_argv:
        serve(sys.argv[1])
    else:
        sys.exit(start(sys.argv[1], sys.argv[2:]))
