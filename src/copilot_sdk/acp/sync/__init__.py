"""The same client for programs without an event loop: `from copilot_sdk.acp import sync`.

Nothing is implemented twice: one thread runs the event loop of the async client, and everything here hands its work to
it. Classes have the names of their async counterparts.
"""

from __future__ import annotations

from copilot_sdk._lazy import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from copilot_sdk.acp.sync._client import Client as Client
    from copilot_sdk.acp.sync._client import connect as connect
    from copilot_sdk.acp.sync._session import Session as Session
    from copilot_sdk.acp.sync._session import Turn as Turn

MODULES = {
    "._client": "Client connect",
    "._session": "Session Turn",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
