"""What a client meets first: `connect` and `ping` are answered before anything of the core is loaded.

Nothing here needs pydantic or the generated types, which take most of the time that a runtime needs to start.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, Self, cast

from copilot_sdk._generated.copilot import RUNTIMES
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import AuthenticationFailed, AuthenticationNotConfigured, AuthenticationRequired
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.transports.base import Transport

PROTOCOL_VERSION = 3


class Service(Protocol):
    """What serves a client once the core is there."""

    async def answer(self, method: str, params: Mapping[str, object]) -> object:
        """Gives the result of a request, or raises."""
        ...

    async def flush(self) -> None:
        """Waits until everything emitted so far has been sent."""
        ...

    def forward_telemetry(self) -> None:
        """Sends the client measurements from now on."""
        ...


class Reception:
    """Takes the requests of one client from the start of the connection.

    Use it as an asynchronous context manager. To enter it again changes nothing; the first exit closes it.

    Attributes:
        peer: The connection.
        admitted: Whether the client may call more than `connect`.
        serves_tasks: Whether the client said that it can have tasks of its own.
    """

    def __init__(self, transport: Transport, *, token: str | None = None) -> None:
        """Prepares to serve.

        Args:
            transport: The way to the client.
            token: What the client has to know; None lets everybody in.
        """
        self.peer = Peer(transport, on_request=self._serve, default_timeout=None)
        self.admitted = token is None
        self.serves_tasks = False
        self._token = token
        self._wants_telemetry = False
        self._started = False
        self._needs_service = asyncio.Event()
        self._service: Service | None = None
        self._opened = asyncio.Event()

    async def __aenter__(self) -> Self:
        if not self._started:
            self._started = True
            self.peer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.peer.aclose()

    async def wait_for_need(self) -> None:
        """Waits until `connect` was answered, or the client asks for what is not answered here, or is gone."""
        waits = {
            asyncio.create_task(self._needs_service.wait()),
            asyncio.create_task(self.peer.wait_closed()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all(waits)

    def open(self, service: Service) -> None:
        """Hands over what is not answered here: what waits, and what will come."""
        self._service = service
        self._opened.set()
        if self._wants_telemetry:
            service.forward_telemetry()

    def greet(
        self, token: str | None, task_kinds: Iterable[str] | None, telemetry: bool | None
    ) -> dict[str, object]:
        """Lets the client in if it knows the token, and gives the answer to `connect`.

        Args:
            token: What it says.
            task_kinds: The kinds of tasks it knows.
            telemetry: Whether it wants measurements.

        Raises:
            RpcError: It does not know the token, or brought one although none is wanted.
        """
        if self._token is None:
            if token is not None:
                raise AuthenticationNotConfigured("AUTHENTICATION_NOT_CONFIGURED")
        elif token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise AuthenticationFailed("AUTHENTICATION_FAILED")
        self.admitted = True
        self.serves_tasks = "client" in (task_kinds or ())
        if telemetry:
            self._wants_telemetry = True
            if self._service is not None:
                self._service.forward_telemetry()
        kinds = ["agent", "shell", *(["client"] if self.serves_tasks else [])]
        return {
            "ok": True,
            "protocolVersion": PROTOCOL_VERSION,
            "version": RUNTIMES[-1],
            "taskKinds": kinds,
        }

    async def _serve(self, method: str, params: Mapping[str, object]) -> object:
        if not self.admitted and method != "connect":
            raise AuthenticationRequired("AUTHENTICATION_REQUIRED")
        answer = self._answer(method, params)
        if method != "ping" or answer is None:
            self._needs_service.set()
        if answer is None:
            await self._opened.wait()
            return await cast("Service", self._service).answer(method, params)
        if self._service is not None:
            await self._service.flush()
        return answer

    def _answer(self, method: str, params: Mapping[str, object]) -> dict[str, object] | None:
        """The answer to `connect` and `ping`.

        None for all other methods, and for parameters that are not what clients send: the types of the core know
        whether they can be taken, and what is wrong with them.
        """
        if method == "ping" and _fit(params, _PING):
            return pong(cast("str | None", params.get("message")))
        if method == "connect" and _fit(params, _CONNECT):
            return self.greet(
                cast("str | None", params.get("token")),
                cast("list[str] | None", params.get("supportedTaskKinds")),
                cast("bool | None", params.get("enableGitHubTelemetryForwarding")),
            )
        return None


def pong(message: str | None) -> dict[str, object]:
    """The answer to `ping`."""
    return {
        "message": "pong" if message is None else f"pong: {message}",
        "timestamp": stamp(now()),
        "protocolVersion": PROTOCOL_VERSION,
    }


Check = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in cast("list[object]", value))


def _has_texts(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(item, str) for item in cast("dict[str, object]", value).values()
    )


_PING: Mapping[str, Check] = {"message": _is_text}
_CONNECT: Mapping[str, Check] = {
    "token": _is_text,
    "supportedTaskKinds": _are_texts,
    "enableGitHubTelemetryForwarding": _is_flag,
    "clientInfo": _has_texts,
}


def _fit(params: Mapping[str, object], checks: Mapping[str, Check]) -> bool:
    return all(
        (check := checks.get(name)) is not None and (value is None or check(value))
        for name, value in params.items()
    )
