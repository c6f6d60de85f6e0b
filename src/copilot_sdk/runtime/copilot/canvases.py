"""Methods of `session.canvas`, and the canvases that a client provides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from copilot_sdk._generated.copilot.types import (
    CanvasActionInvokeRequest,
    CanvasActionInvokeResult,
    CanvasCloseRequest,
    CanvasDeclaration,
    CanvasList,
    CanvasListOpenResult,
    CanvasOpenRequest,
    CanvasProviderOpenResult,
    CanvasProviderUnregisterRequest,
    OpenCanvasInstance,
    SessionCreateRequest,
    SessionResumeRequest,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.canvases import CanvasProvider, Panel, Shown
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

router = Router()


@router.plain("session.canvas.list")
async def _list(call: Call) -> CanvasList:
    return CanvasList.model_validate({"canvases": call.session.canvases.described()})


@router.plain("session.canvas.listOpen")
async def _list_open(call: Call) -> CanvasListOpenResult:
    panels = call.session.canvases.panels
    return CanvasListOpenResult.model_validate({"openCanvases": [panel.to_wire() for panel in panels]})


@router.on("session.canvas.open", CanvasOpenRequest)
async def _open(call: Call, params: CanvasOpenRequest) -> OpenCanvasInstance:
    panel = await call.session.canvases.open(
        params.canvas_id, params.instance_id, params.input, params.extension_id
    )
    return OpenCanvasInstance.model_validate(panel.to_wire())


@router.on("session.canvas.close", CanvasCloseRequest)
async def _close(call: Call, params: CanvasCloseRequest) -> None:
    await call.session.canvases.close(params.instance_id)


@router.on("session.canvas.action.invoke", CanvasActionInvokeRequest)
async def _invoke(call: Call, params: CanvasActionInvokeRequest) -> CanvasActionInvokeResult:
    result = await call.session.canvases.act(params.instance_id, params.action_name, params.input)
    return CanvasActionInvokeResult(result=result)


@router.on("session.canvas.provider.unregister", CanvasProviderUnregisterRequest)
async def _unregister(call: Call, params: CanvasProviderUnregisterRequest) -> None:
    call.session.canvases.unregister(params.connection_id)


def canvases_of(
    connection: Connection, params: SessionCreateRequest | SessionResumeRequest
) -> CanvasProvider | None:
    """The canvases that a client provides.

    Raises:
        RuntimeFault: One has no id, or two have the same.
    """
    if not params.canvases:
        return None
    info = params.canvas_provider
    owner = f"connection:{connection.number}" if info is None else info.id
    declared: dict[str, CanvasDeclaration] = {}
    for canvas in params.canvases:
        if not canvas.id:
            raise RuntimeFault("Canvas contributions must include an id.")
        if canvas.id in declared:
            raise RuntimeFault(f'Canvas "{owner}/{canvas.id}" was declared more than once.')
        declared[canvas.id] = canvas
    name, number = None if info is None else info.name, str(connection.number)
    return CanvasProvider(owner, name, number, declared, ClientCanvases(connection))


class ClientCanvases:
    """A client that provides canvases; see `CanvasHost`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open(self, session_id: str, panel: Panel, folder: str) -> Shown:
        """See `CanvasHost`; what makes no sense shows nothing."""
        extra = {} if panel.input is None else {"input": panel.input}
        answer = await self._ask("canvas.open", session_id, panel, folder, extra)
        try:
            result = CanvasProviderOpenResult.model_validate(answer)
        except ValidationError:
            return Shown()
        return Shown(result.url, result.title, result.status)

    async def close(self, session_id: str, panel: Panel, folder: str) -> None:
        """See `CanvasHost`."""
        await self._ask("canvas.close", session_id, panel, folder, {})

    async def act(
        self, session_id: str, panel: Panel, folder: str, action: str, action_input: object
    ) -> object:
        """See `CanvasHost`."""
        extra = {"actionName": action} | ({} if action_input is None else {"input": action_input})
        return await self._ask("canvas.action.invoke", session_id, panel, folder, extra)

    async def _ask(
        self, method: str, session_id: str, panel: Panel, folder: str, extra: Mapping[str, object]
    ) -> object:
        params = {
            **panel.identity,
            "sessionId": session_id,
            "session": {"workingDirectory": folder},
            **extra,
        }
        return await self._connection.ask(
            method, params, seconds=self._connection.runtime.limits.provider_seconds
        )
