"""Every method that is served."""

from __future__ import annotations

from copilot_sdk.runtime.copilot import (
    canvases,
    client_tasks,
    commands,
    event_log,
    extensions,
    global_state,
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
    refusals,
    repository_settings,
    server,
    session,
    session_fs,
    skills,
    tasks,
    todos,
    tools,
    ui,
    usage,
    user_settings,
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
        global_state,
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
        refusals,
        repository_settings,
        server,
        session,
        session_fs,
        skills,
        tasks,
        todos,
        tools,
        ui,
        usage,
        user_settings,
    )
)
"""The methods by wire name; all others are answered with an error."""
