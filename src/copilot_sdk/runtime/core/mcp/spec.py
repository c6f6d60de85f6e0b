"""How an MCP server is reached and what is taken from it: its settings, as they stand in a configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from copilot_sdk._model.json_values import is_array, is_object, texts_in
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.plugins import Plugin

Transport = Literal["stdio", "http", "sse"]
EnvMode = Literal["direct", "indirect"]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """The settings of one server; secrets stay out of the repr.

    Attributes:
        name: Its key in the configuration.
        transport: How it is reached.
        command: The program to start, for `stdio`.
        arguments: Its arguments.
        environment: Variables that it gets besides those of the runtime.
        folder: Where it runs; None for the working directory of the session.
        url: Its address, for `http` and `sse`.
        headers: What goes with each HTTP request.
        tools: The tools that are offered; None for all.
        excluded_tools: Tools that are not.
        timeout: How many seconds a request to it may take; None for what is usual.
        headers_ttl: How many seconds headers that clients give hold; None if clients are not asked for any.
        client_id: The OAuth client that is registered for it, if any.
        public_client: Whether that client has no secret.
        plugin: The plugin that brings it.
    """

    name: str
    transport: Transport
    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    folder: str | None = None
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    tools: tuple[str, ...] | None = None
    excluded_tools: tuple[str, ...] = ()
    timeout: float | None = None
    headers_ttl: float | None = None
    client_id: str | None = None
    public_client: bool | None = None
    plugin: Plugin | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it is reached over HTTP."""
        return self.transport != "stdio"

    @property
    def tool_prefix(self) -> str:
        """What the names of its tools begin with, as the model knows them."""
        return f"{_UNFIT.sub('-', self.name)}-"

    def offers(self, tool: str) -> bool:
        """Whether a tool of it is offered to the model."""
        if tool in self.excluded_tools:
            return False
        return self.tools is None or "*" in self.tools or tool in self.tools

    def variables(self, mode: EnvMode) -> dict[str, str]:
        """The variables that it gets: `${NAME}` in a value is one of the runtime's, in indirect mode all of it."""
        if mode == "indirect":
            return {name: os.environ.get(value, "") for name, value in self.environment.items()}
        return {name: filled_in(value, os.environ) for name, value in self.environment.items()}

    def working_directory(self, session_folder: Path) -> Path:
        """Where it runs."""
        return session_folder if self.folder is None else session_folder / self.folder


def spec_of(name: str, config: object) -> ServerSpec:
    """Reads the settings of a server.

    Raises:
        RuntimeFault: They say neither what to start nor what to connect to.
    """
    settings = config if is_object(config) else {}
    command, url = settings.get("command"), settings.get("url")
    if not isinstance(command, str) and not isinstance(url, str):
        raise RuntimeFault(f"mcpServers.{name}: server config must define command or url")
    remote: Transport = "sse" if settings.get("type") == "sse" else "http"
    tools = settings.get("tools")
    client_id, public = settings.get("oauthClientId"), settings.get("oauthPublicClient")
    return ServerSpec(
        name=name,
        transport="stdio" if isinstance(command, str) else remote,
        command=command if isinstance(command, str) else "",
        arguments=tuple(texts_in(settings.get("args"))),
        environment=_texts_by_name(settings.get("env")),
        folder=_text(settings.get("cwd")),
        url=url if isinstance(url, str) else "",
        headers={
            key: filled_in(value, os.environ)
            for key, value in _texts_by_name(settings.get("headers")).items()
        },
        tools=tuple(texts_in(tools)) if is_array(tools) else None,
        excluded_tools=tuple(texts_in(settings.get("excludeTools"))),
        timeout=_seconds(settings.get("timeout")),
        headers_ttl=_seconds(settings.get("headersRefreshTtlMs")),
        client_id=_text(client_id),
        public_client=public if isinstance(public, bool) else None,
    )


def specs_of(servers: object) -> dict[str, ServerSpec]:
    """Reads the settings of several servers, which stand under their names.

    Raises:
        RuntimeFault: One of them cannot be used.
    """
    return {name: spec_of(name, config) for name, config in servers.items()} if is_object(servers) else {}


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """A setting with the variables that it names as `${NAME}`; one that is not known stays as it is written."""
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _seconds(milliseconds: object) -> float | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return milliseconds / 1_000


def _texts_by_name(value: object) -> dict[str, str]:
    entries = value.items() if is_object(value) else ()
    return {name: text for name, text in entries if isinstance(text, str)}
