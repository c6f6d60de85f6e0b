"""copilot_sdk."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from benchmarks.sides.base import Connection, Side
    from copilot_sdk import CopilotClient, Session


class Ours:
    package = "copilot_sdk"

    def import_package(self) -> object:
        import copilot_sdk

        return copilot_sdk

    def import_client(self) -> object:
        from copilot_sdk import CopilotClient

        return CopilotClient

    def result_decoder(self) -> Callable[[Any], object]:
        from copilot_sdk._generated.copilot.methods.session_tasks import TASKS_LIST
        from copilot_sdk._model.codec import decode_result

        return lambda raw: decode_result(TASKS_LIST, raw)

    def event_decoder(self) -> Callable[[Any], object]:
        from copilot_sdk._generated.copilot.events import decode

        return decode

    def line_decoder(self) -> Callable[[bytes], object]:
        from copilot_sdk._generated.copilot.events import decode
        from copilot_sdk._protocol.engine import Engine

        receive = Engine().receive

        def decode_line(line: bytes) -> object:
            return decode(receive(line).params["event"])  # type: ignore[union-attr]

        return decode_line

    def connect(self, peer: list[str]) -> AbstractAsyncContextManager[Connection]:
        from contextlib import asynccontextmanager

        from copilot_sdk import CopilotClient

        @asynccontextmanager
        async def connected() -> AsyncIterator[Connection]:
            program, *arguments = peer
            async with CopilotClient(program, cli_args=arguments) as client:
                yield OurConnection(client)

        return connected()


class OurConnection:
    _session: Session

    def __init__(self, client: CopilotClient) -> None:
        self._client = client

    async def open_session(self) -> None:
        self._session = await self._client.create_session()

    async def ping(self, message: str) -> object:
        return await self._client.ping(message)

    async def tasks(self) -> object:
        return await self._session.rpc.tasks.list()

    async def stream(self, deltas: int) -> int:
        seen = 0
        async with self._session.events() as events:
            await self._session.send(str(deltas)).accepted()
            async for event in events:
                seen += 1
                if event.type == "session.idle":
                    break
        return seen

    async def iterate(self, deltas: int) -> int:
        seen = 0
        async for _ in self._session.send(str(deltas)):
            seen += 1
        return seen

    async def answer(self, deltas: int) -> str | None:
        return (await self._session.send(str(deltas))).text


SIDE: Side = Ours()
