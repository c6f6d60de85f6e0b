"""Methods of `session.shell`: commands that a client runs beside the agent."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    CancelUserRequestedShellCommandResult,
    ShellCancelUserRequestedRequest,
    ShellExecRequest,
    ShellExecResult,
    ShellExecuteUserRequestedRequest,
    ShellKillRequest,
    ShellKillResult,
    UserRequestedShellCommandResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import InvalidInput

router = Router()

_TIME_LIMIT_MS = 30_000
_SIGNALS: Mapping[str, int] = {
    "SIGTERM": signal.SIGTERM,
    "SIGKILL": signal.SIGKILL,
    "SIGINT": signal.SIGINT,
}


@router.on("session.shell.exec", ShellExecRequest)
async def _exec(call: Call, params: ShellExecRequest) -> ShellExecResult:
    folder = None if params.cwd is None else Path(params.cwd)
    seconds = (_TIME_LIMIT_MS if params.timeout is None else int(params.timeout)) / 1000
    return ShellExecResult(process_id=await call.session.user_shell.start(params.command, folder, seconds))


@router.on("session.shell.kill", ShellKillRequest)
async def _kill(call: Call, params: ShellKillRequest) -> ShellKillResult:
    number = _SIGNALS.get(params.signal or "SIGTERM")
    if number is None:
        raise InvalidInput(f"signal: expected one of {', '.join(_SIGNALS)}, got {params.signal!r}")
    return ShellKillResult(killed=call.session.user_shell.kill(params.process_id, number))


@router.on("session.shell.executeUserRequested", ShellExecuteUserRequestedRequest)
async def _execute(call: Call, params: ShellExecuteUserRequestedRequest) -> UserRequestedShellCommandResult:
    end = await call.session.user_shell.run(params.request_id, params.command)
    return UserRequestedShellCommandResult(
        tool_call_id=end.call_id,
        success=end.error is None,
        output=end.output,
        exit_code=end.exit_code,
        error=end.error,
    )


@router.on("session.shell.cancelUserRequested", ShellCancelUserRequestedRequest)
async def _cancel(
    call: Call, params: ShellCancelUserRequestedRequest
) -> CancelUserRequestedShellCommandResult:
    return CancelUserRequestedShellCommandResult(cancelled=call.session.user_shell.cancel(params.request_id))
