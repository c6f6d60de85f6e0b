"""One connection: its requests are served, and its client hears of the sessions it has joined."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.base import problems
from copilot_sdk.errors import (
    CopilotError,
    InternalError,
    InvalidParams,
    MethodNotFound,
    RequestTimeout,
    RpcError,
)
from copilot_sdk.runtime.copilot.methods import METHODS
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.runtime.copilot.router import Call
from copilot_sdk.runtime.core.clients import ClientFault, ClientNonsense, ClientSilent, UserAnswer
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import InvalidInput, ModelFault, RuntimeFault
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.outbox import Outbox
from copilot_sdk.runtime.core.payloads import Payload, to_json
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.session import LifecycleType
from copilot_sdk.runtime.core.storage import SessionRecord
from copilot_sdk.runtime.core.telemetry import Measurement
from copilot_sdk.transports.base import Transport

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.llm_inference import ClientSender

ResultT = TypeVar("ResultT", bound=Payload)

_logger = logging.getLogger("copilot_sdk.runtime")


class Connection:
    """Serves one client; the core knows it as a `ClientPort`.

    Attributes:
        runtime: What is served.
        reception: The way to the client, and what it said of itself.
        number: Tells it from the others of the runtime.
        participant_id: Tells it from all others.
        is_extension: Whether the client is an extension.
        sender: The model requests that this client sends for the runtime; None unless it offered that.
    """

    def __init__(self, runtime: Runtime, reception: Reception, *, is_extension: bool = False) -> None:
        """Prepares a connection.

        Args:
            runtime: What is served.
            reception: The way to the client.
            is_extension: Whether the client is an extension, which keeps no session alive.
        """
        self.runtime = runtime
        self.reception = reception
        self._outbox: Outbox[tuple[str, Mapping[str, object]]] = Outbox(self._send)
        self.number = next(runtime.connections)
        self.participant_id = new_id()
        self.is_extension = is_extension
        self.sender: ClientSender | None = None

    async def serve(self) -> None:
        """Serves the client until the connection ends."""
        # Each step of the end is made, even if the one before it was cancelled.
        async with self.reception, AsyncExitStack() as end:
            end.push_async_callback(self.runtime.drop, self)
            sending = asyncio.create_task(self._outbox.run(), name="copilot outbox")
            end.push_async_callback(end_all, {sending})
            end.push_async_callback(self._stop_sending_requests)
            # Nobody joins a session any more for a client that is gone.
            end.push_async_callback(self.reception.peer.aclose)
            end.callback(self.runtime.listen(self._tell_lifecycle))
            self.reception.open(self)
            await self.reception.peer.wait_closed()

    async def _stop_sending_requests(self) -> None:
        if self.sender is not None:
            await self.sender.aclose()

    def beside(self, transport: Transport) -> Connection:
        """A connection to an extension of the same runtime."""
        return Connection(self.runtime, Reception(transport), is_extension=True)

    async def flush(self) -> None:
        """Waits until everything emitted so far has been sent."""
        await self._outbox.flush()

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Queues a notification for the client."""
        self._outbox.post((method, params))

    async def _send(self, notification: tuple[str, Mapping[str, object]]) -> None:
        await self.reception.peer.notify(*notification)

    async def answer(self, method: str, params: Mapping[str, object]) -> object:
        """Gives the result of a request, or raises."""
        served = METHODS.get(method)
        if served is None:
            raise MethodNotFound(f"Unhandled method {method}")
        try:
            call = Call(self, method, params.get("sessionId"))
            result = await served.handler(call, served.read(params))
        except ValidationError as error:
            raise _failed(method, "; ".join(problems(error))) from error
        except InvalidInput as fault:
            raise InvalidParams(str(fault)) from fault
        except (RuntimeFault, ModelFault) as fault:
            await self.flush()
            raise _failed(method, str(fault)) from fault
        # What the request brought about is told before its answer.
        await self.flush()
        return to_json(result) if isinstance(result, Payload) else result

    def _tell_lifecycle(self, change: LifecycleType, record: SessionRecord) -> None:
        if not self.reception.admitted:
            return
        metadata = {"startTime": record.started_at, "modifiedTime": record.modified_at}
        if record.summary is not None:
            metadata["summary"] = record.summary
        self.notify("session.lifecycle", {"type": change, "sessionId": record.id, "metadata": metadata})

    def forward_telemetry(self) -> None:
        """Sends the client measurements from now on."""
        self.runtime.telemetry.listen(self, self._forward)

    def _forward(self, measurement: Measurement) -> None:
        event = types.GitHubTelemetryEvent(
            kind=measurement.kind,
            created_at=measurement.created_at,
            properties=dict(measurement.properties),
            metrics=dict(measurement.metrics),
            features=dict(measurement.features) or None,
            session_id=measurement.session_id,
        )
        told = types.GitHubTelemetryNotification(
            session_id=measurement.session_id, restricted=False, event=event
        )
        self.notify("gitHubTelemetry.event", to_json(told))

    def deliver(self, session_id: str, event: Event) -> None:
        """See `ClientPort.deliver`."""
        self.notify("session.event", {"sessionId": session_id, "event": event.to_wire()})

    async def caught_up(self) -> None:
        """See `ClientPort.caught_up`."""
        await self._outbox.caught_up()

    async def ask_user(
        self, session_id: str, question: str, choices: Sequence[str], allow_freeform: bool
    ) -> UserAnswer:
        """See `ClientPort.ask_user`."""
        params: dict[str, object] = {
            "sessionId": session_id,
            "question": question,
            "allowFreeform": allow_freeform,
        }
        if choices:
            params["choices"] = list(choices)
        answer = await self.ask_for(types.UserInputResponse, "userInput.request", params)
        return UserAnswer(answer.answer, answer.was_freeform)

    async def run_hook(
        self, session_id: str, hook_type: str, hook_input: Mapping[str, object]
    ) -> Mapping[str, object]:
        """See `ClientPort.run_hook`."""
        params = {"sessionId": session_id, "hookType": hook_type, "input": dict(hook_input)}
        raw = await self.ask("hooks.invoke", params)
        try:
            return types.HooksInvokeResult.model_validate(raw or {}).output or {}
        except ValidationError as error:
            raise ClientFault("; ".join(problems(error))) from error

    async def confirm_plan(self, session_id: str, plan: Mapping[str, object]) -> Mapping[str, object]:
        """See `ClientPort.confirm_plan`."""
        params = {"sessionId": session_id, **plan}
        return to_json(await self.ask_for(types.ExitPlanModeDecision, "exitPlanMode.request", params))

    async def confirm_switch(
        self, session_id: str, error_code: str | None, retry_after: float | None
    ) -> Mapping[str, object]:
        """See `ClientPort.confirm_switch`."""
        params: dict[str, object] = {"sessionId": session_id}
        if error_code is not None:
            params["errorCode"] = error_code
        if retry_after is not None:
            params["retryAfterSeconds"] = retry_after
        return to_json(await self.ask_for(types.AutoModeSwitchDecision, "autoModeSwitch.request", params))

    async def transform_sections(self, session_id: str, sections: Mapping[str, str]) -> Mapping[str, str]:
        """See `ClientPort.transform_sections`."""
        params = {
            "sessionId": session_id,
            "sections": {name: {"content": text} for name, text in sections.items()},
        }
        result = await self.ask_for(types.SystemMessageTransformResult, "systemMessage.transform", params)
        return {name: section.content for name, section in result.sections.items()}

    async def ask(self, method: str, params: Mapping[str, object], *, seconds: float | None = None) -> object:
        """Asks the client for something.

        Args:
            method: The wire's name of what it is to do.
            params: Its parameters.
            seconds: How long to wait; then the client is told that nobody does any more.

        Raises:
            ClientFault: There is no answer; it says why.
        """
        await self.flush()
        try:
            answer: object = await self.reception.peer.request(method, params, timeout=seconds)
        except RequestTimeout as error:
            raise ClientSilent(f"no answer within {seconds:g} s") from error
        except RpcError as error:
            raise ClientFault(error.message) from error
        except CopilotError as error:
            raise ClientFault(str(error)) from error
        return answer

    async def ask_for(
        self,
        result: type[ResultT],
        method: str,
        params: Mapping[str, object],
        *,
        seconds: float | None = None,
    ) -> ResultT:
        """The same, for an answer of a type."""
        answer = await self.ask(method, params, seconds=seconds)
        try:
            return result.model_validate(answer)
        except ValidationError as error:
            raise ClientNonsense("; ".join(problems(error))) from error


def _failed(method: str, text: str) -> InternalError:
    return InternalError(f"Request {method} failed with message: {text}")
