"""Methods about the runtime as a whole."""

from __future__ import annotations

from copilot_sdk._generated.copilot import RUNTIMES
from copilot_sdk._generated.copilot.types import (
    BuiltInModelCatalog,
    ConnectRequest,
    Model,
    ModelCapabilities,
    ModelCapabilitiesLimits,
    ModelCapabilitiesSupports,
    ModelList,
    ModelsListRequest,
    ModelTokenPriceUnitList,
    PingRequest,
    StatusGetResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.account import chosen_account
from copilot_sdk.runtime.copilot.reception import PROTOCOL_VERSION, pong
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.models.base import ModelInfo

router = Router()


@router.on("connect", ConnectRequest)
async def _connect(call: Call, params: ConnectRequest) -> dict[str, object]:
    return call.connection.reception.greet(
        params.token, params.supported_task_kinds, params.enable_github_telemetry_forwarding
    )


@router.on("ping", PingRequest)
async def _ping(_: Call, params: PingRequest) -> dict[str, object]:
    return pong(params.message)


@router.plain("status.get")
async def _status(_: Call) -> StatusGetResult:
    return StatusGetResult(version=RUNTIMES[-1], protocol_version=PROTOCOL_VERSION)


@router.on("models.list", ModelsListRequest)
async def _models(call: Call, params: ModelsListRequest) -> ModelList:
    account = await chosen_account(call, params)
    return ModelList(models=[describe_model(model) for model in await call.runtime.models(account)])


@router.on("models.listTokenPriceUnits", ModelsListRequest)
async def _price_units(call: Call, params: ModelsListRequest) -> ModelTokenPriceUnitList:
    await call.runtime.models(await chosen_account(call, params))
    return ModelTokenPriceUnitList(units=[])


@router.plain("models.getBuiltInCatalog")
async def _built_in(_: Call) -> BuiltInModelCatalog:
    # This runtime knows no model without being told of it.
    return BuiltInModelCatalog(models=[])


@router.plain("runtime.shutdown")
async def _shutdown(call: Call) -> None:
    await call.runtime.end_sessions()
    call.runtime.request_stop()


def describe_model(model: ModelInfo) -> Model:
    """A model, as `models.list` shows it."""
    if model.details:
        return _described_by_service(model)
    return Model(
        id=model.id,
        name=model.name,
        capabilities=ModelCapabilities(
            supports=ModelCapabilitiesSupports(vision=False, reasoning_effort=bool(model.reasoning_efforts)),
            limits=ModelCapabilitiesLimits(max_context_window_tokens=model.context_window),
        ),
        supported_reasoning_efforts=list(model.reasoning_efforts) or None,
    )


def _described_by_service(model: ModelInfo) -> Model:
    details = model.details
    capabilities, billing = details.get("capabilities"), details.get("billing")
    capabilities = dict(capabilities) if is_object(capabilities) else {}
    supports = capabilities.get("supports")
    reasoning = {"reasoningEffort": bool(model.reasoning_efforts)}
    capabilities["supports"] = {**(supports if is_object(supports) else {}), **reasoning}
    described: dict[str, object] = {"id": model.id, "name": model.name, "capabilities": capabilities}
    if model.reasoning_efforts:
        described["supportedReasoningEfforts"] = list(model.reasoning_efforts)
    if is_object(billing) and "multiplier" in billing:
        described["billing"] = {"multiplier": billing["multiplier"]}
    names = {"policy": "policy", "vendor": "vendor", "model_picker_category": "modelPickerCategory"}
    described |= {shown: details[name] for name, shown in names.items() if details.get(name)}
    return Model.model_validate(described)
