"""What the runtime wants to know from its clients: asked with an event, and of one client also with a request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.pending import Pending
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

SubjectT = TypeVar("SubjectT")
AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class Inquiry(Generic[SubjectT, AnswerT]):
    """One thing to ask.

    Attributes:
        subject: What it is about.
        requested: Makes the event that asks, given the id of the request.
        completed: Makes the event that tells the answer; there is none if the turn was aborted.
        ask: Asks one client directly. Whichever answer comes first counts.
        otherwise: The answer if nobody gives one.
        only: The one client to send the asking event to.
        agent_id: The background agent that wants to know.
        seconds: How long to wait for an answer; None for `Limits.answer_seconds`.
    """

    subject: SubjectT
    requested: Callable[[str], Payload]
    completed: Callable[[str, AnswerT | None], Payload]
    otherwise: AnswerT
    ask: Callable[[], Awaitable[AnswerT]] | None = None
    only: Client | None = None
    agent_id: str | None = None
    seconds: float | None = None


class Inquiries(Generic[SubjectT, AnswerT]):
    """The open inquiries of one kind in a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending: Pending[Inquiry[SubjectT, AnswerT], AnswerT] = Pending()

    def __iter__(self) -> Iterator[tuple[str, SubjectT]]:
        """The open ones, oldest first: ids and subjects."""
        return ((request_id, inquiry.subject) for request_id, inquiry in self._pending)

    async def put(self, inquiry: Inquiry[SubjectT, AnswerT]) -> AnswerT:
        """Asks and waits for the answer; there is one in any case, when the time is up at the latest."""
        session, request_id = self._session, self._pending.open(inquiry)
        session.emit(inquiry.requested(request_id), agent_id=inquiry.agent_id, only=inquiry.only)
        asking = asyncio.ensure_future(self._ask(request_id, inquiry))
        answer: AnswerT | None = None
        seconds = session.limits.answer_seconds if inquiry.seconds is None else inquiry.seconds
        try:
            answer = await self._pending.answer(request_id, seconds=seconds, otherwise=inquiry.otherwise)
            return answer
        finally:
            await end_all({asking})
            session.emit(inquiry.completed(request_id, answer), agent_id=inquiry.agent_id)

    async def _ask(self, request_id: str, inquiry: Inquiry[SubjectT, AnswerT]) -> None:
        if inquiry.ask is None:
            return
        try:
            answer = await inquiry.ask()
        except ClientFault:
            answer = inquiry.otherwise
        self._pending.resolve(request_id, answer)

    def subject(self, request_id: str) -> SubjectT | None:
        """What an open request is about; None if it is not open."""
        return next((subject for known, subject in self if known == request_id), None)

    def resolve(self, request_id: str, answer: AnswerT) -> bool:
        """Hands in an answer.

        Returns:
            Whether the request still waited for one.
        """
        return self._pending.resolve(request_id, answer)

    def give_up(self, hopeless: Callable[[SubjectT], bool] = lambda _: True) -> None:
        """Answers what nobody is left to answer, each with its answer for that case."""
        for request_id, inquiry in self._pending:
            if hopeless(inquiry.subject):
                self.resolve(request_id, inquiry.otherwise)
