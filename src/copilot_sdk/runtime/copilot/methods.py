"""Every method that is served, and the modules that serve them: each is loaded when a method of its area is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from copilot_sdk.runtime.copilot.router import Router, Served, merged

MODULES: Mapping[str, str] = {
    "account": "account auth",
    "agent": "agents session.agent session.fleet",
    "azure_ml": "azureMl",
    "autopilot_objective": "session.autopilotObjective",
    "canvases": "session.canvas",
    "catalog": "catalog",
    "client_metadata": "session.metadata sessions",
    "client_tasks": "session.tasks",
    "commands": "commands session.commands",
    "connectors": "connectors session.connectors",
    "content_exclusion": "contentExclusion session.contentExclusion",
    "context": "session.metadata",
    "customizations": "session.customizations",
    "debug": "session.debug",
    "diagnostics": "session.diagnostics",
    "event_log": "session.eventLog",
    "feature_flags": "featureFlags",
    "extensions": "extensions registerExtensionLaunchProvider session.extensions",
    "git": "git gitHubRepository",
    "github_auth": "session.auth session.gitHubAuth",
    "github_owners": "gitHubOwners",
    "global_state": "globalState",
    "history": "session.history",
    "hooks": "hooks sessions",
    "host": "agentRegistry session.lsp sessions",
    "hosting": "host",
    "installations": "catalog mcp plugins skills",
    "instructions": "instructions session.instructions",
    "lifecycle": "session",
    "llm_inference": "llmInference",
    "limit_prediction": "session.limitPrediction",
    "local": "session.completions session.visibility",
    "managed_documents": "managedSettings",
    "managed_policies": "managedSettings permissions",
    "managed_settings": "session.managedSettings",
    "mcp": "session.mcp",
    "mcp_auth": "session.mcp",
    "mcp_config": "mcp",
    "mcp_content": "session.mcp",
    "mcp_metadata": "mcp",
    "mcp_planning": "mcp",
    "mcp_registry": "mcp",
    "metadata": "session.metadata",
    "mode": "session.mode",
    "model": "session.model",
    "model_discovery": "session.providers",
    "name": "session.name",
    "options": "session.options",
    "permission_places": "permissions session.permissions",
    "permissions": "session.permissions",
    "plan": "session.plan",
    "plugins": "plugins session.plugins sessions",
    "providers": "session.provider",
    "queue": "session.queue",
    "quota": "session.quota",
    "refusals": "environments featureFlags managedSettings permissions persistence repo sandbox session.mcp session.ui "
    "session.usage sessions user",
    "remote": "session.remote",
    "remote_control": "sessions",
    "repository_settings": "repo",
    "sandbox": "sandbox",
    "sandbox_settings": "sandbox",
    "schedule": "session.schedule",
    "secrets": "secrets",
    "server": "connect models ping runtime status",
    "session": "session",
    "session_accounts": "session.accounts",
    "session_fs": "sessionFs",
    "session_sandbox": "session.sandbox",
    "session_settings": "session.settings",
    "sessions": "sessions",
    "shell": "session.shell",
    "skills": "session.skills skills",
    "stored_sessions": "sessions",
    "tasks": "session.tasks",
    "telemetry": "session.telemetry",
    "todos": "session.plan",
    "tools": "session.tools tools",
    "ui": "session.ui",
    "usage": "session.usage",
    "user_settings": "user",
    "workflows": "session.workflow",
    "workspace_records": "sessions",
    "workspaces": "session.workspaces",
}
"""The areas that a module serves methods of, separated by spaces; see `area_of`."""


def area_of(method: str) -> str:
    """The area of a method: `session.tasks` of `session.tasks.list`, `session` of `session.send`, `ping` of `ping`."""
    words = method.split(".")
    return ".".join(words[:2]) if words[0] == "session" and len(words) > 2 else words[0]


def router_of(module: str) -> Router:
    """The methods of a module."""
    router: Router = import_module(f"{__package__}.{module}").router
    return router


class Methods(Mapping[str, Served]):
    """The methods by wire name. To look one up loads its area; to list them loads all."""

    def __init__(self) -> None:
        self._areas: dict[str, Mapping[str, Served]] = {}

    def __getitem__(self, method: str) -> Served:
        area = area_of(method)
        if area not in self._areas:
            modules = [name for name, areas in MODULES.items() if area in areas.split()]
            if not modules:
                raise KeyError(method)
            self._areas[area] = merged(map(router_of, modules))
        return self._areas[area][method]

    def __iter__(self) -> Iterator[str]:
        return iter(merged(map(router_of, MODULES)))

    def __len__(self) -> int:
        return len(merged(map(router_of, MODULES)))


METHODS = Methods()
"""All others are answered with an error."""
