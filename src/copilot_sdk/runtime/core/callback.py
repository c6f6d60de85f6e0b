"""The address on loopback to which a browser comes back after a sign-in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from html import escape
from http import HTTPStatus
from typing import Self
from urllib.parse import parse_qs, urlsplit

from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.transports._http_exchange import Exchange, exchange_over

_SECONDS = 10.0
_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Connection": "close"}
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
        self._browsers = TaskScope("callback of a sign-in")
        self.query: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        try:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._wanted)
        except OSError:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._browsers.aclose()

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

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._browsers.start(self._serve(reader, writer), name="a browser")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with exchange_over(reader, writer) as exchange, asyncio.timeout(_SECONDS):
            request = await exchange.next_request()
            if request is not None:
                # What is asked for may be no address.
                with suppress(ValueError):
                    await self._answer(exchange, request.method, request.target.decode("latin-1"))

    async def _answer(self, exchange: Exchange, method: bytes, target: str) -> None:
        query = query_of(target)
        wanted = method == b"GET" and urlsplit(target).path == self._path
        if not wanted or not {"code", "error"} & query.keys():
            await _show(exchange, HTTPStatus.NOT_FOUND, "Not found")
            return
        expected = query.get("state") == self._state
        if "code" in query and expected:
            await _show(exchange, HTTPStatus.OK, self._success)
        else:
            reason = (
                query.get("error_description") or query.get("error") or "The answer is of another sign-in."
            )
            await _show(exchange, HTTPStatus.BAD_REQUEST, f"The sign-in has failed. {reason}")
        if not self.query.done() and (expected or not self._only_expected):
            self.query.set_result(query)


def query_of(url: str) -> dict[str, str]:
    """The parameters in an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def _show(exchange: Exchange, status: HTTPStatus, text: str) -> None:
    page = f"<!DOCTYPE html><meta charset=utf-8><title>Sign-in</title><p>{escape(text)}</p>\n"
    await exchange.answer(status, _HEADERS, page.encode())
