"""Methods about the runtime as a whole."""

from __future__ import annotations

from copilot_sdk._generated.copilot import RUNTIMES
from copilot_sdk._generated.copilot.types import (
    AuthGetStatusResult,
    ConnectRequest,
    ConnectResult,
    Model,
    ModelCapabilities,
    ModelCapabilitiesLimits,
    ModelCapabilitiesSupports,
    ModelList,
    ModelsListRequest,
    PingRequest,
    PingResult,
    SessionAuthStatus,
    StatusGetResult,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.github_tokens import HOST
from copilot_sdk.runtime.core.models.base import ModelInfo

PROTOCOL_VERSION = 3

router = Router()

_NO_ACCOUNT = "This runtime needs no account: it uses the model it was given."


@router.on("connect", ConnectRequest)
async def _connect(call: Call, params: ConnectRequest) -> ConnectResult:
    call.connection.admit(params.token)
    call.connection.serves_tasks = "client" in (params.supported_task_kinds or ())
    if params.enable_github_telemetry_forwarding:
        call.runtime.telemetry.listen(call.connection, call.connection.forward)
    kinds = ["agent", "shell", *(["client"] if call.connection.serves_tasks else [])]
    return ConnectResult(ok=True, protocol_version=PROTOCOL_VERSION, version=RUNTIMES[-1], task_kinds=kinds)


@router.on("ping", PingRequest)
async def _ping(_: Call, params: PingRequest) -> PingResult:
    return PingResult(
        message=f"pong: {params.message or ''}", timestamp=stamp(now()), protocol_version=PROTOCOL_VERSION
    )


@router.plain("status.get")
async def _status(_: Call) -> StatusGetResult:
    return StatusGetResult(version=RUNTIMES[-1], protocol_version=PROTOCOL_VERSION)


@router.plain("auth.getStatus")
async def _auth(_: Call) -> AuthGetStatusResult:
    return AuthGetStatusResult(
        is_authenticated=False,
        status_message="This runtime needs no account: it uses the model it was given.",
    )


@router.plain("session.gitHubAuth.getStatus")
@router.plain("session.auth.getStatus")
async def _session_auth(call: Call) -> SessionAuthStatus:
    config = call.session.config
    if config.github is not None:
        return SessionAuthStatus(
            is_authenticated=True,
            auth_type="token-provider",
            host=HOST,
            status_message=f"{HOST} (via SDK token provider)",
        )
    own = config.provider is not None
    return SessionAuthStatus(
        is_authenticated=own,
        status_message="The session uses a model provider of its own." if own else _NO_ACCOUNT,
    )


@router.on("models.list", ModelsListRequest)
async def _models(call: Call, _: ModelsListRequest) -> ModelList:
    return ModelList(models=[describe_model(model) for model in await call.runtime.models()])


@router.plain("runtime.shutdown")
async def _shutdown(call: Call) -> None:
    await call.runtime.end_sessions()
    call.runtime.request_stop()


def describe_model(model: ModelInfo) -> Model:
    """A model, as `models.list` shows it."""
    return Model(
        id=model.id,
        name=model.name,
        capabilities=ModelCapabilities(
            supports=ModelCapabilitiesSupports(vision=False, reasoning_effort=bool(model.reasoning_efforts)),
            limits=ModelCapabilitiesLimits(max_context_window_tokens=model.context_window),
        ),
        supported_reasoning_efforts=list(model.reasoning_efforts) or None,
    )
