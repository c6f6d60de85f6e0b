"""The same client for programs without an event loop: `from copilot_sdk.tau import sync as tau`.

Nothing is implemented twice: one thread runs the event loop of the async client, and everything here hands its work
to it. Classes have the names of their async counterparts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk.tau._chat import ChatResult as ChatResult
    from copilot_sdk.tau.sync._client import Chat as Chat
    from copilot_sdk.tau.sync._client import Client as Client
    from copilot_sdk.tau.sync._client import Subscription as Subscription
    from copilot_sdk.tau.sync._client import connect as connect
    from copilot_sdk.tau.sync._client import embedded as embedded

MODULES = {
    "._client": "Chat Client Subscription connect embedded",
    "copilot_sdk.tau._chat": "ChatResult",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
