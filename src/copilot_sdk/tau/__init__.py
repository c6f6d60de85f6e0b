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
    from copilot_sdk.tau.client import Client as Client
    from copilot_sdk.tau.client import connect as connect
    from copilot_sdk.tau.client import embedded as embedded
    from copilot_sdk.tau.subscription import Subscription as Subscription
    from copilot_sdk.tau.turn import Turn as Turn
    from copilot_sdk.tau.turn import TurnResult as TurnResult

MODULES = {
    ".client": "Client connect embedded",
    ".subscription": "Subscription",
    ".turn": "Turn TurnResult",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
