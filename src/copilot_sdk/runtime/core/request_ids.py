"""IDs that clients reserve for requests, so that they can cancel them from the first moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

from copilot_sdk.runtime.core.faults import RuntimeFault

_MOST_UNUSED = 1024


class RequestIds:
    """Reserves IDs for requests of one kind; each is good for one."""

    def __init__(self, numbers: Iterator[int], what: str, method: str) -> None:
        """Prepares to reserve IDs.

        Args:
            numbers: Gives the IDs; other kinds may share it.
            what: The kind of request, for the text of a fault.
            method: The method that reserves one.
        """
        self._numbers = numbers
        self._what = what
        self._method = method
        self._unused: dict[int, None] = {}
        self._running: dict[int, asyncio.Timeout] = {}

    def reserve(self) -> int:
        """Reserves an ID; of too many unused ones the oldest is taken back."""
        if len(self._unused) >= _MOST_UNUSED:
            del self._unused[next(iter(self._unused))]
        request_id = next(self._numbers)
        self._unused[request_id] = None
        return request_id

    def use(self, request_id: int) -> None:
        """Uses an ID up.

        Raises:
            RuntimeFault: It stands for no request.
        """
        if request_id not in self._unused:
            raise RuntimeFault(
                f"requestId {request_id} stands for no {self._what}: get one from {self._method}"
            )
        del self._unused[request_id]

    @asynccontextmanager
    async def running(self, request_id: int) -> AsyncGenerator[None]:
        """Makes what is awaited in it the request of an ID.

        Raises:
            RuntimeFault: It was cancelled.
        """
        scope = self._running[request_id] = asyncio.timeout(None)
        try:
            async with scope:
                yield
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise RuntimeFault(f"The {self._what} was cancelled") from error
        finally:
            self._running.pop(request_id, None)

    def cancel(self, request_id: int) -> bool:
        """Stops a request; an ID that is not used yet is given back.

        Returns:
            Whether there was one to stop.
        """
        self._unused.pop(request_id, None)
        running = self._running.pop(request_id, None)
        if running is None:
            return False
        running.reschedule(asyncio.get_running_loop().time())
        return True
