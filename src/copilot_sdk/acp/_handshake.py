"""Reaching an agent, and agreeing with it on a version of the protocol."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from copilot_sdk._version import __version__
from copilot_sdk.errors import ConnectError, ConnectionClosed, ProtocolVersionMismatch, UsageError

if TYPE_CHECKING:
    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.acp.types import Implementation, InitializeResponse
    from copilot_sdk.acp._connection import Connection
    from copilot_sdk.transports.base import Transport

PROTOCOL_VERSION = 1


class Greeting:
    """What an agent says of itself, read only when somebody asks.

    Attributes:
        capabilities: What it can do, as it came.

    Args:
        said: Its answer to `initialize`, as it came.
    """

    def __init__(self, said: dict[str, Any]) -> None:
        offered: Any = said.get("agentCapabilities")
        self.capabilities: Mapping[str, Any] = (
            cast("dict[str, Any]", offered) if isinstance(offered, dict) else {}
        )
        self._said = said

    @cached_property
    def response(self) -> InitializeResponse:
        """All of it."""
        from copilot_sdk._generated.acp.methods.agent import INITIALIZE
        from copilot_sdk._model.codec import decode_result

        return decode_result(INITIALIZE, self._said)

    def __str__(self) -> str:
        """The agent in a few words."""
        info = self.response.agent_info
        return "an agent that does not tell its name" if info is None else f"{info.name} {info.version}"


def connector(
    agent: Sequence[str] | Transport | Connector,
    env: Mapping[str, str] | None,
    cwd: str | os.PathLike[str] | None,
) -> Connector:
    """What opens the transport to an agent.

    Raises:
        UsageError: It is nothing of that; or `env` or `cwd` is given, and there is no command.
    """
    if isinstance(agent, str) or not (
        isinstance(agent, Sequence) or callable(agent) or hasattr(agent, "receive")
    ):
        raise UsageError(
            f"agent has to be a command such as ['copilot', '--acp'], a transport, or an async function that opens "
            f"one, not {agent!r}"
        )
    if isinstance(agent, Sequence):
        command: Sequence[str] = agent

        async def spawned() -> Transport:
            from copilot_sdk.acp._stdio import spawn

            return await spawn(command, env=env, cwd=cwd)

        return spawned
    if env is not None or cwd is not None:
        raise UsageError("env and cwd are for a command; leave them out for a transport")
    if callable(agent):
        return agent
    transport = agent

    async def given() -> Transport:
        return transport

    return given


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """Reach an agent in this time, or say what was in the way.

    Raises:
        ConnectError: The agent ended early, or was not ready in time.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise ConnectError(
            f"the agent was not ready within {seconds:g} s; check what it waits for, "
            "or pass a longer start_timeout"
        ) from error
    except ConnectionClosed as closed:
        code = "" if closed.exit_code is None else f" with exit code {closed.exit_code}"
        raise ConnectError(
            f"the agent ended the connection{code} before it was ready: {closed.reason}", stderr=closed.stderr
        ) from closed


async def shake_hands(
    connection: Connection, capabilities: Mapping[str, Any], info: Implementation | None
) -> Greeting:
    """Introduce this client; waits as long as the connection lasts.

    Args:
        connection: The connection.
        capabilities: What this client can do, as JSON values.
        info: The program that it is.

    Raises:
        ProtocolVersionMismatch: The agent speaks another version of the protocol, or names none.
        RpcError: It refuses.
        ConnectionClosed: It is gone.
    """
    told = {
        "protocolVersion": PROTOCOL_VERSION,
        "clientCapabilities": capabilities,
        "clientInfo": {"name": "copilot_sdk", "version": __version__} if info is None else info.to_wire(),
    }
    answer = await connection.request("initialize", told, timeout=None)
    said = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    version: Any = said.get("protocolVersion")
    known = version if type(version) is int else None
    if known != PROTOCOL_VERSION:
        raise ProtocolVersionMismatch(known, PROTOCOL_VERSION, PROTOCOL_VERSION)
    return Greeting(said)
