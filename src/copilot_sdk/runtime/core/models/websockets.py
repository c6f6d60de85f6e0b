"""The responses API over websockets that a client opens."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from dataclasses import replace

import httpx

from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import ModelEvent, ModelRequest
from copilot_sdk.runtime.core.models.diverted import within
from copilot_sdk.runtime.core.models.http import (
    SILENCE_SECONDS,
    Target,
    body_of,
    decoded,
    headers_of,
    unreachable,
)
from copilot_sdk.runtime.core.models.sender import Order, Sender, Sending, SendingFault

_SWITCHING_PROTOCOLS = 101


class Websockets:
    """Websockets to one provider.

    Each is used for one answer after the other. Where one is refused, requests are sent over HTTP from then on.
    """

    def __init__(self) -> None:
        self._idle: list[Sending] = []
        self._refused = False

    async def ask(
        self, sender: Sender, target: Target, request: ModelRequest
    ) -> AsyncGenerator[ModelEvent, None] | None:
        """Asks a model; None where there is no websocket to be had."""
        if self._refused:
            return None
        try:
            socket = await self._connected(sender, target, request)
        except (httpx.HTTPError, SendingFault):
            self._refused = True
            return None
        return self._over(socket, target, request)

    async def aclose(self) -> None:
        """Closes the connections."""
        for socket in self._idle:
            await socket.give_up()

    async def _connected(self, sender: Sender, target: Target, request: ModelRequest) -> Sending:
        while self._idle:
            socket = self._idle.pop()
            if socket.open:
                return socket
        order = Order(
            method="GET",
            url=re.sub("^http", "ws", target.url),
            headers={name: [value] for name, value in headers_of(target, request).items()},
            session_id=request.session_id,
            agent_id=request.agent_id,
            transport="websocket",
        )
        socket = await sender.open(order)
        try:
            head = await within(SILENCE_SECONDS, socket.head())
        except BaseException:
            await socket.give_up()
            raise
        if head.status != _SWITCHING_PROTOCOLS:
            await socket.give_up()
            raise SendingFault(f"the websocket was refused with status {head.status}")
        return socket

    async def _over(
        self, socket: Sending, target: Target, request: ModelRequest
    ) -> AsyncGenerator[ModelEvent, None]:
        answer, complete = target.wire.answer(), False
        try:
            order = {"type": "response.create", **body_of(target, request)}
            await within(SILENCE_SECONDS, socket.send(json.dumps(order)))
            while not answer.ended:
                message = await within(SILENCE_SECONDS, socket.receive())
                if message is None:
                    raise ModelFault("the websocket of the model provider broke off", retryable=True)
                text = message if isinstance(message, str) else message.decode(errors="replace")
                for event in answer.take(decoded(text)):
                    yield event
            complete = True
            yield replace(answer.completed(), api_endpoint=target.wire.path)
        except httpx.HTTPError as error:
            raise unreachable(target.url, error) from error
        finally:
            if complete:
                self._idle.append(socket)
            else:
                await socket.give_up()
