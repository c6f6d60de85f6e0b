"""What plugins ask of the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._generated.tau.types import ErrorResponse, OkResponse
from copilot_sdk._model import VerbatimModel
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.tau.router import Call
from copilot_sdk.runtime.tau.serving import answer

if TYPE_CHECKING:
    from copilot_sdk.runtime.tau.daemon import Daemon

REFUSED = frozenset(
    (
        "delete_session", "list_models", "list_aliases", "set_model", "set_session_successor", "login", "auth_status",
        "get_subscription_usage", "subscribe", "steer", "compact", "reload_plugins", "reload_config", "gc_sessions",
        "shutdown",
    )
)  # fmt: skip
"""Requests that are for clients alone."""


class PluginRequests:
    """Serves the requests of plugins."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    async def serve(self, request: object) -> VerbatimModel:
        """The answer to a request."""
        kind = request.get("type") if is_object(request) else None
        if kind in REFUSED:
            return ErrorResponse(message=f"{kind} is intentionally not supported in plugin context")
        return await answer(Call(self._daemon, None), request) or OkResponse()
