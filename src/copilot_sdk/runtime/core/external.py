"""Tool calls that clients carry out: asked for with an event, answered with a request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.events.external_tool import (
    ExternalToolCompletedData,
    ExternalToolRequestedData,
)
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.tools.base import Arguments, ToolResult

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


class ExternalCalls:
    """The external tool calls of a session that wait for their result."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: dict[str, tuple[str, asyncio.Future[ToolResult]]] = {}

    async def request(
        self, tool: str, call_id: str, arguments: Arguments, *, agent_id: str | None
    ) -> ToolResult:
        """Asks the clients to run a tool and waits for the first result."""
        session = self._session
        request_id = new_id()
        future: asyncio.Future[ToolResult] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = (tool, future)
        session.emit(
            ExternalToolRequestedData(
                request_id=request_id,
                session_id=session.id,
                tool_call_id=call_id,
                tool_name=tool,
                arguments=dict(arguments),
                working_directory=str(session.config.working_directory),
            ),
            agent_id=agent_id,
        )
        try:
            return await future
        finally:
            del self._waiting[request_id]
            session.emit(ExternalToolCompletedData(request_id=request_id), agent_id=agent_id)

    def resolve(self, request_id: str, result: ToolResult) -> bool:
        """Hands in a result.

        Returns:
            Whether anybody still waited for it.
        """
        _, future = self._waiting.get(request_id, ("", None))
        if future is None or future.done():
            return False
        future.set_result(result)
        return True

    def give_up_orphans(self) -> None:
        """Fails the calls of tools that no client offers any longer."""
        offered = self._session.clients.tools()
        for tool, future in self._waiting.values():
            if tool not in offered and not future.done():
                text = f"The client that provides the tool '{tool}' has left the session."
                future.set_result(ToolResult.failure(text))
