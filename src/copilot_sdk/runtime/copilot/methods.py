"""Every method that is served."""

from __future__ import annotations

from copilot_sdk.runtime.copilot import (
    commands,
    event_log,
    history,
    lifecycle,
    mcp,
    mcp_auth,
    mcp_config,
    mcp_content,
    metadata,
    mode,
    model,
    name,
    options,
    permission_places,
    permissions,
    plan,
    queue,
    server,
    session,
    tasks,
    tools,
    ui,
    usage,
)
from copilot_sdk.runtime.copilot.router import merged

METHODS = merged(
    module.router
    for module in (
        commands,
        event_log,
        history,
        lifecycle,
        mcp,
        mcp_auth,
        mcp_config,
        mcp_content,
        metadata,
        mode,
        model,
        name,
        options,
        permission_places,
        permissions,
        plan,
        queue,
        server,
        session,
        tasks,
        tools,
        ui,
        usage,
    )
)
"""The methods by wire name; all others are answered with an error."""
