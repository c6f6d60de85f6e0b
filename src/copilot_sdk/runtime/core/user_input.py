"""Questions to the user. A client gets each as a request and as an event; whichever is answered first counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from copilot_sdk._generated.copilot.types import (
    ElicitationCompletedData,
    ElicitationRequestedData,
    ExitPlanModeCompletedData,
    ExitPlanModeRequestedData,
    UserInputCompletedData,
    UserInputRequestedData,
)
from copilot_sdk.runtime.core.clients import Client, ClientFault, UserAnswer
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.pending import Pending
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Decision = Mapping[str, object]
AnswerT = TypeVar("AnswerT")

_NO_ANSWER = UserAnswer("The user was unable to respond due to an error", freeform=True)
_NOBODY = UserAnswer("The user is not available to answer", freeform=True)
_NOT_DECIDED: Decision = {"approved": False, "feedback": "The user is not available to decide"}
_CANCELLED: Decision = {"action": "cancel"}
_ACTIONS = ("exit_only", "interactive", "autopilot")


class UserInput:
    """What a session wants to know from its user."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.questions: Pending[None, UserAnswer] = Pending()
        self.plans: Pending[None, Decision] = Pending()
        self.forms: Pending[None, Decision] = Pending()

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
        request_id = self.questions.open(None)
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

        async def ask_client() -> UserAnswer:
            client = self._first(lambda client: client.answers_questions)
            if client is None:
                return _NOBODY
            try:
                return await client.port.ask_user(session.id, question, choices, allow_freeform)
            except ClientFault:
                return _NO_ANSWER

        answer = await _first_answer(self.questions, request_id, ask_client)
        session.emit(
            UserInputCompletedData(request_id=request_id, answer=answer.text, was_freeform=answer.freeform),
            agent_id=agent_id,
        )
        return answer

    async def propose_plan(self, summary: str, content: str) -> Decision:
        """Asks the user whether to carry out a plan and waits for the decision; there is one in any case."""
        session = self._session
        request_id = self.plans.open(None)
        plan = {
            "summary": summary,
            "planContent": content,
            "actions": list(_ACTIONS),
            "recommendedAction": "interactive",
        }
        session.emit(ExitPlanModeRequestedData.model_validate({"requestId": request_id, **plan}))

        async def ask_client() -> Decision:
            client = self._first(lambda client: client.answers_plans)
            if client is None:
                return _NOT_DECIDED
            try:
                return await client.port.confirm_plan(session.id, plan)
            except ClientFault as fault:
                return {"approved": False, "feedback": str(fault)}

        decision = await _first_answer(self.plans, request_id, ask_client)
        session.emit(ExitPlanModeCompletedData.model_validate({"requestId": request_id, **decision}))
        return decision

    async def fill_in(self, message: str, form: Mapping[str, object]) -> Decision:
        """Has the user fill in a form.

        Raises:
            RuntimeFault: No client can show forms.
        """
        session = self._session
        if self._first(lambda client: client.answers_elicitations) is None:
            raise RuntimeFault(
                "No client of this session can show forms (capabilities.ui.elicitation is false)"
            )
        request_id = self.forms.open(None)
        session.emit(
            ElicitationRequestedData.model_validate(
                {"requestId": request_id, "message": message, "mode": "form", "requestedSchema": dict(form)}
            )
        )
        decision = _CANCELLED
        try:
            decision = await self.forms.answer(request_id)
        finally:
            session.emit(ElicitationCompletedData.model_validate({"requestId": request_id, **decision}))
        return decision

    def give_up_orphans(self) -> None:
        """Cancels the forms that nobody is left to show."""
        if self._first(lambda client: client.answers_elicitations) is None:
            self.cancel_forms()

    def cancel_forms(self) -> None:
        """Cancels all forms that are shown."""
        for request_id, _ in self.forms:
            self.forms.resolve(request_id, _CANCELLED)

    def _first(self, suits: Callable[[Client], bool]) -> Client | None:
        return next((client for client in self._session.clients if suits(client)), None)


async def _first_answer(
    pending: Pending[None, AnswerT], request_id: str, ask: Callable[[], Awaitable[AnswerT]]
) -> AnswerT:
    async def ask_and_resolve() -> None:
        pending.resolve(request_id, await ask())

    asking = asyncio.create_task(ask_and_resolve())
    try:
        return await pending.answer(request_id)
    finally:
        await end_all({asking})
