"""What the daemon answers to a request that it does not serve."""

from __future__ import annotations

from copilot_sdk.runtime.core.faults import RuntimeFault


class UnknownSession(RuntimeFault):
    """No session has the id."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"session not found: {session_id}")


class UnknownTask(RuntimeFault):
    """No task has the number."""

    def __init__(self, task_id: int) -> None:
        super().__init__(f"task not found: {task_id}")
