"""Every type of the wire by name: `from copilot_sdk.tau.types import TaskInfo`.

A type is loaded when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot_sdk._generated.tau.types import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        from copilot_sdk._generated.tau import types

        return getattr(types, name)

    def __dir__() -> list[str]:
        from copilot_sdk._generated.tau import types

        return dir(types)
