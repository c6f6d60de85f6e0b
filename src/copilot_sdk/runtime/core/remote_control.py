"""Remote control of sessions, which needs an account: without one, starting it fails and is remembered to have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RemoteStatus:
    """How it stands; `error` and `session_id` say what failed for which session."""

    state: Literal["off", "error"] = "off"
    error: str | None = None
    session_id: str | None = None


class RemoteControl:
    """The remote control of one runtime."""

    def __init__(self) -> None:
        self.status = RemoteStatus()

    def start(self, session_id: str) -> None:
        """Tries to let a session be controlled from elsewhere; the status tells what came of it."""
        self.status = RemoteStatus("error", "Remote session has no current authentication", session_id)

    def stop(self, *, expected: str | None, force: bool) -> bool:
        """Ends it.

        Args:
            expected: The session it has to be for, unless forced.
            force: Whether it ends for whatever session.

        Returns:
            Whether there was something to end.
        """
        status = self.status
        if status.state == "off" or (expected not in (None, status.session_id) and not force):
            return False
        self.status = RemoteStatus()
        return True
