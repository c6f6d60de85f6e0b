"""The Agent Client Protocol: a client for agents that speak it, and what agents are written with.

`async with acp.connect(["copilot", "--acp"]) as client:` starts an agent and speaks with it over its standard streams.
"""

from __future__ import annotations

from copilot_sdk._lazy import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from copilot_sdk.acp.agent import Agent as Agent
    from copilot_sdk.acp.agent import serve as serve
    from copilot_sdk.acp.agent_session import AgentSession as AgentSession
    from copilot_sdk.acp.agent_session import AgentTerminal as AgentTerminal
    from copilot_sdk.acp.agent_session import Permission as Permission
    from copilot_sdk.acp.agent_session import RunningCall as RunningCall
    from copilot_sdk.acp.client import Client as Client
    from copilot_sdk.acp.client import connect as connect
    from copilot_sdk.acp.errors import AuthRequired as AuthRequired
    from copilot_sdk.acp.errors import CapabilityMissing as CapabilityMissing
    from copilot_sdk.acp.errors import ResourceNotFound as ResourceNotFound
    from copilot_sdk.acp.files import FolderFiles as FolderFiles
    from copilot_sdk.acp.permissions import approve_all as approve_all
    from copilot_sdk.acp.permissions import deny_all as deny_all
    from copilot_sdk.acp.session import Session as Session
    from copilot_sdk.acp.terminals import LocalTerminals as LocalTerminals
    from copilot_sdk.acp.turn import Turn as Turn

MODULES = {
    ".agent": "Agent serve",
    ".agent_session": "AgentSession AgentTerminal Permission RunningCall",
    ".client": "Client connect",
    ".errors": "AuthRequired CapabilityMissing ResourceNotFound",
    ".files": "FolderFiles",
    ".permissions": "approve_all deny_all",
    ".session": "Session",
    ".terminals": "LocalTerminals",
    ".turn": "Turn",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
