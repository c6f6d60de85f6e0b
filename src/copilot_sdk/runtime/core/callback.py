"""The address on loopback to which a browser comes back after a sign-in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from html import escape
from typing import Self
from urllib.parse import parse_qs, urlsplit

from copilot_sdk.runtime.core.scope import end_all

_SECONDS = 10.0
_SUCCESS = "You are signed in. You can close this page."


class CallbackListener:
    """Waits for the one request that ends a sign-in.

    Attributes:
        query: What the address said that was called.
    """

    def __init__(
        self, port: int | None, success: str | None, *, path: str = "/", only_expected: bool = False
    ) -> None:
        """Prepares to listen.

        Args:
            port: The port to listen on if it is free; None for any.
            success: What the page says where all went well.
            path: Where on that port.
            only_expected: Whether an answer of another sign-in is shown to be one, and waited on.
        """
        self._wanted = port or 0
        self._path = path
        self._only_expected = only_expected
        self._success = success or _SUCCESS
        self._state: str | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.query: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._wanted)
        except OSError:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        if self._serving:
            await end_all(set(self._serving))

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """The address to come back to."""
        return f"http://127.0.0.1:{self.port}{self._path}"

    def expect(self, state: str) -> None:
        """Says which sign-in the request has to be of."""
        self._state = state

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve_one(reader, writer), name="callback of a sign-in")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_SECONDS):
                    await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, *_ = (await reader.readuntil(b"\n")).decode("latin-1").split()
        while (await reader.readuntil(b"\n")).strip():
            pass
        query = query_of(target)
        wanted = method == "GET" and urlsplit(target).path == self._path
        if not wanted or not {"code", "error"} & query.keys():
            await _reply(writer, "404 Not Found", "Not found")
            return
        expected = query.get("state") == self._state
        if "code" in query and expected:
            await _reply(writer, "200 OK", self._success)
        else:
            reason = (
                query.get("error_description") or query.get("error") or "The answer is of another sign-in."
            )
            await _reply(writer, "400 Bad Request", f"The sign-in has failed. {reason}")
        if not self.query.done() and (expected or not self._only_expected):
            self.query.set_result(query)


def query_of(url: str) -> dict[str, str]:
    """The parameters in an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def _reply(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    body = f"<!DOCTYPE html><meta charset=utf-8><title>Sign-in</title><p>{escape(text)}</p>\n".encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
