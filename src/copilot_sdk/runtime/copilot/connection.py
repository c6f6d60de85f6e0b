"""One connection: its requests are served, and its client hears of the sessions it has joined."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from copilot_sdk._generated.copilot.types import ExitPlanModeDecision, HooksInvokeResult, UserInputResponse
from copilot_sdk._model.base import problems
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import (
    AuthenticationFailed,
    AuthenticationNotConfigured,
    AuthenticationRequired,
    CopilotError,
    InternalError,
    MethodNotFound,
)
from copilot_sdk.runtime.copilot.methods import METHODS
from copilot_sdk.runtime.copilot.outbox import Outbox
from copilot_sdk.runtime.copilot.router import Call
from copilot_sdk.runtime.core.clients import ClientFault, UserAnswer
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.payloads import Payload, to_json
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.session import LifecycleType
from copilot_sdk.runtime.core.store import SessionRecord
from copilot_sdk.transports.base import Transport

_logger = logging.getLogger("copilot_sdk.runtime")


class Connection:
    """Serves one client; the core knows it as a `ClientPort`."""

    def __init__(self, runtime: Runtime, transport: Transport, *, token: str | None = None) -> None:
        """Prepares a connection.

        Args:
            runtime: What is served.
            transport: The way to the client.
            token: What the client has to know; None lets everybody in.
        """
        self.runtime = runtime
        self._transport = transport
        self._token = token
        self._admitted = token is None
        self._peer = Peer(transport, on_request=self._serve, default_timeout=None)
        self._outbox = Outbox(self._peer)

    async def serve(self) -> None:
        """Serves the client until the connection ends."""
        async with self._peer:
            sending = asyncio.create_task(self._outbox.run(), name="copilot outbox")
            stop_listening = self.runtime.listen(self._tell_lifecycle)
            try:
                await self._peer.wait_closed()
            finally:
                stop_listening()
                await end_all({sending})
                await self.runtime.drop(self)

    async def flush(self) -> None:
        """Waits until everything emitted so far has been sent."""
        await self._outbox.flush()

    def admit(self, token: str | None) -> None:
        """Lets the client in if it knows the token.

        Raises:
            RpcError: It does not, or it brought a token although none is wanted.
        """
        if self._token is None:
            if token is not None:
                raise AuthenticationNotConfigured("AUTHENTICATION_NOT_CONFIGURED")
        elif token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            raise AuthenticationFailed("AUTHENTICATION_FAILED")
        self._admitted = True

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Queues a notification for the client."""
        self._outbox.post(method, params)

    async def _serve(self, method: str, params: Mapping[str, object]) -> object:
        if not self._admitted and method != "connect":
            raise AuthenticationRequired("AUTHENTICATION_REQUIRED")
        served = METHODS.get(method)
        if served is None:
            raise MethodNotFound(f"Unhandled method {method}")
        try:
            parsed = served.params.model_validate(dict(params))
            result = await served.handler(Call(self, method, params.get("sessionId")), parsed)
        except ValidationError as error:
            raise _failed(method, "; ".join(problems(error))) from error
        except (RuntimeFault, ModelFault) as fault:
            raise _failed(method, str(fault)) from fault
        # What the request brought about is told before its answer.
        await self.flush()
        return to_json(result) if isinstance(result, Payload) else result

    def _tell_lifecycle(self, change: LifecycleType, record: SessionRecord) -> None:
        if not self._admitted:
            return
        metadata = {"startTime": record.started_at, "modifiedTime": record.modified_at}
        if record.summary is not None:
            metadata["summary"] = record.summary
        self.notify("session.lifecycle", {"type": change, "sessionId": record.id, "metadata": metadata})

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
        try:
            answer = UserInputResponse.model_validate(await self._ask("userInput.request", params))
        except ValidationError as error:
            raise ClientFault("; ".join(problems(error))) from error
        return UserAnswer(answer.answer, answer.was_freeform)

    async def run_hook(
        self, session_id: str, hook_type: str, hook_input: Mapping[str, object]
    ) -> Mapping[str, object]:
        """See `ClientPort.run_hook`."""
        params = {"sessionId": session_id, "hookType": hook_type, "input": dict(hook_input)}
        raw = await self._ask("hooks.invoke", params)
        try:
            output = HooksInvokeResult.model_validate(raw or {}).output
        except ValidationError as error:
            raise ClientFault("; ".join(problems(error))) from error
        return output or {}

    async def confirm_plan(self, session_id: str, plan: Mapping[str, object]) -> Mapping[str, object]:
        """See `ClientPort.confirm_plan`."""
        raw = await self._ask("exitPlanMode.request", {"sessionId": session_id, **plan})
        try:
            return to_json(ExitPlanModeDecision.model_validate(raw))
        except ValidationError as error:
            raise ClientFault("; ".join(problems(error))) from error

    async def _ask(self, method: str, params: Mapping[str, object]) -> object:
        await self.flush()
        try:
            answer: object = await self._peer.request(method, params, timeout=None)
        except CopilotError as error:
            raise ClientFault(str(error)) from error
        return answer


def _failed(method: str, text: str) -> InternalError:
    return InternalError(f"Request {method} failed with message: {text}")
