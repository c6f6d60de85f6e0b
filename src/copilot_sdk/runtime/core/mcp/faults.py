"""What goes wrong with MCP servers."""

from __future__ import annotations

from copilot_sdk.runtime.core.faults import RuntimeFault


class ConnectFault(RuntimeFault):
    """A server could not be connected to."""


class ServerError(RuntimeFault):
    """A server answered with an error, or not in time."""


class ConnectionLost(RuntimeFault):
    """The connection to a server has ended."""


class NeedsAuth(RuntimeFault):
    """A server wants credentials that nobody has given."""

    def __init__(self) -> None:
        super().__init__("Re-authentication required")
