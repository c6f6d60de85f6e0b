"""The plan of a session: a file in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.file_system import FileSystem
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.payloads import Payload

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Decision = Mapping[str, object]

_NOT_DECIDED: Decision = {"approved": False, "feedback": "The client did not decide on the plan."}
_ACTIONS = ("autopilot", "interactive", "exit_only")
_RECOMMENDED = "autopilot"


class Plan:
    """The plan of one session.

    Attributes:
        proposals: Plans that wait for the user to approve them, by their summaries.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.proposals: Inquiries[str, Decision] = Inquiries(session)

    @property
    def path(self) -> Path:
        """The file of the plan."""
        return self._session.folder / "plan.md"

    async def read(self) -> str | None:
        """The plan; None if there is none.

        Raises:
            RuntimeFault: It cannot be read.
        """
        try:
            return (await self._files.read(self.path)).decode()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise RuntimeFault(f"the plan cannot be read: {error}") from error

    async def write(self, content: str) -> None:
        """Replaces the plan.

        Raises:
            RuntimeFault: It cannot be written.
        """
        try:
            operation: Literal["create", "update"] = "update" if await self._exists() else "create"
            await self._files.write(self.path, content.encode())
        except OSError as error:
            raise RuntimeFault(f"the plan cannot be written: {error}") from error
        self._session.emit(types.SessionPlanChangedData(operation=operation))

    async def delete(self) -> None:
        """Deletes the plan, if there is one.

        Raises:
            RuntimeFault: It cannot be deleted.
        """
        try:
            if not await self._exists():
                return
            await self._files.remove(self.path)
        except OSError as error:
            raise RuntimeFault(f"the plan cannot be deleted: {error}") from error
        self._session.emit(types.SessionPlanChangedData(operation="delete"))

    @property
    def _files(self) -> FileSystem:
        return self._session.storage.files

    async def _exists(self) -> bool:
        return await self._files.status(self.path) is not None

    async def propose(self, summary: str, *, call_id: str) -> Decision:
        """Asks the user whether to carry the plan out and waits for the decision; there is one in any case."""
        session = self._session
        plan = {
            "summary": summary,
            "planContent": await self.read() or "",
            "actions": list(_ACTIONS),
            "recommendedAction": _RECOMMENDED,
        }

        def requested(request_id: str) -> Payload:
            details = {"requestId": request_id, "toolCallId": call_id, "model": session.model_id}
            return types.ExitPlanModeRequestedData.model_validate({**details, **plan})

        def completed(request_id: str, decision: Decision | None) -> Payload:
            return types.ExitPlanModeCompletedData.model_validate(
                {"requestId": request_id, **(decision or {})}
            )

        async def ask_client() -> Decision:
            client = next((client for client in session.clients if client.answers_plans), None)
            return _NOT_DECIDED if client is None else await client.port.confirm_plan(session.id, plan)

        return await self.proposals.put(Inquiry(summary, requested, completed, _NOT_DECIDED, ask=ask_client))
