"""Methods of `session.providers`: providers of models that run on this machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    DiscoveredModel,
    DiscoveredModelList,
    ModelProviderAdapterCatalog,
    ModelProviderConfigurationPlan,
    ModelProviderDiscoverRequest,
    ModelProviderDiscoverResult,
    ModelProviderGetStatusRequest,
    ModelProviderInstance,
    ModelProviderInstanceReference,
    ModelProviderModelsListRequest,
    ModelProviderPrepareConfigurationRequest,
    ModelProviderStatus,
)
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.payloads import to_json

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.models.ollama import Ollama, OllamaFault, OllamaModel

router = Router()

_OLLAMA: Mapping[str, str] = {"adapterId": "ollama", "providerKind": "ollama"}
_ORIGIN: Mapping[str, str] = {**_OLLAMA, "source": "builtIn"}
_SUCCESS: Mapping[str, str] = {"code": "success"}
_INPUT: Mapping[str, object] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"endpoint": {"type": "string"}},
}


@router.plain("session.providers.getCatalog")
async def _get_catalog(_: Call) -> ModelProviderAdapterCatalog:
    ollama = {
        **_OLLAMA,
        "displayName": "Ollama",
        "provenance": {"source": "builtIn"},
        "automaticDiscovery": {
            "mode": "automatic",
            "networkScope": "loopbackOnly",
            "requiresInput": False,
            "requiresTrust": False,
        },
        "operations": [
            {"name": "discover", "inputSchema": _INPUT},
            {"name": "getStatus"},
            {"name": "models.list"},
        ],
    }
    return ModelProviderAdapterCatalog.model_validate({"providers": [ollama]})


@router.on("session.providers.discover", ModelProviderDiscoverRequest)
async def _discover(_: Call, params: ModelProviderDiscoverRequest) -> ModelProviderDiscoverResult:
    from copilot_sdk.runtime.core.models.ollama import DEFAULT_ENDPOINT, OllamaFault

    _check_adapter(params.adapter_id)
    wanted = _wanted_endpoint(params.input)
    endpoint = _checked(wanted or DEFAULT_ENDPOINT, "provider discovery input is invalid")
    try:
        async with _ollama(endpoint) as ollama:
            await ollama.version()
    except OllamaFault as fault:
        outcome = _outcome(fault)
        if not wanted and fault.code == "unreachable":
            outcome = {"code": "absent", "message": f"Ollama is not listening at {endpoint}"}
        return ModelProviderDiscoverResult.model_validate({"outcome": outcome, "instances": []})
    return ModelProviderDiscoverResult.model_validate(
        {"outcome": _SUCCESS, "instances": [_instance(endpoint)]}
    )


@router.on("session.providers.getStatus", ModelProviderGetStatusRequest)
async def _get_status(_: Call, params: ModelProviderGetStatusRequest) -> ModelProviderStatus:
    from copilot_sdk.runtime.core.models.ollama import OllamaFault

    endpoint = _endpoint(params.instance)
    found: dict[str, object] = {"instance": _instance(endpoint), "outcome": _SUCCESS, "status": "healthy"}
    try:
        async with _ollama(endpoint) as ollama:
            found["version"] = await ollama.version()
    except OllamaFault as fault:
        found |= {"outcome": _outcome(fault), "status": fault.code}
    return ModelProviderStatus.model_validate(found)


@router.on("session.providers.models.list", ModelProviderModelsListRequest)
async def _list_models(_: Call, params: ModelProviderModelsListRequest) -> DiscoveredModelList:
    from copilot_sdk.runtime.core.models.ollama import OllamaFault

    try:
        async with _ollama(_endpoint(params.instance)) as ollama:
            models = [_model(model) for model in await ollama.models()]
    except OllamaFault as fault:
        return DiscoveredModelList.model_validate({"outcome": _outcome(fault), "models": []})
    return DiscoveredModelList.model_validate({"outcome": _SUCCESS, "models": models})


@router.on("session.providers.models.prepareConfiguration", ModelProviderPrepareConfigurationRequest)
async def _prepare(
    call: Call, params: ModelProviderPrepareConfigurationRequest
) -> ModelProviderConfigurationPlan:
    _endpoint(params.instance.reference)
    config = call.session.config
    provider = _provider_config(params.instance)
    model = _model_config(params, str(provider["name"]))
    selection = f"{provider['name']}/{params.model.id}"
    return ModelProviderConfigurationPlan.model_validate(
        {
            "provider": provider,
            "model": model,
            "selectionId": selection,
            "providerDisposition": _disposition(provider["name"] in config.named_providers),
            "modelDisposition": _disposition(selection in config.named_models),
            "warnings": [*map(to_json, params.model.warnings), *_warnings(params.model)],
        }
    )


def _provider_config(instance: ModelProviderInstance) -> dict[str, object]:
    return {
        "name": re.sub(r"[^\w.]+", "-", instance.reference.id),
        "type": instance.inference_type,
        "wireApi": instance.inference_wire_api,
        "transport": instance.inference_transport,
        "baseUrl": instance.inference_endpoint,
    }


def _model_config(params: ModelProviderPrepareConfigurationRequest, provider: str) -> dict[str, object]:
    model, reference = params.model, params.instance.reference
    limits = model.capabilities.limits
    metadata = {
        "adapterId": reference.adapter_id,
        "providerKind": reference.provider_kind,
        "providerInstanceId": reference.id,
        "providerDigest": model.digest,
    }
    return {
        "id": model.id,
        "provider": provider,
        "wireModel": model.id,
        "name": model.name,
        "maxContextWindowTokens": None if limits is None else limits.max_context_window_tokens,
        "capabilities": _without_thinking(model),
        "metadata": {name: value for name, value in metadata.items() if value is not None},
    }


def _without_thinking(model: DiscoveredModel) -> dict[str, object]:
    """The capabilities as configurations have them: they know of no `thinking`."""
    found = to_json(model.capabilities)
    supports = found.get("supports")
    if is_object(supports):
        found["supports"] = {name: value for name, value in supports.items() if name != "thinking"}
    return found


def _warnings(model: DiscoveredModel) -> list[dict[str, object]]:
    supports = model.capabilities.supports
    if supports is None or not to_json(supports).get("thinking"):
        return []
    return [{"code": "thinkingNotConfigurable", "message": "It can think, which no configuration can say."}]


def _disposition(known: bool) -> str:
    return "alreadyConfigured" if known else "create"


def _model(model: OllamaModel) -> dict[str, object]:
    described = model.tag.get("details")
    details = described if is_object(described) else {}
    size = model.tag.get("size")
    found: dict[str, object] = {
        "id": model.name,
        "name": model.name,
        "provenance": _ORIGIN,
        "digest": _text(model.tag.get("digest")),
        "modifiedAt": _text(model.tag.get("modified_at")),
        "sizeBytes": size if isinstance(size, int) else None,
        "details": {
            "format": _text(details.get("format")),
            "family": _text(details.get("family")),
            "families": texts_in(details.get("families")) or None,
            "parameterSize": _text(details.get("parameter_size")),
            "quantization": _text(details.get("quantization_level")),
            "architecture": model.architecture,
        },
        "capabilities": _capabilities(model),
        "warnings": [],
    }
    if model.problem is not None:
        found["warnings"] = [{"code": "details_unavailable", "message": model.problem}]
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _capabilities(model: OllamaModel) -> dict[str, object]:
    found: dict[str, object] = {}
    if (abilities := model.abilities) is not None:
        found["supports"] = {
            "thinking": "thinking" in abilities,
            "vision": "vision" in abilities,
            "toolCalls": "tools" in abilities,
        }
    if model.context_tokens is not None:
        found["limits"] = {"max_context_window_tokens": model.context_tokens}
    return found


def _instance(endpoint: str) -> dict[str, object]:
    return {
        "reference": {**_OLLAMA, "id": f"ollama:{endpoint}", "managementEndpoint": endpoint},
        "displayName": "Ollama",
        "provenance": _ORIGIN,
        "inferenceEndpoint": f"{endpoint}/v1",
        "inferenceType": "openai",
        "inferenceWireApi": "completions",
        "inferenceTransport": "http",
    }


def _ollama(endpoint: str) -> Ollama:
    from copilot_sdk.runtime.core.models.ollama import Ollama

    return Ollama(endpoint)


def _outcome(fault: OllamaFault) -> Mapping[str, str]:
    return {"code": fault.code, "message": str(fault)}


def _endpoint(reference: ModelProviderInstanceReference) -> str:
    """The address of an instance that a client names.

    Raises:
        InvalidParams: It is none that `discover` finds.
    """
    _check_adapter(reference.adapter_id)
    wrong = "provider instance reference is invalid"
    if reference.provider_kind != "ollama":
        raise _refusal(f"{wrong}: adapterId and providerKind must match the selected adapter")
    wrong += ": Ollama instance reference is invalid"
    endpoint = _checked(reference.management_endpoint, f"{wrong}: Ollama endpoint is invalid")
    if reference.id != f"ollama:{endpoint}":
        raise _refusal(f"{wrong}: instance id does not match its endpoint")
    return endpoint


def _wanted_endpoint(given: object) -> str | None:
    """The address that the input of `discover` names, if it names one."""
    if given is None:
        return None
    if not is_object(given):
        raise _refusal("provider discovery input is invalid: expected an object")
    if unknown := sorted(given.keys() - {"endpoint"}):
        raise _refusal(f"provider discovery input is invalid: {unknown[0]}: unknown member")
    endpoint = given.get("endpoint")
    if endpoint is not None and not isinstance(endpoint, str):
        raise _refusal("provider discovery input is invalid: endpoint: expected a string")
    return endpoint or None


def _check_adapter(adapter: str) -> None:
    if adapter != "ollama":
        raise _refusal(f"provider adapter is not available in this context: {adapter}")


def _checked(endpoint: str, wrong: str) -> str:
    from copilot_sdk.runtime.core.models.ollama import endpoint_of

    try:
        return endpoint_of(endpoint)
    except ValueError as error:
        raise _refusal(f"{wrong}: {error}") from error


def _refusal(message: str) -> InvalidParams:
    return InvalidParams(message, {"outcome": {"code": "failed"}})
