"""A Model Context Protocol server over HTTP on loopback that wants a bearer token, for tests that need a real one.

    with MCPHTTPServer("secret") as server:
        ...  # point a runtime at server.url
    assert server.tokens == [None, "secret"]

A request without the token is answered with 401 and a challenge that leads to the metadata of the protected resource,
as the authorization part of the protocol says. The tool is that of `mcp_server`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.support import mcp_server

SCOPE = "echo"
_PATH = "/mcp"
_METADATA_PATH = f"/.well-known/oauth-protected-resource{_PATH}"


class MCPHTTPServer:
    """The server, and what it was sent.

    Attributes:
        token: The token that it takes; may change while it runs.
        tokens: The token of each message that came, in order; None where there was none.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.tokens: list[str | None] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, name="MCP over HTTP")

    @property
    def url(self) -> str:
        """The address for the messages of the protocol."""
        return f"{self.origin}{_PATH}"

    @property
    def origin(self) -> str:
        """Where the server is, and the authorization server that it names."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: MCPHTTPServer

    def do_GET(self) -> None:
        if self.path == _METADATA_PATH:
            found = {
                "resource": self.owner.url,
                "authorization_servers": [self.owner.origin],
                "scopes_supported": [SCOPE],
            }
            self._reply(200, found)
        else:
            self._reply(405 if self.path == _PATH else 404)

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        self.owner.tokens.append(token if scheme == "Bearer" else None)
        if self.owner.tokens[-1] != self.owner.token:
            metadata = f"{self.owner.origin}{_METADATA_PATH}"
            challenge = f'Bearer error="invalid_token", resource_metadata="{metadata}", scope="{SCOPE}"'
            self._reply(401, {"error": "invalid_token"}, {"WWW-Authenticate": challenge})
        elif (answer := mcp_server.reply(message)) is None:
            self._reply(202)
        else:
            self._reply(200, answer)

    def _reply(
        self, status: int, body: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        if data:
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test tells what went wrong."""
