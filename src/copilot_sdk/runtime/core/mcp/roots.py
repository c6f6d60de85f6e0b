"""No roots for MCP servers: one that asks for them all the same hears that there are none, as from the CLI.

The `mcp` package answers such requests with an error, unless it offers roots to every server.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from mcp import types
from mcp.shared.message import SessionMessage

from copilot_sdk.runtime.core.mcp.trail import Reading

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams
    from mcp.shared._stream_protocols import ReadStream, WriteStream

Item = SessionMessage | Exception


@asynccontextmanager
async def without_roots(
    streams: AbstractAsyncContextManager[TransportStreams],
) -> AsyncGenerator[TransportStreams, None]:
    """The same streams, without requests for roots: those are answered."""
    async with streams as (reading, writing):
        yield _Rootless(reading, writing), writing


class _Rootless(Reading[Item]):
    def __init__(self, reading: ReadStream[Item], writing: WriteStream[SessionMessage]) -> None:
        super().__init__(reading, lambda _: None)
        self._writing = writing

    async def receive(self) -> Item:
        while await self._answers(item := await super().receive()):
            pass
        return item

    async def __anext__(self) -> Item:
        while await self._answers(item := await super().__anext__()):
            pass
        return item

    async def _answers(self, item: Item) -> bool:
        request = item.message if isinstance(item, SessionMessage) else None
        if not isinstance(request, types.JSONRPCRequest) or request.method != "roots/list":
            return False
        none = types.JSONRPCResponse(jsonrpc="2.0", id=request.id, result={"roots": []})
        await self._writing.send(SessionMessage(none))
        return True
