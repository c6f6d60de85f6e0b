"""How the runtime starts its extensions, said by the client."""

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
"""How to start an extension; None if it is not to be started."""
ResolveExtension: TypeAlias = (
    "Callable[[ExtensionLaunchProviderResolveRequest], Awaitable[ExtensionLaunch] | ExtensionLaunch]"
)
"""Says how to start an extension; a plain function is run in a worker thread."""


class ExtensionLauncher(Provider):
    """Starts extensions with programs of your choice: `handlers={"extension_launch_provider": ...}` on the client.

    The runtime finds extensions as files, such as `.github/extensions/NAME/extension.mjs` in the working directory of a
    session with the option `request_extensions`. It asks before it starts or restarts one, and waits 15 seconds for the
    answer; when the function raises, or gives None, the extension does not run. Since runtime 1.0.81.

    Args:
        resolve: Says how to start one. The process speaks over its standard streams, and finds the session that it is
            for in the environment variable `SESSION_ID`.
    """

    def __init__(self, resolve: ResolveExtension) -> None:
        self._resolve = resolve

    async def register(self, peer: Peer) -> None:
        """Tell the runtime to ask here. Wire method: `registerExtensionLaunchProvider`."""
        await peer.request("registerExtensionLaunchProvider", {})

    async def resolve(
        self, params: ExtensionLaunchProviderResolveRequest
    ) -> ExtensionLaunchProviderResolveResult:
        """Wire method: `extensionLaunchProvider.resolve`."""
        from copilot_sdk._generated.copilot.types import ExtensionLaunchProviderResolveResult

        launch: ExtensionLaunch = await call_off_loop(self._resolve, params)
        if launch is None:
            return ExtensionLaunchProviderResolveResult()
        return ExtensionLaunchProviderResolveResult(launch=launch)
