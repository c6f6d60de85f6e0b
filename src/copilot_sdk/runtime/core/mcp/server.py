"""One MCP server of a session: how it is, and how that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from copilot_sdk.runtime.core.mcp.spec import ServerSpec

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.mcp.connection import Connection

Status = Literal["connected", "failed", "needs-auth", "pending", "disabled", "not_configured", "stopped"]


@dataclass(slots=True)
class Server:
    """One server and how it is.

    Attributes:
        spec: Its settings; None for one that is only known as turned off.
        status: How it is.
        error: Why it failed.
        since: When it came to that, in milliseconds since the epoch.
        connection: The connection to it, open or being opened.
    """

    spec: ServerSpec | None
    status: Status = "stopped"
    error: str | None = None
    since: int = 0
    connection: Connection | None = None

    @property
    def live(self) -> Connection | None:
        """The connection, if it is open."""
        return self.connection if self.status == "connected" else None


def describe(name: str, server: Server) -> dict[str, object]:
    """A server, as `session.mcp.list` shows it."""
    shown: dict[str, object] = {"name": name, "status": server.status}
    if server.error is not None:
        shown["error"] = server.error
    shown |= origin_of(server.spec)
    if server.spec is not None and server.spec.is_remote:
        shown["url"] = server.spec.url
    if (connection := server.live) is not None:
        shown["displayName"] = connection.title
        shown["serverMetadata"] = {"instructions": connection.instructions}
    return shown


def origin_of(spec: ServerSpec | None) -> dict[str, object]:
    """Which plugin brings a server, as the wire tells it; nothing where none does."""
    if spec is None or spec.plugin is None:
        return {}
    shown: dict[str, object] = {"source": source_of(spec), "sourcePlugin": spec.plugin.name}
    if spec.plugin.version is not None:
        shown["sourcePluginVersion"] = spec.plugin.version
    return shown


def source_of(spec: ServerSpec | None) -> str | None:
    """Whether a server is one of a plugin, and of which kind; None for one that is not."""
    if spec is None or spec.plugin is None:
        return None
    return "builtin" if spec.plugin.kind == "builtin" else "plugin"
