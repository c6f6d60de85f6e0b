"""The IDs of searches in the registry of MCP servers."""

from __future__ import annotations

from itertools import count

from copilot_sdk.runtime.core.faults import RuntimeFault

_MOST_UNUSED = 1024


class RegistrySearches:
    """Reserves IDs; each is good for one search."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._unused: dict[int, None] = {}

    def reserve(self) -> int:
        """Reserves an ID; of too many unused ones the oldest is taken back."""
        if len(self._unused) >= _MOST_UNUSED:
            del self._unused[next(iter(self._unused))]
        request_id = next(self._ids)
        self._unused[request_id] = None
        return request_id

    def cancel(self, request_id: int) -> bool:
        """Gives an ID back.

        Returns:
            Whether a search was stopped; none is under way for longer than it takes to fail.
        """
        self._unused.pop(request_id, None)
        return False

    def use(self, request_id: int) -> None:
        """Uses an ID up.

        Raises:
            RuntimeFault: It stands for no search.
        """
        if request_id not in self._unused:
            raise RuntimeFault(
                f"requestId {request_id} stands for no search: get one from mcp.registry.allocateRequestId"
            )
        del self._unused[request_id]
