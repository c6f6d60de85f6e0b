"""The asyncio driver of the engine: commands out, what the child says in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from copilot_sdk._protocol.commands import Answered, Commands, Doubted, Happening, Malformed, Refused, Told
from copilot_sdk._rpc.outbox import Outbox
from copilot_sdk._rpc.reading import read_until_end
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.errors import (
    ConnectionClosed,
    CopilotError,
    RequestRefused,
    RequestTimeout,
)
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    from copilot_sdk._protocol.messages import JsonObject
    from copilot_sdk._rpc.method import Method
    from copilot_sdk.transports.base import Transport

R = TypeVar("R")
TURN = "prompt"
"""What the end of a turn is called that a command has begun."""
_logger = logging.getLogger("copilot_sdk.synaps")


class Connection:
    """The commands of a client over a transport, which belongs to it.

    Args:
        transport: Carries lines.
        request_timeout: Seconds that a command may take unless it says otherwise; None for no limit.
        on_told: Takes each frame that answers nothing, and the name of the command that it is about; must not block.
        on_end: Called once when the connection has ended, with the reason.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        request_timeout: float | None,
        on_told: Callable[[JsonObject, str | None], None],
        on_end: Callable[[ConnectionClosed], None],
    ) -> None:
        self._transport = transport
        self._request_timeout = request_timeout
        self._on_told = on_told
        self._on_end = on_end
        self._commands = Commands()
        self._calls: dict[str, asyncio.Future[JsonObject]] = {}
        self._outbox = Outbox(transport, self._give_up_on_reader)
        self._reader: asyncio.Task[None] | None = None
        self._reason: ConnectionClosed | None = None
        self._ended = asyncio.Event()
        self._close = CloseOnce(self._shut_down)

    # ------------------------------------------------------------- lifecycle

    def start(self) -> None:
        """Begin to read, from within a running event loop."""
        self._reader = asyncio.get_running_loop().create_task(
            read_until_end(self._transport, self._receive, self._end, _logger)
        )

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._reason is not None

    def check_open(self) -> None:
        """Raise the reason if it has ended.

        Raises:
            ConnectionClosed: It has.
        """
        if self._reason is not None:
            raise copy(self._reason)

    async def wait_closed(self) -> ConnectionClosed:
        """Wait for the end and give the reason."""
        while self._reason is None:
            await self._ended.wait()
        return self._reason

    async def aclose(self) -> None:
        """End it, in bounded time: what waits fails with `ConnectionClosed`."""
        await self._close()

    # ----------------------------------------------------------------- calls

    def next_name(self) -> str:
        """A name for a command."""
        return self._commands.next_id()

    async def call(
        self,
        method: Method[R],
        params: Mapping[str, object] | object,
        timeout: float | Unset | None = UNSET,
        *,
        name: str | None = None,
    ) -> R:
        """Send a command and wait for its answer; `AgentRPC(connection)` makes its calls with it.

        Args:
            method: The command.
            params: What belongs to it, by wire name.
            timeout: Seconds to wait.
            name: What `next_name` gave, for who wants to know it before.

        Raises:
            InvalidParams: An argument does not fit, nothing was sent.
            ResultValidationError: The answer does not fit.
            RequestRefused: The agent refused.
            RequestTimeout: No answer came in time.
            ConnectionClosed: The connection has ended, or ends before.
        """
        from copilot_sdk._model.codec import decode_result, encode_params

        self.check_open()
        values: Any = params
        if method.notification:
            wire = encode_params(method, values)
            await self._transport.send(self._commands.command(None, wire, frozenset()))
            return None  # type: ignore[return-value]
        seconds = method.time_limit(timeout, self._request_timeout)
        known_as = name or self.next_name()
        wire = encode_params(method, {**values, "id": known_as})
        answers = frozenset(method.answers)
        data = self._commands.command(known_as, wire, answers, starts_turn=TURN in answers)
        return decode_result(method, await self._answer(known_as, method.name, data, seconds))

    async def _answer(self, name: str, command: str, data: bytes, seconds: float | None) -> JsonObject:
        answer: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()
        self._calls[name] = answer
        _logger.debug("command %s: %s", name, command)
        try:
            async with asyncio.timeout(seconds):
                await self._transport.send(data)
                return await answer
        except TimeoutError:
            raise RequestTimeout(command, seconds or 0) from None
        except RequestRefused as refusal:
            raise RequestRefused(refusal.message, command) from None
        finally:
            self._calls.pop(name, None)
            self._commands.forget(name)
            if answer.done() and not answer.cancelled():
                # It is raised here, or somebody else's news came first.
                answer.exception()

    # ---------------------------------------------------------------- reading

    def _receive(self, data: bytes) -> None:
        for happening in self._commands.receive(data):
            self._take(happening)

    def _take(self, happening: Happening) -> None:
        match happening:
            case Answered(name, frame):
                self._settle(name, frame)
            case Refused(name, message):
                self._settle(name, RequestRefused(message, "command"))
            case Told(frame, name):
                self._on_told(frame, name)
            case Doubted(name):
                _logger.debug("whether %s was refused, the next frame tells", name)
                self._ask_for_a_frame()
            case Malformed(problem):
                _logger.warning("%s sent no frame: %s", self._transport.describe(), problem)

    def _settle(self, name: str, outcome: JsonObject | CopilotError) -> None:
        answer = self._calls.get(name)
        if answer is None or answer.done():
            return
        if isinstance(outcome, CopilotError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def _ask_for_a_frame(self) -> None:
        name = self.next_name()
        fields = {"type": "get_state", "id": name}
        self._outbox.post(self._commands.command(name, fields, frozenset({"get_state"})))

    # -------------------------------------------------------------------- end

    def _give_up_on_reader(self) -> None:
        self._end(ConnectionClosed("the other side keeps sending but does not read"))
        self._close.begin()

    def _end(self, reason: ConnectionClosed) -> None:
        if self._reason is not None:
            return
        self._reason = reason
        self._commands.close()
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(copy(reason))
        self._ended.set()
        self._on_end(reason)

    async def _shut_down(self) -> None:
        self._end(ConnectionClosed("it was closed on this side"))
        await self._transport.aclose()
        if self._reader is not None:
            await asyncio.wait({self._reader})
