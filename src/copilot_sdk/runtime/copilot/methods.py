"""Every method that is served."""

from __future__ import annotations

from copilot_sdk.runtime.copilot import (
    canvases,
    client_metadata,
    client_tasks,
    context,
    event_log,
    extensions,
    history,
    lifecycle,
    llm_inference,
    metadata,
    mode,
    model,
    name,
    options,
    permissions,
    queue,
    remote_control,
    server,
    session,
    session_fs,
    sessions,
    skills,
    stored_sessions,
    tasks,
    tools,
    ui,
    usage,
    workspace_records,
    workspaces,
)
from copilot_sdk.runtime.copilot.router import merged

METHODS = merged(
    module.router
    for module in (
        canvases,
        client_metadata,
        client_tasks,
        context,
        event_log,
        extensions,
        history,
        lifecycle,
        llm_inference,
        metadata,
        mode,
        model,
        name,
        options,
        permissions,
        queue,
        remote_control,
        server,
        session,
        session_fs,
        sessions,
        skills,
        stored_sessions,
        tasks,
        tools,
        ui,
        usage,
        workspace_records,
        workspaces,
    )
)
"""The methods by wire name; all others are answered with an error."""
