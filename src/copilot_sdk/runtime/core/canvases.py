"""The canvases of a session: panels that its clients provide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.payloads import to_json

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.clients import ClientPort
    from copilot_sdk.runtime.core.session import Session

_NO_SUCH_ACTION = "Call list_canvas_capabilities to inspect the expected input schemas."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a canvas shows of a panel."""

    url: str | None = None
    title: str | None = None
    status: str | None = None


@dataclass(slots=True)
class Panel:
    """An instance of a canvas; one that is not open is only remembered until its provider is there again."""

    instance_id: str
    provider_id: str
    canvas_id: str
    input: object = None
    shown: Shown = field(default_factory=Shown)
    provider_name: str | None = None
    open: bool = False

    def to_wire(self) -> dict[str, object]:
        """Its form on the wire, as clients and the model see it."""
        members = {
            "instanceId": self.instance_id,
            "extensionId": self.provider_id,
            "extensionName": self.provider_name,
            "canvasId": self.canvas_id,
            "title": self.shown.title,
            "status": self.shown.status,
            "url": self.shown.url,
            "input": self.input,
        }
        return {name: value for name, value in members.items() if value is not None}

    @property
    def identity(self) -> dict[str, object]:
        """The three ids of it on the wire."""
        return {"instanceId": self.instance_id, "extensionId": self.provider_id, "canvasId": self.canvas_id}


class CanvasHost(Protocol):
    """A client that provides canvases. Its methods raise a `ClientFault`."""

    async def open(self, session_id: str, panel: Panel, folder: str) -> Shown:
        """Opens a panel, or brings it to the front."""
        ...

    async def close(self, session_id: str, panel: Panel, folder: str) -> None:
        """Tells that a panel was closed."""
        ...

    async def act(
        self, session_id: str, panel: Panel, folder: str, action: str, action_input: object
    ) -> object:
        """Does something with a panel that is open."""
        ...


@dataclass(frozen=True, slots=True)
class CanvasProvider:
    """The canvases of one client, by their ids."""

    id: str
    name: str | None
    connection: str
    canvases: Mapping[str, types.CanvasDeclaration]
    host: CanvasHost


class Canvases:
    """The canvases of one session, and the panels that are open."""

    def __init__(self, session: Session, events: Sequence[Event]) -> None:
        self._session = session
        self._panels = _remembered(events)

    @property
    def panels(self) -> list[Panel]:
        """Those that are open."""
        return [panel for panel in self._panels.values() if panel.open]

    def panel_of(self, instance_id: str, port: ClientPort) -> Panel:
        """A panel that a client shows.

        Raises:
            RuntimeFault: It shows none of that id.
        """
        client = self._session.clients.of(port)
        provider = None if client is None else client.canvases
        panel = self._panels.get(instance_id)
        if panel is None or provider is None or panel.provider_id != provider.id:
            raise RuntimeFault(f'Canvas instance "{instance_id}" is not open, or not owned by the caller.')
        return panel

    def declared(self) -> Iterator[tuple[CanvasProvider, types.CanvasDeclaration]]:
        """All canvases, and whose they are."""
        for provider in self._providers():
            for canvas in provider.canvases.values():
                yield provider, canvas

    def described(self) -> list[dict[str, object]]:
        """All canvases in their form on the wire."""
        found: list[dict[str, object]] = []
        for provider, canvas in self.declared():
            members = to_json(canvas)
            owner = {"extensionId": provider.id} | ({"extensionName": provider.name} if provider.name else {})
            found.append({**owner, "canvasId": members.pop("id"), **members})
        return found

    def find(self, canvas_id: str, provider_id: str | None) -> tuple[CanvasProvider, types.CanvasDeclaration]:
        """A canvas by its id.

        Raises:
            RuntimeFault: There is none, or there are several.
        """
        found = [
            (provider, canvas)
            for provider, canvas in self.declared()
            if canvas.id == canvas_id and provider_id in (None, provider.id)
        ]
        if not found and provider_id is not None:
            raise RuntimeFault(f'Canvas "{provider_id}/{canvas_id}" is not registered.')
        if not found:
            raise RuntimeFault(f'No canvas "{canvas_id}" is registered.')
        if len(found) > 1:
            owners = ", ".join(provider.id for provider, _ in found)
            raise RuntimeFault(
                f'Canvas "{canvas_id}" is registered by {owners}. Say by extensionId which is meant.'
            )
        return found[0]

    async def open(
        self, canvas_id: str, instance_id: str, canvas_input: object, provider_id: str | None
    ) -> Panel:
        """Opens a panel, or brings one that is open to the front.

        Raises:
            RuntimeFault: There is no such canvas, the id is taken, or the client could not open it.
        """
        provider, canvas = self.find(canvas_id, provider_id)
        if not instance_id:
            raise RuntimeFault('Invalid canvas instance ID "".')
        panel = self._panels.get(instance_id)
        if panel is not None and (panel.provider_id, panel.canvas_id) != (provider.id, canvas.id):
            raise RuntimeFault(f'Canvas instance ID "{instance_id}" is already owned by a different canvas.')
        if canvas_input is None and canvas.input_schema is not None:
            canvas_input = {}
        fresh = Panel(instance_id, provider.id, canvas.id, canvas_input)
        await self._open(provider, canvas, fresh)
        if panel is None:
            recorded = {**fresh.identity, "title": fresh.shown.title, "input": fresh.input}
            self._session.emit(types.SessionCanvasRecordedData.model_validate(recorded))
        return fresh

    async def close(self, instance_id: str) -> None:
        """Closes a panel, whatever its client says to that.

        Raises:
            RuntimeFault: It is not there.
        """
        panel = self._panels.pop(instance_id, None)
        if panel is None:
            raise RuntimeFault(f'Canvas instance "{instance_id}" is not open.')
        provider = self._provider_of(panel)
        if provider is not None and panel.open:
            # It is closed for everybody else all the same.
            with suppress(ClientFault):
                await provider.host.close(self._session.id, panel, self._folder)
        self._session.emit(types.SessionCanvasClosedData.model_validate(panel.identity))
        self._session.emit(types.SessionCanvasRemovedData.model_validate(panel.identity))

    async def act(self, instance_id: str, action: str, action_input: object) -> object:
        """Does something with a panel.

        Raises:
            RuntimeFault: It is not open, knows no such action, or the client could not do it.
        """
        panel = self._panels.get(instance_id)
        if panel is None:
            opened = ", ".join(f'"{panel.instance_id}"' for panel in self.panels)
            raise RuntimeFault(
                f'Canvas instance "{instance_id}" is not open. Currently open instances: [{opened}]. Verify that '
                f'open_canvas succeeded for "{instance_id}" and that you\'re passing the instanceId (not the canvasId).'
            )
        provider = self._provider_of(panel)
        if provider is None or not panel.open:
            raise RuntimeFault(
                f'Canvas instance "{instance_id}" cannot be reached: its owning provider "{panel.provider_id}" is not '
                "connected. Re-issue open_canvas to rehydrate."
            )
        known = [declared.name for declared in provider.canvases[panel.canvas_id].actions or ()]
        if action not in known:
            raise RuntimeFault(
                f'Unknown action "{action}" on canvas "{panel.canvas_id}". Known actions: [{", ".join(known)}]. '
                + _NO_SUCH_ACTION
            )
        try:
            return await provider.host.act(self._session.id, panel, self._folder, action, action_input)
        except ClientFault as fault:
            raise RuntimeFault(str(fault)) from fault

    def joined(self, client: Client) -> None:
        """Tells of the canvases of a client, and opens the panels again that it once had."""
        provider = client.canvases
        if provider is None:
            return
        self._tell()
        for panel in self._panels.values():
            canvas = provider.canvases.get(panel.canvas_id)
            if not panel.open and panel.provider_id == provider.id and canvas is not None:
                again = Panel(panel.instance_id, provider.id, canvas.id, panel.input)
                self._session.scope.start(self._reopen(provider, canvas, again), name="canvas")

    def left(self, client: Client) -> None:
        """Tells that the canvases of a client are gone."""
        if client.canvases is not None:
            self._lost(client.canvases)

    def unregister(self, connection: str) -> None:
        """Does without the canvases of the client with a connection, if it has any."""
        for client in self._session.clients:
            if (provider := client.canvases) is not None and provider.connection == connection:
                client.canvases = None
                self._lost(provider)

    def _lost(self, provider: CanvasProvider) -> None:
        for panel in self.panels:
            if panel.provider_id == provider.id:
                panel.open = False
                self._session.emit(types.SessionCanvasUnavailableData.model_validate(panel.identity))
        self._tell()

    async def _reopen(self, provider: CanvasProvider, canvas: types.CanvasDeclaration, panel: Panel) -> None:
        try:
            await self._open(provider, canvas, panel)
        except RuntimeFault:
            # It stays remembered, and can be opened by hand.
            return

    async def _open(self, provider: CanvasProvider, canvas: types.CanvasDeclaration, panel: Panel) -> None:
        try:
            shown = await provider.host.open(self._session.id, panel, self._folder)
        except ClientFault as fault:
            raise RuntimeFault(str(fault)) from fault
        panel.shown = Shown(shown.url, shown.title or canvas.display_name, shown.status)
        panel.provider_name = provider.name
        panel.open = provider in list(self._providers())
        self._panels[panel.instance_id] = panel
        self._session.emit(types.SessionCanvasOpenedData.model_validate(panel.to_wire()))

    def _tell(self) -> None:
        changed = {"canvases": self.described()}
        self._session.emit(types.SessionCanvasRegistryChangedData.model_validate(changed))

    @property
    def _folder(self) -> str:
        return str(self._session.config.working_directory)

    def _providers(self) -> Iterator[CanvasProvider]:
        return (client.canvases for client in self._session.clients if client.canvases is not None)

    def _provider_of(self, panel: Panel) -> CanvasProvider | None:
        return next((provider for provider in self._providers() if provider.id == panel.provider_id), None)


def _remembered(events: Sequence[Event]) -> dict[str, Panel]:
    panels: dict[str, Panel] = {}
    for event in events:
        data = event.data
        instance_id = str(data.get("instanceId"))
        if event.type == "session.canvas.recorded":
            panels[instance_id] = Panel(
                instance_id, str(data.get("extensionId")), str(data.get("canvasId")), data.get("input")
            )
        elif event.type == "session.canvas.removed":
            panels.pop(instance_id, None)
    return panels
