"""An Ollama on this machine, with two models and one that only embeds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.support.loopback import Handler, LoopbackServer

Json = Mapping[str, object]

_DETAILS = {"family": "lily", "families": ["lily"], "parameter_size": "7B", "quantization_level": "Q4_0"}
TAGS: Json = {
    "models": [
        {
            "name": "tulip:7b",
            "digest": "abc",
            "modified_at": "2026-01-01T00:00:00Z",
            "size": 5,
            "details": _DETAILS,
        },
        {"name": "rose:1b"},
        {"name": "seeds:1b"},
    ]
}
SHOWN: Mapping[str, Json] = {
    "tulip:7b": {
        "capabilities": ["completion", "tools", "thinking"],
        "model_info": {"general.architecture": "lily", "lily.context_length": 8192},
    },
    "rose:1b": {},
    "seeds:1b": {"capabilities": ["embedding"]},
}


class _Handler(Handler):
    def do_GET(self) -> None:
        known: Mapping[str, Json] = {"/api/version": {"version": "0.11.4"}, "/api/tags": TAGS}
        self._answer(known.get(self.path))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._answer(SHOWN.get(asked["model"]) if self.path == "/api/show" else None)

    def _answer(self, answer: Json | None) -> None:
        self.reply(404 if answer is None else 200, answer or {})


@contextmanager
def ollama_server() -> Iterator[str]:
    """The address of an Ollama that runs meanwhile."""
    with LoopbackServer(_Handler) as server:
        yield server.origin
