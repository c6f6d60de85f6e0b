"""A client of `synaps rpc`, a coding agent that runs as a child process: one process, one session.

    from copilot_sdk import synaps

    async with synaps.connect() as client:
        async for event in client.prompt("Hello!"):
            print(event.type)

Names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk.synaps.client import Client as Client
    from copilot_sdk.synaps.client import connect as connect
    from copilot_sdk.synaps.errors import TurnFailed as TurnFailed
    from copilot_sdk.synaps.turn import Turn as Turn
    from copilot_sdk.synaps.turn import TurnResult as TurnResult

MODULES = {
    ".client": "Client connect",
    ".errors": "TurnFailed",
    ".turn": "Turn TurnResult",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
