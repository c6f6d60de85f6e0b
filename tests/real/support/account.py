"""A GitHub account on loopback, as far as the CLI asks for one to sign a session in."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "gho_no_real_token"


class _Handler(BaseHTTPRequestHandler):
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
            self._answer(404, {})
        else:
            self._answer(200 if signed_in else 401, found if signed_in else {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._answer(404, {})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        # The CLI leaves when another of its requests has failed.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps stderr clean."""


@contextmanager
def account() -> Generator[dict[str, str]]:
    """Serves the account; gives the variables by which a CLI finds it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {"COPILOT_API_URL": address, "COPILOT_DEBUG_GITHUB_API_URL": address}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
