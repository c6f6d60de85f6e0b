"""Hooks: places in a turn at which clients look in and may change what happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import HookEndData, HookEndError, HookStartData
from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.clock import new_id

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


class Hooks:
    """Invokes the hooks of a session's clients."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def invoke(self, hook_type: str, details: Mapping[str, object]) -> dict[str, object]:
        """Runs a hook in each client that has hooks.

        Args:
            hook_type: The wire's name of the hook.
            details: Its input, without what all hooks are told.

        Returns:
            What the clients answered, later clients over earlier ones.
        """
        output: dict[str, object] = {}
        for client in self._session.clients:
            if client.runs_hooks:
                output |= await self._invoke(client, hook_type, details)
        return output

    async def _invoke(
        self, client: Client, hook_type: str, details: Mapping[str, object]
    ) -> Mapping[str, object]:
        session = self._session
        invocation = new_id()
        hook_input = {
            "sessionId": session.id,
            "timestamp": int(time.time() * 1000),
            "cwd": str(session.config.working_directory),
            **details,
        }
        session.emit(HookStartData(hook_invocation_id=invocation, hook_type=hook_type, input=hook_input))
        end = HookEndData(hook_invocation_id=invocation, hook_type=hook_type, success=True)
        output: Mapping[str, object] = {}
        try:
            async with asyncio.timeout(session.limits.hook_seconds):
                output = await client.port.run_hook(session.id, hook_type, hook_input)
            end.output = dict(output) or None
        except (ClientFault, TimeoutError) as error:
            end.success = False
            end.error = HookEndError(
                message=str(error) or f"no answer within {session.limits.hook_seconds:g} s"
            )
        session.emit(end)
        return output
