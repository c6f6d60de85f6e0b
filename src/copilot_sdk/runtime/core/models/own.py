"""The models of a session whose application has providers of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

from copilot_sdk.runtime.core.config import ModelProvider, SessionConfig
from copilot_sdk.runtime.core.models.base import Model, ModelEvent, ModelInfo, ModelRequest
from copilot_sdk.runtime.core.models.provider import ProviderModel
from copilot_sdk.runtime.core.models.sender import Sender

_CONTEXT_WINDOW = 128_000


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
            config: Says which providers and models there are.
            fallback: The model of the runtime.
            bearer_token: Asks for the token of a provider; raises a `ModelFault` if there is none.
            sender: Gives who sends the requests; None for the runtime itself.
        """
        self._bearer_token = bearer_token
        self._sender = sender
        self._providers = config.named_models
        self._default = None if config.provider is None else self._open(config.provider)
        self._fallback = self._default or fallback
        self._named = {model_id: self._open(provider) for model_id, provider in self._providers.items()}

    def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """See `Model`."""
        return self._named.get(request.model, self._fallback).respond(request)

    async def catalogue(self) -> Sequence[ModelInfo]:
        """See `Model`."""
        own = [
            ModelInfo(
                model_id, provider.display_name or model_id, provider.max_prompt_tokens or _CONTEXT_WINDOW
            )
            for model_id, provider in self._providers.items()
        ]
        return own or await self._fallback.catalogue()

    async def follow(self, models: Mapping[str, ModelProvider]) -> None:
        """Has these be the models that the application names; calls of those that stay go on."""
        gone = [
            self._named[model_id]
            for model_id in self._providers
            if self._providers[model_id] != models.get(model_id)
        ]
        self._named = {
            model_id: self._named[model_id]
            if self._providers.get(model_id) == provider
            else self._open(provider)
            for model_id, provider in models.items()
        }
        self._providers = models
        for model in gone:
            await model.aclose()

    async def aclose(self) -> None:
        """Closes the connections to the providers."""
        for model in [self._default, *self._named.values()]:
            if model is not None:
                await model.aclose()

    def _open(self, provider: ModelProvider) -> ProviderModel:
        async def token() -> str:
            return await self._bearer_token(provider.name)

        return ProviderModel(provider, token=token if provider.asks_for_token else None, sender=self._sender)
