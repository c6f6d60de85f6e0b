"""Model providers of the application's own: what sessions are told of them, and their tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot.types import (
    NamedProviderConfig,
    ProviderConfig,
    ProviderModelConfig,
    ProviderTokenResult,
)
from copilot_sdk.runtime.core.clients import GiveToken
from copilot_sdk.runtime.core.config import ModelProvider, OwnModel
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection


def provider_of(provider: ProviderConfig | None) -> ModelProvider | None:
    """The endpoint of the application's own.

    Raises:
        RuntimeFault: It is of a kind that cannot be used.
    """
    if provider is None:
        return None
    return ModelProvider(
        base_url=provider.base_url,
        api_key=provider.bearer_token or provider.api_key,
        headers=provider.headers or {},
        wire_model=provider.wire_model,
        max_output_tokens=None if provider.max_output_tokens is None else int(provider.max_output_tokens),
        wire_api=_wire_of(provider),
        websockets=provider.transport == "websockets",
        asks_for_token=bool(provider.has_bearer_token_provider),
    )


def providers_of(providers: list[NamedProviderConfig] | None) -> Mapping[str, ModelProvider]:
    """The endpoints of the application's own by name.

    Raises:
        RuntimeFault: One cannot be used.
    """
    named: dict[str, ModelProvider] = {}
    for provider in providers or ():
        if "/" in provider.name:
            raise RuntimeFault(f'BYOK provider name "{provider.name}" must not contain "/".')
        if provider.name in named:
            raise RuntimeFault(f'Duplicate BYOK provider name "{provider.name}".')
        named[provider.name] = ModelProvider(
            base_url=provider.base_url,
            api_key=provider.bearer_token or provider.api_key,
            headers=provider.headers or {},
            name=provider.name,
            wire_api=_wire_of(provider),
            websockets=provider.transport == "websockets",
            asks_for_token=bool(provider.has_bearer_token_provider),
        )
    return named


def models_of(
    models: list[ProviderModelConfig] | None, providers: Mapping[str, ModelProvider]
) -> Mapping[str, OwnModel]:
    """The models behind those endpoints, by the id that a session names.

    Raises:
        RuntimeFault: One belongs to no endpoint.
    """
    own: dict[str, OwnModel] = {}
    for model in models or ():
        if model.provider not in providers:
            raise RuntimeFault(f'BYOK model "{model.id}" references unknown provider "{model.provider}".')
        identifier = f"{model.provider}/{model.id}"
        own[identifier] = OwnModel(
            provider=model.provider,
            wire_model=model.wire_model or model.id,
            name=model.name or identifier,
            max_output_tokens=model.max_output_tokens,
        )
    return own


def bearer_tokens_of(
    connection: Connection, provider: ProviderConfig | None, providers: list[NamedProviderConfig] | None
) -> Mapping[str, GiveToken]:
    """The providers that a client gives tokens for, and how it is asked."""
    names = [named.name for named in providers or () if named.has_bearer_token_provider]
    if provider is not None and provider.has_bearer_token_provider:
        names.append("default")
    return {name: _giver(connection, name) for name in names}


def _giver(connection: Connection, provider: str) -> GiveToken:
    async def give(session_id: str) -> str:
        result = await connection.ask_for(
            ProviderTokenResult,
            "providerToken.getToken",
            {"providerName": provider, "sessionId": session_id},
            seconds=connection.runtime.limits.provider_seconds,
        )
        return result.token

    return give


def _wire_of(provider: ProviderConfig | NamedProviderConfig) -> Literal["completions", "responses"]:
    api = provider.wire_api or "completions"
    if provider.type in (None, "openai") and api in ("completions", "responses"):
        return "responses" if api == "responses" else "completions"
    raise RuntimeFault(
        f"Unsupported provider type {provider.type!r} with wireApi {provider.wire_api!r}: "
        "this runtime speaks type 'openai' with wireApi 'completions' or 'responses'"
    )
