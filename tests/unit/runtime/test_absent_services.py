"""Services that nobody has without an account: what is told of them, and policies that are checked."""

from __future__ import annotations

import json

import pytest

from copilot_sdk.errors import InvalidParams, RpcError
from tests.unit.runtime.harness import Join, Json, Start

STATUS: Json = {"apiVersion": 1, "availability": "disabled", "runtimeServers": [], "pendingConnections": 0}


async def test_connectors_are_disabled(start: Start, join: Join) -> None:
    client = await join(start())
    assert await client.call("connectors.getAccounts") == {"availability": "disabled", "accounts": []}
    assert (await client.call("connectors.getCapabilities"))["availability"] == "disabled"
    for method in ("connectors.list", "connectors.refresh"):
        with pytest.raises(InvalidParams, match="Connector discovery is disabled for this client"):
            await client.call(method, accountId="a")
    await client.open()
    assert await client.call("session.connectors.getAccount") is None
    assert (await client.call("session.connectors.getCapabilities"))["maxPollAttempts"] == 60
    assert await client.call("session.connectors.getStatus") == STATUS
    assert await client.call("session.connectors.withdrawProjection") == STATUS
    for name in ("reconcile", "reconcileForStartup"):
        assert await client.call(f"session.connectors.{name}", accountId="a") == STATUS
    for name in ("connect", "disconnect", "list", "reconnect", "refresh"):
        with pytest.raises(RpcError, match="Connectors are disabled for this session"):
            await client.call(f"session.connectors.{name}", accountId="a", connectorName="c")


async def test_policies_that_exclude_content_are_checked(start: Start, join: Join) -> None:
    client = await join(start())
    policy: Json = {"rules": [{"paths": ["**/x"]}], "last_updated_at": 1, "scope": "all"}

    async def check(policies: object) -> Json:
        result: Json = await client.call(
            "contentExclusion.validatePolicies", policiesJson=json.dumps(policies)
        )
        return result

    assert await check([policy]) == {"policies": [policy]}
    for policies, problem in (
        ({}, "Expected array, received object"),
        ([{"rules": []}], r"0\.last_updated_at: Required; 0\.scope: Required"),
        ([policy, 3], "1: Expected object, received number"),
    ):
        with pytest.raises(InvalidParams, match=problem):
            await check(policies)
    with pytest.raises(InvalidParams, match="policiesJson"):
        await client.call("contentExclusion.validatePolicies", policiesJson="nope")
