"""Catalogs and installations, as far as they go without the services and the accounts that they are of."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest
import respx

from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk.errors import InternalError, InvalidParams, RpcError
from copilot_sdk.runtime import Account, ScriptedAccounts, embedded
from copilot_sdk.runtime.copilot.installations import OPERATIONS, Operation
from copilot_sdk.runtime.core.canonical_json import canonical
from copilot_sdk.runtime.core.catalog import retrieval
from copilot_sdk.runtime.core.catalog.addresses import is_public
from copilot_sdk.runtime.core.catalog.contracts import CAPABILITIES
from copilot_sdk.runtime.core.catalog.refusals import Refusal
from tests.unit.runtime.harness import Client, Join, Json, Start

CREDENTIAL = "catalog-search-credential-required"
REMOTE: Json = {"type": "sse", "url": "https://example.org/mcp"}
SERVER: Json = {"name": "org.example/rake", "description": "Rakes.", "version": "1.0.0"}
CARD: Json = {**SERVER, "remotes": [REMOTE]}
MEDIA_TYPE = "application/mcp-server-card+json"


def contract(*capabilities: str) -> Json:
    return {"protocolVersion": 3, "requiredCapabilities": list(capabilities)}


async def plan(client: Client, content: object, **more: object) -> Json:
    card = {"kind": "embedded", "mediaType": MEDIA_TYPE, "data": json.dumps(content)}
    source = {"kind": "card", "card": card}
    result: Json = await client.call("mcp.planInstall", contract=contract(), source=source, **more)
    return result


@pytest.mark.parametrize(("method", "operation"), OPERATIONS.items())
def test_an_operation_looks_at_each_member_that_the_schema_has(method: str, operation: Operation) -> None:
    params = OUTBOUND[method].params
    assert params is not None
    members = {field.alias or name for name, field in params().model_fields.items()}
    assert members == {"contract", *operation.members}


def test_json_is_canonical_as_the_standard_has_it() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0.0, 2**53 + 1],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,9007199254740992],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'


async def test_a_plan_says_what_it_takes_to_install_a_server(start: Start, join: Join) -> None:
    client = await join(start())
    header = {"name": "X-Row", "isRequired": True, "format": "number", "default": "many"}
    planned = await plan(client, {**SERVER, "remotes": [{**REMOTE, "headers": [header]}, REMOTE]})
    needed, free = planned["plan"]["transportChoices"]
    assert needed["requiredValues"] == [
        {
            "kind": "scalar",
            "key": "X-Row",
            "category": "header",
            "valueType": "number",
            "required": True,
            "title": "X-Row",
            "isRepeated": False,
        }
    ]
    assert free["requiredValues"] == []
    assert planned["plan"]["requiresInteractiveConfiguration"] is False
    assert planned["plan"]["planHandle"] != (await plan(client, CARD))["plan"]["planHandle"]


async def test_secrets_stand_for_the_same_as_long_as_the_card_is_the_same(start: Start, join: Join) -> None:
    def secret(version: str) -> Json:
        header = {"name": "Authorization", "isSecret": True}
        return {**SERVER, "version": version, "remotes": [{**REMOTE, "headers": [header]}]}

    async def placeholder(client: Client, version: str) -> object:
        (choice,) = (await plan(client, secret(version)))["plan"]["transportChoices"]
        return choice["secretPlaceholders"][0]["placeholder"]

    one, other = await join(start()), await join(start())
    assert await placeholder(one, "1") == await placeholder(other, "1")
    assert await placeholder(one, "1") != await placeholder(one, "2")


async def test_a_plan_updates_what_is_configured_and_spares_what_cannot_be_read(
    start: Start, join: Join
) -> None:
    runtime = start()
    client = await join(runtime)
    file = runtime.runtime.home / "mcp-config.json"
    for servers, expected in (
        ({}, "add"),
        ({"org.example/rake": {"type": "stdio", "command": "rake", "args": [], "tools": ["*"]}}, "update"),
    ):
        file.write_text(json.dumps({"mcpServers": servers}))
        (change,) = (await plan(client, CARD))["plan"]["configurationChanges"]
        assert change["operation"] == expected
    for text in ("{", "{}", '{"mcpServers": {"org.example/rake": {"odd": 1}}}'):
        file.write_text(text)
        assert (await plan(client, CARD))["reason"] == "planning-unavailable"
        assert file.read_text() == text


@pytest.mark.parametrize(
    "odd", [{"headers": {}}, {"variables": []}, {"headers": [{"name": "A", "value": None}]}]
)
async def test_a_list_that_is_none_makes_no_sense_of_a_card(start: Start, join: Join, odd: Json) -> None:
    client = await join(start())
    refused = await plan(client, {**SERVER, "remotes": [{**REMOTE, **odd}, REMOTE]})
    assert refused["reason"] == "remote-enumeration-unavailable"


async def test_a_version_that_is_no_whole_number_is_told_at_once(start: Start, join: Join) -> None:
    client = await join(start())
    for version in (3.5, float(2**33), 0, True, "3"):
        refused = await client.call(
            "catalog.search", contract={**contract(), "protocolVersion": version}, query="q"
        )
        assert (refused["kind"], refused["field"]) == ("invalid-request", "contract")


async def test_who_has_to_be_signed_in_to_search_is_told(join: Join) -> None:
    known = ScriptedAccounts({"gho_one": Account("octocat")})
    async with embedded(accounts=known) as runtime:
        client = await join(runtime)
        search: Json = {"contract": contract(CREDENTIAL), "query": "rake"}
        assert (await client.call("catalog.search", **search))["reason"] == "no-credential"
        await client.call("account.login", host="https://github.com", token="gho_one")
        assert (await client.call("catalog.search", **search))["kind"] == "network-failure"


@pytest.mark.parametrize("method", OPERATIONS)
async def test_what_is_wrong_with_a_request_is_named(start: Start, join: Join, method: str) -> None:
    client = await join(start())
    expected = InvalidParams if method.startswith("mcp.") else InternalError
    with pytest.raises(expected, match=rf"{list(OPERATIONS[method].members)[-1]}.*, more:"):
        await client.call(method, contract=contract(*CAPABILITIES), more=1)


def test_addresses_of_no_open_network_are_known() -> None:
    closed = (
        "10.1.2.3 127.0.0.1 169.254.169.254 100.64.0.1 ::1 fd00::1 fe80::1 ::ffff:10.0.0.1 64:ff9b::7f00:1"
    )
    assert not any(map(is_public, closed.split()))
    assert all(map(is_public, ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14"]))


@respx.mock
async def test_a_card_is_fetched_from_where_its_name_led_when_it_was_checked(
    start: Start, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lookup(_: str) -> list[str]:
        return ["93.184.215.14"]

    monkeypatch.setattr(retrieval, "_addresses_of", lookup)
    route = respx.get("https://93.184.215.14:8443/card").respond(json=CARD)
    card = {"kind": "url", "mediaType": MEDIA_TYPE, "url": "https://Example.org:8443/card"}
    client = await join(start())
    planned = await client.call("mcp.planInstall", contract=contract(), source={"kind": "card", "card": card})
    assert planned["plan"]["provenance"]["authority"] == "example.org:8443"
    (call,) = route.calls
    assert call.request.headers["host"] == "example.org:8443"
    assert call.request.extensions["sni_hostname"] == "example.org"


@respx.mock
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(302), {"reason": "redirect-rejected", "statusCode": 302}),
        (httpx.Response(401), {"kind": "authentication-required"}),
        (httpx.Response(403), {"kind": "policy-rejected"}),
        (httpx.Response(404), {"reason": "http-status", "statusCode": 404}),
        (httpx.Response(407), {"reason": "proxy-authentication-required"}),
        (httpx.Response(429, headers={"retry-after": "9999"}), {"retryAfterSeconds": 300}),
        (httpx.Response(503), {"reason": "service-unavailable", "statusCode": 503}),
        (httpx.Response(200, text="x" * (1024 * 1024 + 1)), {"reason": "response-too-large"}),
        (httpx.Response(200, content=b"\xff"), {"reason": "invalid-json", "mediaType": MEDIA_TYPE}),
        (httpx.ReadTimeout("slow"), {"reason": "timeout"}),
        (httpx.ConnectError("refused"), {"reason": "connection-refused"}),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), {"reason": "tls"}),
    ],
)
async def test_why_a_card_did_not_come_is_told(answer: httpx.Response | Exception, expected: Json) -> None:
    respx.get("https://93.184.215.14/card").mock(side_effect=[answer])
    with pytest.raises(Refusal) as refusal:
        await retrieval.fetch_card("https://93.184.215.14/card", MEDIA_TYPE)
    assert refusal.value.result.items() >= expected.items()


async def test_an_id_of_a_search_is_good_for_one(start: Start, join: Join) -> None:
    client = await join(start())

    async def search(request_id: int) -> str:
        with pytest.raises(RpcError) as error:
            await client.call(
                "mcp.registry.search", requestId=request_id, authInfo={"type": "token"}, limit=5
            )
        return str(error.value)

    first = (await client.call("mcp.registry.allocateRequestId"))["requestId"]
    second = (await client.call("mcp.registry.allocateRequestId"))["requestId"]
    assert "out of reach" in await search(first)
    assert "stands for no search" in await search(first)
    assert await client.call("mcp.registry.cancel", requestId=second) == {"canceled": False}
    assert "stands for no search" in await search(second)


def test_ids_that_nobody_uses_are_taken_back(start: Start) -> None:
    searches = start().runtime.registry_searches
    first, *others = [searches.reserve() for _ in range(1025)]
    with pytest.raises(Exception, match="stands for no search"):
        searches.use(first)
    searches.use(others[0])


@pytest.mark.skipif(sys.platform == "win32", reason="programs are no scripts there")
async def test_gh_stands_in_for_tools_where_it_is_there_and_a_shell_is_left(
    start: Start, join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(start())

    async def excludes(**filters: object) -> bool:
        result = await client.call("mcp.shouldExcludeGitHubTools", **filters)
        return result["excludeGhReplaceableTools"] is True

    monkeypatch.setenv("PATH", str(tmp_path))
    assert not await excludes()
    (tmp_path / "gh").touch(mode=0o755)
    assert await excludes()
    assert await excludes(availableTools=["builtin:*"])
    assert not await excludes(availableTools=["view"])
    assert not await excludes(excludedTools=["bash"])
    both: Json = {"availableTools": ["bash"], "excludedTools": ["bash"]}
    assert await excludes(**both)
    assert not await excludes(**both, toolFilterPrecedence="excluded")
