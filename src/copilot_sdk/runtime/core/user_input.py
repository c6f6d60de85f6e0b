"""Questions to the user: sent as a request and as an event, and whichever is answered first counts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.events.user_input import UserInputCompletedData, UserInputRequestedData
from copilot_sdk.runtime.core.clients import ClientFault, UserAnswer
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_NO_ANSWER = UserAnswer("The user was unable to respond due to an error", freeform=True)
_NOBODY = UserAnswer("The user is not available to answer", freeform=True)


class UserInput:
    """The questions of a session that wait for an answer."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[str, asyncio.Future[UserAnswer]] = {}

    async def ask(
        self,
        question: str,
        choices: Sequence[str],
        *,
        allow_freeform: bool,
        call_id: str | None,
        agent_id: str | None,
    ) -> UserAnswer:
        """Asks the user and waits for the answer; there is one in any case."""
        session = self._session
        request_id = new_id()
        future: asyncio.Future[UserAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        session.emit(
            UserInputRequestedData(
                request_id=request_id,
                question=question,
                choices=list(choices) or None,
                allow_freeform=allow_freeform,
                tool_call_id=call_id,
            ),
            agent_id=agent_id,
        )
        asking = asyncio.create_task(self._ask_client(question, choices, allow_freeform, future))
        try:
            answer = await future
        finally:
            del self._waiting[request_id]
            await end_all({asking})
        session.emit(
            UserInputCompletedData(request_id=request_id, answer=answer.text, was_freeform=answer.freeform),
            agent_id=agent_id,
        )
        return answer

    async def _ask_client(
        self,
        question: str,
        choices: Sequence[str],
        allow_freeform: bool,
        future: asyncio.Future[UserAnswer],
    ) -> None:
        session = self._session
        answer = _NOBODY
        client = next((client for client in session.clients if client.answers_questions), None)
        if client is not None:
            try:
                answer = await client.port.ask_user(session.id, question, choices, allow_freeform)
            except ClientFault:
                answer = _NO_ANSWER
        if not future.done():
            future.set_result(answer)

    def resolve(self, request_id: str, answer: UserAnswer) -> bool:
        """Hands in an answer.

        Returns:
            Whether anybody still waited for it.
        """
        future = self._waiting.get(request_id)
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True
