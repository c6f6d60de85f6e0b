"""Every method that is served."""

from __future__ import annotations

from copilot_sdk.runtime.copilot import (
    account,
    canvases,
    client_tasks,
    commands,
    event_log,
    extensions,
    github_auth,
    history,
    lifecycle,
    llm_inference,
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
        account,
        canvases,
        client_tasks,
        commands,
        event_log,
        extensions,
        github_auth,
        history,
        lifecycle,
        llm_inference,
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
