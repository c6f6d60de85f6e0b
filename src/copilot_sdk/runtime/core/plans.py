"""Plans that the user has to agree to: sent as a request and as an event, and whichever is answered first counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.events.exit_plan_mode import (
    ExitPlanModeCompletedData,
    ExitPlanModeRequestedData,
)
from copilot_sdk.runtime.core.clients import ClientFault
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Decision = Mapping[str, object]

_REFUSED: Decision = {"approved": False, "feedback": "The user is not available to decide"}
_ACTIONS = ("exit_only", "interactive", "autopilot")


class Plans:
    """The plans of a session that wait for a decision."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[str, asyncio.Future[Decision]] = {}

    async def propose(self, summary: str, content: str) -> Decision:
        """Asks the user whether to carry out a plan and waits for the decision; there is one in any case."""
        session = self._session
        request_id = new_id()
        future: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = future
        session.emit(
            ExitPlanModeRequestedData(
                request_id=request_id,
                summary=summary,
                plan_content=content,
                actions=list(_ACTIONS),
                recommended_action="interactive",
            )
        )
        plan = {
            "summary": summary,
            "planContent": content,
            "actions": list(_ACTIONS),
            "recommendedAction": "interactive",
        }
        asking = asyncio.create_task(self._ask_client(plan, future))
        try:
            decision = await future
        finally:
            del self._waiting[request_id]
            await end_all({asking})
        session.emit(ExitPlanModeCompletedData.model_validate({"requestId": request_id, **decision}))
        return decision

    async def _ask_client(self, plan: Mapping[str, object], future: asyncio.Future[Decision]) -> None:
        session = self._session
        decision = _REFUSED
        client = next((client for client in session.clients if client.answers_plans), None)
        if client is not None:
            try:
                decision = await client.port.confirm_plan(session.id, plan)
            except ClientFault as fault:
                decision = {"approved": False, "feedback": str(fault)}
        if not future.done():
            future.set_result(decision)

    def resolve(self, request_id: str, decision: Decision) -> bool:
        """Hands in a decision.

        Returns:
            Whether anybody still waited for it.
        """
        future = self._waiting.get(request_id)
        if future is None or future.done():
            return False
        future.set_result(decision)
        return True
