"""What clients say when they open a session, as the core wants it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from copilot_sdk._generated.acp.types import (
    ContentBlock,
    ForkSessionRequest,
    LoadSessionRequest,
    MCPServer,
    MCPServerHTTP,
    MCPServerSSE,
    MCPServerStdio,
    NewSessionRequest,
    ResumeSessionRequest,
    TextContent,
)
from copilot_sdk._generated.acp.types import (
    SystemPrompt as ClientPrompt,
)
from copilot_sdk.acp.agent import Agent
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.acp.files import ClientFiles
from copilot_sdk.runtime.acp.terminals import ClientTerminals, Show
from copilot_sdk.runtime.core.clients import Client, ClientPort
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import ModelProvider, SessionConfig, SystemPrompt
from copilot_sdk.runtime.core.mcp.host import MISSING, is_available
from copilot_sdk.runtime.core.mcp.spec import ServerSpec

Opening: TypeAlias = NewSessionRequest | LoadSessionRequest | ResumeSessionRequest | ForkSessionRequest


def config_of(
    agent: Agent, session_id: str, params: Opening, show: Show, provider: ModelProvider | None = None
) -> SessionConfig:
    """The settings of a session.

    Args:
        agent: The way to the client, and what the client offers.
        session_id: The session.
        params: What the client wants.
        show: Shows a terminal in a tool call.
        provider: The provider of models that the client has set.

    Raises:
        InvalidParams: Something in it cannot be used.
    """
    folders = [
        _absolute("cwd", params.cwd),
        *(_absolute("additionalDirectories", path) for path in params.additional_directories or ()),
    ]
    offered = agent.client_capabilities
    edits = offered.fs is not None and (offered.fs.read_text_file or offered.fs.write_text_file)
    return SessionConfig(
        working_directory=folders[0],
        additional_directories=tuple(folders[1:]),
        streaming=True,
        system_prompt=_system_prompt(params.system_prompt),
        mcp_servers={spec.name: spec for spec in map(_spec, params.mcp_servers or ())},
        config_discovery=True,
        provider=provider,
        client_name=None if agent.client_info is None else agent.client_info.name,
        files=ClientFiles(agent, session_id, folders) if edits else None,
        terminals=ClientTerminals(agent, session_id, show) if offered.terminal else None,
    )


def client_of(agent: Agent, port: ClientPort) -> Client:
    """What the client can do in a session."""
    offered = agent.client_capabilities.elicitation
    shows_forms = offered is not None and offered.form is not None
    shows_urls = offered is not None and offered.url is not None
    return Client(
        port=port,
        participant_id=new_id(),
        is_extension=False,
        tools={},
        answers_permissions=True,
        answers_plans=True,
        answers_questions=shows_forms,
        answers_elicitations=shows_forms or shows_urls,
    )


def _absolute(member: str, path: str) -> Path:
    folder = Path(path)
    if not folder.is_absolute():
        raise InvalidParams(f"{member}: {path!r} is no absolute path")
    if not folder.is_dir():
        raise InvalidParams(f"{member}: there is no folder {path!r}")
    return folder.resolve()


def _spec(server: MCPServer) -> ServerSpec:
    if not is_available():
        raise InvalidParams(f"mcpServers: {MISSING}")
    if isinstance(server, MCPServerStdio):
        return ServerSpec(
            name=server.name,
            transport="stdio",
            command=server.command,
            arguments=tuple(server.args),
            environment={variable.name: variable.value for variable in server.env},
        )
    if isinstance(server, MCPServerHTTP | MCPServerSSE):
        return ServerSpec(
            name=server.name,
            transport="sse" if isinstance(server, MCPServerSSE) else "http",
            url=server.url,
            headers={header.name: header.value for header in server.headers},
        )
    raise InvalidParams(
        "mcpServers: servers are reached over `stdio`, `http` or `sse`, see `mcpCapabilities`"
    )


def _system_prompt(prompt: ClientPrompt | None) -> SystemPrompt:
    if prompt is None:
        return SystemPrompt()
    if prompt.mode not in ("append", "override"):
        raise InvalidParams(f"systemPrompt.mode: expected append or override, got {prompt.mode!r}")
    return SystemPrompt(replaces=prompt.mode == "override", content=_texts(prompt.content))


def _texts(blocks: Sequence[ContentBlock]) -> str:
    if not all(isinstance(block, TextContent) for block in blocks):
        raise InvalidParams("systemPrompt.content: it has to be text")
    return "\n".join(block.text for block in blocks if isinstance(block, TextContent))
