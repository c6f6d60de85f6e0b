"""The providers of models that `session.create` and others name, as the core wants them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clients import GiveToken
from copilot_sdk.runtime.core.config import PROVIDER_TYPES, ModelProvider
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection


class DuplicateProvider(RuntimeFault):
    """Two providers have the same name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f'Duplicate BYOK provider name "{name}".')


def provider_of(provider: types.ProviderConfig | None) -> ModelProvider | None:
    """The one provider of a session."""
    if provider is None:
        return None
    return _provider(
        provider,
        api_key_command=provider.api_key_command,
        wire_model=provider.wire_model,
        max_prompt_tokens=_whole(provider.max_prompt_tokens),
        max_output_tokens=_whole(provider.max_output_tokens),
    )


def named_models_of(
    providers: Sequence[types.NamedProviderConfig] | None, models: Sequence[types.ProviderModelConfig] | None
) -> Mapping[str, ModelProvider]:
    """Who provides the models of a session that names several, by ids such as `mine/gpt-5`.

    Raises:
        RuntimeFault: The names do not fit together.
    """
    return models_of(models, named_providers_of(providers))


def named_providers_of(
    providers: Sequence[types.NamedProviderConfig] | None, taken: Container[str] = ()
) -> dict[str, ModelProvider]:
    """Providers by their names.

    Args:
        providers: The providers.
        taken: The names of other providers.

    Raises:
        RuntimeFault: A name cannot be used, or is used twice.
    """
    known: dict[str, ModelProvider] = {}
    for provider in providers or ():
        if "/" in provider.name:
            raise RuntimeFault(f'BYOK provider name "{provider.name}" must not contain "/".')
        if provider.name in known or provider.name in taken:
            raise DuplicateProvider(provider.name)
        known[provider.name] = _provider(provider)
    return known


def models_of(
    models: Sequence[types.ProviderModelConfig] | None,
    providers: Mapping[str, ModelProvider],
    taken: Container[str] = (),
) -> dict[str, ModelProvider]:
    """Who provides models, by their ids.

    Args:
        models: The models.
        providers: The providers, by their names.
        taken: The ids of other models.

    Raises:
        RuntimeFault: A provider is not known, or an id is used twice.
    """
    named: dict[str, ModelProvider] = {}
    for model in models or ():
        provider = providers.get(model.provider)
        if provider is None:
            raise RuntimeFault(f'BYOK model "{model.id}" references unknown provider "{model.provider}".')
        model_id = f"{model.provider}/{model.id}"
        if model_id in named or model_id in taken:
            raise RuntimeFault(f'Duplicate BYOK model selection id "{model_id}".')
        named[model_id] = replace(
            provider,
            wire_model=model.wire_model or model.id,
            display_name=model.name,
            max_prompt_tokens=model.max_prompt_tokens,
            max_output_tokens=model.max_output_tokens,
        )
    return named


def bearer_tokens_of(
    connection: Connection,
    provider: types.ProviderConfig | None,
    providers: list[types.NamedProviderConfig] | None,
) -> Mapping[str, GiveToken]:
    """The providers that a client gives tokens for, and how it is asked."""
    names = [named.name for named in providers or () if named.has_bearer_token_provider]
    if provider is not None and provider.has_bearer_token_provider:
        names.append("default")
    return {name: _giver(connection, name) for name in names}


def _giver(connection: Connection, provider: str) -> GiveToken:
    async def give(session_id: str) -> str:
        result = await connection.ask_for(
            types.ProviderTokenResult,
            "providerToken.getToken",
            {"providerName": provider, "sessionId": session_id},
            seconds=connection.runtime.limits.provider_seconds,
        )
        return result.token

    return give


def _provider(
    provider: types.ProviderConfig | types.NamedProviderConfig,
    *,
    api_key_command: str | None = None,
    wire_model: str | None = None,
    max_prompt_tokens: int | None = None,
    max_output_tokens: int | None = None,
) -> ModelProvider:
    azure = provider.azure
    return ModelProvider(
        base_url=provider.base_url,
        # As with the CLI, an unknown type is taken for one that is compatible with OpenAI.
        type=PROVIDER_TYPES.get(provider.type or "", "openai"),
        wire_api="responses" if provider.wire_api == "responses" else "completions",
        api_key=provider.api_key,
        bearer_token=provider.bearer_token,
        api_key_command=api_key_command,
        headers=provider.headers or {},
        azure_api_version=None if azure is None else azure.api_version,
        wire_model=wire_model,
        max_prompt_tokens=max_prompt_tokens,
        max_output_tokens=max_output_tokens,
        name=provider.name if isinstance(provider, types.NamedProviderConfig) else "default",
        websockets=provider.transport == "websockets",
        asks_for_token=bool(provider.has_bearer_token_provider),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None or number <= 0 else int(number)
