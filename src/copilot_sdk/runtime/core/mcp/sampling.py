"""MCP sampling: servers that want to ask the model. A client decides, and may have the session's own model answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_array, is_object, objects_in
from copilot_sdk.runtime.core.answer import usage_data
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.models.base import Completed, Image, Message, ModelRequest, Role, TextDelta
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Json = Mapping[str, object]

_NO: Json = {}


class Refused(Exception):
    """Nobody let the model answer."""


class Sampling:
    """What the MCP servers of a session want to ask the model."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.requests: Inquiries[str, Json] = Inquiries(session)
        self._running: dict[str, asyncio.Task[str | ModelFault]] = {}

    async def request(self, server: str, mcp_request_id: object, request: Json) -> Json:
        """Puts a request of a server to the clients.

        Returns:
            The `CreateMessageResult` that a client handed in.

        Raises:
            Refused: A client turned it down, or none answered.
        """

        def requested(request_id: str) -> Payload:
            return types.SamplingRequestedData.model_validate(
                {
                    "requestId": request_id,
                    "serverName": server,
                    "mcpRequestId": mcp_request_id,
                    "request": dict(request),
                }
            )

        def completed(request_id: str, _: Json | None) -> Payload:
            return types.SamplingCompletedData(request_id=request_id)

        answer = await self.requests.put(Inquiry(server, requested, completed, _NO))
        if not answer:
            raise Refused("The user turned the sampling request down")
        return answer

    async def execute(self, request_id: str, request: Json) -> Json:
        """Has the model of the session answer a request.

        Returns:
            How it went, as `session.mcp.executeSampling` answers.

        Raises:
            RuntimeFault: It is no request, or one of that id runs already.
        """
        if not isinstance(request.get("maxTokens"), int):
            raise RuntimeFault("failed to decode the MCP sampling request: missing field `maxTokens`")
        if request_id in self._running:
            raise RuntimeFault(f"A sampling inference with the requestId {request_id!r} is running already")
        model = await self._session.model_choice.resolved()
        messages = [Message("system", str(system))] if (system := request.get("systemPrompt")) else []
        messages += [_message(message) for message in objects_in(request.get("messages"))]
        asking = ModelRequest(model=model, messages=messages, session_id=self._session.id)
        task = self._session.scope.start(self._ask(asking), name=f"sampling {request_id}")
        self._running[request_id] = task
        try:
            await asyncio.wait({task})
        finally:
            del self._running[request_id]
            await end_all({task})
        if task.cancelled():
            return {"action": "cancelled"}
        if isinstance(text := task.result(), ModelFault):
            return {"action": "failure", "error": text.message}
        said = {"role": "assistant", "content": {"type": "text", "text": text}}
        return {"action": "success", "result": {**said, "model": model, "stopReason": "endTurn"}}

    async def _ask(self, request: ModelRequest) -> str | ModelFault:
        said: list[str] = []
        started = time.monotonic()
        try:
            async with aclosing(self._session.model.respond(request)) as events:
                async for event in events:
                    if isinstance(event, TextDelta):
                        said.append(event.text)
                    elif isinstance(event, Completed):
                        told = usage_data(
                            event, self._session, request.model, int((time.monotonic() - started) * 1000)
                        )
                        told.initiator = "mcp-sampling"
                        self._session.emit(told, ephemeral=True)
            return "".join(said)
        except ModelFault as fault:
            return fault

    def cancel(self, request_id: str) -> bool:
        """Stops an inference that runs.

        Returns:
            Whether there was one.
        """
        task = self._running.get(request_id)
        return task is not None and task.cancel()


def _message(message: Json) -> Message:
    content = message.get("content")
    blocks = objects_in(content) if is_array(content) else [content] if is_object(content) else []
    role: Role = "assistant" if message.get("role") == "assistant" else "user"
    return Message(
        role,
        "".join(str(block.get("text", "")) for block in blocks),
        images=tuple(
            Image(str(block.get("data")), str(block.get("mimeType")))
            for block in blocks
            if block.get("type") == "image"
        ),
    )
