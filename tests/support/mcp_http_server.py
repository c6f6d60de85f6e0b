"""A Model Context Protocol server over HTTP on loopback that wants a bearer token, for tests that need a real one.

    with MCPHTTPServer("secret") as server:
        ...  # point a runtime at server.url
    assert server.tokens == [None, "secret"]

A request without the token is answered with 401 and a challenge that leads to the metadata of the protected resource,
as the authorization part of the protocol says; the authorization server there registers clients and gives the token for
the code `CODE` and to clients that have a secret. The tool is that of `mcp_server`.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from tests.support import mcp_server
from tests.support.loopback import Handler, LoopbackServer

SCOPE = "echo"
CODE = "right"
_PATH = "/mcp"
_AUTHORIZATION_PATH = "/.well-known/oauth-authorization-server"
_METADATA_PATH = f"/.well-known/oauth-protected-resource{_PATH}"


class MCPHTTPServer(LoopbackServer):
    """The server, and what it was sent.

    Attributes:
        token: The token that it takes; may change while it runs.
        tokens: The token of each message that came, in order; None where there was none.
        registered: The clients that wanted to be registered.
        exchanged: What was sent to get a token.
    """

    def __init__(self, token: str) -> None:
        super().__init__(_Handler)
        self.token = token
        self.tokens: list[str | None] = []
        self.registered: list[dict[str, object]] = []
        self.exchanged: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        """The address for the messages of the protocol."""
        return f"{self.origin}{_PATH}"


class _Handler(Handler):
    protocol_version = "HTTP/1.1"
    owner: MCPHTTPServer

    def do_GET(self) -> None:
        if self.path == _METADATA_PATH:
            found = {
                "resource": self.owner.url,
                "authorization_servers": [self.owner.origin],
                "scopes_supported": [SCOPE],
            }
            self.reply(200, found)
        elif self.path == _AUTHORIZATION_PATH:
            self.reply(200, self._authorization_server())
        else:
            self.reply(405 if self.path == _PATH else 404)

    def _authorization_server(self) -> dict[str, object]:
        origin = self.owner.origin
        return {
            "issuer": origin,
            "authorization_endpoint": f"{origin}/authorize",
            "token_endpoint": f"{origin}/token",
            "registration_endpoint": f"{origin}/register",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path:
            case "/register":
                wanted = json.loads(body)
                self.owner.registered.append(wanted)
                self.reply(201, {**wanted, "client_id": "registered"})
            case "/token":
                self._give_token({name: values[0] for name, values in parse_qs(body.decode()).items()})
            case _:
                self._answer(json.loads(body))

    def _give_token(self, form: dict[str, str]) -> None:
        self.owner.exchanged.append(form)
        if form.get("code") != CODE and "client_secret" not in form:
            self.reply(400, {"error": "invalid_grant"})
        else:
            self.reply(200, {"access_token": self.owner.token, "token_type": "Bearer", "expires_in": 3600})

    def _answer(self, message: dict[str, object]) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        self.owner.tokens.append(token if scheme == "Bearer" else None)
        if self.owner.tokens[-1] != self.owner.token:
            metadata = f"{self.owner.origin}{_METADATA_PATH}"
            challenge = f'Bearer error="invalid_token", resource_metadata="{metadata}", scope="{SCOPE}"'
            self.reply(401, {"error": "invalid_token"}, {"WWW-Authenticate": challenge})
        elif (answer := mcp_server.reply(message)) is None:
            self.reply(202)
        else:
            self.reply(200, answer)
