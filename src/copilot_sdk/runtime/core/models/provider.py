"""Models behind a provider of the application's own."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing

from copilot_sdk._model.json_values import objects_in
from copilot_sdk.runtime.core import programs
from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import ModelEvent, ModelInfo, ModelRequest
from copilot_sdk.runtime.core.models.chat_completions import ChatCompletions
from copilot_sdk.runtime.core.models.http import HTTPModel, Refusal, Target, ask, get, merged
from copilot_sdk.runtime.core.models.messages import VERSION, Messages
from copilot_sdk.runtime.core.models.responses import Responses
from copilot_sdk.runtime.core.models.sender import Sender
from copilot_sdk.runtime.core.models.websockets import Websockets
from copilot_sdk.runtime.core.models.wire import Wire

_KEY_COMMAND_SECONDS = 60.0


class ProviderModel(HTTPModel):
    """The models of one provider."""

    def __init__(
        self,
        provider: ModelProvider,
        *,
        token: Callable[[], Awaitable[str]] | None = None,
        sender: Callable[[], Sender | None] = lambda: None,
    ) -> None:
        """Prepares the models; nothing is asked yet.

        Args:
            provider: Who they are at.
            token: Gives the bearer token for each request, in place of what the provider has.
            sender: Gives who sends the requests; None for this process itself.
        """
        super().__init__(sender)
        self._provider = provider
        self._token = token
        self._sockets = Websockets()
        self._wire = _wire_of(provider)

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Asks the provider."""
        provider = self._provider
        model = provider.wire_model or request.model
        target = Target(
            wire=self._wire,
            url=_url(provider, self._wire, model),
            model=model,
            headers=await self._headers(),
            max_output_tokens=provider.max_output_tokens,
            explain=self._explain,
        )
        answer = await self._over_websocket(target, request) or ask(self._http, target, request)
        async with aclosing(answer) as events:
            async for event in events:
                yield event

    async def _over_websocket(
        self, target: Target, request: ModelRequest
    ) -> AsyncGenerator[ModelEvent, None] | None:
        sender = self.sender()
        if sender is None or not self._provider.websockets or self._provider.wire_api != "responses":
            return None
        return await self._sockets.ask(sender, target, request)

    async def catalogue(self) -> Sequence[ModelInfo]:
        """Asks for the list of models."""
        listed = await get(self._http, _catalogue_url(self._provider), await self._headers(), self._explain)
        return [
            ModelInfo(str(entry["id"]), str(entry.get("display_name") or entry["id"]))
            for entry in objects_in(listed.get("data"))
            if "id" in entry
        ]

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._sockets.aclose()
        await super().aclose()

    async def _headers(self) -> Mapping[str, str]:
        """The headers of each request: those of the application win over a key that it gave too."""
        provider = self._provider
        version = {"anthropic-version": VERSION} if provider.type == "anthropic" else {}
        parts = [version, _credentials(provider, provider.api_key), provider.headers]
        if provider.api_key_command:
            # Its output is fresher than anything else that was given.
            parts.append(_credentials(provider, await _output_of(provider.api_key_command)))
        if self._token is not None:
            return merged(version, provider.headers, {"Authorization": f"Bearer {await self._token()}"})
        return merged(*parts)

    def _explain(self, refusal: Refusal) -> ModelFault:
        where, status, said = self._provider.base_url, refusal.status, refusal.message
        match status:
            case 401 | 403:
                text = f"The model provider at {where} turned the credentials down (HTTP {status}): {said}"
                return refusal.fault(f"{text}\nCheck the API key or the token.", error_type="authentication")
            case 404:
                text = f"The model provider at {where} has no such thing (HTTP 404): {said}"
                return refusal.fault(f"{text}\nCheck the base URL and the name of the model.")
            case 429:
                return refusal.fault(error_type="rate_limit")
            case _:
                return refusal.fault()


def _wire_of(provider: ModelProvider) -> Wire:
    if provider.type == "anthropic":
        return Messages()
    return Responses() if provider.wire_api == "responses" else ChatCompletions()


def _url(provider: ModelProvider, wire: Wire, model: str) -> str:
    base = provider.base_url.rstrip("/")
    if provider.type != "azure":
        return base + wire.path
    version = provider.azure_api_version
    if version is None:
        return f"{base}/openai/v1{wire.path}"
    deployment = "" if provider.wire_api == "responses" else f"/deployments/{model}"
    return f"{base}/openai{deployment}{wire.path}?api-version={version}"


def _catalogue_url(provider: ModelProvider) -> str:
    base, version = provider.base_url.rstrip("/"), provider.azure_api_version
    match provider.type:
        case "anthropic":
            return f"{base}/v1/models"
        case "azure":
            return (
                f"{base}/openai/v1/models"
                if version is None
                else f"{base}/openai/models?api-version={version}"
            )
        case _:
            return f"{base}/models"


def _credentials(provider: ModelProvider, api_key: str | None) -> dict[str, str]:
    """The headers that let a request in. A token wins over a key; Anthropic takes both."""
    token = provider.bearer_token
    if provider.type == "openai":
        token, api_key = token or api_key, None
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if api_key and provider.type == "anthropic":
        headers["x-api-key"] = api_key
    elif api_key and not token:
        headers["api-key"] = api_key
    return headers


async def _output_of(command: str) -> str:
    """What a shell command prints: a key that is good for one request.

    Raises:
        ModelFault: It prints none.
    """
    try:
        ended = await programs.run("sh", "-c", command, env=os.environ, seconds=_KEY_COMMAND_SECONDS)
    except TimeoutError as error:
        raise ModelFault(
            f"the command for the API key did not end within {_KEY_COMMAND_SECONDS:g} s"
        ) from error
    key = ended.out.decode(errors="replace").strip()
    if ended.code or not key:
        raise ModelFault(f"the command for the API key printed none (exit code {ended.code})")
    return key
