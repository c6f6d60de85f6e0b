"""copilot_sdk: a typed Python client for driving coding-agent sessions.

    from copilot_sdk import CopilotClient, tool

    async with CopilotClient() as client:
        async with await client.create_session(model="gpt-5") as session:
            async for event in session.send("Hello!"):
                print(event.type)

Names are loaded when they are first used: importing the package is cheap.
"""

from __future__ import annotations

from copilot_sdk._lazy import attach
from copilot_sdk._version import __version__ as __version__

# Type checkers take it for true. Not typing's: loading typing would be most of the cost of this import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from copilot_sdk.client import CopilotClient as CopilotClient
    from copilot_sdk.commands import Command as Command
    from copilot_sdk.errors import AuthenticationFailed as AuthenticationFailed
    from copilot_sdk.errors import AuthenticationRequired as AuthenticationRequired
    from copilot_sdk.errors import ConnectError as ConnectError
    from copilot_sdk.errors import ConnectionClosed as ConnectionClosed
    from copilot_sdk.errors import ContentFiltered as ContentFiltered
    from copilot_sdk.errors import ContextLimitExceeded as ContextLimitExceeded
    from copilot_sdk.errors import CopilotError as CopilotError
    from copilot_sdk.errors import EventBufferOverflow as EventBufferOverflow
    from copilot_sdk.errors import InvalidParams as InvalidParams
    from copilot_sdk.errors import MethodNotFound as MethodNotFound
    from copilot_sdk.errors import ModelCallFailed as ModelCallFailed
    from copilot_sdk.errors import NotAuthenticated as NotAuthenticated
    from copilot_sdk.errors import NotAuthorized as NotAuthorized
    from copilot_sdk.errors import ProtocolError as ProtocolError
    from copilot_sdk.errors import ProtocolVersionMismatch as ProtocolVersionMismatch
    from copilot_sdk.errors import QuotaExceeded as QuotaExceeded
    from copilot_sdk.errors import RateLimited as RateLimited
    from copilot_sdk.errors import RequestTimeout as RequestTimeout
    from copilot_sdk.errors import ResultValidationError as ResultValidationError
    from copilot_sdk.errors import RpcError as RpcError
    from copilot_sdk.errors import SessionError as SessionError
    from copilot_sdk.errors import SessionNotFound as SessionNotFound
    from copilot_sdk.errors import TurnTimeout as TurnTimeout
    from copilot_sdk.errors import UnsupportedMethod as UnsupportedMethod
    from copilot_sdk.errors import UsageError as UsageError
    from copilot_sdk.hooks import Hooks as Hooks
    from copilot_sdk.permissions import approve_all as approve_all
    from copilot_sdk.permissions import approve_for_session as approve_for_session
    from copilot_sdk.permissions import approve_once as approve_once
    from copilot_sdk.permissions import deny_all as deny_all
    from copilot_sdk.permissions import reject as reject
    from copilot_sdk.permissions import user_not_available as user_not_available
    from copilot_sdk.session import Session as Session
    from copilot_sdk.tools import Tool as Tool
    from copilot_sdk.tools import ToolInvocation as ToolInvocation
    from copilot_sdk.tools import ToolResult as ToolResult
    from copilot_sdk.tools import tool as tool
    from copilot_sdk.turns import Turn as Turn
    from copilot_sdk.turns import TurnResult as TurnResult

MODULES = {
    ".client": "CopilotClient",
    ".commands": "Command",
    ".errors": """
        AuthenticationFailed AuthenticationRequired ConnectError ConnectionClosed ContentFiltered
        ContextLimitExceeded CopilotError EventBufferOverflow InvalidParams MethodNotFound ModelCallFailed
        NotAuthenticated NotAuthorized ProtocolError ProtocolVersionMismatch QuotaExceeded RateLimited
        RequestTimeout ResultValidationError RpcError SessionError SessionNotFound TurnTimeout
        UnsupportedMethod UsageError
    """,
    ".hooks": "Hooks",
    ".permissions": "approve_all approve_for_session approve_once deny_all reject user_not_available",
    ".session": "Session",
    ".tools": "Tool ToolInvocation ToolResult tool",
    ".turns": "Turn TurnResult",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES, "__version__")
