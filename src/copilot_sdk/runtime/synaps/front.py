"""One client over one connection: its commands, one after the other, and the session that they are about."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pydantic import ValidationError

from copilot_sdk._generated.synaps import types as wire
from copilot_sdk._generated.synaps.methods import OUTBOUND
from copilot_sdk._model.base import WireModel, problems
from copilot_sdk._protocol.commands import MAX_COMMAND
from copilot_sdk._protocol.lines import LINES
from copilot_sdk._protocol.messages import MalformedMessage, read_object, write_object
from copilot_sdk.errors import ConnectionClosed, ProtocolError, UsageError
from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.clock import new_id, now
from copilot_sdk.runtime.core.config import SessionConfig, SystemPrompt
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.models.scripted import ScriptedModel
from copilot_sdk.runtime.core.outbox import Outbox
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.scope import TaskScope, end_all
from copilot_sdk.runtime.synaps.conversation import given_to_agent, messages_of
from copilot_sdk.runtime.synaps.telling import RunningTurn, Telling
from copilot_sdk.synaps.attachments import Loaded, load_all
from copilot_sdk.synaps.client import PROTOCOL_VERSION
from copilot_sdk.transports.base import InputEnded
from copilot_sdk.transports.closing import wait_at_most
from copilot_sdk.transports.stdio import StdioTransport

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.log import Event
    from copilot_sdk.runtime.core.runtime import Runtime
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.core.storage import SessionRecord
    from copilot_sdk.transports.base import Transport

_SHUTDOWN_SECONDS = 30.0
_FINISH_SECONDS = 1.0
_FLUSH_SECONDS = 1.0
_MOST_LINES = 64
_BUSY = "another prompt is in flight; abort first"
_CUT_SHORT = "no more commands come, and this one took too long"
_TOO_LONG = "frame exceeds 1 MiB limit"
_logger = logging.getLogger("copilot_sdk.runtime")
_ALL_CLASSES = ("user_text", "assistant_text", "tool_calls", "tool_results", "file_paths", "event_data")


class Refusal(Exception):
    """A command that is answered with an error."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of the session.

    Attributes:
        folder: Where the agent works.
        continued: Identifier, name, or the beginning of one, of the session to go on with; None for a new one.
        system: What the model is told before everything else, or the path of a file with it.
        model: Identifier of the model; None for the runtime's.
    """

    folder: Path
    continued: str | None = None
    system: str | None = None
    model: str | None = None


class Front:
    """Serves one client; the core knows it as a `ClientPort`."""

    def __init__(self, runtime: Runtime, transport: Transport, options: Options) -> None:
        self._runtime = runtime
        self._transport = transport
        self._options = options
        self._outbox: Outbox[WireModel] = Outbox(self._send)
        self._scope = TaskScope("synaps")
        self._rested = asyncio.Event()
        self._telling = Telling(self._outbox.post, self._rested.set)
        self._opening: asyncio.Task[None] | None = None
        self._session: Session | None = None
        self._hears = True
        self._commands: Mapping[type[Any], Callable[[Any], Awaitable[None]]] = {
            wire.PromptRequest: self._prompt,
            wire.FollowUpRequest: self._follow_up,
            wire.CompactRequest: self._compact,
            wire.NewSessionRequest: self._new_session,
            wire.GetMessagesRequest: self._get_messages,
            wire.SetModelRequest: self._set_model,
            wire.GetAvailableModelsRequest: self._get_available_models,
            wire.AbortRequest: self._abort,
            wire.GetSessionStatsRequest: self._get_session_stats,
            wire.GetStateRequest: self._get_state,
            wire.ToolsListRequest: self._tools_list,
        }

    @property
    def session(self) -> Session:
        """The session of now."""
        assert self._session is not None  # noqa: S101 - it is there before any command is read
        return self._session

    async def serve(self) -> None:
        """Serves the client until it is gone or wants the end.

        Raises:
            RuntimeFault: The session cannot be opened.
        """
        # Each step of the end is made, even if the one before it was cancelled.
        async with AsyncExitStack() as end:
            end.push_async_callback(self._transport.aclose)
            sending = asyncio.create_task(self._outbox.run(), name="synaps outbox")
            end.push_async_callback(end_all, {sending})
            end.push_async_callback(self._flush)
            end.push_async_callback(self._runtime.drop, self)
            end.push_async_callback(self._scope.aclose)
            await self._open(self._config())
            self._outbox.post(
                wire.ReadyEvent(
                    session_id=self.session.id,
                    model=self.session.model_id,
                    protocol_version=PROTOCOL_VERSION,
                )
            )
            await self._take_all()

    async def _flush(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._outbox.flush()

    async def _send(self, frame: WireModel) -> None:
        await self._transport.send(write_object(frame.to_wire(), lambda: type(frame).__name__))

    # --------------------------------------------------------------- commands

    async def _take_all(self) -> None:
        """Does what lines say, one after the other; once no more come, what is open has a moment to be answered."""
        lines: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_LINES)
        limit = asyncio.timeout(None)
        try:
            async with limit:
                if await self._take_from(lines, limit):
                    return
        except TimeoutError:
            if not limit.expired():
                raise
        while not lines.empty():
            self._cut_short(lines.get_nowait())
        if self._hears:
            await self._end_turn()

    async def _take_from(self, lines: asyncio.Queue[bytes | None], limit: asyncio.Timeout) -> bool:
        """Takes lines while they are read, and tells whether the last one was to end."""
        reading = self._scope.start(self._read_ahead(lines, limit), name="reader")
        try:
            while (line := await lines.get()) is not None:
                if not await self._take(line):
                    await end_all({reading})
                    limit.reschedule(None)
                    await self._shut_down()
                    return True
            while self._hears and self._telling.turn is not None:
                self._rested.clear()
                await self._rested.wait()
            return False
        finally:
            await end_all({reading})

    def _cut_short(self, line: bytes | None) -> None:
        request = None if line is None else self._request(line)
        if request is not None and not isinstance(request, wire.ShutdownRequest):
            self._outbox.post(wire.ErrorEvent(id=request.id, message=_CUT_SHORT))

    def _request(self, line: bytes) -> Any:
        """The command that a line is; None for one that is none, which is answered."""
        try:
            return _read(line)
        except Refusal as refusal:
            self._outbox.post(wire.ErrorEvent(message=str(refusal)))
            return None

    async def _read_ahead(self, lines: asyncio.Queue[bytes | None], limit: asyncio.Timeout) -> None:
        """Reads ahead, so that the end of the input is noticed while a command is under way."""
        try:
            while True:
                await lines.put(await self._transport.receive())
        except ConnectionClosed as closed:
            self._hears = isinstance(closed, InputEnded)
        except ProtocolError as error:
            _logger.warning("nothing more can be read: %s", error)
        limit.reschedule(asyncio.get_running_loop().time() + _FINISH_SECONDS)
        await lines.put(None)

    async def _take(self, line: bytes) -> bool:
        """Does what a line says, and tells whether that was anything but to end."""
        request = self._request(line)
        if request is None or isinstance(request, wire.ShutdownRequest):
            return request is None
        try:
            await self._commands[type(request)](request)
        except asyncio.CancelledError:
            self._outbox.post(wire.ErrorEvent(id=request.id, message=_CUT_SHORT))
            raise
        except (Refusal, RuntimeFault, ModelFault) as fault:
            self._outbox.post(wire.ErrorEvent(id=request.id, message=str(fault)))
        return True

    async def _shut_down(self) -> None:
        if self._telling.turn is not None:
            self._rested.clear()
            await wait_at_most(_SHUTDOWN_SECONDS, self._rested)

    def _check_idle(self) -> None:
        if self._telling.turn is not None or self.session.turns.processing:
            raise Refusal(_BUSY)

    async def _prompt(self, request: wire.PromptRequest) -> None:
        if not request.message and not request.attachments:
            raise Refusal("the message is empty, and nothing is attached")
        self._check_idle()
        self._telling.turn = RunningTurn(request.id)
        if request.attachments:
            paths = [attachment.path for attachment in request.attachments]
            self._opening = self._scope.start(self._open_files(request, paths), name="attachments")
        else:
            self._begin(request.message)

    async def _open_files(self, request: wire.PromptRequest, paths: Sequence[str]) -> None:
        try:
            files = await asyncio.to_thread(load_all, paths)
        except UsageError as error:
            self._telling.turn = None
            self._rested.set()
            self._outbox.post(wire.ErrorEvent(id=request.id, message=str(error)))
            return
        self._opening = None
        message = f"{len(files)} files are shown to the model {self.session.model_id}"
        self._outbox.post(
            wire.AttachmentsDisclosureResponse(id=request.id, count=len(files), message=message)
        )
        self._begin(request.message, files)

    async def _follow_up(self, request: wire.FollowUpRequest) -> None:
        if not request.message:
            raise Refusal("the message is empty")
        self._check_idle()
        self._telling.turn = RunningTurn(request.id)
        self._begin(request.message)

    def _begin(self, message: str, files: Sequence[Loaded] = ()) -> None:
        texts, attached = given_to_agent(files)
        prompt = Prompt(id=new_id(), text=message + texts, display=message, attachments=attached)
        self.session.turns.send(prompt)

    async def _abort(self, request: wire.AbortRequest) -> None:
        await self._end_turn()
        self._outbox.post(wire.AbortResponse(id=request.id, ok=True))

    async def _end_turn(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None and not opening.done():
            await end_all({opening})
            if self._telling.turn is not None:
                self._telling.turn.cancelled = True
                self._telling.finish()
        await self.session.turns.abort("user_initiated")

    async def _compact(self, request: wire.CompactRequest) -> None:
        disclosure = self._disclosure()
        told = disclosure.to_wire()
        self._outbox.post(wire.CompactDisclosureResponse.model_validate({**told, "id": request.id}))
        compacted = await self.session.compaction.compact()
        self._outbox.post(
            wire.CompactResponse(id=request.id, summary=compacted.summary, disclosure=disclosure)
        )

    def _disclosure(self) -> wire.CompactionDisclosure:
        history = self.session.agent.history
        return wire.CompactionDisclosure(
            mode="local_only" if isinstance(self.session.model, ScriptedModel) else "remote",
            provider=_provider(self.session.model_id),
            model=self.session.model_id,
            approx_conversation_bytes=sum(len(said.text.encode()) for said in history),
            message_count=len(messages_of(history)),
            included_classes=list(_ALL_CLASSES),
            excluded_classes=["thinking"],
        )

    async def _new_session(self, request: wire.NewSessionRequest) -> None:
        self._check_idle()
        before = self.session
        await self._open(replace(before.config))
        await self._runtime.detach(before.id, self)
        self._outbox.post(wire.NewSessionResponse(id=request.id, session_id=self.session.id))

    async def _get_messages(self, request: wire.GetMessagesRequest) -> None:
        messages = messages_of(self.session.agent.history)
        self._outbox.post(wire.GetMessagesResponse(id=request.id, messages=messages))

    async def _set_model(self, request: wire.SetModelRequest) -> None:
        self.session.model_choice.switch(request.model, source="user")
        self._outbox.post(wire.SetModelResponse(id=request.id, model=request.model))

    async def _get_available_models(self, request: wire.GetAvailableModelsRequest) -> None:
        models = [
            wire.ModelInfo(provider=_provider(model.id), model_id=model.id, model_name=model.name)
            for model in await self._runtime.models()
        ]
        self._outbox.post(wire.GetAvailableModelsResponse(id=request.id, models=models))

    async def _get_session_stats(self, request: wire.GetSessionStatsRequest) -> None:
        session = self.session
        totals = session.usage.models.values()
        self._outbox.post(
            wire.GetSessionStatsResponse(
                id=request.id,
                input_tokens=sum(one.input_tokens for one in totals),
                output_tokens=sum(one.output_tokens for one in totals),
                cost=0,
                message_count=len(messages_of(session.agent.history)),
                model=session.model_id,
                session_id=session.id,
            )
        )

    async def _get_state(self, request: wire.GetStateRequest) -> None:
        session = self.session
        self._outbox.post(
            wire.GetStateResponse(
                id=request.id,
                streaming=self._telling.turn is not None,
                model=session.model_id,
                session_id=session.id,
                message_count=len(messages_of(session.agent.history)),
            )
        )

    async def _tools_list(self, request: wire.ToolsListRequest) -> None:
        tools = [
            wire.ToolInfo(name=tool.name, description=tool.description, input_schema=dict(tool.parameters))
            for tool in self.session.toolbox(sub_agent=False).values()
        ]
        self._outbox.post(wire.ToolsListResponse(id=request.id or "", ok=True, tools=tools))

    # ---------------------------------------------------------------- session

    def _config(self) -> SessionConfig:
        options = self._options
        system = SystemPrompt() if options.system is None else SystemPrompt(content=_text_of(options.system))
        return SessionConfig(
            working_directory=options.folder,
            model=options.model,
            streaming=True,
            system_prompt=system,
            client_name="synaps",
        )

    async def _open(self, config: SessionConfig) -> None:
        client = Client(port=self, participant_id=new_id(), is_extension=False, tools={})
        continued = self._options.continued if self._session is None else None
        if continued is None:
            moment = now().strftime("%Y%m%d-%H%M%S")
            session = await self._runtime.create(f"{moment}-{secrets.token_hex(2)}", config, client)
        else:
            record = _found(self._runtime.store.listed(), continued)
            session = await self._runtime.resume(record.id, lambda _: config, client)
        # The protocol has no way to ask anybody for a permission.
        session.permissions.set_mode("allow-all")
        self._session = session

    # ------------------------------------------------------------- ClientPort

    def deliver(self, session_id: str, event: Event) -> None:
        """See `ClientPort.deliver`."""
        if self._session is not None and session_id == self._session.id:
            self._telling.take(event)

    async def caught_up(self) -> None:
        """See `ClientPort.caught_up`."""
        await self._outbox.caught_up()

    async def ask_user(self, *_: object, **__: object) -> NoReturn:
        """See `ClientPort.ask_user`."""
        _nobody()

    async def run_hook(self, *_: object, **__: object) -> NoReturn:
        """See `ClientPort.run_hook`."""
        _nobody()

    async def confirm_plan(self, *_: object, **__: object) -> NoReturn:
        """See `ClientPort.confirm_plan`."""
        _nobody()

    async def confirm_switch(self, *_: object, **__: object) -> NoReturn:
        """See `ClientPort.confirm_switch`."""
        _nobody()

    async def transform_sections(self, *_: object, **__: object) -> NoReturn:
        """See `ClientPort.transform_sections`."""
        _nobody()


async def serve(
    runtime: Runtime, *, continued: str | None = None, system: str | None = None, model: str | None = None
) -> None:
    """Serves whoever started this process, see `Options`.

    Raises:
        ConnectError: stdin and stdout are nothing to talk over.
        RuntimeFault: The session cannot be opened.
    """
    transport = await StdioTransport.of_this_process(framing=LINES)
    await Front(runtime, transport, Options(Path.cwd(), continued, system, model)).serve()


def _nobody() -> NoReturn:
    raise ClientFault("clients of this protocol cannot be asked")


def _read(line: bytes) -> Any:
    """The command that a line is.

    Raises:
        Refusal: It is none.
    """
    if len(line) > MAX_COMMAND:
        raise Refusal(_TOO_LONG)
    try:
        frame = read_object(line)
    except MalformedMessage as problem:
        raise Refusal(str(problem)) from problem
    kind = frame.get("type")
    if not isinstance(kind, str) or kind not in OUTBOUND:
        raise Refusal(f"unknown command type {kind!r}")
    load = OUTBOUND[kind].params
    assert load is not None  # noqa: S101 - every command has a type
    try:
        return load().model_validate(frame)
    except ValidationError as error:
        raise Refusal("; ".join(problems(error))) from error


def _text_of(system: str) -> str:
    try:
        return Path(system).read_text(encoding="utf-8") if Path(system).is_file() else system
    except (OSError, ValueError) as error:
        raise RuntimeFault(f"the file for --system cannot be read: {error}") from error


def _found(records: Sequence[SessionRecord], wanted: str) -> SessionRecord:
    names = [(record, [record.id, *([record.name] if record.name else [])]) for record in records]
    exact = [record for record, known_as in names if wanted in known_as]
    begun = [record for record, known_as in names if any(name.startswith(wanted) for name in known_as)]
    for record in (*exact, *begun):
        return record
    raise RuntimeFault(f"no session is called {wanted!r}, and none begins so")


def _provider(model: str) -> str:
    provider, slash, _ = model.partition("/")
    return provider if slash else "default"
