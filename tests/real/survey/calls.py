"""Calls by wire name through the typed API, with all that came back: as objects, and as it was on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from codegen.ir import ObjectDef, Scope
from copilot_sdk import CopilotClient, Session
from copilot_sdk._connect import Spawn
from copilot_sdk.errors import ConnectionClosed, RequestTimeout, ResultValidationError, RpcError
from copilot_sdk.transports.base import Transport
from tests.real.support.client_stage import ClientStage
from tests.real.support.rawrpc import Json
from tests.support.surface import METHODS, PROTOCOL, adapter

CALL_SECONDS = 10.0
_GATES = {"COPILOT_ALLOW_GET_PROVIDER_ENDPOINT": "true", "COPILOT_ENABLE_SECRET_FILTERING": "true"}


@dataclass(eq=False)
class Tap:
    """Keeps what a runtime sends: the latest result by method, and every event."""

    results: dict[str, object] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    _asked: dict[object, str] = field(default_factory=dict)

    def sent(self, data: bytes) -> None:
        """Notes which method a request is for."""
        message = json.loads(data)
        if "method" in message and "id" in message:
            self._asked[message["id"]] = message["method"]

    def received(self, data: bytes) -> None:
        """Keeps results and events."""
        message = json.loads(data)
        if message.get("method") == "session.event":
            self.events.append(message["params"]["event"])
        elif "result" in message:
            self.results[self._asked[message["id"]]] = message["result"]


@dataclass(eq=False)
class TappedTransport:
    """A transport that shows each message to a tap."""

    inner: Transport
    tap: Tap

    async def send(self, data: bytes) -> None:
        """See `Transport`."""
        self.tap.sent(data)
        await self.inner.send(data)

    async def receive(self) -> bytes:
        """See `Transport`."""
        data = await self.inner.receive()
        self.tap.received(data)
        return data

    async def aclose(self) -> None:
        """See `Transport`."""
        await self.inner.aclose()

    def describe(self) -> str:
        """See `Transport`."""
        return self.inner.describe()


@dataclass(eq=False)
class TappedStage(ClientStage):
    """A stage whose connection is tapped; what the CLI keeps behind a variable is switched on."""

    tap: Tap = field(default_factory=Tap)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the runtime."""
        return {**super().environment, **_GATES, "TMPDIR": str(self.folder)}

    def new_client(self, *, tcp: bool = False) -> CopilotClient:
        """A client with a runtime of its own, which is not started yet."""
        program, *arguments = self.runtime.command
        spawn = Spawn(program, arguments, env=self.environment, cwd=self.work, log_level="none", tcp=tcp)

        async def connect() -> Transport:
            return TappedTransport(await spawn(), self.tap)

        return CopilotClient.over(connect)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call.

    Attributes:
        method: The wire name.
        answered: Whether a result came.
        raw: The result as it was on the wire.
        result: The result as an object; None where `error` says why there is none.
        error: What was raised.
    """

    method: str
    answered: bool
    raw: object = None
    result: Any = None
    error: RpcError | RequestTimeout | ResultValidationError | ConnectionClosed | None = None


def attribute_path(method: str) -> tuple[str, ...]:
    """Where the method of a wire name is found below `client.rpc` or `session.rpc`."""
    return METHODS[method].attributes


def python_call(method: str) -> str:
    """The method of a wire name as it stands in a program."""
    root = "client" if METHODS[method].scope is Scope.SERVER else "session"
    return ".".join((root, "rpc", *attribute_path(method)))


async def call(stage: TappedStage, session: Session | None, method: str, params: Json) -> Outcome:
    """Calls a method through the typed API; params are given by their wire names."""
    if METHODS[method].scope is Scope.SERVER:
        api: object = stage.client.rpc
    elif session is None:
        raise ValueError(f"{method} needs a session")
    else:
        api = session.rpc
    function: Any = reduce(getattr, attribute_path(method), api)
    arguments, keywords = _arguments(method, params)
    stage.tap.results.pop(method, None)
    try:
        result = await function(*arguments, **keywords, request_timeout=CALL_SECONDS)
    except ResultValidationError as error:
        return Outcome(method, answered=True, raw=error.raw, error=error)
    except (RpcError, RequestTimeout, ConnectionClosed) as error:
        return Outcome(method, answered=False, error=error)
    return Outcome(method, answered=True, raw=stage.tap.results.pop(method), result=result)


def _arguments(method: str, params: Json) -> tuple[list[object], dict[str, object]]:
    """The arguments of the typed method: one object for a union, otherwise one for each param."""
    reference = METHODS[method].params
    if reference is None:
        return [], {}
    value = adapter(reference.name).validate_python(params)
    definition = PROTOCOL.types[reference.name]
    if not isinstance(definition, ObjectDef):
        return [value], {}
    if unknown := params.keys() - {param.wire for param in definition.fields}:
        raise ValueError(f"{method} has no params {sorted(unknown)}")
    return [], {param.name: getattr(value, param.name) for param in definition.fields if param.wire in params}
