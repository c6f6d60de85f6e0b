"""The models of a session whose application has endpoints of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace

from copilot_sdk.runtime.core.config import ModelProvider, SessionConfig
from copilot_sdk.runtime.core.models.base import Model, ModelEvent, ModelInfo, ModelRequest
from copilot_sdk.runtime.core.models.openai import OpenAIModel
from copilot_sdk.runtime.core.models.responses import ResponsesModel
from copilot_sdk.runtime.core.models.sender import Sender


class OwnModels:
    """Those of the application, and those of the runtime where the application has no default; see `Model`."""

    def __init__(
        self,
        config: SessionConfig,
        fallback: Model,
        *,
        bearer_token: Callable[[str], Awaitable[str]],
        sender: Callable[[], Sender | None],
    ) -> None:
        """Prepares the models; nothing is asked yet.

        Args:
            config: Says which endpoints and models there are.
            fallback: The model of the runtime.
            bearer_token: Asks for the token of a provider; raises a `ModelFault` if there is none.
            sender: Gives who sends the requests; None for the runtime itself.
        """
        self._bearer_token = bearer_token
        self._sender = sender
        self._config = config
        self._endpoint = None if config.provider is None else self._open(config.provider)
        self._fallback = self._endpoint or fallback
        self._named: dict[str, OpenAIModel] = {}

    def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `Model`."""
        own = self._config.models.get(request.model)
        if own is None:
            return self._fallback.respond(request)
        if request.model not in self._named:
            provider = replace(self._config.providers[own.provider], max_output_tokens=own.max_output_tokens)
            self._named[request.model] = self._open(provider)
        return self._named[request.model].respond(replace(request, model=own.wire_model))

    async def catalogue(self) -> Sequence[ModelInfo]:
        """See `Model`."""
        own = [ModelInfo(identifier, model.name) for identifier, model in self._config.models.items()]
        return own or await self._fallback.catalogue()

    async def aclose(self) -> None:
        """Closes the connections to the endpoints."""
        for model in [self._endpoint, *self._named.values()]:
            if model is not None:
                await model.aclose()

    def _open(self, provider: ModelProvider) -> OpenAIModel:
        async def token() -> str:
            return await self._bearer_token(provider.name)

        kind = ResponsesModel if provider.wire_api == "responses" else OpenAIModel
        return kind(provider, token=token if provider.asks_for_token else None, sender=self._sender)
