"""Options of clients of the Agent Client Protocol, to write them down once and use them more than once.

    options: ClientOptions = {"on_permission": approve_all, "files": FolderFiles("project")}
    async with acp.connect(["some-agent", "--acp"], **options) as client:
        ...

All options are optional. What is served here is what the agent is told it may ask for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypedDict

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import (
        AuthStatusUpdateNotification,
        ClientCapabilities,
        CompleteElicitationNotification,
        ConnectMCPRequest,
        ConnectMCPResponse,
        CreateElicitationResponse,
        CreateTerminalRequest,
        CreateTerminalResponse,
        DisconnectMCPRequest,
        DisconnectMCPResponse,
        FormElicitation,
        Implementation,
        KillTerminalRequest,
        KillTerminalResponse,
        MessageMCPNotification,
        MessageMCPRequest,
        MessageMCPResponse,
        ReleaseTerminalRequest,
        ReleaseTerminalResponse,
        TerminalOutputRequest,
        TerminalOutputResponse,
        URLElicitation,
        WaitForTerminalExitRequest,
        WaitForTerminalExitResponse,
    )
    from copilot_sdk.acp.permissions import PermissionHandler
    from copilot_sdk.frames import FrameHandler

__all__ = [
    "ClientOptions",
    "ExtensionNotificationHandler",
    "ExtensionRequestHandler",
    "Files",
    "FormHandler",
    "MCPHandler",
    "Terminals",
    "URLHandler",
]

FormHandler: TypeAlias = (
    "Callable[[FormElicitation], Awaitable[CreateElicitationResponse] | CreateElicitationResponse]"
)
"""Has the user fill in a form; `copilot_sdk.acp.elicitation` has the answers."""

URLHandler: TypeAlias = (
    "Callable[[URLElicitation], Awaitable[CreateElicitationResponse] | CreateElicitationResponse]"
)
"""Sends the user to a web page; `copilot_sdk.acp.elicitation` has the answers."""

ExtensionRequestHandler: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[Any] | Any]
"""Answers a request that is not of the protocol: gets its wire name, which begins with `_`, and its params.

It raises `copilot_sdk.MethodNotFound` for what it does not know.
"""

ExtensionNotificationHandler: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[None] | None]
"""Takes a notification that is not of the protocol."""


class Files(Protocol):
    """The files that the agent may read and write as the user's editor has them.

    Methods may be plain, which run in worker threads, or async. They raise `FileNotFoundError` for what is not there.
    `copilot_sdk.acp.FolderFiles` and `copilot_sdk.providers.MemoryFiles` are such files. One with an attribute
    `read_only` that is true is never written to.
    """

    def read(self, path: str) -> Awaitable[bytes] | bytes:
        """The content of a file, a text in UTF-8. The path is absolute."""
        ...

    def write(self, path: str, content: bytes, mode: int | None) -> Awaitable[None] | None:
        """Make or replace a file and the folders above it; `mode` is None."""
        ...


class Terminals(Protocol):
    """Runs commands for the agent; `copilot_sdk.acp.LocalTerminals` does so on this machine."""

    async def create(self, params: CreateTerminalRequest) -> CreateTerminalResponse:
        """Run a command, and do not wait for its end."""
        ...

    async def output(self, params: TerminalOutputRequest) -> TerminalOutputResponse:
        """What a command has printed so far."""
        ...

    async def wait_for_exit(self, params: WaitForTerminalExitRequest) -> WaitForTerminalExitResponse:
        """Wait for the end of a command."""
        ...

    async def kill(self, params: KillTerminalRequest) -> KillTerminalResponse | None:
        """End a command, and keep its output."""
        ...

    async def release(self, params: ReleaseTerminalRequest) -> ReleaseTerminalResponse | None:
        """End a command, and forget it."""
        ...

    async def aclose(self) -> None:
        """End all commands: the connection has ended."""
        ...


class MCPHandler(Protocol):
    """Answers for MCP servers that live in this program: sessions get them as `MCPServerACP`. Unstable."""

    async def connect(self, params: ConnectMCPRequest) -> ConnectMCPResponse:
        """Open a connection to a server. Until schema 1.21.0."""
        ...

    async def message(self, params: MessageMCPRequest) -> MessageMCPResponse:
        """Answer a request of MCP."""
        ...

    async def message_notification(self, params: MessageMCPNotification) -> None:
        """Take a notification of MCP."""
        ...

    async def disconnect(self, params: DisconnectMCPRequest) -> DisconnectMCPResponse | None:
        """Close a connection to a server. Until schema 1.21.0."""
        ...


class ClientOptions(TypedDict, total=False):
    """What every client takes, however it reaches its agent."""

    start_timeout: float
    """Seconds that starting and the handshake may take together; 60 when left out."""

    request_timeout: float | None
    """Seconds that a request may take unless the call says otherwise; 120 when left out, None for no limit. Prompts
    and what else waits for people and models has no limit of its own. It also limits how long a notification waits
    for an agent that does not read.
    """

    client_info: Implementation | None
    """The program that uses this package; the agent is told of copilot_sdk when left out."""

    capabilities: ClientCapabilities | None
    """What the program can do beside what follows from the other options, such as to show plans or compactions."""

    on_permission: PermissionHandler | None
    """Decides what tools may do, see `copilot_sdk.acp.permissions`; everything is refused when left out."""

    files: Files | None
    """The files that the agent may read and write through this client."""

    terminals: Terminals | None
    """Runs commands for the agent."""

    on_form: FormHandler | None
    """Has the user fill in the forms of the agent."""

    on_url: URLHandler | None
    """Sends the user to the web pages of the agent."""

    on_elicitation_complete: Callable[[CompleteElicitationNotification], Awaitable[None] | None] | None
    """Told when what the user was sent to a web page for is done."""

    on_auth_status: Callable[[AuthStatusUpdateNotification], Awaitable[None] | None] | None
    """Told when somebody has signed in or out. Unstable."""

    mcp: MCPHandler | None
    """Answers for MCP servers that live in this program. Unstable."""

    on_extension_request: ExtensionRequestHandler | None
    """Answers requests that are not of the protocol."""

    on_extension_notification: ExtensionNotificationHandler | None
    """Takes notifications that are not of the protocol."""

    on_frame: FrameHandler | None
    """Sees every message that is sent or received; see `copilot_sdk.frames`."""
