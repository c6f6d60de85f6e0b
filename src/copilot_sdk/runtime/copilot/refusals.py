"""Methods that the CLI refuses to every client, or to everybody where GitHub cannot be asked."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault

_TRUSTED_HOSTS_ONLY = (
    "managedSettings.ingest",
    "managedSettings.loadRemoteControl",
    "managedSettings.readDevice",
    "managedSettings.resolveDeviceForceLoginOrgsGate",
    "managedSettings.resolveStartupPolicy",
    "managedSettings.retainPolicy",
    "permissions.locations.cleanupOrphaned",
    "persistence.writeRawJsonLocked",
    "repo.settings.edit",
    "user.settings.buildRuntime",
    "user.settings.getPath",
    "user.settings.getUnknownKeysWarning",
    "user.settings.loadAndMergeRepo",
    "user.settings.loadForConfigDir",
    "user.settings.loadRepo",
    "user.settings.loadWithWarning",
    "user.settings.migrateObsoleteOnDisk",
    "user.settings.migrateStaffLogLevelOnce",
    "user.settings.migrateStaffUpdateChannelOnce",
    "user.settings.resetStaffModelSelectionOnce",
    "user.settings.setHookDisabled",
)
_NO_ENVIRONMENTS = "Not authenticated. Please authenticate before accessing GitHub environments."
_NO_EXTERNAL_MCP = "external MCP clients must be {} in-process on the session-owned graph, not over RPC"
_NO_HUMANS = "trusted human responses require the direct in-process client"
_NO_LOADERS = "extension tools must be registered in-process by an extension loader, not over RPC"
_NO_PROXY_SECRETS = "Sandbox proxy secrets require a trusted host"
_NO_PROXY_AUTHORITY = "proxy certificate authority trust-store integration is not supported on this platform"

REFUSALS: Mapping[str, str] = {
    **{method: f"{method} requires a trusted host" for method in _TRUSTED_HOSTS_ONLY},
    "environments.delete": _NO_ENVIRONMENTS,
    "environments.get": _NO_ENVIRONMENTS,
    "environments.list": _NO_ENVIRONMENTS,
    "featureFlags.resolveStartupGates": "Startup experiment assignments require a trusted host",
    "sandbox.proxyCa.create": _NO_PROXY_AUTHORITY,
    "sandbox.proxyCa.remove": _NO_PROXY_AUTHORITY,
    "sandbox.proxyCa.rotate": _NO_PROXY_AUTHORITY,
    "sandbox.proxyCa.trust": _NO_PROXY_AUTHORITY,
    "sandbox.proxySecret.delete": _NO_PROXY_SECRETS,
    "sandbox.proxySecret.get": _NO_PROXY_SECRETS,
    "sandbox.proxySecret.getLocation": _NO_PROXY_SECRETS,
    "sandbox.proxySecret.save": _NO_PROXY_SECRETS,
    "session.ui.handleHumanAskUser": _NO_HUMANS,
    "session.ui.handleHumanExitPlanMode": _NO_HUMANS,
    "session.ui.handleHumanUserInput": _NO_HUMANS,
    "session.usage.setCodeChanges": "Only the owning in-process host may replace usage code changes",
    "session.mcp.registerExternalClient": _NO_EXTERNAL_MCP.format("registered"),
    "sessions.registerExtensionToolsOnSession": _NO_LOADERS,
    "session.mcp.unregisterExternalClient": _NO_EXTERNAL_MCP.format("unregistered"),
}
"""Why, by method: each is a call for a host that runs the runtime in its own process, or for somebody signed in."""

router = Router()


async def _refuse(call: Call) -> None:
    raise RuntimeFault(REFUSALS[call.method])


for _method in REFUSALS:
    router.plain(_method)(_refuse)
