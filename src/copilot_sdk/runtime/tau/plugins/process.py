"""A plugin that runs: its hooks one at a time, its tool calls side by side, and what it asks for itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from copilot_sdk._generated.tau.types import (
    ErrorResponse,
    PluginCancelToolCall,
    PluginHook,
    PluginHookResult,
    PluginIdle,
    PluginOutputDelta,
    PluginRegister,
    PluginServerResponse,
    PluginSessionStart,
    PluginToolCall,
    PluginToolResult,
)
from copilot_sdk._model import VerbatimModel
from copilot_sdk._model.base import problems
from copilot_sdk._protocol.exchanges import encode_frame, parse_frame
from copilot_sdk._protocol.lines import LINES
from copilot_sdk._protocol.messages import MalformedMessage
from copilot_sdk.errors import ConnectError, ConnectionClosed, ProtocolError, UsageError
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.core.shells import environment
from copilot_sdk.runtime.tau.reading import read_as
from copilot_sdk.runtime.tau.settings import PluginSettings
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.stdio import StdioTransport

_STOP_SECONDS = 1.0
_MOST_WAITING = 1_000
_MOST_REQUESTS = 64

_logger = logging.getLogger("copilot_sdk.runtime")


class PluginFault(Exception):
    """A plugin cannot do what it is asked for; the text is for people and for models."""


class PluginEnded(PluginFault):
    """It does not run any more."""


@dataclass(frozen=True, slots=True)
class PluginHouse:
    """What the daemon does for its plugins.

    Attributes:
        requests: The tasks in which their requests are served; they go on when the plugin has ended.
        serve: Serves a request.
        answer_seconds: How long a plugin may take to register, and to answer a hook.
    """

    requests: TaskScope
    serve: Callable[[object], Awaitable[VerbatimModel]]
    answer_seconds: float


@dataclass(frozen=True, slots=True)
class _Call:
    answer: asyncio.Future[PluginToolResult | PluginFault]
    on_output: Callable[[str], None]


class PluginProcess:
    """One run of a plugin; get one from `start`.

    Attributes:
        registered: What it has.
        ended: Whether it does not run any more.
        resting: Whether it was told that nobody needs it, so that it may end.
    """

    def __init__(
        self,
        name: str,
        transport: Transport,
        registered: PluginRegister,
        house: PluginHouse,
        idle_seconds: float,
        *,
        asks_in_calls_only: bool,
    ) -> None:
        self.registered = registered
        self.ended = False
        self.resting = False
        self._name = name
        self._transport = transport
        self._house = house
        self._idle_seconds = idle_seconds
        self._asks_in_calls_only = asks_in_calls_only
        self._scope = TaskScope(f"plugin {name}")
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self._one_hook = asyncio.Lock()
        self._hook: asyncio.Future[PluginHookResult | None] | None = None
        self._calls: dict[str, _Call] = {}
        self._requests = 0
        self._timer: asyncio.TimerHandle | None = None
        self._scope.start(self._read(), name="reader")
        self._scope.start(self._write(), name="writer")
        self._touch()

    @classmethod
    async def start(
        cls, name: str, settings: PluginSettings, folder: Path, house: PluginHouse, idle_seconds: float
    ) -> PluginProcess:
        """Starts a plugin, and waits until it has registered.

        Args:
            name: What it is called in the settings.
            settings: How it is started.
            folder: Where it runs.
            house: What the daemon does for it.
            idle_seconds: After how long it is told that nobody needs it.

        Raises:
            PluginFault: It cannot be started, or does not register.
        """
        try:
            transport = await StdioTransport.spawn(
                settings.command,
                env={**environment(), **settings.env},
                cwd=folder,
                stop_timeout=_STOP_SECONDS,
                framing=LINES,
            )
        except (ConnectError, UsageError) as error:
            raise PluginFault(f"the plugin {name} does not start: {error}") from error
        try:
            registered = await _registration(name, transport, house.answer_seconds)
        except BaseException:
            await transport.aclose()
            raise
        in_calls_only = settings.scope == "session"
        return cls(name, transport, registered, house, idle_seconds, asks_in_calls_only=in_calls_only)

    async def aclose(self) -> None:
        """Ends it, in bounded time."""
        self._end("was stopped")
        await self._transport.aclose()
        await self._scope.aclose()

    # ------------------------------------------------------------- what it is asked

    async def ask(self, frame: PluginHook | PluginSessionStart) -> PluginHookResult | None:
        """Calls a hook.

        Returns:
            Its answer; None where none came, and the plugin was ended for that.
        """
        if self.ended:
            return None
        # Answers have no ids: one that nobody waits for any more is awaited all the same.
        asked = self._scope.start(self._ask(frame), name="hook")
        await asyncio.wait({asked})
        return None if asked.cancelled() else asked.result()

    async def _ask(self, frame: PluginHook | PluginSessionStart) -> PluginHookResult | None:
        async with self._one_hook:
            self._hook = asyncio.get_running_loop().create_future()
            try:
                self._post(frame)
                async with asyncio.timeout(self._house.answer_seconds):
                    return await self._hook
            except PluginFault as fault:
                _logger.warning("%s", fault)
            except TimeoutError:
                # What comes later could be the answer to any hook.
                self._end(f"did not answer a hook within {self._house.answer_seconds:g} s")
            finally:
                self._hook = None
                self._touch()
            return None

    async def call(self, frame: PluginToolCall, on_output: Callable[[str], None]) -> PluginToolResult:
        """Calls a tool; when this is cancelled, the plugin is told.

        Args:
            frame: The call. Its id is changed where another call has it.
            on_output: Takes what the tool writes while it runs.

        Raises:
            PluginFault: No result can be had.
        """
        call_id, number = frame.tool_call_id, 1
        while call_id in self._calls:
            number += 1
            call_id = f"{frame.tool_call_id}-{number}"
        answer: asyncio.Future[PluginToolResult | PluginFault] = asyncio.get_running_loop().create_future()
        self._calls[call_id] = _Call(answer, on_output)
        try:
            self._post(frame.model_copy(update={"tool_call_id": call_id}))
            result = await answer
        except asyncio.CancelledError:
            with suppress(PluginFault):
                self._post(PluginCancelToolCall(tool_call_id=call_id))
            raise
        finally:
            del self._calls[call_id]
            self._touch()
        if isinstance(result, PluginFault):
            raise result
        return result

    # ------------------------------------------------------------- what it says

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._transport.receive())
        except ConnectionClosed as closed:
            self._end(_ending(self._name, closed))
        except ProtocolError as error:
            self._end(f"broke the protocol: {error}")
        finally:
            self._end("cannot be understood any more")

    def _take(self, data: bytes) -> None:
        try:
            tag, frame = parse_frame(data)
        except MalformedMessage as problem:
            _logger.warning("the plugin %s sent what is no message: %s", self._name, problem)
            return
        match tag:
            case "hook_result":
                self._take_hook_result(frame)
            case "tool_result":
                self._take_tool_result(frame)
            case "output_delta":
                self._take_output(frame)
            case "server_request":
                self._take_request(frame)
            case _:
                _logger.warning("the plugin %s sent %s, which says nothing here", self._name, tag)

    def _take_hook_result(self, frame: Mapping[str, object]) -> None:
        if self._hook is None or self._hook.done():
            _logger.warning("the plugin %s answered a hook that nobody called", self._name)
            return
        try:
            self._hook.set_result(read_as(PluginHookResult, frame))
        except ValidationError as error:
            _logger.warning("a hook_result of the plugin %s is none: %s", self._name, problems(error))
            self._hook.set_result(None)

    def _take_tool_result(self, frame: Mapping[str, object]) -> None:
        call = self._calls.get(str(frame.get("tool_call_id")))
        if call is None or call.answer.done():
            # Of a call that was cancelled.
            return
        try:
            call.answer.set_result(read_as(PluginToolResult, frame))
        except ValidationError as error:
            text = f"a tool_result of the plugin {self._name} is none: {'; '.join(problems(error))}"
            call.answer.set_result(PluginFault(text))

    def _take_output(self, frame: Mapping[str, object]) -> None:
        try:
            delta = read_as(PluginOutputDelta, frame)
        except ValidationError as error:
            _logger.warning("an output_delta of the plugin %s is none: %s", self._name, problems(error))
            return
        if (call := self._calls.get(delta.tool_call_id)) is not None:
            call.on_output(delta.text)

    def _take_request(self, frame: Mapping[str, object]) -> None:
        request_id = frame.get("request_id")
        if not isinstance(request_id, str):
            _logger.warning("a server_request of the plugin %s has no request_id", self._name)
        elif self._asks_in_calls_only and not self._calls:
            text = "a plugin of one session may ask for something during a tool call only"
            self._respond(request_id, ErrorResponse(message=text))
        elif self._requests >= _MOST_REQUESTS:
            self._respond(request_id, ErrorResponse(message=f"{_MOST_REQUESTS} requests are open already"))
        else:
            self._requests += 1
            serving = self._serve(request_id, frame.get("request"))
            self._house.requests.start(serving, name=f"request of the plugin {self._name}")

    async def _serve(self, request_id: str, request: object) -> None:
        try:
            response = await self._house.serve(request)
        finally:
            self._requests -= 1
            self._touch()
        self._respond(request_id, response)

    def _respond(self, request_id: str, response: VerbatimModel) -> None:
        with suppress(PluginFault):
            self._post(PluginServerResponse.model_validate({"request_id": request_id, "response": response}))

    # ------------------------------------------------------------- how it fares

    def _post(self, frame: VerbatimModel) -> None:
        """Sends a frame soon.

        Raises:
            PluginFault: It has no form in JSON, or the plugin takes nothing any more.
        """
        if not self.ended:
            self._touch()
            try:
                self._waiting.put_nowait(encode_frame(frame.to_wire()))
            except UsageError as error:
                raise PluginFault(f"the plugin {self._name} cannot be told: {error}") from error
            except asyncio.QueueFull:
                self._end("does not read what it is sent")
        if self.ended:
            raise PluginEnded(f"the plugin {self._name} does not run")

    async def _write(self) -> None:
        with suppress(ConnectionClosed):
            while True:
                await self._transport.send(await self._waiting.get())

    def _touch(self) -> None:
        """Note that it is needed now."""
        self.resting = False
        if self._timer is not None:
            self._timer.cancel()
        if not self.ended:
            self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._rest)

    def _rest(self) -> None:
        if self._calls or self._hook is not None or self._requests:
            return
        with suppress(PluginFault):
            self._post(PluginIdle())
        if self._timer is not None:
            self._timer.cancel()
        self.resting = True

    def _end(self, why: str) -> None:
        if self.ended:
            return
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
        fault = PluginEnded(f"the plugin {self._name} {why}")
        if self._hook is not None:
            _logger.warning("%s", fault)
        for call in self._calls.values():
            if not call.answer.done():
                call.answer.set_result(fault)
        if self._hook is not None and not self._hook.done():
            self._hook.set_result(None)
        self._scope.start(self._release(), name="end")

    async def _release(self) -> None:
        await self._transport.aclose()
        await self._scope.aclose()


async def _registration(name: str, transport: Transport, seconds: float) -> PluginRegister:
    """What a plugin says first.

    Raises:
        PluginFault: That is something else, or nothing in time.
    """
    try:
        async with asyncio.timeout(seconds):
            tag, frame = parse_frame(await transport.receive())
        if tag != "register":
            raise PluginFault(f"the plugin {name} is rejected: it began with {tag}, not with register")
        return read_as(PluginRegister, frame)
    except TimeoutError:
        raise PluginFault(
            f"the plugin {name} is rejected: it did not register within {seconds:g} s"
        ) from None
    except ValidationError as error:
        raise PluginFault(f"the plugin {name} is rejected: {'; '.join(problems(error))}") from error
    except ConnectionClosed as closed:
        raise PluginFault(f"the plugin {name} is rejected: it {_ending(name, closed)}") from closed
    except (ProtocolError, MalformedMessage) as error:
        raise PluginFault(f"the plugin {name} is rejected: {error}") from error


def _ending(name: str, closed: ConnectionClosed) -> str:
    """How a plugin has ended. What it wrote to stderr is for the log alone: faults go to models and clients."""
    _logger.info("the plugin %s has ended: %s", name, closed)
    return "has ended" if closed.exit_code is None else f"has ended with exit code {closed.exit_code}"
