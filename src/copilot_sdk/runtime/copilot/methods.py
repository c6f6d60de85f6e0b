"""Every method that is served."""

from __future__ import annotations

from copilot_sdk.runtime.copilot import (
    account,
    event_log,
    github_auth,
    history,
    lifecycle,
    metadata,
    mode,
    model,
    name,
    options,
    permissions,
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
        account,
        event_log,
        github_auth,
        history,
        lifecycle,
        metadata,
        mode,
        model,
        name,
        options,
        permissions,
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
