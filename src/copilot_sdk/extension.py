"""Extensions: programs that the runtime starts, and that join the session that they were started for."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from typing_extensions import Unpack

from copilot_sdk.client import CopilotClient
from copilot_sdk.errors import ConnectionClosed, UsageError

if TYPE_CHECKING:
    from copilot_sdk.options import ClientOptions, SessionResumeOptions
    from copilot_sdk.session import Session

SESSION_VARIABLE = "SESSION_ID"


@asynccontextmanager
async def join_session(**options: Unpack[SessionResumeOptions]) -> AsyncGenerator[Session]:
    """Join the session that the runtime has started this program for.

    Use it as `async with join_session(...) as session:`.
    It speaks over the stdin and stdout of the program, which belong to it from then on: what the program prints goes
    to stderr. The block is left without an error when the runtime ends the connection, as it does with the session.

    Wire method: `session.resume`.

    Args:
        options: Those of `CopilotClient.resume_session`, such as `tools` and `hooks`; `handlers` may be those of a
            client as well. The session's log does not tell of the joining, unless `disable_resume=False`.

    Raises:
        UsageError: The program was not started by a runtime, or an option is wrong.
        ConnectError, InvalidParams, RpcError, RequestTimeout, ConnectionClosed: The session could not be joined.
    """
    from copilot_sdk.transports.stdio import StdioTransport

    session_id = os.environ.get(SESSION_VARIABLE)
    if not session_id:
        raise UsageError(
            f"there is no session to join: {SESSION_VARIABLE} is not set. join_session is for extensions, which a "
            "runtime starts; other programs use CopilotClient"
        )
    # There is this one session: what serves it serves all.
    handlers: ClientOptions = {"handlers": options.pop("handlers")} if "handlers" in options else {}
    joining: SessionResumeOptions = {"disable_resume": True, **options}
    async with CopilotClient.over(StdioTransport.of_this_process, **handlers) as client:
        session = await client.resume_session(session_id, **joining)
        with suppress(ConnectionClosed):
            yield session
