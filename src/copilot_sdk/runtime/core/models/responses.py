"""Any model that speaks the Responses interface: over httpx, or over websockets that a client opens."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping

import httpx

from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import (
    Completed,
    Message,
    ModelEvent,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    Usage,
)
from copilot_sdk.runtime.core.models.diverted import within
from copilot_sdk.runtime.core.models.openai import OpenAIModel, decoded
from copilot_sdk.runtime.core.models.sender import Order, Sender, Sending, SendingFault

_SILENCE_SECONDS = 600.0
_REASONING = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
_OF_HTTP = frozenset({"accept", "accept-encoding", "connection", "host", "content-length"})
_ENDS = ("response.completed", "response.incomplete")


class ResponsesModel(OpenAIModel):
    """A provider with a responses endpoint.

    A websocket is used for one answer after the other. Where it is refused, requests are sent over HTTP from then on.
    """

    _path = "responses"

    def __init__(
        self,
        endpoint: ModelProvider,
        *,
        token: Callable[[], Awaitable[str]] | None = None,
        sender: Callable[[], Sender | None] = lambda: None,
    ) -> None:
        super().__init__(endpoint, token=token, sender=sender)
        self._idle: list[Sending] = []
        self._refused = False

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `Model`."""
        sender = self.sender()
        if self._endpoint.websockets and not self._refused and sender is not None:
            try:
                socket = await self._connected(sender, request)
            except (httpx.HTTPError, SendingFault):
                self._refused = True
            else:
                async for event in self._over(socket, request):
                    yield event
                return
        async for event in super().respond(request):
            yield event

    async def aclose(self) -> None:
        """Closes the connections."""
        for socket in self._idle:
            await socket.give_up()
        await super().aclose()

    async def _connected(self, sender: Sender, request: ModelRequest) -> Sending:
        while self._idle:
            socket = self._idle.pop()
            if socket.open:
                return socket
        address = self._http.base_url.join(self._path)
        headers = {**self._http.headers, **await self._headers(request)}
        order = Order(
            method="GET",
            url=re.sub("^http", "ws", str(address)),
            headers={name: [value] for name, value in headers.items() if name not in _OF_HTTP},
            session_id=request.session_id,
            agent_id=request.agent_id,
            transport="websocket",
        )
        socket = await sender.open(order)
        try:
            head = await within(_SILENCE_SECONDS, socket.head())
        except BaseException:
            await socket.give_up()
            raise
        if head.status != 101:
            await socket.give_up()
            raise SendingFault(f"the websocket was refused with status {head.status}")
        return socket

    async def _over(self, socket: Sending, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        complete = False
        try:
            body = {"type": "response.create", **self._body(request)}
            await within(_SILENCE_SECONDS, socket.send(json.dumps(body)))
            async for event in self._streamed(_messages(socket)):
                yield event
            complete = True
        except httpx.HTTPError as error:
            raise self._fault(error) from error
        finally:
            if complete:
                self._idle.append(socket)
            else:
                await socket.give_up()

    def _body(self, request: ModelRequest) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self._endpoint.wire_model or request.model,
            "input": [item for message in request.messages for item in _items(message)],
            "store": False,
        }
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                }
                for tool in request.tools
            ]
        if request.reasoning_effort:
            body["reasoning"] = {"effort": request.reasoning_effort}
        if self._endpoint.max_output_tokens:
            body["max_output_tokens"] = self._endpoint.max_output_tokens
        if request.stream:
            body["stream"] = True
        return body

    async def _streamed(self, payloads: AsyncIterator[str]) -> AsyncGenerator[ModelEvent]:
        calls: list[ToolCall] = []
        async for payload in payloads:
            event = decoded(payload)
            match event.get("type"):
                case "response.output_text.delta":
                    yield TextDelta(str(event.get("delta", "")))
                case kind if kind in _REASONING:
                    yield ReasoningDelta(str(event.get("delta", "")))
                case "response.output_item.done":
                    calls += _calls([event.get("item")])
                case kind if kind in _ENDS:
                    yield _completed(_object(event, "response"), calls)
                    return
                case "response.failed" | "error":
                    raise ModelFault(_problem(event), retryable=True)
                case _:
                    continue
        raise ModelFault("the stream of the model provider broke off", retryable=True)

    def _whole(self, answer: Mapping[str, object]) -> Iterable[ModelEvent]:
        items = objects_in(answer.get("output"))
        for item in items:
            for part in objects_in(item.get("summary")):
                yield ReasoningDelta(str(part.get("text", "")))
            for part in objects_in(item.get("content")):
                if part.get("type") == "output_text":
                    yield TextDelta(str(part.get("text", "")))
        yield _completed(answer, _calls(items))


async def _messages(socket: Sending) -> AsyncGenerator[str]:
    while (message := await within(_SILENCE_SECONDS, socket.receive())) is not None:
        yield message if isinstance(message, str) else message.decode(errors="replace")


def _items(message: Message) -> list[dict[str, object]]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": message.text}]
    kind = "output_text" if message.role == "assistant" else "input_text"
    content: list[dict[str, object]] = []
    if message.text:
        content.append({"type": kind, "text": message.text})
    for image in message.images:
        url = f"data:{image.mime_type};base64,{image.data}"
        content.append({"type": "input_image", "image_url": url})
    items: list[dict[str, object]] = []
    if content:
        items.append({"type": "message", "role": message.role, "content": content})
    items.extend(
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    )
    return items


def _calls(items: Iterable[object]) -> list[ToolCall]:
    return [
        ToolCall(str(item.get("call_id", "")), str(item.get("name", "")), str(item.get("arguments", "")))
        for item in items
        if is_object(item) and item.get("type") == "function_call"
    ]


def _completed(response: Mapping[str, object], calls: list[ToolCall]) -> Completed:
    cut_off = _object(response, "incomplete_details").get("reason") == "max_output_tokens"
    reason = "tool_calls" if calls else "length" if cut_off else "stop"
    return Completed(tuple(calls), reason, _usage(_object(response, "usage")), _text(response.get("id")))


def _usage(usage: Mapping[str, object]) -> Usage:
    def count(source: Mapping[str, object], name: str) -> int:
        value = source.get(name)
        return int(value) if isinstance(value, int | float) else 0

    return Usage(
        input_tokens=count(usage, "input_tokens"),
        output_tokens=count(usage, "output_tokens"),
        cache_read_tokens=count(_object(usage, "input_tokens_details"), "cached_tokens"),
        reasoning_tokens=count(_object(usage, "output_tokens_details"), "reasoning_tokens"),
    )


def _problem(event: Mapping[str, object]) -> str:
    error = _object(event, "error") or _object(_object(event, "response"), "error") or event
    return str(error.get("message") or "the model provider failed")


def _object(source: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = source.get(name)
    return value if is_object(value) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
