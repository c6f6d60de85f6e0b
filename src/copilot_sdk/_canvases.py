"""Which canvases are open in a session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import OpenCanvasInstance
    from copilot_sdk._model.event import EventBase

CANVAS_EVENTS = frozenset({"session.canvas.opened", "session.canvas.closed"})


class OpenCanvases:
    """The open canvases of a session, by what the runtime tells of them."""

    def __init__(self) -> None:
        self._open: dict[str, OpenCanvasInstance] = {}
        # A list that the runtime makes while events come may be older than they are.
        self._newer: set[str] | None = set()

    def all(self) -> list[OpenCanvasInstance]:
        """All of them, in the order in which they were opened."""
        return list(self._open.values())

    def begin(self, listed: Iterable[OpenCanvasInstance]) -> None:
        """Take in those that were open when this client came; once."""
        newer, self._newer = self._newer or set(), None
        self._open = {
            canvas.instance_id: canvas for canvas in listed if canvas.instance_id not in newer
        } | self._open

    def take(self, event: EventBase) -> None:
        """Take in an event of `CANVAS_EVENTS`."""
        from copilot_sdk._generated.copilot.events import SessionCanvasClosed, SessionCanvasOpened
        from copilot_sdk._generated.copilot.types import OpenCanvasInstance

        instance_id = getattr(getattr(event, "data", None), "instance_id", None)
        if not isinstance(event, SessionCanvasOpened | SessionCanvasClosed) or instance_id is None:
            return
        if self._newer is not None:
            self._newer.add(instance_id)
        if isinstance(event, SessionCanvasOpened):
            self._open[instance_id] = OpenCanvasInstance.model_validate(event.data.to_wire())
        else:
            self._open.pop(instance_id, None)
