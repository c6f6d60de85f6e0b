"""What a tool is told about the call that it runs for."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolInvocation:
    """The call that a tool is run for.

    A tool that has a parameter of this type gets it, the model does not see it.

    Attributes:
        session_id: Identifier of the session.
        tool_call_id: Identifier of the call, as events have it.
        tool_name: Name by which the model called the tool.
        working_directory: Folder that the session works in, None if it is not known.
        arguments: What the model passed, before it was checked.
        request_id: Identifier of the request to this client, as events have it; None where there was none.
        agent_id: The sub-agent that calls the tool, None for the session's own agent.
    """

    session_id: str
    tool_call_id: str
    tool_name: str
    working_directory: str | None = None
    arguments: Any = None
    request_id: str | None = None
    agent_id: str | None = None

    def __post_init__(self) -> None:
        # Not a field: a call can be compared and be written as JSON.
        object.__setattr__(self, "_cancellation", threading.Event())

    @property
    def cancelled(self) -> bool:
        """True when nobody waits for the result any more.

        The turn was aborted, somebody else answered, or the session ended. An async function is cancelled then; a plain
        one, which nothing can stop, may look here from time to time.
        """
        return self._signal.is_set()

    def wait_cancelled(self, timeout: float | None = None) -> bool:
        """Block a plain function until nobody waits for its result any more.

        Args:
            timeout: Seconds to wait at most, None for no limit.

        Returns:
            False if the time was up first.
        """
        return self._signal.wait(timeout)

    def cancel(self) -> None:
        """Say that nobody waits for the result any more. The session does so; tests of tools may."""
        self._signal.set()

    @property
    def _signal(self) -> threading.Event:
        signal: threading.Event = self.__dict__["_cancellation"]
        return signal
