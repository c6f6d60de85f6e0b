"""The documents by which remote MCP servers and their authorization servers tell of themselves, on loopback."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.loopback import Handler, LoopbackServer

RESOURCE = "/.well-known/oauth-protected-resource"
AUTHORIZATION = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


class MetadataServer(LoopbackServer):
    """The server.

    Attributes:
        pages: What stands where: an object, a text, or the status of a failure. All else is not found.
        asked: The paths that were asked for, each once, in the order of the first time.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.pages: Mapping[str, object] = {}
        self.asked: dict[str, None] = {}

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


class _Handler(Handler):
    owner: MetadataServer

    def do_GET(self) -> None:
        self.owner.asked[self.path] = None
        page = self.owner.pages.get(self.path, 404)
        if isinstance(page, int):
            self.reply(page)
        else:
            self.reply(200, page)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        challenge = self.owner.pages.get("challenge")
        self.reply(401, "", {} if challenge is None else {"WWW-Authenticate": str(challenge)})
