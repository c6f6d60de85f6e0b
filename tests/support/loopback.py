"""A server of HTTP on loopback, in a thread, for what a test needs at the other end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

_POLL_SECONDS = 0.02


class Handler(BaseHTTPRequestHandler):
    """Answers requests and says nothing: a test tells what went wrong."""

    def reply(self, status: int, body: object = "", headers: Mapping[str, str] | None = None) -> None:
        """Sends a text as it is, and anything else as JSON."""
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        self.send_response(status)
        for name, value in {**kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        # Who has asked may have left.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps stderr clean."""


class LoopbackServer:
    """Serves until it is closed; use it as a context manager.

    Args:
        handler: What answers the requests; its attribute `owner` is this server.
    """

    def __init__(self, handler: type[Handler]) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"owner": self}))
        self._thread = Thread(target=self._http.serve_forever, args=(_POLL_SECONDS,), name="loopback")

    @property
    def origin(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
