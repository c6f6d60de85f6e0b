"""What is noted of one connection to an MCP server: see `Diagnostics`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from copilot_sdk.runtime.core.diagnostics import Diagnostics

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams
    from mcp.shared._stream_protocols import ReadStream, WriteStream
    from mcp.shared.message import SessionMessage

ItemT = TypeVar("ItemT")
StreamT = TypeVar("StreamT", bound="ReadStream[Any] | WriteStream[Any]")


class Trail:
    """Notes what happens on one connection."""

    def __init__(self, diagnostics: Diagnostics, server: str, connection: str) -> None:
        self._diagnostics = diagnostics
        self._about = {"serverName": server, "connectionId": connection}

    def lifecycle(self, level: str, message: str) -> None:
        """Notes that the connection changed its state, or failed."""
        self._diagnostics.note(level, message, {"kind": "lifecycle", **self._about})

    def stderr(self, line: str) -> None:
        """Notes a line that the process of the server wrote to its standard error."""
        self._diagnostics.note("warning", line, {"kind": "stderr", **self._about})

    @asynccontextmanager
    async def follow(
        self, streams: AbstractAsyncContextManager[TransportStreams]
    ) -> AsyncGenerator[TransportStreams, None]:
        """The same streams, with each message noted."""
        async with streams as (reading, writing):
            yield (
                Reading(reading, lambda item: self._frame(item, "server-to-client")),
                _Writing(writing, lambda item: self._frame(item, "client-to-server")),
            )

    def _frame(self, item: SessionMessage | Exception, direction: str) -> None:
        if self._diagnostics.level in ("debug", "trace") and not isinstance(item, Exception):
            data = item.message.model_dump_json(by_alias=True, exclude_unset=True)
            details = {"kind": "protocol", **self._about, "direction": direction, "data": data}
            self._diagnostics.note("debug", "JSON-RPC frame", details)


class _Overheard(Generic[StreamT, ItemT]):
    """A stream whose items are told to somebody too."""

    def __init__(self, inner: StreamT, hear: Callable[[ItemT], None]) -> None:
        self._inner = inner
        self._hear = hear

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        return await self._inner.__aexit__(exc_type, exc_val, exc_tb)


class Reading(_Overheard["ReadStream[ItemT]", ItemT]):
    """One that is read from."""

    @property
    def last_context(self) -> object:
        """What the `mcp` package looks for on its own streams."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> ItemT:
        """The next item."""
        return self._heard(await self._inner.receive())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ItemT:
        return self._heard(await self._inner.__anext__())

    def _heard(self, item: ItemT) -> ItemT:
        self._hear(item)
        return item


class _Writing(_Overheard["WriteStream[ItemT]", ItemT]):
    """One that is written to."""

    async def send(self, item: ItemT, /) -> None:
        self._hear(item)
        await self._inner.send(item)
