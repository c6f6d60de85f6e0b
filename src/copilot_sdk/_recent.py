"""What was seen lately, in bounded memory."""

from __future__ import annotations


class RecentIds:
    """Remembers identifiers: the last `limit` of them for sure, twice as many at most.

    Args:
        limit: How many to remember.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._new: set[str] = set()
        self._old: set[str] = set()

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._new or identifier in self._old

    def add(self, identifier: str) -> bool:
        """Remember an identifier and tell whether it is a new one."""
        if identifier in self:
            return False
        if len(self._new) >= self._limit:
            # Two generations forget in constant time, which a single set in order of age does not.
            self._old, self._new = self._new, set()
        self._new.add(identifier)
        return True
