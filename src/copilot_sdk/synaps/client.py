"""The client of one agent: its process, its session, and its turns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from copilot_sdk._model.json_values import present
from copilot_sdk._scope import TaskScope
from copilot_sdk._subscriptions import DEFAULT_BUFFER, EventFilter, EventStream, Subscriptions
from copilot_sdk.errors import (
    ConnectError,
    ConnectionClosed,
    CopilotError,
    ProtocolVersionMismatch,
    UsageError,
)
from copilot_sdk.synaps._connection import Connection
from copilot_sdk.synaps._told import Told
from copilot_sdk.synaps.turn import Turn

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from copilot_sdk._generated.synaps.api.agent import AgentRPC
    from copilot_sdk._generated.synaps.types import (
        CompactResponse,
        GetSessionStatsResponse,
        GetStateResponse,
        Message,
        ModelInfo,
        PromptResponse,
        ReadyEvent,
        ToolInfo,
    )
    from copilot_sdk._model.base import WireModel
    from copilot_sdk._protocol.messages import JsonObject
    from copilot_sdk._rpc.method import Method
    from copilot_sdk._rpc.unset import Unset
    from copilot_sdk.synaps.attachments import Attachable
    from copilot_sdk.synaps.events import SynapsEvent
    from copilot_sdk.transports.base import Transport

    E = TypeVar("E", bound=WireModel)

R = TypeVar("R")

PROTOCOL_VERSION = 1
DEFAULT_COMMAND = ("synaps", "rpc")
DEFAULT_REQUEST_TIMEOUT = 60.0
DEFAULT_READY_TIMEOUT = 10.0
DEFAULT_SHUTDOWN_TIMEOUT = 5.0

_CLOSED = "the client was closed; make a new one"
_TURN_EVENTS = frozenset(
    {"message_update", "subagent_start", "subagent_update", "subagent_done", "agent_end"}
)


def connect(
    command: Sequence[str] = DEFAULT_COMMAND,
    *,
    continue_session: str | None = None,
    system: str | None = None,
    model: str | None = None,
    profile: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    transport: Transport | None = None,
    request_timeout: float | None = DEFAULT_REQUEST_TIMEOUT,
    ready_timeout: float = DEFAULT_READY_TIMEOUT,
    shutdown_timeout: float = DEFAULT_SHUTDOWN_TIMEOUT,
) -> Client:
    """Make a client of an agent that is started with it, for `async with`.

    Args:
        command: The program and its first arguments; flags for what follows are added.
        continue_session: Identifier, name, or the beginning of one, of the session to go on with; a new one when left
            out.
        system: What the model is told before everything else, or the path of a file with it.
        model: Identifier of the model.
        profile: Name of a profile of the agent's settings.
        env: The whole environment of the agent; that of this program when left out.
        cwd: The folder that the agent works in; that of this program when left out.
        transport: A connection to an agent that runs already, in place of starting one; it belongs to the client.
        request_timeout: Seconds that a command may take unless it says otherwise, None for no limit. Turns and
            compaction have none.
        ready_timeout: Seconds until the agent has to be ready.
        shutdown_timeout: Seconds that it has for its end before it is stopped.

    Raises:
        UsageError: The command is a plain string, or there are options for a new agent beside a connection to one.
    """
    if isinstance(command, str):
        raise UsageError("command has to be a list that starts with the program, such as ['synaps', 'rpc']")
    options = {"--continue": continue_session, "--system": system, "--model": model, "--profile": profile}
    flags = [part for flag, value in options.items() if value is not None for part in (flag, value)]
    if transport is not None and (flags or env is not None or cwd is not None):
        raise UsageError("an agent that runs already takes no options; leave out transport or all of them")

    async def start() -> Transport:
        if transport is not None:
            return transport
        from copilot_sdk._protocol.lines import LINES
        from copilot_sdk.transports.stdio import StdioTransport

        return await StdioTransport.spawn([*command, *flags], env=env, cwd=cwd, framing=LINES)

    return Client(
        start,
        request_timeout=request_timeout,
        ready_timeout=ready_timeout,
        shutdown_timeout=shutdown_timeout,
    )


class Client:
    """The client of one agent, which has one session at a time; `connect` makes it.

    Use it as `async with connect() as client`, or call `start` and `close`.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[Transport]],
        *,
        request_timeout: float | None,
        ready_timeout: float,
        shutdown_timeout: float,
    ) -> None:
        self._open_transport = start
        self._request_timeout = request_timeout
        self._ready_timeout = ready_timeout
        self._shutdown_timeout = shutdown_timeout
        self._subscriptions = Subscriptions()
        self._turns: list[Turn] = []
        self._foreign_turn = False
        self._tasks = TaskScope("synaps client")
        self._connection: Connection | None = None
        self._ready: asyncio.Future[ReadyEvent] | None = None
        self._session_id = ""
        self._model = ""
        self._closed = False

    def __repr__(self) -> str:
        state = " (closed)" if self.closed else ""
        return f"<synaps.Client {self._session_id or 'not started'}{state}>"

    # ------------------------------------------------------------- lifecycle

    async def start(self) -> None:
        """Start the agent and wait until it is ready.

        Raises:
            ConnectError: The program cannot be started, or is not ready in time.
            ProtocolVersionMismatch: It speaks another version of the protocol; it was stopped.
            ConnectionClosed: It ended before it was ready.
            UsageError: The client was started before, or closed.
        """
        if self._closed:
            raise UsageError(_CLOSED)
        if self._connection is not None:
            raise UsageError("the client was started before; make a new one for each agent")
        ready = self._ready = asyncio.get_running_loop().create_future()
        transport = await self._open_transport()
        if self.closed:
            await transport.aclose()
            raise UsageError(_CLOSED)
        connection = self._connection = Connection(
            transport, request_timeout=self._request_timeout, on_told=self._told, on_end=self._ended
        )
        connection.start()
        try:
            async with asyncio.timeout(self._ready_timeout):
                first = _of_this_version(await ready)
        except TimeoutError:
            await connection.aclose()
            raise ConnectError(
                f"{transport.describe()} was not ready within {self._ready_timeout:g} s; check that the command runs "
                "an agent in rpc mode, or raise ready_timeout"
            ) from None
        except BaseException:
            await connection.aclose()
            raise
        self._session_id, self._model = first.session_id or "", first.model or ""

    async def close(self) -> None:
        """Stop what runs, let the agent save the session and end, and stop it if it does not. May be called again.

        Wire methods: `abort` and `shutdown` (stable).
        """
        self._closed = True
        connection = self._connection
        if connection is None:
            return
        from copilot_sdk._generated.synaps.api.agent import AgentRPC

        rpc = AgentRPC(connection)
        self._tasks.spare_current_task()
        if not connection.closed:
            with suppress(CopilotError, TimeoutError):
                async with asyncio.timeout(self._shutdown_timeout):
                    if self._turns:
                        await rpc.abort()
                    await rpc.shutdown()
                    await connection.wait_closed()
        await connection.aclose()
        self._tasks.cancel()
        await self._tasks.settle()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def closed(self) -> bool:
        """True once the client was closed, or the agent is gone."""
        return self._closed or (self._connection is not None and self._connection.closed)

    # ------------------------------------------------------------- what it is

    @property
    def session_id(self) -> str:
        """Identifier of the session."""
        return self._session_id

    @property
    def model(self) -> str:
        """Identifier of the model, as far as it was told or chosen here."""
        return self._model

    @cached_property
    def rpc(self) -> AgentRPC:
        """Every command as it is on the wire."""
        from copilot_sdk._generated.synaps.api.agent import AgentRPC

        return AgentRPC(_Caller(self._opened))

    # ------------------------------------------------------------------ turns

    def prompt(
        self,
        message: str,
        *,
        attachments: Sequence[Attachable] = (),
        timeout: float | None = None,
        buffer: int = DEFAULT_BUFFER,
    ) -> Turn:
        """Give the agent something to do.

        Wire method: `prompt` (stable).

        Args:
            message: What the user says; it may be empty beside attachments.
            attachments: Files for the model to look at, eight at most: images, PDF or text. They are checked before
                anything is sent.
            timeout: Seconds that the turn may take, None for no limit.
            buffer: How many events may wait for a reader.

        Returns:
            The turn: await it for its result, iterate over it for its events. What the agent refuses is raised there.

        Raises:
            UsageError: The client is not open, or an argument makes no sense.
            ConnectionClosed: The agent is gone.
        """
        from copilot_sdk.synaps.attachments import load_all, named

        files = named(attachments)

        async def send(name: str) -> PromptResponse:
            from copilot_sdk._generated.synaps.methods.agent import PROMPT

            if files:
                await asyncio.to_thread(load_all, [file.path for file in files])
            params = {"message": message, "attachments": files}
            return await self._opened().call(PROMPT, params, timeout, name=name)

        return self._begin(send, timeout, buffer)

    def follow_up(self, message: str, *, timeout: float | None = None, buffer: int = DEFAULT_BUFFER) -> Turn:
        """Go on in the conversation with another message.

        Wire method: `follow_up` (stable).

        Args:
            message: What the user says.
            timeout: See `prompt`, also for the rest.
            buffer: How many events may wait for a reader.
        """

        async def send(name: str) -> PromptResponse:
            from copilot_sdk._generated.synaps.methods.agent import FOLLOW_UP

            return await self._opened().call(FOLLOW_UP, {"message": message}, timeout, name=name)

        return self._begin(send, timeout, buffer)

    async def abort(self) -> None:
        """Stop the turn that runs, also one that the agent began by itself; without one nothing happens.

        Wire method: `abort` (stable).

        Raises:
            RequestTimeout, ConnectionClosed: The agent did not answer in time, or is gone.
        """
        await self.rpc.abort()

    # ------------------------------------------------------------ the session

    async def compact(self) -> CompactResponse:
        """Replace the conversation so far by a summary of it.

        Wire method: `compact` (stable).

        Raises:
            RequestRefused, ConnectionClosed: The agent could not, or is gone.
        """
        return await self.rpc.compact()

    async def new_session(self) -> str:
        """Begin an empty conversation, and give its identifier.

        Wire method: `new_session` (stable).

        Raises:
            RequestRefused: A turn runs; abort it first.
            RequestTimeout, ConnectionClosed: The agent did not answer in time, or is gone.
        """
        self._session_id = (await self.rpc.new_session()).session_id
        return self._session_id

    async def set_model(self, model: str) -> None:
        """Choose the model of the turns to come.

        Wire method: `set_model` (stable).

        Args:
            model: Its identifier, such as `anthropic/claude-sonnet-4-6`; it is not checked before the next turn.

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        self._model = (await self.rpc.set_model(model=model)).model

    async def messages(self) -> list[Message]:
        """The conversation as the model sees it, oldest message first.

        Wire method: `get_messages` (stable).

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        return present((await self.rpc.get_messages()).messages)

    async def models(self) -> list[ModelInfo]:
        """The models of the providers that the agent knows; there may be none.

        Wire method: `get_available_models` (stable).

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        return present((await self.rpc.get_available_models()).models)

    async def tools(self) -> list[ToolInfo]:
        """The tools of the session, those of MCP servers and extensions too.

        Wire method: `tools_list` (stable).

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        return present((await self.rpc.tools_list()).tools)

    async def stats(self) -> GetSessionStatsResponse:
        """How much the session has used.

        Wire method: `get_session_stats` (stable).

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        return await self.rpc.get_session_stats()

    async def state(self) -> GetStateResponse:
        """What the session is doing.

        Wire method: `get_state` (stable).

        Raises:
            RequestRefused, RequestTimeout, ConnectionClosed: The agent refused, did not answer in time, or is gone.
        """
        return await self.rpc.get_state()

    @overload
    def events(self, *, buffer: int = DEFAULT_BUFFER) -> EventStream[SynapsEvent]: ...

    @overload
    def events(self, first: type[E], /, *types: type[E], buffer: int = DEFAULT_BUFFER) -> EventStream[E]: ...

    def events(self, *types: type[Any], buffer: int = DEFAULT_BUFFER) -> EventStream[Any]:
        """All that the agent tells from now on, inside turns and outside: also of turns that it begins by itself.

        Args:
            types: The classes of those that are wanted, such as `RuntimeEvent`; all of them when left out.
            buffer: How many events may wait for the reader.

        Returns:
            An async iterator that ends with the client; close it when it is no longer needed.

        Raises:
            UsageError: The client is not open, or a class is none of a single kind of event.
            ConnectionClosed: The agent is gone.
        """
        self._opened()
        return self._subscriptions.add(EventFilter(map(_kind_of, types)), buffer)

    # ------------------------------------------------------------- inner life

    def _opened(self) -> Connection:
        if self._connection is None:
            raise UsageError("the client was not started; use 'async with connect() as client:'")
        if self._closed:
            raise UsageError(_CLOSED)
        return self._connection

    def _begin(
        self, send: Callable[[str], Awaitable[PromptResponse]], timeout: float | None, buffer: int
    ) -> Turn:
        if timeout is not None and not timeout > 0:
            raise UsageError(f"timeout has to be above zero seconds, not {timeout!r}")
        connection = self._opened()
        connection.check_open()
        name = connection.next_name()
        turn = Turn(
            name=name,
            send=lambda: send(name),
            abort=self.abort,
            spawn=self._tasks.handle,
            buffer=buffer,
            on_end=self._turn_ended,
        )
        self._turns.append(turn)
        return turn

    def _turn_ended(self, turn: Turn) -> None:
        self._turns.remove(turn)

    def _told(self, frame: JsonObject, name: str | None) -> None:
        told = Told(frame)
        kind = frame.get("type")
        if kind == "ready" and self._ready is not None and not self._ready.done():
            self._ready.set_result(told.event)
        self._subscriptions.distribute(told)
        if name is not None:
            concerned = [turn for turn in self._turns if turn.name == name]
        elif kind in _TURN_EVENTS:
            self._foreign_turn = self._foreign_turn or not self._turns
            concerned = [] if self._foreign_turn else self._turns[:1]
        else:
            concerned = []
        for turn in concerned:
            turn.look(told)
        if kind == "agent_end":
            self._foreign_turn = False

    def _ended(self, reason: ConnectionClosed) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(copy(reason))
        closed_here = self._closed
        self._subscriptions.end(None if closed_here else reason)
        for turn in self._turns[:]:
            turn.end(
                ConnectionClosed("the client was closed before the turn ended")
                if closed_here
                else copy(reason)
            )


def _of_this_version(ready: ReadyEvent) -> ReadyEvent:
    if ready.protocol_version != PROTOCOL_VERSION:
        raise ProtocolVersionMismatch(ready.protocol_version, PROTOCOL_VERSION, PROTOCOL_VERSION)
    return ready


class _Caller:
    """Makes the calls of the generated API, as long as the client is open."""

    def __init__(self, connection: Callable[[], Connection]) -> None:
        self._connection = connection

    async def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        return await self._connection().call(method, params, timeout)


def _kind_of(event: type[Any]) -> str:
    """The kind of the events of a class; responses are told apart by their command."""
    fields: Mapping[str, Any] = getattr(event, "model_fields", {})
    field = fields.get("command", fields.get("type"))
    if field is None or not isinstance(field.default, str):
        name = getattr(event, "__name__", repr(event))
        raise UsageError(f"{name} is no class of a single kind of event; leave it out to get all events")
    return field.default
