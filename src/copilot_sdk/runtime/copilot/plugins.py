"""Methods of `plugins` and `session.plugins`."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk._generated.copilot.types import (
    InstalledPlugin,
    InstalledPluginInfo,
    ManagedPluginRetryEntry,
    MarketplaceAddResult,
    MarketplaceBrowseResult,
    MarketplaceInfo,
    MarketplaceListResult,
    MarketplacePluginInfo,
    MarketplaceRefreshEntry,
    MarketplaceRefreshResult,
    MarketplaceRemoveResult,
    PluginInstallResult,
    PluginList,
    PluginListResult,
    PluginsBuiltinSetRequest,
    PluginsDisableRequest,
    PluginsEnableRequest,
    PluginsInstallRequest,
    PluginsMarketplacesAddRequest,
    PluginsMarketplacesBrowseRequest,
    PluginsMarketplacesRefreshRequest,
    PluginsMarketplacesRemoveRequest,
    PluginsReloadRequest,
    PluginsUninstallRequest,
    PluginsUpdateRequest,
    PluginUpdateAllEntry,
    PluginUpdateAllResult,
    PluginUpdateResult,
    SessionInstalledPlugin,
    SessionPluginsDisableRequest,
    SessionPluginsEnableRequest,
    SessionPluginsInstallRequest,
    SessionPluginsRetryManagedRequest,
    SessionPluginsRetryManagedResult,
    SessionsSetAdditionalPluginsRequest,
    SessionsSetAdditionalPluginsResult,
)
from copilot_sdk._generated.copilot.types import Plugin as PluginInfo
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.plugins import Plugin, Plugins

router = Router()

_DIRECT_IS_OLD = (
    "Direct plugin installs (repos, URLs, local paths) are deprecated. "
    "Only plugin@marketplace installs will be supported in a future release."
)


@router.plain("plugins.list")
async def _list(call: Call) -> PluginListResult:
    return PluginListResult(plugins=[_info(plugin) for plugin in call.runtime.plugins])


@router.plain("session.plugins.list")
async def _list_of_session(call: Call) -> PluginList:
    return PluginList(
        plugins=[
            PluginInfo(
                name=plugin.name,
                marketplace=plugin.marketplace,
                version=plugin.version,
                enabled=plugin.enabled,
            )
            for plugin in call.session.plugins
        ]
    )


@router.on("plugins.install", PluginsInstallRequest)
async def _install(call: Call, params: PluginsInstallRequest) -> PluginInstallResult:
    return _installed(call.runtime.plugins, params.source, Path(params.working_directory or "."))


@router.on("session.plugins.install", SessionPluginsInstallRequest)
async def _install_in_session(call: Call, params: SessionPluginsInstallRequest) -> PluginInstallResult:
    folder = call.session.config.working_directory
    return _installed(call.runtime.plugins, params.source, folder)


@router.on("session.plugins.retryManaged", SessionPluginsRetryManagedRequest)
async def _retry_managed(
    call: Call, params: SessionPluginsRetryManagedRequest
) -> SessionPluginsRetryManagedResult:
    call.runtime.live(call.target)
    # Policies that reach a session here are those of its client, and they cannot require plugins.
    entries = [ManagedPluginRetryEntry(spec=spec, status="not_required") for spec in params.plugins or ()]
    return SessionPluginsRetryManagedResult(plugins=entries)


@router.on("plugins.uninstall", PluginsUninstallRequest)
@router.on("session.plugins.uninstall", PluginsUninstallRequest)
async def _uninstall(call: Call, params: PluginsUninstallRequest) -> None:
    call.runtime.plugins.uninstall(params.name)


@router.on("plugins.enable", PluginsEnableRequest)
async def _enable(call: Call, params: PluginsEnableRequest) -> None:
    call.runtime.plugins.enable(params.names, enabled=True)


@router.on("session.plugins.enable", SessionPluginsEnableRequest)
async def _enable_in_session(call: Call, params: SessionPluginsEnableRequest) -> None:
    call.runtime.plugins.enable(params.names, enabled=True)


@router.on("plugins.disable", PluginsDisableRequest)
async def _disable(call: Call, params: PluginsDisableRequest) -> None:
    call.runtime.plugins.enable(params.names, enabled=False)


@router.on("session.plugins.disable", SessionPluginsDisableRequest)
async def _disable_in_session(call: Call, params: SessionPluginsDisableRequest) -> None:
    call.runtime.plugins.enable(params.names, enabled=False)


@router.on("plugins.update", PluginsUpdateRequest)
@router.on("session.plugins.update", PluginsUpdateRequest)
async def _update(call: Call, params: PluginsUpdateRequest) -> PluginUpdateResult:
    update = call.runtime.plugins.update(params.name)
    return PluginUpdateResult(
        previous_version=update.before,
        new_version=update.plugin.version,
        skills_installed=update.plugin.skills,
    )


@router.plain("plugins.updateAll")
async def _update_all(call: Call) -> PluginUpdateAllResult:
    return PluginUpdateAllResult(
        results=[_updated(call.runtime.plugins, plugin) for plugin in call.runtime.plugins]
    )


@router.on("plugins.builtin.set", PluginsBuiltinSetRequest)
async def _set_builtin(call: Call, params: PluginsBuiltinSetRequest) -> None:
    paths = [Path(path) for path in params.paths]
    for index, path in enumerate(paths):
        if not path.is_absolute():
            raise RuntimeFault(f"plugins.builtin.set paths[{index}] must be an absolute path.")
    call.runtime.plugins.built_in = paths


@router.on("session.plugins.reload", PluginsReloadRequest)
async def _reload(call: Call, params: PluginsReloadRequest) -> None:
    session = call.session
    session.plugins.reload()
    session.skills.forget()
    if params.reload_hooks is not False:
        session.hooks.forget_files(defer_repository=bool(params.defer_repo_hooks))
    if params.reload_custom_agents is not False:
        session.agents.reload()
    if params.reload_mcp is not False:
        await session.mcp.bring(session.plugins.servers())
    if session.extensions.wanted and params.reload_extensions is not False:
        await session.extensions.reload()


@router.on("sessions.setAdditionalPlugins", SessionsSetAdditionalPluginsRequest)
async def _set_additional(
    call: Call, params: SessionsSetAdditionalPluginsRequest
) -> SessionsSetAdditionalPluginsResult:
    call.runtime.plugins.additional = [named_plugin(plugin) for plugin in params.plugins]
    return SessionsSetAdditionalPluginsResult()


@router.plain("plugins.marketplaces.list")
@router.plain("session.plugins.marketplaces.list")
async def _list_marketplaces(call: Call) -> MarketplaceListResult:
    return MarketplaceListResult(
        marketplaces=[
            MarketplaceInfo(name=known.name, source=known.source, is_default=known.is_default)
            for known in call.runtime.plugins.marketplaces
        ]
    )


@router.on("plugins.marketplaces.add", PluginsMarketplacesAddRequest)
@router.on("session.plugins.marketplaces.add", PluginsMarketplacesAddRequest)
async def _add_marketplace(call: Call, params: PluginsMarketplacesAddRequest) -> MarketplaceAddResult:
    folder = Path(params.working_directory or ".")
    if call.session_id is not None:
        folder = call.session.config.working_directory
    return MarketplaceAddResult(name=call.runtime.plugins.marketplaces.add(params.source, folder))


@router.on("plugins.marketplaces.browse", PluginsMarketplacesBrowseRequest)
@router.on("session.plugins.marketplaces.browse", PluginsMarketplacesBrowseRequest)
async def _browse(call: Call, params: PluginsMarketplacesBrowseRequest) -> MarketplaceBrowseResult:
    offers = call.runtime.plugins.marketplaces.get(params.name).offers()
    return MarketplaceBrowseResult(
        plugins=[MarketplacePluginInfo(name=offer.name, description=offer.description) for offer in offers]
    )


@router.on("plugins.marketplaces.refresh", PluginsMarketplacesRefreshRequest)
@router.on("session.plugins.marketplaces.refresh", PluginsMarketplacesRefreshRequest)
async def _refresh(call: Call, params: PluginsMarketplacesRefreshRequest) -> MarketplaceRefreshResult:
    known = [marketplace.name for marketplace in call.runtime.plugins.marketplaces]
    names = known if params.name is None else [params.name]
    return MarketplaceRefreshResult(results=[_refreshed(call.runtime.plugins, name) for name in names])


@router.on("plugins.marketplaces.remove", PluginsMarketplacesRemoveRequest)
@router.on("session.plugins.marketplaces.remove", PluginsMarketplacesRemoveRequest)
async def _remove_marketplace(
    call: Call, params: PluginsMarketplacesRemoveRequest
) -> MarketplaceRemoveResult:
    call.runtime.plugins.marketplaces.remove(params.name)
    return MarketplaceRemoveResult(removed=True)


def _installed(plugins: Plugins, source: str, folder: Path) -> PluginInstallResult:
    plugin = plugins.install(source, folder)
    if not plugin.marketplace:
        return PluginInstallResult(
            plugin=_info(plugin),
            skills_installed=plugin.skills,
            deprecation_warning=_DIRECT_IS_OLD,
            staging_mode="external",
        )
    return PluginInstallResult(
        plugin=_info(plugin),
        skills_installed=plugin.skills,
        post_install_message=f'Enabled "{plugin.spec}". It is loaded live from {plugin.folder}, '
        "so edits take effect on the next session — nothing was copied.",
    )


def named_plugin(plugin: SessionInstalledPlugin | InstalledPlugin) -> Plugin:
    """A plugin that a client names for sessions."""
    folder = None if plugin.cache_path is None else Path(plugin.cache_path)
    return Plugin(
        name=plugin.name,
        folder=folder,
        enabled=plugin.enabled,
        marketplace=plugin.marketplace,
        version=plugin.version,
        installed_from=plugin.installed_from,
        kind="given",
    )


def _updated(plugins: Plugins, plugin: Plugin) -> PluginUpdateAllEntry:
    entry = PluginUpdateAllEntry(name=plugin.name, marketplace=plugin.marketplace, success=True)
    try:
        update = plugins.update(plugin.spec)
    except RuntimeFault as fault:
        entry.success, entry.error = False, str(fault)
        return entry
    entry.previous_version, entry.new_version = update.before, update.plugin.version
    entry.skills_installed = update.plugin.skills
    return entry


def _refreshed(plugins: Plugins, name: str) -> MarketplaceRefreshEntry:
    try:
        plugins.marketplaces.get(name).offers()
    except RuntimeFault as fault:
        return MarketplaceRefreshEntry(name=name, success=False, error=str(fault))
    return MarketplaceRefreshEntry(name=name, success=True)


def _info(plugin: Plugin) -> InstalledPluginInfo:
    return InstalledPluginInfo(
        name=plugin.name,
        marketplace=plugin.marketplace,
        version=plugin.version,
        enabled=plugin.enabled,
        direct_source_id=plugin.source_id,
        installed_from=plugin.installed_from,
    )
