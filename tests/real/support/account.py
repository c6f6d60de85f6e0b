"""A GitHub account on loopback, as far as the CLI asks for one to sign a session in."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from tests.support.loopback import Handler, LoopbackServer

TOKEN = "gho_no_real_token"


class _Handler(Handler):
    def do_GET(self) -> None:
        user = {
            "login": "octocat",
            "chat_enabled": True,
            "copilot_plan": "business",
            # Workflows are for accounts of this kind alone.
            "token_based_billing": True,
            "endpoints": {"api": f"http://{self.headers['host']}"},
        }
        signed_in = self.headers.get("authorization") == f"Bearer {TOKEN}"
        known: dict[str, object] = {
            "/copilot_internal/user": user,
            "/user": {"login": "octocat"},
            "/user/orgs": [{"login": "acme"}, {"login": "beta"}],
        }
        found = known.get(self.path.partition("?")[0])
        if found is None:
            self.reply(404, {})
        else:
            self.reply(200 if signed_in else 401, found if signed_in else {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.reply(404, {})


@contextmanager
def account() -> Generator[dict[str, str]]:
    """Serves the account; gives the variables by which a CLI finds it."""
    with LoopbackServer(_Handler) as server:
        yield {"COPILOT_API_URL": server.origin, "COPILOT_DEBUG_GITHUB_API_URL": server.origin}
