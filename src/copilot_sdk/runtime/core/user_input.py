"""Questions and forms for the user. Whichever answer of a client comes first counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import UserAnswer
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.payloads import Payload

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Decision = Mapping[str, object]

_NO_ANSWER = UserAnswer("The user was unable to respond due to an error", freeform=True)
_NOBODY = UserAnswer("The user is not available to answer", freeform=True)
_CANCELLED: Decision = {"action": "cancel"}


class UserInput:
    """What a session wants to know from its user."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.questions: Inquiries[str, UserAnswer] = Inquiries(session)
        self.forms: Inquiries[str, Decision] = Inquiries(session)

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

        def requested(request_id: str) -> Payload:
            return types.UserInputRequestedData(
                request_id=request_id,
                question=question,
                choices=list(choices) or None,
                allow_freeform=allow_freeform,
                tool_call_id=call_id,
            )

        def completed(request_id: str, answer: UserAnswer | None) -> Payload:
            if answer is None:
                return types.UserInputCompletedData(request_id=request_id)
            return types.UserInputCompletedData(
                request_id=request_id, answer=answer.text, was_freeform=answer.freeform
            )

        async def ask_client() -> UserAnswer:
            client = next((client for client in session.clients if client.answers_questions), None)
            if client is None:
                return _NOBODY
            return await client.port.ask_user(session.id, question, choices, allow_freeform)

        return await self.questions.put(
            Inquiry(question, requested, completed, _NO_ANSWER, ask=ask_client, agent_id=agent_id)
        )

    async def fill_in(
        self,
        message: str,
        form: Mapping[str, object] | None,
        *,
        source: str | None = None,
        url: object = None,
    ) -> Decision:
        """Has the user fill in a form, or visit an address.

        Args:
            message: What it is about.
            form: JSON schema of the form, if it is one.
            source: The MCP server that wants it, if it is one.
            url: The address, if it is one.

        Raises:
            RuntimeFault: No client can show forms.
        """
        if not self.can_show_forms:
            raise RuntimeFault(
                "No client of this session can show forms (capabilities.ui.elicitation is false)"
            )

        def requested(request_id: str) -> Payload:
            asked: dict[str, object] = {"requestId": request_id, "message": message, "requestedSchema": form}
            if source is not None:
                asked |= {"elicitationSource": source, "mode": "form" if url is None else "url", "url": url}
            return types.ElicitationRequestedData.model_validate(asked)

        def completed(request_id: str, decision: Decision | None) -> Payload:
            shown = _CANCELLED if decision is None else decision
            return types.ElicitationCompletedData.model_validate({"requestId": request_id, **shown})

        return await self.forms.put(Inquiry(message, requested, completed, _CANCELLED))

    def give_up_orphans(self) -> None:
        """Cancels the forms that nobody is left to show."""
        if not self.can_show_forms:
            self.forms.give_up()

    @property
    def can_show_forms(self) -> bool:
        """Whether a client of the session can show forms."""
        return any(client.answers_elicitations for client in self._session.clients)
