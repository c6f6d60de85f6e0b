"""Tool calls that clients carry out: asked for with an event, answered with a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.pending import Pending
from copilot_sdk.runtime.core.tools.base import Arguments, ToolResult

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


@dataclass(frozen=True, slots=True)
class ExternalCall:
    """One call of a tool that a client carries out."""

    tool: str
    call_id: str
    arguments: Arguments
    agent_id: str | None


class ExternalCalls:
    """The external tool calls of a session that wait for their result."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending: Pending[ExternalCall, ToolResult] = Pending()

    def __iter__(self) -> Iterator[tuple[str, ExternalCall]]:
        """The ids of the requests that are open, with the calls; oldest first."""
        return iter(self._pending)

    async def request(
        self, tool: str, call_id: str, arguments: Arguments, *, agent_id: str | None
    ) -> ToolResult:
        """Asks the clients to run a tool and waits for the first result."""
        session = self._session
        request_id = self._pending.open(ExternalCall(tool, call_id, arguments, agent_id))
        session.emit(
            types.ExternalToolRequestedData(
                request_id=request_id,
                session_id=session.id,
                tool_call_id=call_id,
                tool_name=tool,
                arguments=dict(arguments),
                working_directory=str(session.config.working_directory),
            ),
            agent_id=agent_id,
        )
        seconds = session.limits.answer_seconds
        silent = ToolResult(f"The tool '{tool}' gave no result within {seconds:g} s.", kind="timeout")
        try:
            return await self._pending.answer(request_id, seconds=seconds, otherwise=silent)
        finally:
            session.emit(types.ExternalToolCompletedData(request_id=request_id), agent_id=agent_id)

    def resolve(self, request_id: str, result: ToolResult) -> bool:
        """Hands in a result.

        Returns:
            Whether anybody still waited for it.
        """
        return self._pending.resolve(request_id, result)

    def give_up_orphans(self) -> None:
        """Fails the calls of tools that no client offers any longer."""
        offered = self._session.clients.tools()
        for request_id, call in self._pending:
            if call.tool not in offered:
                text = f"The client that provides the tool '{call.tool}' has left the session."
                self.resolve(request_id, ToolResult.failure(text))
