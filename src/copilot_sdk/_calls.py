"""Calls over a connection: those of the generated API, and the answers to those of the runtime."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from copilot_sdk._protocol.messages import JsonText, Params
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk._tracing import Trace, headers, span, tracing
from copilot_sdk.errors import MethodNotFound, UnsupportedMethod

R = TypeVar("R")

# Methods that take the headers of the span they are called in: what the runtime does then belongs to it.
_TRACED = frozenset({"session.create", "session.resume", "session.send", "session.sendMessages"})


class Requests(Protocol):
    """Something that sends requests: a peer, or a connection that outlives its peers."""

    async def request(
        self, method: str, params: Params | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """See `Peer.request`."""
        ...


class WireCaller:
    """Calls over a connection; those of one session when `session_id` is given.

    Args:
        connection: Sends them.
        session_id: Goes into the params of each call.
        check: Raises if no more calls are wanted; called before each one.
        trace: Is told which span the work of the session belongs to.
    """

    def __init__(
        self,
        connection: Requests,
        session_id: str | None = None,
        check: Callable[[], object] | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._connection = connection
        self._session_id = session_id
        self._check = check
        self._trace = trace

    async def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        """Encode `params`, send the request, decode the result.

        Raises:
            InvalidParams: An argument does not fit.
            ResultValidationError: The result does not fit.
            UnsupportedMethod: The runtime does not have the method.
            RpcError: The runtime refused for another reason.
            RequestTimeout: No answer came in time.
            ConnectionClosed: The connection ended.
            UsageError: The client or the session was closed on this side.
        """
        if self._check is not None:
            self._check()
        from copilot_sdk._model.codec import decode_result, encode_params

        seconds = method.time_limit(timeout, UNSET)
        wire = encode_params(method, params)
        if self._session_id is not None:
            wire = {"sessionId": self._session_id, **wire}
        try:
            raw = await request(self._connection, method.name, wire, timeout=seconds, trace=self._trace)
        except MethodNotFound as refusal:
            raise _unsupported(method, refusal) from None
        return decode_result(method, raw)


async def request(
    connection: Requests,
    method: str,
    wire: Params,
    *,
    timeout: float | Unset | None = UNSET,
    trace: Trace | None = None,
) -> Any:
    """Send a request, in a span of its own where the program traces; see `Peer.request`.

    Args:
        connection: Sends it.
        method: The wire name of the method.
        wire: Its parameters, as text or as data; a span tells of data alone.
        timeout: Seconds to wait.
        trace: Is told of the span if the runtime is.
    """
    if not tracing() or isinstance(wire, JsonText):
        return await connection.request(method, wire, timeout=timeout)
    with span(method, rpc_attributes(method, wire), kind="client"):
        if method in _TRACED:
            wire = {**headers(), **wire}
            if trace is not None:
                trace.told(wire)
        return await connection.request(method, wire, timeout=timeout)


def rpc_attributes(method: str, wire: Params) -> dict[str, str | None]:
    """The attributes of the span of a request, in either direction."""
    members: Mapping[str, Any] = {} if isinstance(wire, JsonText) else wire
    return {
        "rpc.system.name": "jsonrpc",
        "rpc.method": method,
        "gen_ai.conversation.id": members.get("sessionId"),
        "github.copilot.hook.type": members.get("hookType"),
    }


async def answer(method: str, handler: Callable[..., Awaitable[Any]], raw: Mapping[str, Any]) -> Any:
    """Answer a request of the runtime: decode its params, call a handler with them, encode what it gives.

    Raises:
        InvalidParams: The params do not fit.
        ResultValidationError: What the handler gave does not fit.
    """
    from copilot_sdk._generated.copilot.methods import INBOUND
    from copilot_sdk._model.codec import decode_params, write_result

    entry = INBOUND[method]
    params = () if entry.params is None else (decode_params(entry, raw),)
    return write_result(entry, await handler(*params))


def _unsupported(method: Method[Any], refusal: MethodNotFound) -> UnsupportedMethod:
    ages = [f"runtimes since {method.since}"] if method.since else []
    ages += [f"runtimes until {method.until}"] if method.until else []
    hints = [f"it belongs to {' and '.join(ages)}"] if ages else []
    alternatives = (("newer", method.replaced_by), ("older", method.replaces))
    hints += [f"{age} ones have {name} in its place" for age, name in alternatives if name]
    text = "; ".join([refusal.message, *hints])
    return UnsupportedMethod(text, refusal.data, method.name, method.replaced_by or method.replaces)
