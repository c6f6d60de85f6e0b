"""Opening a connection: reach the runtime, see who is there, and whether it speaks the same protocol."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from copilot_sdk.errors import (
    AuthenticationFailed,
    AuthenticationNotConfigured,
    AuthenticationRequired,
    ConnectError,
    ConnectionClosed,
    InvalidParams,
    MethodNotFound,
    ProtocolError,
    ProtocolVersionMismatch,
    RpcError,
    UsageError,
)

if TYPE_CHECKING:
    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.copilot.types import ConnectClientInfo
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk._sessions import Sessions
    from copilot_sdk.transports.base import Transport

MIN_PROTOCOL_VERSION = 3
MAX_PROTOCOL_VERSION = 3
# Without them a runtime hides tasks of clients, and lets this one register none.
_TASK_KINDS: dict[str, Any] = {"supportedTaskKinds": ["agent", "client", "shell"]}
_TELEMETRY: dict[str, Any] = {"enableGitHubTelemetryForwarding": True}
_logger = logging.getLogger("copilot_sdk.client")


@dataclass(frozen=True, slots=True)
class Introduction:
    """What this client says of itself.

    Args:
        token: The connection token, if the runtime asks for one.
        client_info: The program that uses this package.

    Raises:
        UsageError: `client_info` is something else.
    """

    token: str | None = field(default=None, repr=False)
    client_info: ConnectClientInfo | None = None

    def __post_init__(self) -> None:
        if self.client_info is None:
            return
        from copilot_sdk._generated.copilot.types import ConnectClientInfo

        given: Any = self.client_info
        if not isinstance(given, ConnectClientInfo):
            raise UsageError(f"client_info has to be a copilot_sdk.types.ConnectClientInfo, not {given!r}")


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a runtime says of itself."""

    protocol_version: int
    runtime_version: str | None


async def open_peer(
    connector: Connector,
    sessions: Sessions,
    introduction: Introduction,
    start_timeout: float,
    request_timeout: float | None,
) -> tuple[Peer, Greeting]:
    """Open a connection that is ready for requests.

    Args:
        connector: Opens the transport.
        sessions: Take what comes in.
        introduction: What this client says of itself.
        start_timeout: Seconds that all of this may take.
        request_timeout: Seconds that a later request may take unless it says otherwise.

    Raises:
        ConnectError: The runtime could not be started or reached, ended early, or was not ready in time.
        ProtocolError, RpcError: See `shake_hands`; or what the client provides was refused.
    """
    try:
        async with asyncio.timeout(start_timeout):
            return await _introduce(await connector(), sessions, introduction, request_timeout)
    except TimeoutError as error:
        raise ConnectError(
            f"the runtime was not ready within {start_timeout:g} s; check what it waits for, "
            "or pass a longer start_timeout"
        ) from error
    except ConnectionClosed as closed:
        code = "" if closed.exit_code is None else f" with exit code {closed.exit_code}"
        raise ConnectError(
            f"the runtime ended the connection{code} before it was ready: {closed.reason}",
            stderr=closed.stderr,
        ) from closed


async def _introduce(
    transport: Transport, sessions: Sessions, introduction: Introduction, request_timeout: float | None
) -> tuple[Peer, Greeting]:
    from copilot_sdk._rpc.peer import Peer

    peer = Peer(
        transport,
        on_request=sessions.serve,
        on_notification=sessions.notified,
        default_timeout=request_timeout,
    )
    peer.start()
    try:
        greeting = await shake_hands(peer, introduction, takes_telemetry=sessions.serving.takes_telemetry)
        await sessions.serving.introduce(peer)
        _logger.info(
            "connected to %s: runtime %s, protocol %d",
            transport.describe(),
            greeting.runtime_version,
            greeting.protocol_version,
        )
    except BaseException:
        await peer.aclose()
        raise
    return peer, greeting


async def shake_hands(peer: Peer, introduction: Introduction, *, takes_telemetry: bool = False) -> Greeting:
    """Introduce this client; waits as long as the connection lasts.

    Args:
        peer: The connection.
        introduction: What this client says of itself.
        takes_telemetry: Whether telemetry is to be forwarded to this connection.

    Raises:
        ProtocolVersionMismatch: The runtime speaks another version of the protocol, or names none.
        ProtocolError: It answers with something else than a greeting.
        AuthenticationRequired, AuthenticationFailed, AuthenticationNotConfigured: It asks for a token, for another
            one, or for none.
        RpcError: It refuses for another reason.
        ConnectionClosed: It is gone.
    """
    try:
        answer = await _connect(peer, introduction, takes_telemetry)
    except MethodNotFound:
        answer = await peer.request("ping", {}, timeout=None)
    except (AuthenticationFailed, AuthenticationNotConfigured) as refusal:
        raise _refused(refusal, introduction.token) from refusal
    if not isinstance(answer, Mapping):
        raise ProtocolError("the other side answered the handshake with no object; is it a Copilot runtime?")
    said = cast("Mapping[str, Any]", answer)
    version = said.get("protocolVersion")
    known = version if type(version) is int else None
    if known is None or not MIN_PROTOCOL_VERSION <= known <= MAX_PROTOCOL_VERSION:
        raise ProtocolVersionMismatch(known, MIN_PROTOCOL_VERSION, MAX_PROTOCOL_VERSION)
    runtime = said.get("version")
    return Greeting(known, runtime if isinstance(runtime, str) else None)


async def _connect(peer: Peer, introduction: Introduction, takes_telemetry: bool) -> Any:
    token, info = introduction.token, introduction.client_info
    params: dict[str, Any] = {} if token is None else {"token": token}
    older = {
        **(_TELEMETRY if takes_telemetry else {}),
        **({} if info is None else {"clientInfo": info.to_wire()}),
    }
    # This method refuses what it does not know, unlike the others: what is newest is left out first.
    for extra in ({**_TASK_KINDS, **older}, older):
        try:
            if extra:
                return await peer.request("connect", {**params, **extra}, timeout=None)
        except InvalidParams:
            continue
    if info is not None:
        _logger.warning("the runtime does not take client_info: it is too old, or a field is wrong")
    return await peer.request("connect", params, timeout=None)


def _refused(refusal: RpcError, token: str | None) -> RpcError:
    """The runtime answers a missing token like a wrong one; what to do differs."""
    if isinstance(refusal, AuthenticationNotConfigured):
        advice = "the runtime was started without a connection token; leave token out"
        return AuthenticationNotConfigured(f"{refusal.message}: {advice}", refusal.data, refusal.method)
    if token is None:
        advice = (
            "the runtime asks for a connection token; "
            "pass the one in its COPILOT_CONNECTION_TOKEN as the argument `token`"
        )
        return AuthenticationRequired(f"{refusal.message}: {advice}", refusal.data, refusal.method)
    advice = "the connection token is not the one in the runtime's COPILOT_CONNECTION_TOKEN"
    return AuthenticationFailed(f"{refusal.message}: {advice}", refusal.data, refusal.method)
