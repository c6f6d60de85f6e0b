"""Methods of `connectors` and `session.connectors`: a runtime without the service that has them says so."""

from __future__ import annotations

from typing import Literal

from copilot_sdk._generated.copilot.types import (
    ConnectorAccountRequest,
    ConnectorCapabilities,
    ConnectorConnectRequest,
    ConnectorDiscoveryAccountList,
    ConnectorDiscoveryAccountRequest,
    ConnectorDiscoveryCapabilities,
    ConnectorReconcileRequest,
    ConnectorStatus,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.faults import InvalidInput, RuntimeFault

router = Router()

_API_VERSION = 1
_AVAILABILITY: Literal["disabled"] = "disabled"
_MOST_POLLS = 60
_POLL_MS = 30_000
_DEADLINE_MS = 300_000


@router.plain("connectors.getAccounts")
async def _get_accounts(_: Call) -> ConnectorDiscoveryAccountList:
    return ConnectorDiscoveryAccountList(availability=_AVAILABILITY, accounts=[])


@router.plain("connectors.getCapabilities")
async def _get_capabilities(_: Call) -> ConnectorDiscoveryCapabilities:
    return ConnectorDiscoveryCapabilities(
        api_version=_API_VERSION,
        availability=_AVAILABILITY,
        opaque_account_selection=True,
        conditional_cache=True,
    )


@router.on("connectors.list", ConnectorDiscoveryAccountRequest)
@router.on("connectors.refresh", ConnectorDiscoveryAccountRequest)
async def _refuse(_: Call, __: ConnectorDiscoveryAccountRequest) -> None:
    raise InvalidInput("Connector discovery is disabled for this client")


@router.plain("session.connectors.getAccount")
async def _get_account(call: Call) -> None:
    call.runtime.live(call.target)


@router.plain("session.connectors.getCapabilities")
async def _get_capabilities_of_session(call: Call) -> ConnectorCapabilities:
    call.runtime.live(call.target)
    return ConnectorCapabilities(
        api_version=_API_VERSION,
        availability=_AVAILABILITY,
        consent_continuation=True,
        opaque_account_selection=True,
        session_account_selection=True,
        targeted_reconcile=True,
        max_poll_attempts=_MOST_POLLS,
        max_poll_interval_ms=_POLL_MS,
        max_deadline_ms=_DEADLINE_MS,
    )


@router.plain("session.connectors.getStatus")
@router.plain("session.connectors.withdrawProjection")
async def _get_status(call: Call) -> ConnectorStatus:
    return _status_in(call)


@router.on("session.connectors.reconcile", ConnectorReconcileRequest)
async def _reconcile(call: Call, _: ConnectorReconcileRequest) -> ConnectorStatus:
    return _status_in(call)


@router.on("session.connectors.reconcileForStartup", ConnectorAccountRequest)
async def _reconcile_for_startup(call: Call, _: ConnectorAccountRequest) -> ConnectorStatus:
    return _status_in(call)


@router.on("session.connectors.list", ConnectorAccountRequest)
@router.on("session.connectors.refresh", ConnectorAccountRequest)
async def _refuse_account(call: Call, _: ConnectorAccountRequest) -> None:
    _refuse_in(call)


@router.on("session.connectors.connect", ConnectorConnectRequest)
@router.on("session.connectors.disconnect", ConnectorConnectRequest)
@router.on("session.connectors.reconnect", ConnectorConnectRequest)
async def _refuse_connector(call: Call, _: ConnectorConnectRequest) -> None:
    _refuse_in(call)


def _refuse_in(call: Call) -> None:
    call.runtime.live(call.target)
    raise RuntimeFault("Connectors are disabled for this session")


def _status_in(call: Call) -> ConnectorStatus:
    call.runtime.live(call.target)
    return ConnectorStatus(
        api_version=_API_VERSION, availability=_AVAILABILITY, runtime_servers=[], pending_connections=0
    )
