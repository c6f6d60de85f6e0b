"""The standard streams: of a child process for clients, of this process for agents. A message is a line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from copilot_sdk._protocol.framing import DEFAULT_MAX_FRAME
from copilot_sdk._protocol.lines import LINES
from copilot_sdk.transports._child import DEFAULT_STOP_TIMEOUT
from copilot_sdk.transports.stdio import StdioTransport


async def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stop_timeout: float = DEFAULT_STOP_TIMEOUT,
    max_frame: int = DEFAULT_MAX_FRAME,
) -> StdioTransport:
    """Start an agent, see `StdioTransport.spawn`."""
    return await StdioTransport.spawn(
        command, env=env, cwd=cwd, stop_timeout=stop_timeout, max_frame=max_frame, framing=LINES
    )


async def of_this_process(*, max_frame: int = DEFAULT_MAX_FRAME) -> StdioTransport:
    """Serve whoever started this process, see `StdioTransport.of_this_process`."""
    return await StdioTransport.of_this_process(max_frame=max_frame, framing=LINES)
