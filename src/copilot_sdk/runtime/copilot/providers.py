"""Methods of `session.provider`: the models of the application's own, changed while a session lives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from copilot_sdk._generated.copilot.types import (
    NamedProviderConfig,
    ProviderAddRequest,
    ProviderAddResult,
    ProviderEndpoint,
    ProviderGetEndpointRequest,
    ProviderSyncRequest,
    ProviderSyncResult,
    ProviderWithdrawRequest,
    ProviderWithdrawResult,
)
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.copilot.model_providers import (
    DuplicateProvider,
    bearer_tokens_of,
    models_of,
    named_providers_of,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.server import describe_model
from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import to_json

router = Router()

_ALLOWED = "COPILOT_ALLOW_GET_PROVIDER_ENDPOINT"


@router.on("session.provider.add", ProviderAddRequest)
async def _add(call: Call, params: ProviderAddRequest) -> ProviderAddResult:
    config = call.session.config
    added = _providers(params.providers, config.named_providers)
    providers = {**config.named_providers, **added}
    models = models_of(params.models, providers, config.named_models)
    await _use(call, providers, {**config.named_models, **models}, params.providers)
    return ProviderAddResult(models=await _described(call, models))


@router.on("session.provider.sync", ProviderSyncRequest)
async def _sync(call: Call, params: ProviderSyncRequest) -> ProviderSyncResult:
    providers = _providers(params.providers, {})
    try:
        models = models_of(params.models, providers)
    except RuntimeFault as fault:
        raise InvalidParams(str(fault), {"code": "inconsistent_snapshot"}) from fault
    deselected = await _use(call, providers, models, params.providers)
    return ProviderSyncResult(
        models=await _described(call, models), selection_ids=list(models), model_deselected=deselected or None
    )


@router.on("session.provider.withdraw", ProviderWithdrawRequest)
async def _withdraw(call: Call, params: ProviderWithdrawRequest) -> ProviderWithdrawResult:
    config = call.session.config
    gone = {
        model_id: config.named_models[model_id]
        for model_id in params.models
        if model_id in config.named_models
    }
    models = {
        model_id: provider for model_id, provider in config.named_models.items() if model_id not in gone
    }
    left = {provider.name for provider in models.values()}
    removed = sorted({provider.name for provider in gone.values()} - left)
    providers = {name: provider for name, provider in config.named_providers.items() if name not in removed}
    deselected = await _use(call, providers, models, None)
    return ProviderWithdrawResult(
        withdrawn=list(gone), providers_removed=removed, model_deselected=deselected
    )


@router.on("session.provider.getEndpoint", ProviderGetEndpointRequest)
async def _get_endpoint(call: Call, _: ProviderGetEndpointRequest) -> ProviderEndpoint:
    if os.environ.get(_ALLOWED) != "true":
        raise RuntimeFault(f"To enable this API, set {_ALLOWED}=true")
    provider = call.session.config.provider
    if provider is None:
        raise RuntimeFault("Session is not authenticated; provider endpoint is unavailable.")
    return ProviderEndpoint(
        type=provider.type,
        wire_api=provider.wire_api,
        transport="websockets" if provider.websockets else "http",
        base_url=provider.base_url,
        api_key=provider.bearer_token or provider.api_key,
        headers=dict(provider.headers),
    )


def _providers(
    providers: Sequence[NamedProviderConfig] | None, known: Mapping[str, ModelProvider]
) -> dict[str, ModelProvider]:
    try:
        return named_providers_of(providers, known)
    except DuplicateProvider as fault:
        raise InvalidParams(str(fault), {"code": "duplicate_provider", "provider": fault.name}) from fault


async def _use(
    call: Call,
    providers: Mapping[str, ModelProvider],
    models: Mapping[str, ModelProvider],
    from_client: list[NamedProviderConfig] | None,
) -> bool:
    session = call.session
    if (client := session.clients.of(call.connection)) is not None:
        client.bearer_tokens = {
            **client.bearer_tokens,
            **bearer_tokens_of(call.connection, None, from_client),
        }
    return await session.use_models(providers, models)


async def _described(call: Call, models: Mapping[str, ModelProvider]) -> list[dict[str, object]]:
    catalogue = await call.session.model.catalogue() if models else ()
    return [to_json(describe_model(model)) for model in catalogue if model.id in models]
