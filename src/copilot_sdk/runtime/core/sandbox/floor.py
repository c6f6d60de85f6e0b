"""What a session runs under: the user's settings of the sandbox, defaults, and the least that an administrator wants.

Such a minimum makes the settings tighter and never looser. It is read leniently: what in it is of a wrong type says
nothing, so that the rest is still enforced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.hosts import reachable, with_loopback
from copilot_sdk.runtime.core.sandbox.config import (
    DISABLED,
    Auth,
    Filesystem,
    Network,
    SandboxConfig,
    Seatbelt,
    UserPolicy,
)
from copilot_sdk.runtime.core.sandbox.proxy import floored_proxy


def _flag(value: bool | None, default: bool = True) -> bool:
    return default if value is None else value


def with_defaults(stored: SandboxConfig) -> dict[str, object]:
    """Stored settings with a value for each, in the flat form in which people edit them."""
    files, network = stored.filesystem, stored.network
    auth = stored.auth or Auth()
    reach: dict[str, object] = {
        "allowOutbound": _flag(network.allow_outbound),
        "allowLocalNetwork": _flag(network.allow_local_network),
        "allowedHosts": network.allowed_hosts or [],
        "blockedHosts": network.blocked_hosts or [],
    }
    if network.proxy is not None and network.proxy.url.strip():
        reach["proxy"] = {name: value for name, value in network.proxy.model_dump().items() if value}
    settings: dict[str, object] = {
        "enabled": stored.enabled,
        "addCurrentWorkingDirectory": _flag(stored.add_current_working_directory),
        "sandboxMcpServers": _flag(stored.sandbox_mcp_servers),
        "sandboxLspServers": _flag(stored.sandbox_lsp_servers),
        "allowBypass": _flag(stored.allow_bypass),
        "auth": {"git": _flag(auth.git), "gh": _flag(auth.gh)},
        "allowDevToolAccess": _flag(stored.allow_dev_tool_access),
        "filesystem": {
            "readwritePaths": files.readwrite_paths or [],
            "readonlyPaths": files.readonly_paths or [],
            "deniedPaths": files.denied_paths or [],
        },
        "network": reach,
        "seatbelt": {"keychainAccess": _flag(stored.keychain_access, default=False)},
    }
    if stored.credentials is not None:
        settings["credentials"] = stored.credentials.model_dump()
    return settings


def floored(user: SandboxConfig, managed: Mapping[str, object] | None) -> SandboxConfig:
    """The settings that a session has to run under.

    Args:
        user: Those of the user.
        managed: The least that an administrator wants, as it came; None without one.
    """
    minimum = managed or {}
    if not (user.enabled or minimum.get("enabled") is True):
        return DISABLED
    policy = _object(minimum, "userPolicy")
    auth, least_auth = user.auth or Auth(), _object(minimum, "auth")
    mcp_locked = minimum.get("sandboxMcpServers") is True
    lsp_locked = minimum.get("sandboxLspServers") is True
    return SandboxConfig(
        enabled=True,
        user_policy=UserPolicy(
            filesystem=_files(user.filesystem, _object(policy, "filesystem")),
            network=_network(user.network, None if managed is None else _object(policy, "network")),
            seatbelt=Seatbelt(
                keychain_access=_flag(user.keychain_access, default=False)
                and _object(policy, "seatbelt").get("keychainAccess") is not False
            ),
        ),
        add_current_working_directory=_tight(
            user.add_current_working_directory, minimum, "addCurrentWorkingDirectory"
        ),
        sandbox_mcp_servers=mcp_locked or _flag(user.sandbox_mcp_servers),
        sandbox_lsp_servers=lsp_locked or _flag(user.sandbox_lsp_servers),
        managed_mcp_routing_locked=mcp_locked or None,
        managed_lsp_routing_locked=lsp_locked or None,
        allow_bypass=_tight(user.allow_bypass, minimum, "allowBypass"),
        auth=Auth(git=_tight(auth.git, least_auth, "git"), gh=_tight(auth.gh, least_auth, "gh")),
        credentials=user.credentials,
        allow_dev_tool_access=_tight(user.allow_dev_tool_access, minimum, "allowDevToolAccess"),
    )


def _object(value: Mapping[str, object], name: str) -> Mapping[str, object]:
    member = value.get(name)
    return member if is_object(member) else {}


def _texts(value: Mapping[str, object], name: str) -> list[str] | None:
    """The strings of an array; None if it is no array."""
    member = value.get(name)
    return [item for item in member if isinstance(item, str)] if is_array(member) else None


def _tight(value: bool | None, minimum: Mapping[str, object], name: str) -> bool:
    """A permission that the user has unless somebody says no."""
    return _flag(value) and minimum.get(name) is not False


def _files(user: Filesystem, minimum: Mapping[str, object]) -> Filesystem:
    def granted(paths: Sequence[str] | None, name: str) -> list[str]:
        most = _texts(minimum, name)
        return sorted({path for path in paths or () if most is None or path in most})

    return Filesystem(
        readwrite_paths=granted(user.readwrite_paths, "readwritePaths"),
        readonly_paths=granted(user.readonly_paths, "readonlyPaths"),
        denied_paths=sorted({*(user.denied_paths or ()), *(_texts(minimum, "deniedPaths") or ())}),
    )


def _network(user: Network, minimum: Mapping[str, object] | None) -> Network:
    least = minimum or {}
    outbound = _tight(user.allow_outbound, least, "allowOutbound")
    local = _tight(user.allow_local_network, least, "allowLocalNetwork")
    allowed, blocked = user.allowed_hosts, user.blocked_hosts
    if allowed and outbound and local:
        # A list of hosts would otherwise shut out the services of this machine, which are allowed.
        allowed = with_loopback(allowed)
    speaks_of_hosts = (
        allowed is not None or blocked is not None or {"allowedHosts", "blockedHosts"} & {*least}
    )
    if minimum is not None and speaks_of_hosts:
        allowed, blocked = reachable(
            [_texts(least, "allowedHosts") or [], allowed or []],
            [_texts(least, "blockedHosts") or [], blocked or []],
        )
    return Network(
        allow_outbound=outbound,
        allow_local_network=local,
        allowed_hosts=allowed,
        blocked_hosts=blocked,
        proxy=floored_proxy(user.proxy, _object(least, "proxy").get("url")),
    )
