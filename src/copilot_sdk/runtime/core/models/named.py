"""Models of several providers, chosen by name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.models.base import Model, ModelEvent, ModelInfo, ModelRequest
from copilot_sdk.runtime.core.models.provider import ProviderModel


class NamedModels:
    """The models of a session that names several; all others are those of the runtime."""

    def __init__(self, models: Mapping[str, ModelProvider], other: Model) -> None:
        """Prepares the models.

        Args:
            models: Who provides a model, by its id.
            other: Answers for all other ids; it is not closed.
        """
        self._models = {
            model_id: (provider, ProviderModel(provider)) for model_id, provider in models.items()
        }
        self._other = other

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Asks the provider of the model."""
        _, model = self._models.get(request.model, (None, self._other))
        async with aclosing(model.respond(request)) as events:
            async for event in events:
                yield event

    async def catalogue(self) -> Sequence[ModelInfo]:
        """The models that were named."""
        return [
            ModelInfo(model_id, provider.display_name or model_id, provider.max_prompt_tokens or 128_000)
            for model_id, (provider, _) in self._models.items()
        ]

    async def aclose(self) -> None:
        """Closes the connections."""
        for _, model in self._models.values():
            await model.aclose()
