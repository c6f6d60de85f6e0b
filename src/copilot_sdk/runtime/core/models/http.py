"""Calls of models over HTTP."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime

try:
    import httpx
    from httpx_sse import EventSource, SSEError
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"a model behind an endpoint needs {missing.name}; install it, or this package with its extra 'runtime'",
        name=missing.name,
    ) from missing

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.clock import now
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import ModelEvent, ModelRequest
from copilot_sdk.runtime.core.models.diverted import AGENT, SESSION, Diverted
from copilot_sdk.runtime.core.models.sender import Sender
from copilot_sdk.runtime.core.models.wire import Wire, text

_CONNECT_SECONDS = 30.0
SILENCE_SECONDS = 600.0
_ERROR_CHARACTERS = 2_000
_END_MARK = "[DONE]"
_VERDICTS = {"true": True, "false": False}
_TRANSIENT_STATUSES = frozenset({401, 408, 409, 429})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status; `retry_after` is in seconds, `passes` what the server says of the same call."""

    status: int
    message: str
    code: str | None = None
    retry_after: float | None = None
    passes: bool | None = None

    def fault(self, message: str | None = None, *, error_type: str = "query") -> ModelFault:
        """The fault it stands for; a 401 may pass too, as tokens run out and are renewed."""
        passes = self.status in _TRANSIENT_STATUSES or self.status >= 500
        return ModelFault(
            message or f"{self.status} {self.message}",
            error_type=error_type,
            code=self.code,
            status=self.status,
            retry_after=self.retry_after,
            retryable=passes if self.passes is None else self.passes,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, and how.

    Attributes:
        wire: The API that is spoken there.
        url: The whole address.
        model: The id of the model as the provider knows it.
        headers: HTTP headers, credentials among them.
        max_output_tokens: The longest answer; None leaves it to the provider.
        explain: Makes a fault of an answer with an error status.
    """

    wire: Wire
    url: str
    model: str
    headers: Mapping[str, str] = field(repr=False)
    max_output_tokens: int | None = None
    explain: Callable[[Refusal], ModelFault] = Refusal.fault


class HTTPModel:
    """What models have in common that are asked over HTTP.

    Each client that sends requests in place of this process has an HTTP client of its own here.

    Attributes:
        sender: Gives who sends the next request; None for this process itself.
    """

    def __init__(self, sender: Callable[[], Sender | None] = lambda: None) -> None:
        self.sender = sender
        self._clients: dict[Sender | None, httpx.AsyncClient] = {}

    @property
    def _http(self) -> httpx.AsyncClient:
        """The client for the next request."""
        sender = self.sender()
        if sender not in self._clients:
            self._clients[sender] = httpx.AsyncClient(
                timeout=httpx.Timeout(SILENCE_SECONDS, connect=_CONNECT_SECONDS),
                transport=None if sender is None else Diverted(sender),
            )
        return self._clients[sender]

    async def aclose(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            await client.aclose()


async def ask(
    client: httpx.AsyncClient, target: Target, request: ModelRequest
) -> AsyncGenerator[ModelEvent, None]:
    """Asks a model, and tells its answer as it comes.

    Raises:
        ModelFault: The call failed.
    """
    wire, headers = target.wire, headers_of(target, request)
    asker = {SESSION: request.session_id, AGENT: request.agent_id}
    body = body_of(target, request)
    try:
        async with client.stream(
            "POST", target.url, json=body, headers=headers, extensions=asker
        ) as response:
            if not response.is_success:
                raise target.explain(await refusal_of(response))
            async with aclosing(_events(response, wire, streamed=bool(body.get("stream")))) as events:
                async for event in events:
                    yield event
    except (httpx.HTTPError, httpx.InvalidURL, SSEError) as error:
        raise unreachable(target.url, error) from error


def body_of(target: Target, request: ModelRequest) -> dict[str, object]:
    """The body of a request."""
    wire = target.wire
    stream, most = request.stream or wire.always_streams, target.max_output_tokens
    return wire.body(request, target.model, stream=stream, max_output_tokens=most)


def headers_of(target: Target, request: ModelRequest) -> dict[str, str]:
    """The headers of a request."""
    return merged(target.headers, {"X-Initiator": initiator(request)}, request.headers)


async def get(
    client: httpx.AsyncClient,
    url: str,
    headers: Mapping[str, str],
    explain: Callable[[Refusal], ModelFault] = Refusal.fault,
) -> dict[str, object]:
    """Fetches a JSON object.

    Raises:
        ModelFault: There is none.
    """
    try:
        response = await client.get(url, headers=dict(headers))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise unreachable(url, error) from error
    if not response.is_success:
        raise explain(await refusal_of(response))
    return decoded(response.text)


def merged(*parts: Mapping[str, str]) -> dict[str, str]:
    """HTTP headers put together; a later one replaces an earlier one, however it is spelled."""
    headers = httpx.Headers()
    for part in parts:
        headers.update(dict(part))
    return dict(headers)


def initiator(request: ModelRequest) -> str:
    """Who brought a request about: the user with a prompt, or the agent with what it did since."""
    last = request.messages[-1].role if request.messages else "user"
    return "user" if last == "user" and request.agent_id is None else "agent"


def unreachable(url: str, error: Exception) -> ModelFault:
    """The fault of a provider that could not be spoken to."""
    what = str(error) or type(error).__name__
    return ModelFault(f"the model provider at {url} could not be used: {what}", retryable=True)


async def refusal_of(response: httpx.Response) -> Refusal:
    """Reads an answer with an error status."""
    raw = (await response.aread()).decode(errors="replace")
    error = _error_in(raw)
    return Refusal(
        response.status_code,
        text(error, "message") or raw[:_ERROR_CHARACTERS],
        code=text(error, "code") or None,
        retry_after=_seconds_wanted(response.headers),
        passes=_VERDICTS.get(response.headers.get("x-should-retry", "")),
    )


def _seconds_wanted(headers: httpx.Headers) -> float | None:
    """How long a provider wants to be left alone; None where it does not say or says nothing that makes sense."""
    milliseconds, wanted = headers.get("retry-after-ms"), headers.get("retry-after", "")
    try:
        seconds = float(wanted) if milliseconds is None else float(milliseconds) / 1_000
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(wanted) - now()).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _error_in(raw: str) -> Mapping[str, object]:
    try:
        value: object = json.loads(raw)
    except ValueError:
        return {}
    if not is_object(value):
        return {}
    error = value.get("error", value)
    return error if is_object(error) else {"message": error}


async def _events(
    response: httpx.Response, wire: Wire, *, streamed: bool
) -> AsyncGenerator[ModelEvent, None]:
    """What an answer says. Some providers answer in one piece although they were asked for a stream."""
    answer = wire.answer()
    if not streamed or "text/event-stream" not in response.headers.get("content-type", ""):
        await response.aread()
        for event in answer.take_whole(decoded(response.text)):
            yield event
    else:
        marked = False
        async with aclosing(EventSource(response).aiter_sse()) as frames:
            async for frame in frames:
                if marked := frame.data == _END_MARK:
                    break
                # Comments and heartbeats carry no data.
                for event in answer.take(decoded(frame.data)) if frame.data else ():
                    yield event
        if not (marked or answer.ended):
            raise ModelFault("the stream of the model provider broke off", retryable=True)
    yield replace(answer.completed(), api_endpoint=wire.path)


def decoded(raw: str) -> dict[str, object]:
    """The JSON object in a text.

    Raises:
        ModelFault: There is none.
    """
    try:
        value: object = json.loads(raw)
    except ValueError:
        value = None
    if not is_object(value):
        raise ModelFault(f"the model provider sent no JSON object: {raw[:200]!r}", retryable=True)
    return value
