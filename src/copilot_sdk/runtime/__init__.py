"""The reference runtime: a real peer for clients, offline and deterministic, or in front of any model.

    async with embedded(ScriptedModel([Reply("hello")])) as runtime:
        transport = runtime.connect()

`python -m copilot_sdk.runtime --headless --stdio` is the same as a process of its own.
With the extra `mcp` its sessions have MCP servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._lazy import attach

if TYPE_CHECKING:
    from copilot_sdk.runtime._embedded import EmbeddedRuntime as EmbeddedRuntime
    from copilot_sdk.runtime._embedded import embedded as embedded
    from copilot_sdk.runtime.core.clock import Clock as Clock
    from copilot_sdk.runtime.core.config import Limits as Limits
    from copilot_sdk.runtime.core.faults import ModelFault as ModelFault
    from copilot_sdk.runtime.core.faults import fault_of_status as fault_of_status
    from copilot_sdk.runtime.core.models.base import Model as Model
    from copilot_sdk.runtime.core.models.base import ModelRequest as ModelRequest
    from copilot_sdk.runtime.core.models.base import Usage as Usage
    from copilot_sdk.runtime.core.models.scripted import Call as Call
    from copilot_sdk.runtime.core.models.scripted import Reply as Reply
    from copilot_sdk.runtime.core.models.scripted import Script as Script
    from copilot_sdk.runtime.core.models.scripted import ScriptedModel as ScriptedModel
    from copilot_sdk.runtime.core.runtime import Runtime as Runtime
    from copilot_sdk.runtime.core.scripted_accounts import Account as Account
    from copilot_sdk.runtime.core.scripted_accounts import Quota as Quota
    from copilot_sdk.runtime.core.scripted_accounts import ScriptedAccounts as ScriptedAccounts

MODULES = {
    "._embedded": "EmbeddedRuntime embedded",
    ".core.clock": "Clock",
    ".core.config": "Limits",
    ".core.faults": "ModelFault fault_of_status",
    ".core.models.base": "Model ModelRequest Usage",
    ".core.models.scripted": "Call Reply Script ScriptedModel",
    ".core.runtime": "Runtime",
    ".core.scripted_accounts": "Account Quota ScriptedAccounts",
}

if not TYPE_CHECKING:
    __getattr__, __dir__ = attach(__name__, MODULES)
