"""What a session is made of: its state, its subscribers, and its turns."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from copilot_sdk._model.json_values import present
from copilot_sdk._subscriptions import EventFilter, EventStream, Subscriptions
from copilot_sdk.acp._updates import TAG, Update
from copilot_sdk.acp.turn import Turn
from copilot_sdk.errors import CopilotError, UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import (
        AvailableCommand,
        ContentBlock,
        PromptResponse,
        SessionConfigOption,
        SessionModeState,
    )
    from copilot_sdk._rpc.method import Method
    from copilot_sdk.acp._core import ClientCore
    from copilot_sdk.acp._sessions import Opened


@cache
def _method() -> Method[PromptResponse]:
    from copilot_sdk._generated.acp.methods.agent_session import SESSION_PROMPT

    return SESSION_PROMPT


class SessionCore:
    """A session from the inside; `Session` is the face of it.

    Attributes:
        client: The client that has it.
        id: Identifier of the session.
        cwd: The folder that the agent works in.
        history: The updates that came before it was open here.
        state: What updates have told of it.
        closed: Whether it was closed or lost.
    """

    def __init__(self, client: ClientCore, session_id: str, cwd: str) -> None:
        self.client = client
        self.id = session_id
        self.cwd = cwd
        self.history: list[Update] = []
        self.state = State()
        self.closed = False
        self._opening = True
        self._subscriptions = Subscriptions()
        self._turns: list[Turn] = []
        self._cancelled: list[Turn] = []
        self._error: CopilotError | None = None

    def check_open(self) -> None:
        """Refuse to go on with a session that has ended.

        Raises:
            ConnectionClosed: The connection ended it.
            UsageError: It was closed on this side.
        """
        if self._error is not None:
            raise copy(self._error)
        if self.closed:
            raise UsageError(f"session {self.id} is closed; load or resume it with the client")

    def subscribe(self, wanted: Sequence[type[Any]], buffer: int) -> EventStream[Any]:
        """Open a stream of the session's updates."""
        self.check_open()
        return self._subscriptions.add(EventFilter(wanted, TAG), buffer)

    def prompt(self, blocks: list[ContentBlock], timeout: float | None, buffer: int) -> Turn:
        """Begin a turn."""
        connection = self.client.connection()
        turn = Turn(cancel=self.cancel, spawn=connection.tasks.follow, buffer=buffer, on_end=self._turn_ended)
        self._turns.append(turn)
        turn.begin(partial(connection.post, _method(), {"sessionId": self.id, "prompt": blocks}), timeout)
        return turn

    async def cancel(self) -> None:
        """Tell the agent to stop, and refuse what it has asked permission for."""
        self._cancelled = self._turns[:]
        self.client.permissions.refuse(self.id, lasting=bool(self._turns))
        await self.client.rpc.session.cancel(session_id=self.id)

    async def close(self) -> None:
        """See `Session.close`."""
        if self.closed:
            return
        self.closed = True
        self.client.permissions.refuse(self.id, lasting=False)
        try:
            await self.client.leave(self.id, busy=bool(self._turns))
        finally:
            self.cut(None)

    def opened(self, answer: Opened) -> None:
        """Take in what the agent has answered; what came before is history."""
        self.state.opened(answer)
        self._opening = False

    def look(self, update: Update) -> None:
        """Take in an update; never blocks."""
        if self._opening:
            self.history.append(update)
        if update.type in TELLING:
            self.state.look(update)
        self._subscriptions.distribute(update)
        for turn in self._turns:
            turn.look(update)

    def cut(self, error: CopilotError | None) -> None:
        """End it here, at once."""
        self.closed = True
        self._error = error
        self.client.sessions.remove(self)
        self._subscriptions.end(error)
        for turn in self._turns[:]:
            turn.end(error)

    def _turn_ended(self, turn: Turn) -> None:
        self._turns.remove(turn)
        if turn in self._cancelled:
            self._cancelled.remove(turn)
        if not self._cancelled:
            self.client.permissions.ask_again(self.id)


class State:
    """What the agent has told of a session so far.

    Attributes:
        modes: The modes and the one it is in.
        config_options: The options with their values.
        commands: What a prompt may begin with.
        title: Its title.
    """

    def __init__(self) -> None:
        self.modes: SessionModeState | None = None
        self.config_options: list[SessionConfigOption] = []
        self.commands: list[AvailableCommand] = []
        self.title: str | None = None

    def opened(self, answer: Opened) -> None:
        """Take in what the agent answered when the session was opened."""
        self.modes = answer.modes or self.modes
        self.config_options = present(answer.config_options) or self.config_options

    def enter(self, mode_id: str) -> None:
        """The session is in another mode."""
        if self.modes is not None:
            self.modes = self.modes.model_copy(update={"current_mode_id": mode_id})

    def look(self, update: Update) -> None:
        """Take in an update of a type that is `TELLING`."""
        TELLING[update.type](self, update.event)

    def mode_entered(self, update: Any) -> None:
        """Take in `current_mode_update`."""
        self.enter(update.current_mode_id)

    def options_changed(self, update: Any) -> None:
        """Take in `config_option_update`."""
        self.config_options = present(update.config_options)

    def commands_changed(self, update: Any) -> None:
        """Take in `available_commands_update`."""
        self.commands = present(update.available_commands)

    def info_changed(self, update: Any) -> None:
        """Take in `session_info_update`."""
        # What is left out is as it was, and null takes it away.
        if "title" in update.model_fields_set:
            self.title = update.title


TELLING = {
    "current_mode_update": State.mode_entered,
    "config_option_update": State.options_changed,
    "available_commands_update": State.commands_changed,
    "session_info_update": State.info_changed,
}
"""How updates change the state, by type; others are not read for it."""
