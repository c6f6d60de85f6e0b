"""The client of tau, a daemon that keeps sessions of coding agents behind a unix socket.

    from copilot_sdk import tau

    async with tau.connect() as client:
        created = await client.rpc.create_session(cwd="/src/project")
        result = await client.chat(created.session_id, "What does this project do?")
        print(result.text)

Names are loaded when they are first used: importing the package is cheap.
"""

from __future__ import annotations

from copilot_sdk._lazy import attach

# Type checkers take it for true. Not typing's: loading typing would be most of the cost of this import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from copilot_sdk.tau._chat import Chat as Chat
    from copilot_sdk.tau._chat import ChatResult as ChatResult
    from copilot_sdk.tau._client import Client as Client
    from copilot_sdk.tau._client import connect as connect
    from copilot_sdk.tau._client import embedded as embedded
    from copilot_sdk.tau._subscription import Subscription as Subscription

MODULES = {
    "._chat": "Chat ChatResult",
    "._client": "Client connect embedded",
    "._subscription": "Subscription",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
