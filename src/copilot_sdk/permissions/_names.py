"""Policies for what is known by a name: hosts, tools of MCP servers, tools of clients."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from copilot_sdk.errors import UsageError
from copilot_sdk.permissions._policy import Policy, allow_if

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import PermissionRequest, PermissionRequestMCP

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_NOT_IN_TOOL_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_PLAIN_URL = re.compile(r"[!-\[\]-~]+")


def allow_urls(*hosts: str) -> Policy:
    """Allow fetching URLs of hosts by HTTP or HTTPS, and abstain from everything else.

    Args:
        hosts: Names of hosts. `*.example.com` stands for every host below `example.com`, not for itself. Any port
            is allowed; a URL with a user name is not.

    Raises:
        UsageError: There is no host, or one is no name of a host in ASCII.
    """
    for host in hosts:
        if not _HOST.fullmatch(host.removeprefix("*.").lower()):
            raise UsageError(f"{host!r} is no name of a host; write 'example.com' or '*.example.com'")
    patterns = [host.lower() for host in _some(hosts, "hosts")]

    def holds(request: PermissionRequest) -> bool:
        from copilot_sdk._generated.copilot.types import PermissionRequestURL

        if not isinstance(request, PermissionRequestURL):
            return False
        host = host_of(request.url)
        return host is not None and any(_host_fits(host, pattern) for pattern in patterns)

    return allow_if(holds, f"allow_urls({', '.join(map(repr, patterns))})")


def host_of(url: str) -> str | None:
    """The host that a URL leads to, None if programs could read it differently."""
    # Backslashes, blanks and letters outside of ASCII are where parsers of URLs disagree.
    if not _PLAIN_URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    host = host.removesuffix(".")
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    return host


def _host_fits(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def allow_mcp_tools(server: str, *tools: str) -> Policy:
    """Allow tools of an MCP server, and abstain from everything else.

    Args:
        server: Name of the server, or a pattern with `*` and `?`.
        tools: Names of tools on the server, or as the model has them (`github-get_file`), or patterns; all tools of
            the server when left out.
    """
    wanted = tools or ("*",)

    def holds(request: PermissionRequest) -> bool:
        from copilot_sdk._generated.copilot.types import PermissionRequestMCP

        return (
            isinstance(request, PermissionRequestMCP)
            and fnmatchcase(request.server_name, server)
            and any(
                fnmatchcase(name, pattern)
                for name in (request.tool_name, name_on_server(request))
                for pattern in wanted
            )
        )

    return allow_if(holds, f"allow_mcp_tools({', '.join(map(repr, (server, *tools)))})")


def name_on_server(request: PermissionRequestMCP) -> str:
    """The name of a tool on its server. Runtimes put the name of the server before it, as they do for the model."""
    server = _NOT_IN_TOOL_NAMES.sub("-", request.server_name)
    return request.tool_name.removeprefix(f"{server}-")


def allow_tools(*names: str) -> Policy:
    """Allow tools that clients offer, such as those of `@tool`, and abstain from everything else.

    Args:
        names: Names of tools, or patterns with `*` and `?`.

    Raises:
        UsageError: There is no name.
    """
    wanted = _some(names, "tools")

    def holds(request: PermissionRequest) -> bool:
        from copilot_sdk._generated.copilot.types import PermissionRequestCustomTool

        return isinstance(request, PermissionRequestCustomTool) and any(
            fnmatchcase(request.tool_name, pattern) for pattern in wanted
        )

    return allow_if(holds, f"allow_tools({', '.join(map(repr, wanted))})")


def _some(names: tuple[str, ...], what: str) -> tuple[str, ...]:
    if not names:
        raise UsageError(f"name the {what} that are allowed")
    return names
