"""The same client for programs without an event loop: `from copilot_sdk.sync import CopilotClient`.

Nothing is implemented twice: one thread runs the event loop of the async client, and everything here hands its
work to it.
Classes have the names of their async counterparts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk._blocking import ClientTask as ClientTask
    from copilot_sdk._blocking import WorkflowRun as WorkflowRun
    from copilot_sdk.sync._client import CopilotClient as CopilotClient
    from copilot_sdk.sync._faces import EventStream as EventStream
    from copilot_sdk.sync._session import Session as Session
    from copilot_sdk.sync._turn import Turn as Turn

MODULES = {
    "._client": "CopilotClient",
    "._faces": "EventStream",
    "._session": "Session",
    "._turn": "Turn",
    "copilot_sdk._blocking": "ClientTask WorkflowRun",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
