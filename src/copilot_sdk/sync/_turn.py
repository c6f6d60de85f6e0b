"""A turn for programs without an event loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from copilot_sdk.sync._faces import TurnFace

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import SessionEvent  # noqa: F401 - a base class names it
    from copilot_sdk._generated.copilot.types import AbortReason
    from copilot_sdk.turns import Turn as AsyncTurn  # noqa: F401 - a base class names it
    from copilot_sdk.turns import (
        TurnResult,  # noqa: F401 - a base class names it
        TurnUsage,
    )


class Turn(TurnFace["AsyncTurn", "SessionEvent", "TurnResult"]):
    """See `copilot_sdk.turns.Turn`: a plain iterator over its events, and `result` in place of `await`."""

    @property
    def message_id(self) -> str | None:
        """Identifier of the prompt; None until the runtime has accepted it."""
        return self._turn.message_id

    @property
    def usage(self) -> TurnUsage:
        """What the turn has used so far."""
        return self._turn.usage

    def accepted(self) -> str:
        """See `copilot_sdk.turns.Turn.accepted`."""
        return self._portal.run(self._turn.accepted())

    def text(self) -> Iterator[str]:
        """See `copilot_sdk.turns.Turn.text`."""
        return self._portal.iterate(self._turn.text())

    def abort(self, reason: AbortReason | None = None) -> None:
        """See `copilot_sdk.turns.Turn.abort`."""
        self._portal.run(self._turn.abort(reason))
