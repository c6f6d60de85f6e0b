"""What a shell command prints, told while it runs."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.payloads import Payload
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.core.terminals import Stream

_SHOWN_CHARACTERS = 10_240
_PAUSE_SECONDS = 0.1


class OutputTelling:
    """Tells each piece of the output, and ten times a second at most the end of all that was printed so far.

    Args:
        session: The session.
        call_id: The tool call that runs the command.
        agent_id: The background agent that wants it; None for the main agent or the user.
        trimmed: Whether the end of all output is told without the line ends after it.
    """

    def __init__(
        self, session: Session, call_id: str, *, agent_id: str | None = None, trimmed: bool = False
    ) -> None:
        self._session = session
        self._call_id = call_id
        self._agent_id = agent_id
        self._trimmed = trimmed
        self._numbers = count()
        self._held: dict[Stream, str] = {}
        self._shown = ""
        self._has_news = False
        self._pause: asyncio.TimerHandle | None = None
        self._ended = False

    async def hear(self, stream: Stream, piece: str) -> None:
        """Tells a piece, and returns once clients are not too far behind."""
        if self._ended:
            return
        text = self._held.pop(stream, "") + piece
        # A piece may end within a value that is told to nobody.
        if held := self._session.secrets.unfinished(text):
            self._held[stream] = text[-held:]
            text = text[:-held]
        if text:
            self._tell(stream, text)
        await self._session.clients.caught_up()

    def end(self) -> None:
        """Tells what is left; nothing that is heard from now on is told."""
        for stream, text in self._held.items():
            self._tell(stream, text)
        self._held.clear()
        self._ended = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._has_news:
            self._show()

    def _tell(self, stream: Stream, text: str) -> None:
        text = self._session.secrets.text(text)
        number = next(self._numbers)
        self._emit(
            types.ToolShellOutputData(tool_call_id=self._call_id, stream=stream, text=text, sequence=number)
        )
        self._shown = (self._shown + text)[-_SHOWN_CHARACTERS:]
        self._has_news = True
        if self._pause is None:
            self._show()

    def _show(self) -> None:
        self._has_news = False
        shown = self._shown.rstrip("\n") if self._trimmed else self._shown
        self._emit(types.ToolExecutionPartialResultData(tool_call_id=self._call_id, partial_output=shown))
        if not self._ended:
            self._pause = asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        if self._has_news:
            self._show()

    def _emit(self, data: Payload) -> None:
        self._session.emit(data, agent_id=self._agent_id)
