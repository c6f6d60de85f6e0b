"""One turn of a session: which events belong to it, when it ends, and how."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from copilot_sdk.errors import ConnectionClosed, CopilotError, SessionError, TurnTimeout, UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk._subscriptions import EventStream

T = TypeVar("T")

_LAST_EVENTS = 20


class Turn:
    """Follows one turn through the session's events, from the moment when its prompt is accepted.

    Attributes:
        ended: True once the turn's last event was seen.
        error: What the turn failed with.

    Args:
        message_id: Identifier of the prompt, as `session.send` gave it.
        busy: True when another turn was under way before. Then an idle event may be that one's, and the prompt's
            own `user.message` has to come first.
    """

    def __init__(self, message_id: str, *, busy: bool) -> None:
        self.ended = False
        self.error: SessionError | None = None
        self._message_id = message_id
        self._started = not busy

    def look(self, event: Any) -> None:
        """Take notice of an event. Those of sub-agents say nothing about the turn."""
        if event.agent_id is not None:
            return
        match event.type:
            case "user.message":
                self._started = self._started or _origin(event, "message_id", "messageId") in {
                    None,
                    self._message_id,
                }
            case "session.error" if self.owns(event):
                self._started = True
                self.error = self.error or SessionError.from_wire(_data(event))
            case "session.idle":
                self.ended = self._started
            case _:
                pass

    def owns(self, event: Any) -> bool:
        """True when an event came of this turn's prompt; older runtimes do not tell, then the order decides."""
        if event.agent_id is not None:
            return False
        origin = _origin(event, "originating_message_id", "originatingMessageId")
        return self._started if origin is None else origin == self._message_id


def _origin(event: Any, attribute: str, member: str) -> str | None:
    data: Any = event.data
    if isinstance(data, Mapping):
        found: Any = cast("Mapping[str, Any]", data).get(member)
    else:
        found = getattr(data, attribute, None) or getattr(data, member, None)
    return found if isinstance(found, str) else None


def _data(event: Any) -> Mapping[str, Any]:
    """The data of an event in wire form, also of one that could not be read."""
    data: Any = event.data
    if isinstance(data, Mapping):
        return cast("Mapping[str, Any]", data)
    found: Mapping[str, Any] = data.to_wire() if hasattr(data, "to_wire") else {}
    return found


class TurnStream:
    """The events of a session from a prompt to the end of its turn; get one from `Session.stream`.

    The prompt is sent when the first event is asked for. Leaving the loop early ends the subscription, not the
    turn.

    Args:
        subscribe: Opens the stream of events.
        send: Sends the prompt and gives its identifier.
        is_busy: Tells whether a turn is under way.
        timeout: Seconds that sending and the turn may take together, None for no limit.

    Raises:
        UsageError: The timeout is not above zero.
    """

    def __init__(
        self,
        subscribe: Callable[[], EventStream[SessionEvent]],
        send: Callable[[], Awaitable[str]],
        is_busy: Callable[[], bool],
        timeout: float | None,
    ) -> None:
        self._events: EventStream[SessionEvent] | None = None
        if timeout is not None and not timeout > 0:
            raise UsageError(f"timeout has to be above zero seconds, or None for no limit, not {timeout!r}")
        self._subscribe = subscribe
        self._send = send
        self._is_busy = is_busy
        self._timeout = timeout
        self._deadline: float | None = None
        self._turn: Turn | None = None
        self._last: deque[SessionEvent] = deque(maxlen=_LAST_EVENTS)
        self._running = False
        self._finished = False

    def owns(self, event: Any) -> bool:
        """True when an event that was given came of this turn's prompt, and not of another one's."""
        return self._turn is not None and self._turn.owns(event)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionEvent:
        if self._finished:
            raise StopAsyncIteration
        if self._running:
            raise UsageError("another task waits for this turn's events; subscribe with session.events()")
        self._running = True
        try:
            return await self._next()
        except (StopAsyncIteration, CopilotError):
            self._finish()
            raise
        finally:
            self._running = False

    async def _next(self) -> SessionEvent:
        if self._events is None:
            await self._begin()
        assert self._events is not None  # noqa: S101 - _begin has set both
        assert self._turn is not None  # noqa: S101
        if self._turn.ended:
            if self._turn.error is not None:
                raise self._turn.error
            raise StopAsyncIteration
        try:
            event = await self._in_time(anext(self._events))
        except StopAsyncIteration:
            raise ConnectionClosed("the session was closed before the turn ended") from None
        self._last.append(event)
        self._turn.look(event)
        return event

    async def _begin(self) -> None:
        if self._timeout is not None:
            self._deadline = asyncio.get_running_loop().time() + self._timeout
        busy = self._is_busy()
        self._events = self._subscribe()
        try:
            self._turn = Turn(await self._in_time(self._send()), busy=busy)
        except BaseException:
            # Whether the prompt has got through is not known, so it must not be sent again.
            self._finish()
            raise

    async def _in_time(self, work: Awaitable[T]) -> T:
        limit = asyncio.timeout_at(self._deadline)
        try:
            async with limit:
                return await work
        except TimeoutError:
            if not limit.expired():
                raise
            raise TurnTimeout(self._timeout or 0.0, last_events=self._last, state=self._state()) from None

    def _state(self) -> str:
        if self._turn is None:
            return "the prompt is not accepted yet"
        return f"last event {self._last[-1].type}" if self._last else "no event came"

    def _finish(self) -> None:
        self._finished = True
        if self._events is not None:
            self._events.close()

    async def aclose(self) -> None:
        """End the iteration; the turn goes on."""
        self._finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._finish()

    def __del__(self) -> None:
        # A loop that was left by `break` leaves the subscription to nobody.
        self._finish()
