"""copilot_sdk."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from copilot_sdk import CopilotClient, EventBufferOverflow, Session
from copilot_sdk.permissions import approve_once
from copilot_sdk.tools import Tool
from copilot_sdk.types import PermissionDecision, PermissionRequest
from tests.faults.sides.base import EventCallback, Handler, Handlers

LAG = 100


class Ours:
    """A client of copilot_sdk.

    Args:
        peer: Command line of the peer.
        start_seconds: How long starting may take.
    """

    session: Session

    def __init__(self, peer: list[str], start_seconds: float) -> None:
        program, *arguments = peer
        self.client = CopilotClient(program, cli_args=arguments, start_timeout=start_seconds)

    async def start(self) -> None:
        await self.client.start()

    async def open_session(self, handlers: Handlers) -> None:
        tools = [] if handlers.tool is None else [Tool(handlers.tool, name="work")]
        on_permission = None if handlers.permission is None else approving(handlers.permission)
        self.session = await self.client.create_session(tools=tools, on_permission=on_permission)

    def on_event(self, callback: EventCallback) -> None:
        self.session.on("*", lambda event: callback(event.type, event.id))

    def lagging_reader(self) -> Callable[[], Awaitable[str]]:
        stream = self.session.events(buffer=LAG)

        async def read() -> str:
            count = 0
            try:
                async for _ in stream:
                    count += 1
            except EventBufferOverflow:
                return f"a reader with a buffer of {LAG} gets {count} events, then `EventBufferOverflow`"
            return f"a reader with a buffer of {LAG} gets {count} events"

        return read

    async def turn(self, prompt: str, timeout: float) -> str | None:
        return (await self.session.send(prompt, timeout=timeout)).text or None

    async def send(self, prompt: str) -> None:
        await self.session.send(prompt).accepted()

    async def ping(self, message: str, timeout: float) -> str:
        return (await self.client.rpc.ping(message=message, request_timeout=timeout)).message

    async def stop(self) -> None:
        await self.client.close()


def approving(
    handler: Handler,
) -> Callable[[PermissionRequest], Awaitable[PermissionDecision] | PermissionDecision]:
    def decide(request: PermissionRequest) -> PermissionDecision:
        handler()
        return approve_once()

    async def decide_async(request: PermissionRequest) -> PermissionDecision:
        outcome = handler()
        if inspect.isawaitable(outcome):
            await outcome
        return approve_once()

    return decide_async if inspect.iscoroutinefunction(handler) else decide
