"""Any model that speaks the chat-completions interface, over httpx."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

try:
    import httpx
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "a model behind an endpoint needs httpx; install it, or this package with its extra 'runtime'",
        name=missing.name,
    ) from missing

from copilot_sdk._model.json_values import is_object, objects_in
from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.faults import ModelFault, fault_of_status
from copilot_sdk.runtime.core.models.base import (
    Completed,
    Message,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    Usage,
)
from copilot_sdk.runtime.core.models.diverted import AGENT, SESSION, Diverted
from copilot_sdk.runtime.core.models.sender import Sender

_CONNECT_SECONDS = 30.0
_SILENCE_SECONDS = 600.0
_ERROR_CHARACTERS = 2_000
_NANO = 1_000_000_000


class OpenAIModel:
    """A provider with a chat-completions endpoint.

    Args:
        endpoint: Where it is.
        token: Gives the bearer token for each request, in place of the key.
        sender: Gives who sends the requests; None for this process itself.
    """

    _path = "chat/completions"

    def __init__(
        self,
        endpoint: ModelProvider,
        *,
        token: Callable[[], Awaitable[str]] | None = None,
        sender: Callable[[], Sender | None] = lambda: None,
    ) -> None:
        self._endpoint = endpoint
        self._token = token
        self.sender = sender
        self._clients: dict[Sender | None, httpx.AsyncClient] = {}

    @property
    def _http(self) -> httpx.AsyncClient:
        sender = self.sender()
        if sender not in self._clients:
            headers = dict(self._endpoint.headers)
            if self._endpoint.api_key:
                headers.setdefault("Authorization", f"Bearer {self._endpoint.api_key}")
            self._clients[sender] = httpx.AsyncClient(
                base_url=self._endpoint.base_url.rstrip("/") + "/",
                headers=headers,
                timeout=httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS),
                transport=None if sender is None else Diverted(sender),
            )
        return self._clients[sender]

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Asks for one completion, streamed if the request says so."""
        headers = await self._headers(request)
        asker = {SESSION: request.session_id, AGENT: request.agent_id}
        try:
            async with self._http.stream(
                "POST", self._path, json=self._body(request), headers=headers, extensions=asker
            ) as response:
                await _raise_for_status(response)
                if request.stream:
                    async for event in self._streamed(_payloads(response)):
                        yield event
                else:
                    await response.aread()
                    for event in self._whole(decoded(response.text)):
                        yield event
        except httpx.HTTPError as error:
            raise self._fault(error) from error

    async def catalogue(self) -> Sequence[ModelInfo]:
        """Asks for the list of models."""
        try:
            response = await self._http.get("models")
            await _raise_for_status(response)
        except httpx.HTTPError as error:
            raise self._fault(error) from error
        listed = objects_in(decoded(response.text).get("data"))
        return [ModelInfo(str(entry["id"]), str(entry["id"])) for entry in listed if "id" in entry]

    async def aclose(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _headers(self, request: ModelRequest) -> dict[str, str]:
        headers = dict(request.headers)
        if self._token is not None:
            headers["Authorization"] = f"Bearer {await self._token()}"
        return headers

    def _fault(self, error: httpx.HTTPError) -> ModelFault:
        problem = str(error) or type(error).__name__
        return ModelFault(
            f"the model provider at {self._endpoint.base_url} could not be used: {problem}", retryable=True
        )

    def _body(self, request: ModelRequest) -> dict[str, object]:
        return _body(request, self._endpoint)

    def _streamed(self, payloads: AsyncIterator[str]) -> AsyncIterator[ModelEvent]:
        return _streamed(payloads)

    def _whole(self, answer: Mapping[str, object]) -> Iterable[ModelEvent]:
        return _whole(answer)


async def _raise_for_status(response: httpx.Response) -> None:
    if response.is_success:
        return
    text = (await response.aread()).decode(errors="replace")[:_ERROR_CHARACTERS]
    wait = response.headers.get("retry-after", "")
    raise fault_of_status(
        response.status_code,
        f"{response.status_code} {_error_message(text)}",
        code=_error_code(text),
        retry_after=float(wait) if wait.isdecimal() else None,
    )


def _error_message(text: str) -> str:
    try:
        error: object = json.loads(text)["error"]
        return str(error["message"] if is_object(error) else error)
    except (ValueError, KeyError, TypeError):
        return text


def _error_code(text: str) -> str | None:
    try:
        return str(json.loads(text)["error"]["code"] or "") or None
    except (ValueError, KeyError, TypeError):
        return None


def decoded(text: str) -> dict[str, object]:
    """The JSON object in a text.

    Raises:
        ModelFault: There is none.
    """
    try:
        value: object = json.loads(text)
    except ValueError:
        value = None
    if not is_object(value):
        raise ModelFault(f"the model provider sent no JSON object: {text[:200]!r}", retryable=True)
    return value


def _body(request: ModelRequest, endpoint: ModelProvider) -> dict[str, object]:
    body: dict[str, object] = {
        "model": endpoint.wire_model or request.model,
        "messages": [_wire_message(message) for message in request.messages],
    }
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                },
            }
            for tool in request.tools
        ]
    if request.reasoning_effort:
        body["reasoning_effort"] = request.reasoning_effort
    if endpoint.max_output_tokens:
        body["max_tokens"] = endpoint.max_output_tokens
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _wire_message(message: Message) -> dict[str, object]:
    wire: dict[str, object] = {"role": message.role, "content": message.text}
    if message.images:
        wire["content"] = [
            {"type": "text", "text": message.text},
            *(
                {"type": "image_url", "image_url": {"url": f"data:{image.mime_type};base64,{image.data}"}}
                for image in message.images
            ),
        ]
    if message.tool_calls:
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


class _Assembly:
    """Puts the parts of a streamed answer together."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self.usage = Usage()
        self.call_id: str | None = None
        self._calls: dict[int, list[str]] = {}

    def take(self, chunk: Mapping[str, object]) -> list[ModelEvent]:
        if self.call_id is None and isinstance(chunk.get("id"), str):
            self.call_id = str(chunk["id"])
        if is_object(usage := chunk.get("usage")):
            self.usage = _usage(usage, chunk.get("copilot_usage"))
        events: list[ModelEvent] = []
        for choice in objects_in(chunk.get("choices")):
            delta = choice.get("delta")
            if is_object(delta):
                events += self._take_delta(delta)
            if choice.get("finish_reason"):
                self.finish_reason = str(choice["finish_reason"])
        return events

    def _take_delta(self, delta: Mapping[str, object]) -> list[ModelEvent]:
        events: list[ModelEvent] = []
        if text := delta.get("reasoning_content") or delta.get("reasoning"):
            events.append(ReasoningDelta(str(text)))
        if text := delta.get("content"):
            events.append(TextDelta(str(text)))
        for part in objects_in(delta.get("tool_calls")):
            index = part.get("index")
            call = self._calls.setdefault(index if isinstance(index, int) else len(self._calls), ["", "", ""])
            function = part.get("function")
            named = function if is_object(function) else {}
            call[0] = call[0] or str(part.get("id") or "")
            call[1] = call[1] or str(named.get("name") or "")
            call[2] += str(named.get("arguments") or "")
        return events

    def completed(self) -> Completed:
        calls = tuple(ToolCall(*self._calls[index]) for index in sorted(self._calls))
        return Completed(calls, self.finish_reason, self.usage, self.call_id)


async def _payloads(response: httpx.Response) -> AsyncGenerator[str]:
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            yield line.removeprefix("data:").strip()


async def _streamed(payloads: AsyncIterator[str]) -> AsyncGenerator[ModelEvent]:
    assembly = _Assembly()
    finished = False
    async for payload in payloads:
        if payload == "[DONE]":
            finished = True
            break
        chunk = decoded(payload)
        if "error" in chunk:
            raise ModelFault(_error_message(payload), retryable=True)
        for event in assembly.take(chunk):
            yield event
    if not (finished or assembly.finish_reason):
        raise ModelFault("the stream of the model provider broke off", retryable=True)
    yield assembly.completed()


def _whole(completion: Mapping[str, object]) -> list[ModelEvent]:
    """The events of an answer in one piece; several choices make one message."""
    assembly = _Assembly()
    choices = objects_in(completion.get("choices"))
    if not choices:
        raise ModelFault("the model provider answered without a choice", retryable=True)
    events: list[ModelEvent] = []
    number = 0
    for choice in choices:
        message = choice.get("message")
        delta = dict(message) if is_object(message) else {}
        calls = objects_in(delta.get("tool_calls"))
        delta["tool_calls"] = [{**call, "index": number + index} for index, call in enumerate(calls)]
        number += len(calls)
        events += assembly.take({"choices": [{**choice, "delta": delta}]})
    assembly.take({key: completion.get(key) for key in ("id", "usage", "copilot_usage")})
    return [*events, assembly.completed()]


def _usage(usage: Mapping[str, object], billed: object) -> Usage:
    def count(source: object, name: str) -> int:
        value = source.get(name) if is_object(source) else None
        return int(value) if isinstance(value, int | float) else 0

    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        output_tokens=count(usage, "completion_tokens"),
        cache_read_tokens=count(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning_tokens=count(usage.get("completion_tokens_details"), "reasoning_tokens"),
        ai_credits=count(billed, "total_nano_aiu") / _NANO,
    )
