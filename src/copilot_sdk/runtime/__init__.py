"""The reference runtime: a real peer for clients, offline and deterministic, or in front of any model.

    async with embedded(ScriptedModel([Reply("hello")])) as runtime:
        transport = runtime.connect()

`python -m copilot_sdk.runtime --headless --stdio` is the same as a process of its own.
With the extra `mcp` its sessions have MCP servers.
"""

from __future__ import annotations

from copilot_sdk.runtime._embedded import EmbeddedRuntime, embedded
from copilot_sdk.runtime.core.config import Limits
from copilot_sdk.runtime.core.faults import ModelFault, fault_of_status
from copilot_sdk.runtime.core.models.base import Model, ModelRequest, Usage
from copilot_sdk.runtime.core.models.scripted import Call, Reply, Script, ScriptedModel
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.scripted_accounts import Account, Quota, ScriptedAccounts

__all__ = [
    "Account",
    "Call",
    "EmbeddedRuntime",
    "Limits",
    "Model",
    "ModelFault",
    "ModelRequest",
    "Quota",
    "Reply",
    "Runtime",
    "Script",
    "ScriptedAccounts",
    "ScriptedModel",
    "Usage",
    "embedded",
    "fault_of_status",
]
