"""Requests that wait for an answer from outside: the first one counts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Generic, TypeVar

from copilot_sdk.runtime.core.clock import new_id

SubjectT = TypeVar("SubjectT")
AnswerT = TypeVar("AnswerT")


class Pending(Generic[SubjectT, AnswerT]):
    """The open requests of one kind, each about a subject."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[SubjectT, asyncio.Future[AnswerT]]] = {}

    def __iter__(self) -> Iterator[tuple[str, SubjectT]]:
        """The open requests, oldest first."""
        return iter([(request_id, subject) for request_id, (subject, _) in self._open.items()])

    def open(self, subject: SubjectT) -> str:
        """Opens a request and returns its id."""
        request_id = new_id()
        self._open[request_id] = (subject, asyncio.get_running_loop().create_future())
        return request_id

    async def answer(self, request_id: str, *, seconds: float, otherwise: AnswerT) -> AnswerT:
        """Waits for the answer to an open request and closes it; it is closed too when the wait is cancelled.

        Args:
            request_id: Which one.
            seconds: How long to wait at most.
            otherwise: The answer if none comes in that time.
        """
        future = self._open[request_id][1]
        try:
            await asyncio.wait({future}, timeout=seconds)
            return future.result() if future.done() else otherwise
        finally:
            future.cancel()
            del self._open[request_id]

    def resolve(self, request_id: str, answer: AnswerT) -> bool:
        """Answers a request.

        Returns:
            Whether it was still open.
        """
        _, future = self._open.get(request_id, (None, None))
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True
