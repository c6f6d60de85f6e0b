"""The end of the work of a session: what it owes its clients to say, and when it may."""

from __future__ import annotations

from typing import Literal

DrainAction = Literal["none", "processQueue", "emitSessionIdle"]


class DeferredIdle:
    """The `session.idle` that a session owes since its last turn began, and that background work may put off.

    Attributes:
        owed: Whether it is owed.
        aborted: Whether it will say that the work was aborted.
    """

    def __init__(self) -> None:
        self.owed = False
        self.aborted = False
        self._draining = False

    def defer(self, *, aborted: bool) -> None:
        """Records that it is owed, whatever was known of it before."""
        self.owed, self.aborted = True, aborted

    def settle(self) -> bool:
        """Records that it was said; returns whether it had to say that the work was aborted."""
        aborted, self.owed, self.aborted = self.aborted, False, False
        return aborted

    def begin_drain(self, *, working: bool) -> bool:
        """Whether a host is to work it off now, which only one may do at a time.

        Args:
            working: Whether there still is work that puts it off.
        """
        if working or not self.owed or self._draining:
            return False
        self._draining = True
        return True

    def finish_drain(self, *, working: bool, pending: bool) -> tuple[DrainAction, bool]:
        """Ends what `begin_drain` began.

        Args:
            working: Whether there still is work that puts it off.
            pending: Whether the queue holds something that can be taken.

        Returns:
            What the host has to do, and whether the work was aborted.
        """
        self._draining = False
        if working or not self.owed:
            return "none", self.aborted
        if pending:
            return "processQueue", self.aborted
        return "emitSessionIdle", self.settle()
