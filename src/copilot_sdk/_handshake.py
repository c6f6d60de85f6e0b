"""The first words on a connection: who is there, and do we speak the same protocol?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk.errors import MethodNotFound, ProtocolError, ProtocolVersionMismatch

if TYPE_CHECKING:
    from copilot_sdk._rpc.peer import Peer

MIN_PROTOCOL_VERSION = 3
MAX_PROTOCOL_VERSION = 3


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a runtime says of itself."""

    protocol_version: int
    runtime_version: str | None


async def shake_hands(peer: Peer, token: str | None) -> Greeting:
    """Introduce this client; waits as long as the connection lasts.

    Args:
        peer: The connection.
        token: The connection token, if the runtime asks for one.

    Raises:
        ProtocolVersionMismatch: The runtime speaks another version of the protocol, or names none.
        ProtocolError: It answers with something else than a greeting.
        RpcError: It refuses, for want of the right token for example.
        ConnectionClosed: It is gone.
    """
    try:
        answer = await peer.request("connect", {} if token is None else {"token": token}, timeout=None)
    except MethodNotFound:
        answer = await peer.request("ping", {}, timeout=None)
    if not isinstance(answer, dict):
        raise ProtocolError("the other side answered the handshake with no object; is it a Copilot runtime?")
    version: object = answer.get("protocolVersion")
    known = version if type(version) is int else None
    if known is None or not MIN_PROTOCOL_VERSION <= known <= MAX_PROTOCOL_VERSION:
        raise ProtocolVersionMismatch(known, MIN_PROTOCOL_VERSION, MAX_PROTOCOL_VERSION)
    runtime: object = answer.get("version")
    return Greeting(known, runtime if isinstance(runtime, str) else None)
