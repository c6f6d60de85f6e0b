"""The documents by which remote MCP servers and their authorization servers tell of themselves, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

RESOURCE = "/.well-known/oauth-protected-resource"
AUTHORIZATION = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


class MetadataServer:
    """The server.

    Attributes:
        pages: What stands where: an object, a text, or the status of a failure. All else is not found.
        asked: The paths that were asked for, each once, in the order of the first time.
    """

    def __init__(self) -> None:
        self.pages: Mapping[str, object] = {}
        self.asked: dict[str, None] = {}
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="metadata")

    @property
    def origin(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def resource(self, *servers: str) -> dict[str, object]:
        """The metadata of a resource of this origin that has its tokens from these servers."""
        return {"resource": f"{self.origin}/mcp", "authorization_servers": list(servers)}

    def authorization(self, issuer: str | None = None, **more: object) -> dict[str, object]:
        """The metadata of an authorization server where clients can register themselves."""
        origin = self.origin
        return {
            "issuer": issuer or origin,
            "authorization_endpoint": f"{origin}/authorize",
            "token_endpoint": f"{origin}/token",
            "registration_endpoint": f"{origin}/register",
            "response_types_supported": ["code"],
            **more,
        }

    def openid(self, issuer: str | None = None) -> dict[str, object]:
        """The same, of a provider of OpenID."""
        kinds = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}
        return self.authorization(issuer, jwks_uri=f"{self.origin}/keys", **kinds)

    def shows(self, pages: Mapping[str, object]) -> None:
        """Serves these pages from now on, and forgets what was asked for."""
        self.pages, self.asked = pages, {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: MetadataServer

    def do_GET(self) -> None:
        self.owner.asked[self.path] = None
        page = self.owner.pages.get(self.path, 404)
        if isinstance(page, int):
            self._answer(page, "")
        else:
            self._answer(200, page if isinstance(page, str) else json.dumps(page))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        challenge = self.owner.pages.get("challenge")
        self._answer(401, "", {} if challenge is None else {"WWW-Authenticate": str(challenge)})

    def _answer(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps stderr clean."""
