"""Methods for the host of a runtime, as far as they mean something over the wire."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from copilot_sdk._generated.copilot.types import (
    ConfigureSessionExtensionsParams,
    PollSpawnedSessionsResult,
    SessionsPollSpawnedSessionsRequest,
)
from copilot_sdk.errors import MethodNotFound
from copilot_sdk.runtime.copilot.router import Call, Router

router = Router()

_LONGEST_WAIT_SECONDS = 60.0


@router.plain("agentRegistry.spawn")
async def _spawn(call: Call) -> None:
    # The CLI too starts no other processes like itself for the clients of a server.
    raise MethodNotFound(f"{call.method} is not enabled on this server")


@router.plain("session.lsp.initialize")
async def _initialize_language_servers(call: Call) -> None:
    # This runtime starts no language servers, so that their settings are not looked at.
    _ = call.session


@router.on("sessions.configureSessionExtensions", ConfigureSessionExtensionsParams)
async def _configure_extensions(_call: Call, _params: ConfigureSessionExtensionsParams) -> None:
    # A controller is an object of the caller's process: over the wire there is nothing to attach.
    return


@router.on("sessions.pollSpawnedSessions", SessionsPollSpawnedSessionsRequest)
async def _poll_spawned(call: Call, params: SessionsPollSpawnedSessionsRequest) -> PollSpawnedSessionsResult:
    # Sessions begin here because clients create them, and never otherwise.
    seconds = min((params.wait_ms or 0) / 1_000, _LONGEST_WAIT_SECONDS)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await call.runtime.stop_wanted()
    return PollSpawnedSessionsResult(events=[], cursor=params.cursor or "0")
