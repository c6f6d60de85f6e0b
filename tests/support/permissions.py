"""Requests for permission, and what policies make of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from copilot_sdk.permissions import PermissionInvocation, Policy
from copilot_sdk.types import PermissionRequest, SessionManagedSettingsResolvedData

REQUESTS: TypeAdapter[PermissionRequest] = TypeAdapter(PermissionRequest)
ONCE = {"kind": "approve-once"}
REFUSED = {"kind": "reject", "feedback": "Permission was refused by policy."}


def request(kind: str, **members: Any) -> PermissionRequest:
    return REQUESTS.validate_python({"kind": kind, **members})


def read(path: Path | str, **members: Any) -> PermissionRequest:
    return request("read", intention="look", path=str(path), **members)


def write(path: Path | str, **members: Any) -> PermissionRequest:
    return request(
        "write", intention="change", fileName=str(path), diff="", canOfferSessionApproval=True, **members
    )


def shell(text: str, **members: Any) -> PermissionRequest:
    found = {
        "commands": [{"identifier": text, "readOnly": False}],
        "possiblePaths": [],
        "possibleUrls": [],
        "hasWriteFileRedirection": False,
        "canOfferSessionApproval": False,
        **members,
    }
    return request("shell", intention="run", fullCommandText=text, **found)


def mcp(server: str, name: str, **members: Any) -> PermissionRequest:
    return request("mcp", serverName=server, toolName=name, toolTitle=name, readOnly=False, **members)


def custom(name: str, **members: Any) -> PermissionRequest:
    return request("custom-tool", toolName=name, toolDescription="", **members)


def url(text: str, **members: Any) -> PermissionRequest:
    return request("url", intention="fetch", url=text, **members)


UNKNOWN = request("teleport", where="Mars")


INVOCATION = PermissionInvocation("s", "r")


def settings(*keys: str, **members: Any) -> SessionManagedSettingsResolvedData:
    """What the runtime tells of an administrator's settings."""
    told = {
        "source": "client" if keys else "none",
        "serverManaged": False,
        "deviceManaged": False,
        "failClosed": False,
        "bypassPermissionsDisabled": False,
        "managedKeys": list(keys),
        **members,
    }
    return SessionManagedSettingsResolvedData.model_validate(told)


def wire(answer: Any) -> Any:
    return None if answer is None else answer.to_wire()


def decide(policy: Policy, asked: PermissionRequest, invocation: PermissionInvocation | None = None) -> Any:
    return wire(asyncio.run(policy.decide(asked, invocation)))


def allows(policy: Policy, asked: PermissionRequest) -> bool:
    decision = decide(policy, asked)
    assert decision in (None, ONCE)
    return decision is not None
