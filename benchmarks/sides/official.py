"""The official SDK: github-copilot-sdk on PyPI."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from benchmarks.sides.base import Connection, Side


class Official:
    package = "copilot"

    def import_package(self) -> object:
        import copilot  # pyright: ignore[reportMissingImports]

        return copilot

    def import_client(self) -> object:
        from copilot import CopilotClient  # pyright: ignore[reportMissingImports]

        return CopilotClient

    def result_decoder(self) -> Callable[[Any], object]:
        from copilot.rpc import TaskList  # pyright: ignore[reportMissingImports]

        decode: Callable[[Any], object] = TaskList.from_dict
        return decode

    def event_decoder(self) -> Callable[[Any], object]:
        from copilot.session_events import session_event_from_dict  # pyright: ignore[reportMissingImports]

        decode: Callable[[Any], object] = session_event_from_dict
        return decode

    def line_decoder(self) -> Callable[[bytes], object]:
        import json

        from copilot.session_events import session_event_from_dict  # pyright: ignore[reportMissingImports]

        return lambda line: session_event_from_dict(json.loads(line)["params"]["event"])

    def connect(self, peer: list[str]) -> AbstractAsyncContextManager[Connection]:
        from contextlib import asynccontextmanager

        from copilot import CopilotClient, RuntimeConnection  # pyright: ignore[reportMissingImports]

        @asynccontextmanager
        async def connected() -> AsyncIterator[Connection]:
            program, *arguments = peer
            runtime = RuntimeConnection.for_stdio(path=program, args=arguments)
            async with CopilotClient(connection=runtime, log_level="error") as client:
                yield OfficialConnection(client)

        return connected()


class OfficialConnection:
    _session: Any

    def __init__(self, client: Any) -> None:
        self._client = client

    async def open_session(self) -> None:
        self._session = await self._client.create_session()

    async def ping(self, message: str) -> object:
        return await self._client.ping(message)

    async def tasks(self) -> object:
        return await self._session.rpc.tasks.list()

    async def stream(self, deltas: int) -> int:
        import asyncio

        seen = 0
        idle = asyncio.Event()

        def count(event: Any) -> None:
            nonlocal seen
            seen += 1
            if event.type.value == "session.idle":
                idle.set()

        unsubscribe = self._session.on(count)
        try:
            await self._session.send(str(deltas))
            await idle.wait()
        finally:
            unsubscribe()
        return seen

    async def iterate(self, deltas: int) -> int:
        return await self.stream(deltas)

    async def answer(self, deltas: int) -> str | None:
        event = await self._session.send_and_wait(str(deltas))
        text: str | None = event.data.content
        return text


SIDE: Side = Official()
