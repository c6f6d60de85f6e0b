"""How extensions are launched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.providers.base import Provider

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        ExtensionLaunchProfile,
        ExtensionLaunchProviderResolveRequest,
        ExtensionLaunchProviderResolveResult,
    )
    from copilot_sdk._rpc.peer import Peer

ExtensionLaunch: TypeAlias = "ExtensionLaunchProfile | None"
"""The process to launch; None for an extension that is not launched."""
LaunchExtension: TypeAlias = (
    "Callable[[ExtensionLaunchProviderResolveRequest], Awaitable[ExtensionLaunch] | ExtensionLaunch]"
)
"""Says how to launch an extension; a plain function is run in a worker thread."""


class ExtensionLauncher(Provider):
    """Says how extensions are launched: `handlers={"extension_launch_provider": ExtensionLauncher(function)}`.

    It is for the client. The runtime asks just before it launches or reloads an extension, waits up to 15 seconds, and
    starts the process itself. Since runtime 1.0.81.

    Args:
        launch: Gives program, arguments and environment. An extension for which it gives None, or raises, fails.
    """

    def __init__(self, launch: LaunchExtension) -> None:
        self._launch = launch

    async def register(self, peer: Peer) -> None:
        """Tell the runtime to ask this client; without that it launches extensions by itself."""
        await peer.request("registerExtensionLaunchProvider", {})

    async def resolve(
        self, params: ExtensionLaunchProviderResolveRequest
    ) -> ExtensionLaunchProviderResolveResult:
        """Wire method: `extensionLaunchProvider.resolve`."""
        from copilot_sdk._generated.copilot.types import ExtensionLaunchProviderResolveResult

        launch: ExtensionLaunch = await call_off_loop(self._launch, params)
        if launch is None:
            return ExtensionLaunchProviderResolveResult()
        return ExtensionLaunchProviderResolveResult(launch=launch)
