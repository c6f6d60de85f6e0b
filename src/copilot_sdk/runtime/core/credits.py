"""The limit that a session has for AI credits, and what happens when it is used up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.payloads import Payload

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Decision = Mapping[str, object]

_EVENT = "session_limits_exhausted.requested"
_CANCEL: Decision = {"action": "cancel"}
_WARNED_AT = (0.5, 0.75)


class Credits:
    """The AI credits of one session.

    Attributes:
        exhausted: Limits that wait for the user to say what is to happen.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.exhausted: Inquiries[None, Decision] = Inquiries(session)

    @property
    def used(self) -> float:
        """How many have been used."""
        return self._session.usage.ai_credits

    @property
    def limit(self) -> float | None:
        """How many may be used; None for any number."""
        return self._session.config.max_ai_credits

    def note(self, more: float) -> None:
        """Tells the user when a good part of the limit is used up by what was just used."""
        limit, used = self.limit, self.used
        if limit is None or used >= limit:
            return
        if any(used - more < limit * share <= used for share in _WARNED_AT):
            self._tell(f"Session limits: {used:g}/{limit:g} AI credits used.")

    async def may_go_on(self) -> bool:
        """Whether another model call is within the limit; if not, the user is asked to raise it."""
        limit = self.limit
        if limit is None or self.used < limit:
            return True
        self._tell("The session limit is used up. Raise or lift it to go on.")
        if _EVENT not in self._session.interests:
            return False
        decision = await self._ask(limit)
        new = _new_limit(decision, limit)
        if new == limit:
            return False
        self.set_limit(new)
        self._tell(
            "The session limit is lifted." if new is None else f"The session limit is {new:g} AI credits now."
        )
        return new is None or self.used < new

    def set_limit(self, limit: float | None) -> None:
        """Sets another limit, or none."""
        self._session.config.max_ai_credits = limit
        limits = None if limit is None else {"maxAiCredits": limit}
        self._session.emit(types.SessionSessionLimitsChangedData.model_validate({"sessionLimits": limits}))

    def give_up_orphans(self) -> None:
        """Leaves limits as they are that nobody is left to decide on."""
        if _EVENT not in self._session.interests:
            self.exhausted.give_up()

    async def _ask(self, limit: float) -> Decision:
        def requested(request_id: str) -> Payload:
            return types.SessionLimitsExhaustedRequestedData(
                request_id=request_id, used_ai_credits=self.used, max_ai_credits=limit
            )

        def completed(request_id: str, decision: Decision | None) -> Payload:
            response = _CANCEL if decision is None else decision
            return types.SessionLimitsExhaustedCompletedData.model_validate(
                {"requestId": request_id, "response": response}
            )

        return await self.exhausted.put(Inquiry(None, requested, completed, _CANCEL))

    def _tell(self, text: str) -> None:
        self._session.emit(types.SessionInfoData(info_type="session_limits", message=text))


def _new_limit(decision: Decision, limit: float) -> float | None:
    additional, wanted = decision.get("additionalAiCredits"), decision.get("maxAiCredits")
    match decision.get("action"):
        case "add" if isinstance(additional, int | float):
            return limit + additional
        case "set" if isinstance(wanted, int | float):
            return float(wanted)
        case "unset":
            return None
        case _:
            return limit
