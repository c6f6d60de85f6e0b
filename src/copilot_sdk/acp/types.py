"""Every type of the Agent Client Protocol by name.

`from copilot_sdk.acp.types import AgentMessageChunk`. A type is loaded when it is first needed. What an agent tells
of a session is one of the branches of `SessionUpdate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import *  # noqa: F403
    from copilot_sdk._model import UnknownVariant as UnknownVariant
else:

    def __getattr__(name: str) -> Any:
        if name == "UnknownVariant":
            from copilot_sdk._model import UnknownVariant

            return UnknownVariant
        from copilot_sdk._generated.acp import types

        return getattr(types, name)

    def __dir__() -> list[str]:
        from copilot_sdk._generated.acp import types

        return [*dir(types), "UnknownVariant"]
