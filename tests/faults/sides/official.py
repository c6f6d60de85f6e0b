"""The official SDK: github-copilot-sdk on PyPI."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from copilot import (  # pyright: ignore[reportMissingImports]
    CopilotClient,
    RuntimeConnection,
    define_tool,
)
from copilot.rpc import PermissionDecisionApproveOnce, PingRequest  # pyright: ignore[reportMissingImports]

from tests.faults.sides.base import EventCallback, Handlers


class Official:
    """A client of the official SDK.

    Args:
        peer: Command line of the peer.
        start_seconds: Not used; starting over stdio has no time limit there.
    """

    session: Any

    def __init__(self, peer: list[str], start_seconds: float) -> None:
        program, *arguments = peer
        runtime = RuntimeConnection.for_stdio(path=program, args=arguments)
        self.client: Any = CopilotClient(connection=runtime, log_level="error")

    async def start(self) -> None:
        await self.client.start()

    async def open_session(self, handlers: Handlers) -> None:
        options: dict[str, Any] = {}
        if handlers.tool is not None:
            options["tools"] = [define_tool("work", description="Works.")(handlers.tool)]
        if (permission := handlers.permission) is not None:

            async def decide_async(request: Any, invocation: Any) -> Any:
                outcome = permission()
                if inspect.isawaitable(outcome):
                    await outcome
                return PermissionDecisionApproveOnce()

            def decide(request: Any, invocation: Any) -> Any:
                permission()
                return PermissionDecisionApproveOnce()

            is_async = inspect.iscoroutinefunction(permission)
            options["on_permission_request"] = decide_async if is_async else decide
        self.session = await self.client.create_session(**options)

    def on_event(self, callback: EventCallback) -> None:
        self.session.on(lambda event: callback(event.type.value, str(event.id)))

    def lagging_reader(self) -> Callable[[], Awaitable[str]]:
        events: list[Any] = []
        self.session.on(events.append)

        async def read() -> str:
            return "there are callbacks alone, so what waits is for the program to bound"

        return read

    async def turn(self, prompt: str, timeout: float) -> str | None:
        message = await self.session.send_and_wait(prompt, timeout=timeout)
        return None if message is None else str(message.data.content)

    async def send(self, prompt: str) -> None:
        await self.session.send(prompt)

    async def ping(self, message: str, timeout: float) -> str:
        return str((await self.client.rpc.ping(PingRequest(message), timeout=timeout)).message)

    async def stop(self) -> None:
        await self.client.stop()
