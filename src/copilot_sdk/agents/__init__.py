"""One way over agents of every kind: `connect` to one, prompt it, and read one union of events.

    async with connect("copilot") as agent:
        async for event in agent.prompt("What is in this folder?"):
            match event:
                case Text():
                    print(event.text, end="")
                case Permission():
                    event.allow()

Each event has the protocol's own one as `native`, and `agent.native` is the session of the protocol's own client: what
this module has no word for is a step away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk.agents._connect import connect as connect
    from copilot_sdk.agents._conversation import Conversation as Conversation
    from copilot_sdk.agents._prompt import Prompt as Prompt
    from copilot_sdk.agents.events import AgentEvent as AgentEvent
    from copilot_sdk.agents.events import Done as Done
    from copilot_sdk.agents.events import Other as Other
    from copilot_sdk.agents.events import Permission as Permission
    from copilot_sdk.agents.events import Text as Text
    from copilot_sdk.agents.events import Thinking as Thinking
    from copilot_sdk.agents.events import Tool as Tool

MODULES = {
    "._connect": "connect",
    "._conversation": "Conversation",
    "._prompt": "Prompt",
    ".events": "AgentEvent Done Other Permission Text Thinking Tool",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
