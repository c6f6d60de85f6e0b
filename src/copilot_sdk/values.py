"""The known values of every open enum as constants.

`from copilot_sdk.values import TaskStatus; TaskStatus.RUNNING`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.values import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        from copilot_sdk._generated.copilot import values

        return getattr(values, name)

    def __dir__() -> list[str]:
        from copilot_sdk._generated.copilot import values

        return dir(values)
