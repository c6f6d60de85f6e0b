"""The Agent Client Protocol: a client for agents that speak it, and what agents are written with."""

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
    from copilot_sdk.acp.errors import AuthRequired as AuthRequired
    from copilot_sdk.acp.errors import CapabilityMissing as CapabilityMissing
    from copilot_sdk.acp.errors import ResourceNotFound as ResourceNotFound

MODULES = {
    ".agent": "Agent serve",
    ".agent_session": "AgentSession AgentTerminal Permission RunningCall",
    ".errors": "AuthRequired CapabilityMissing ResourceNotFound",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
