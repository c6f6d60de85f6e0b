"""Calls of the generated API, each an exchange on a connection of the pool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

from copilot_sdk._protocol.exchanges import Exchange
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import Unset
from copilot_sdk.errors import RequestTimeout, UsageError
from copilot_sdk.tau._pool import Pool

R = TypeVar("R")

_HANDLED = {"chat": "client.chat", "subscribe": "client.subscribe"}


class Calls:
    """Makes the calls of the generated API.

    Args:
        pool: The connections.
        timeout: Seconds to wait for an answer, where the call does not say; None for no limit.
    """

    def __init__(self, pool: Pool, timeout: float | None) -> None:
        self._pool = pool
        self._timeout = timeout

    async def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        """See `copilot_sdk._rpc.api.Caller.call`."""
        if method.name in _HANDLED:
            raise UsageError(f"{method.name} is more than an answer; use {_HANDLED[method.name]}")
        members = encoded(method, params)
        seconds = method.time_limit(timeout, self._timeout)
        lent = self._pool.own() if method.waits else self._pool.link()
        try:
            async with asyncio.timeout(seconds), lent as link:
                await link.send(exchange_of(method), members)
                frame, is_answer = await link.receive()
                while not is_answer:
                    frame, is_answer = await link.receive()
        except TimeoutError as error:
            if seconds is None:
                raise
            raise RequestTimeout(method.name, seconds) from error
        return _decoded(method, frame)


def exchange_of(method: Method[Any]) -> Exchange:
    """What is answered to a method, and how."""
    return Exchange(
        method.name,
        frozenset(method.answers),
        streams=method.name in ("chat", "compact"),
        silent=method.name == "compact",
        subscribes=method.name == "subscribe",
    )


def encoded(method: Method[Any], params: Mapping[str, object] | object) -> dict[str, Any]:
    """The members of a request, beside its `type`.

    Raises:
        InvalidParams: One is missing or does not fit; the message names it.
    """
    from copilot_sdk._model.codec import encode_params

    members = encode_params(method, params)
    members.pop("type", None)
    return members


def _decoded(method: Method[R], frame: dict[str, Any] | None) -> R:
    from copilot_sdk._model.codec import decode_result

    # Where nothing came, all is well.
    return decode_result(method, {"type": method.answers[0]} if frame is None else frame)
