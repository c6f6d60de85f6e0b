"""Session events by name: `from copilot_sdk.events import AssistantMessageDelta`.

An event's class is named after its wire type (`assistant.message_delta` is `AssistantMessageDelta`) and has
the envelope's fields beside `type` and `data`. A class is loaded when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import *  # noqa: F403
    from copilot_sdk._generated.copilot.events import SessionEvent as SessionEvent
    from copilot_sdk._generated.copilot.events import UnknownEvent as UnknownEvent
    from copilot_sdk._generated.copilot.events import decode as decode
else:

    def __getattr__(name: str) -> Any:
        from copilot_sdk._generated.copilot import events

        return getattr(events, name)

    def __dir__() -> list[str]:
        from copilot_sdk._generated.copilot import events

        return dir(events)
