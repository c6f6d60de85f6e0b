"""Methods of `managedSettings` for everybody: what administrators may write, have written, and what that comes to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from copilot_sdk._generated.copilot import RUNTIMES
from copilot_sdk._generated.copilot.types import (
    ManagedPermissionsEvaluateRequest,
    ManagedPermissionsEvaluateResult,
    ManagedSettingsComposeLayer,
    ManagedSettingsComposeRequest,
    ManagedSettingsComposeResult,
    ManagedSettingsDiagnostic,
    ManagedSettingsReadResult,
    ManagedSettingsResolveRequest,
    ManagedSettingsResolveResult,
    ManagedSettingsSchemaResult,
    ManagedSettingsValidateRequest,
    ManagedSettingsValidateResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.accounts import Identity
from copilot_sdk.runtime.core.addresses import Address, read_address
from copilot_sdk.runtime.core.faults import InvalidInput
from copilot_sdk.runtime.core.managed import device, keys, layers, permissions
from copilot_sdk.runtime.core.managed.documents import CHANNELS, Channel, Document, Finding, read_document
from copilot_sdk.runtime.core.setting_kinds import type_name

router = Router()

_FLOOR = {
    "learningMode": "deny",
    "allowBypass": False,
    "sandboxMcpServers": True,
    "managedMcpRoutingLocked": True,
    "sandboxLspServers": True,
    "managedLspRoutingLocked": True,
    "enabled": True,
    "managedEnabledLocked": True,
}
"""What the sandbox has to do where it cannot be told what administrators want."""

_NOT_LOADED = "The policy of the device could not be loaded: restrictions apply until it can."
_NO_HELPERS = "The reference runtime runs no policy helpers."


@router.plain("managedSettings.schema")
async def _schema(_: Call) -> ManagedSettingsSchemaResult:
    return ManagedSettingsSchemaResult(schema_=keys.json_schema(), runtime_version=RUNTIMES[-1])


@router.on("managedSettings.validate", ManagedSettingsValidateRequest, exact=InvalidInput)
async def _validate(_: Call, params: ManagedSettingsValidateRequest) -> ManagedSettingsValidateResult:
    channel = _channel(params.layer)
    document = read_document(params.content, channel)
    diagnostics = _diagnostics(document.findings)
    if params.layer is not None and channel is None:
        text = f"Unknown channel `{params.layer}`; channel-specific checks were skipped."
        diagnostics.insert(0, ManagedSettingsDiagnostic(path="", severity="warning", message=text))
    return ManagedSettingsValidateResult(
        valid=document.settings is not None, settings=document.settings, diagnostics=diagnostics
    )


@router.on("managedSettings.compose", ManagedSettingsComposeRequest, exact=InvalidInput)
async def _compose(_: Call, params: ManagedSettingsComposeRequest) -> ManagedSettingsComposeResult:
    documents: dict[Channel, Document] = {}
    for layer in params.layers:
        channel = _channel(layer.source)
        if channel is None:
            known = ", ".join(f"`{name}`" for name in CHANNELS)
            raise InvalidInput(f"unknown variant `{layer.source}`, expected one of {known}")
        if channel in documents:
            raise InvalidInput(f"Channel `{channel}` appears more than once.")
        documents[channel] = _document(layer, channel)
    given = [
        layers.Layer(channel, documents[channel].settings or {})
        for channel in CHANNELS
        if channel in documents
    ]
    diagnostics = [
        found
        for channel, document in documents.items()
        for found in _diagnostics(document.findings, below=channel)
    ]
    return ManagedSettingsComposeResult.model_validate(
        {**_resolved(given), "layers": _layers(given), "diagnostics": diagnostics}
    )


def _document(layer: ManagedSettingsComposeLayer, channel: Channel) -> Document:
    if "settings" not in layer.model_fields_set:
        return Document({}, [])
    content: object = layer.settings
    if isinstance(content, str):
        raise InvalidInput(
            f"The `{channel}` document is invalid: Expected object, received {type_name(content)}"
        )
    document = read_document(content, channel)
    if document.settings is None:
        raise InvalidInput(f"The `{channel}` document is invalid: {document.problem}")
    return document


@router.plain("managedSettings.read")
async def _read(_: Call) -> ManagedSettingsReadResult:
    policy = device.read_device(device.FILE)
    return ManagedSettingsReadResult(settings_json=policy.settings or None, error_message=policy.problem)


@router.on("managedSettings.resolve", ManagedSettingsResolveRequest, exact=InvalidInput)
async def _resolve(call: Call, params: ManagedSettingsResolveRequest) -> ManagedSettingsResolveResult:
    accounts = call.runtime.accounts
    if params.github_token is None and params.selection_id is None:
        identity = await accounts.current()
    else:
        identity = await accounts.chosen(params.selection_id, params.github_token)
    policy = device.read_device(device.FILE)
    # The accounts of this runtime have no policy of their own on any server.
    given = [layers.Layer("device", policy.settings or {}), layers.Layer("server", {})]
    told = _resolved(given)
    resolved = told["resolved"]
    resolved["sandboxEnabledByUndeterminedPolicy"] = False
    diagnostics: list[dict[str, object]] = []
    if policy.problem is not None:
        resolved.update(_restricted(policy))
        diagnostics.append({"path": "device", "severity": "warning", "message": _NOT_LOADED})
    if params.working_directory is not None and "policyHelper" in given[0].settings:
        diagnostics.append({"path": "policyHelper", "severity": "warning", "message": _NO_HELPERS})
    context: dict[str, object] = {"failClosed": policy.problem is not None}
    if found := permissions.layers_of([layer.settings for layer in given]):
        context["permissions"] = permissions.context(found)
    return ManagedSettingsResolveResult.model_validate(
        {
            **told,
            "account": None if identity is None else _account(identity),
            "permissionsContext": context,
            "layers": _layers(given),
            "diagnostics": diagnostics,
        }
    )


def _restricted(policy: device.DevicePolicy) -> dict[str, object]:
    """What is in force where the document of the device cannot be used."""
    sandbox = policy.sandbox or {}
    return {
        "source": "device",
        "deviceManaged": True,
        "failClosed": True,
        "sandboxEnabledByUndeterminedPolicy": sandbox.get("enabled") is not True,
        "managedKeys": ["sandbox", "telemetry"],
        "settings": {"sandbox": {**sandbox, **_FLOOR}, "telemetry": {"enabled": False}},
    }


def _account(identity: Identity) -> str:
    """What tells an account from others, in every runtime alike."""
    return hashlib.sha256(f"{identity.host}/{identity.login}".encode()).hexdigest()[:32]


@router.plain("managedSettings.clearCache")
async def _clear_cache(_: Call) -> None:
    """Nothing: no server is asked for policies, so none are kept, and the file of the device is read each time."""


@router.on("managedSettings.permissions.evaluate", ManagedPermissionsEvaluateRequest, exact=InvalidInput)
async def _evaluate(_: Call, params: ManagedPermissionsEvaluateRequest) -> ManagedPermissionsEvaluateResult:
    given: object = {} if params.context.permissions is None else params.context.permissions
    if not is_object(given):
        raise InvalidInput(f"context.permissions: Expected object, received {type_name(given)}")
    try:
        policy = permissions.read_policy(given)
    except ValueError as error:
        raise InvalidInput(f"context.permissions.{error}") from error
    addresses = [_address(index, operation.url) for index, operation in enumerate(params.operations)]
    closed = params.context.fail_closed
    verdicts = ["deny" if closed else policy.verdict(address) for address in addresses]
    return ManagedPermissionsEvaluateResult.model_validate(
        {
            "failClosed": closed,
            "results": [
                {"operation": operation, "verdict": verdict}
                for operation, verdict in zip(params.operations, verdicts, strict=True)
            ],
        }
    )


def _address(index: int, url: str) -> Address:
    address = read_address(url)
    if address is None or address.scheme not in ("http", "https"):
        raise InvalidInput(f"operations[{index}].url: expected an absolute HTTP(S) URL with a host")
    return address


def _channel(name: str | None) -> Channel | None:
    return next((channel for channel in CHANNELS if channel == name), None)


def _diagnostics(findings: Sequence[Finding], *, below: str = "") -> list[ManagedSettingsDiagnostic]:
    return [
        ManagedSettingsDiagnostic(
            path=".".join(part for part in (below, finding.path) if part),
            severity=finding.severity,
            message=finding.message,
        )
        for finding in findings
    ]


def _layers(given: Sequence[layers.Layer]) -> list[dict[str, object]]:
    return [{"source": layer.channel, "settings": layer.settings or None} for layer in given]


def _resolved(given: Sequence[layers.Layer]) -> dict[str, dict[str, object]]:
    """The members of a result that tell what documents add up to."""
    found = layers.resolve(given)
    resolved: dict[str, object] = {
        "source": found.source,
        **{f"{channel}Managed": channel in found.channels for channel in CHANNELS},
        "clientManaged": False,
        "failClosed": False,
        "bypassPermissionsDisabled": found.bypass_disabled,
        "managedKeys": list(found.settings),
        "settings": found.settings or None,
    }
    if found.allows_intersected:
        resolved["permissionsAllowIntersected"] = True
    told: dict[str, dict[str, object]] = {"resolved": resolved}
    if found.values:
        told["values"] = {name: value.value for name, value in found.values.items()}
        told["meta"] = {
            name: {"overridable": value.overridable, "source": value.channel}
            for name, value in found.values.items()
        }
    return told
