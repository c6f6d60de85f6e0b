"""Methods of `session.extensions`, and the client that says how extensions are launched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    DiscoveredExtension,
    DiscoveredExtensionPlugin,
    DiscoveredExtensions,
    DiscoveredExtensionsDisableRequest,
    DiscoveredExtensionsEnableRequest,
    ExtensionLaunchProviderResolveResult,
    ExtensionList,
    ExtensionsDisableRequest,
    ExtensionsEnableRequest,
    SendAttachmentsToMessageParams,
    SessionExtensionsAttachmentsPushedData,
)
from copilot_sdk._generated.copilot.types import (
    Extension as ExtensionInfo,
)
from copilot_sdk.errors import ConnectError, InternalError, UsageError
from copilot_sdk.runtime.copilot.providing import provide
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import raw
from copilot_sdk.runtime.core.clients import ClientFault
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.extensions import Extension, Installed, LaunchFault
from copilot_sdk.runtime.core.shells import environment
from copilot_sdk.transports.stdio import StdioTransport

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

router = Router()


@router.plain("registerExtensionLaunchProvider")
async def _register(call: Call) -> None:
    launcher = ClientLauncher(call.connection)
    provide(call, call.runtime.provided_launcher, launcher, "extension launch provider", become="register")


@router.plain("extensions.discover")
async def _discover(call: Call) -> DiscoveredExtensions:
    installed = _installed(call)
    found = [*installed.of_user(), *installed.of_plugins(call.runtime.plugins.folders())]
    return DiscoveredExtensions(
        mode=installed.mode,
        extensions=[
            DiscoveredExtension(
                id=extension.id,
                name=extension.name,
                path=str(extension.module),
                source=extension.source,
                enabled=extension.status != "disabled",
                plugin=None if extension.owner is None else DiscoveredExtensionPlugin(name=extension.owner),
            )
            for extension in found
        ],
    )


@router.on("extensions.enable", DiscoveredExtensionsEnableRequest)
async def _enable_installed(call: Call, params: DiscoveredExtensionsEnableRequest) -> None:
    _installed(call).enable(params.ids, enabled=True)


@router.on("extensions.disable", DiscoveredExtensionsDisableRequest)
async def _disable_installed(call: Call, params: DiscoveredExtensionsDisableRequest) -> None:
    _installed(call).enable(params.ids, enabled=False)


def _installed(call: Call) -> Installed:
    return Installed(call.runtime.home, call.runtime.settings)


@router.plain("session.extensions.list")
async def _list(call: Call) -> ExtensionList:
    return ExtensionList(
        extensions=[
            ExtensionInfo(
                id=extension.id, name=extension.name, source=extension.source, status=extension.status
            )
            for extension in call.session.extensions
        ]
    )


@router.on("session.extensions.enable", ExtensionsEnableRequest)
async def _enable(call: Call, params: ExtensionsEnableRequest) -> None:
    await call.session.extensions.enable(params.id, enabled=True)


@router.on("session.extensions.disable", ExtensionsDisableRequest)
async def _disable(call: Call, params: ExtensionsDisableRequest) -> None:
    await call.session.extensions.enable(params.id, enabled=False)


@router.plain("session.extensions.reload")
async def _reload(call: Call) -> None:
    await call.session.extensions.reload()


@router.on("session.extensions.sendAttachmentsToMessage", SendAttachmentsToMessageParams)
async def _send_attachments(call: Call, params: SendAttachmentsToMessageParams) -> None:
    session = call.session
    extension = next((each for each in session.extensions if each.port is call.connection), None)
    if extension is None:
        raise InternalError(
            f"{call.method} may only be called from an extension-owned connection.",
            {"code": "extension_context_requires_extension_caller"},
        )
    origin: dict[str, object] = {"extensionId": extension.id, "capturedAt": stamp(now())}
    if params.instance_id is not None:
        panel = session.canvases.panel_of(params.instance_id, call.connection)
        origin |= {"canvasId": panel.canvas_id, "instanceId": panel.instance_id}
    attachments = [raw(attachment) for attachment in params.attachments]
    completed = [
        {**attachment, **origin} if attachment.get("type") == "extension_context" else attachment
        for attachment in attachments
    ]
    session.emit(SessionExtensionsAttachmentsPushedData.model_validate({"attachments": completed}))


class ClientLauncher:
    """Launches extensions as a client says; see `Launcher`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def launch(self, extension: Extension, session_id: str, folder: Path) -> ExtensionProgram:
        """See `Launcher`."""
        params = {
            "id": extension.id,
            "name": extension.name,
            "modulePath": str(extension.module),
            "source": extension.source,
        }
        limits = self._connection.runtime.limits
        try:
            result = await self._connection.ask_for(
                ExtensionLaunchProviderResolveResult,
                "extensionLaunchProvider.resolve",
                params,
                seconds=limits.provider_seconds,
            )
            profile = result.launch
            if profile is None:
                raise LaunchFault("the client does not want it launched")
            transport = await StdioTransport.spawn(
                [profile.executable, *profile.args],
                env={**environment(), **profile.env, "SESSION_ID": session_id},
                cwd=folder,
                stop_timeout=limits.stop_seconds,
            )
        except (ClientFault, ConnectError, UsageError) as error:
            raise LaunchFault(str(error)) from error
        return ExtensionProgram(self._connection.beside(transport))


class ExtensionProgram:
    """An extension that runs; see `Program`."""

    def __init__(self, connection: Connection) -> None:
        self.port: Connection = connection

    async def serve(self) -> None:
        """See `Program`."""
        await self.port.serve()
