"""Every method that is served."""

from __future__ import annotations

from copilot_sdk.runtime.copilot import (
    canvases,
    client_tasks,
    commands,
    event_log,
    extensions,
    history,
    lifecycle,
    llm_inference,
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
    session_fs,
    skills,
    tasks,
    todos,
    tools,
    ui,
    usage,
)
from copilot_sdk.runtime.copilot.router import merged

METHODS = merged(
    module.router
    for module in (
        canvases,
        client_tasks,
        commands,
        event_log,
        extensions,
        history,
        lifecycle,
        llm_inference,
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
        session_fs,
        skills,
        tasks,
        todos,
        tools,
        ui,
        usage,
    )
)
"""The methods by wire name; all others are answered with an error."""
