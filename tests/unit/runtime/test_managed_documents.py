"""Documents of administrators: their schema, the file of the device, what accounts and sessions make of them."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path

import jsonschema
import pytest

from copilot_sdk.errors import InvalidParams, RpcError
from copilot_sdk.runtime import Call, Reply, ScriptedAccounts, embedded
from copilot_sdk.runtime.core.managed import device
from copilot_sdk.runtime.core.managed.documents import MOST_BYTES, MOST_LEVELS
from copilot_sdk.runtime.core.scripted_accounts import Account
from tests.unit.runtime.harness import Client, Join, Json, Start

GOOD: Json = {
    "allowedMcpServers": [{"serverName": "io.github/shop"}, {"serverCommand": ["shop", "--open"]}],
    "strictPluginOnlyCustomization": ["hooks", "mcp"],
    "autoTier": {"overridable": "balance"},
    "permissions": {"deny": ["Shell(rm)"], "limitTo": ["Domain(*.example.com)"]},
    "remoteControl": {"mode": "requireSSO", "githubDotComOrganizations": ["octo"]},
    "extraKnownMarketplaces": {"own": {"source": {"source": "directory", "path": "/plugins"}}},
    "strictKnownMarketplaces": [{"source": "github", "repo": "octo/plugins"}],
    "policyHelper": {"path": "~/helper", "timeoutMs": 100},
    "forceLoginOrgs": ["octo"],
    "telemetry": {"endpoint": "http://here", "headersProvider": {"path": "/bin/headers"}},
    "sandbox": {
        "userPolicy": {"network": {"allowedHosts": ["*.example.com"], "proxy": {"url": "http://proxy:80"}}}
    },
}
BAD: tuple[Json, ...] = (
    {"allowedMcpServers": [{"serverName": "a b"}]},
    {"deniedMcpServers": [{"serverName": "a", "serverUrl": "b"}]},
    {"features": {"a": 1}},
    {"autoTier": "two words"},
    {"remoteControl": {"mode": "requireSSO"}},
    {"extraKnownMarketplaces": {"own": {"source": {"source": "npm", "package": "p"}}}},
    {"strictKnownMarketplaces": [{"source": "git"}]},
    {"policyHelper": {"path": "bin/helper"}},
    {"forceLoginOrgs": ["octo/team"]},
    {"telemetry": {"headersProvider": {"path": "/bin/headers"}}},
    {"sandbox": {"userPolicy": {"network": {"proxy": {"url": "ftp://proxy"}}}}},
)


@pytest.fixture
async def client(start: Start, join: Join) -> Client:
    """A client of a runtime."""
    return await join(start())


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file of the device would be."""
    path = tmp_path / "managed-settings.json"
    monkeypatch.setattr(device, "FILE", path)
    return path


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Writes the file of the device."""
    path.write_text(text)
    path.chmod(mode)


async def test_the_schema_says_what_is_taken(client: Client) -> None:
    schema = (await client.call("managedSettings.schema"))["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for document in (GOOD, *BAD):
        told = await client.call("managedSettings.validate", content=document)
        assert told["valid"] is (document is GOOD) is validator.is_valid(document), document


async def test_a_document_has_its_limits(client: Client) -> None:
    deep = "[" * MOST_LEVELS + "]" * MOST_LEVELS
    for content, problem in (
        ({"model": "x" * MOST_BYTES}, f"more than {MOST_BYTES} bytes"),
        (json.dumps({"model": "x" * MOST_BYTES}), f"more than {MOST_BYTES} bytes"),
        (f'{{"more": {deep}}}', f"exceeds {MOST_LEVELS} levels"),
    ):
        told = await client.call("managedSettings.validate", content=content)
        assert problem in told["diagnostics"][0]["message"]


async def test_a_device_without_a_file_has_no_policy(client: Client, policy: Path) -> None:
    assert await client.call("managedSettings.read") == {}
    told = await client.call("managedSettings.resolve")
    assert (told["resolved"]["source"], told["permissionsContext"]) == ("none", {"failClosed": False})


async def test_the_file_of_the_device_is_read_each_time(client: Client, policy: Path) -> None:
    for model in ("one", "two"):
        write(policy, json.dumps({"model": model, "permissions": {"deny": ["Read"]}, "more": 1}))
        read = await client.call("managedSettings.read")
        assert read == {"settingsJson": {"model": model, "permissions": {"deny": ["Read"]}}}
        told = await client.call("managedSettings.resolve")
        assert told["values"] == {"model": model}
        assert told["meta"] == {"model": {"overridable": True, "source": "device"}}
        assert told["permissionsContext"]["permissions"]["_defaultAskActive"] is True


@pytest.mark.parametrize(
    ("text", "mode", "problem"),
    [
        ("{", 0o644, "invalid JSON"),
        ("[]", 0o644, "expected a JSON object"),
        ('{"model": 5}', 0o644, "model: Expected string, received number"),
        ("{}", 0o666, "may write it"),
    ],
)
async def test_a_file_that_cannot_be_used_restricts(
    client: Client, policy: Path, text: str, mode: int, problem: str
) -> None:
    write(policy, text, mode)
    assert problem in (await client.call("managedSettings.read"))["errorMessage"]
    told = await client.call("managedSettings.resolve")
    resolved = told["resolved"]
    assert (resolved["failClosed"], resolved["sandboxEnabledByUndeterminedPolicy"]) == (True, True)
    assert resolved["settings"]["sandbox"]["enabled"] is True
    operations = [{"kind": "url", "url": "https://example.com"}]
    judged = await client.call(
        "managedSettings.permissions.evaluate", context=told["permissionsContext"], operations=operations
    )
    assert judged["results"][0]["verdict"] == "deny"


async def test_a_sandbox_that_a_wrong_file_asks_for_is_no_guess(client: Client, policy: Path) -> None:
    write(policy, '{"model": 5, "sandbox": {"enabled": true}}')
    resolved = (await client.call("managedSettings.resolve"))["resolved"]
    assert (resolved["failClosed"], resolved["sandboxEnabledByUndeterminedPolicy"]) == (True, False)


async def test_a_helper_is_told_not_to_be_run(client: Client, policy: Path, tmp_path: Path) -> None:
    write(policy, '{"policyHelper": {"path": "/bin/false"}}')
    assert (await client.call("managedSettings.resolve"))["diagnostics"] == []
    told = await client.call("managedSettings.resolve", workingDirectory=str(tmp_path))
    assert [found["path"] for found in told["diagnostics"]] == ["policyHelper"]


async def test_policies_are_those_of_an_account(stack: AsyncExitStack, join: Join, policy: Path) -> None:
    accounts = ScriptedAccounts({"gho_one": Account("octocat")}, signed_in="gho_one")
    client = await join(await stack.enter_async_context(embedded(accounts=accounts)))
    current = await client.call("managedSettings.resolve")
    assert current["account"]
    assert current == await client.call("managedSettings.resolve", gitHubToken="gho_one")
    with pytest.raises(RpcError):
        await client.call("managedSettings.resolve", gitHubToken="gho_two")


@pytest.mark.parametrize(
    ("layers", "problem"),
    [
        ([{"source": "cloud"}], "unknown variant `cloud`"),
        ([{"source": "device"}] * 2, "`device` appears more than once"),
        ([{"source": "server", "settings": {"model": 5}}], "`server` document is invalid: model: Expected"),
        (
            [{"source": "server", "settings": None}],
            "`server` document is invalid: Expected object, received null",
        ),
        ([{"source": "server", "more": 1}], "unknown field `more`"),
        (5, "layers"),
    ],
)
async def test_what_is_wrong_with_documents_to_compose_is_named(
    client: Client, layers: object, problem: str
) -> None:
    with pytest.raises(InvalidParams, match=problem):
        await client.call("managedSettings.compose", layers=layers)


async def test_a_client_cannot_narrow_with_what_is_no_rule(client: Client) -> None:
    with pytest.raises(
        RpcError, match=r"permissions\.deny\.0: Unsupported managed permission rule family 'Dig'"
    ):
        await client.open(managedSettings={"permissions": {"deny": ["Dig"]}})


@pytest.mark.parametrize(
    ("rule", "url"),
    [
        ("Domain(127.0.0.1)", "https://0x7f.1"),
        ("Domain(https://a.com/x)", "https:\\\\A.com.\\y/../x?q"),
        ("Domain(*.a.com)", "https://user@b%2ea.com"),
        ("Domain(straße.de)", "https://xn--strae-oqa.de"),
    ],
)
async def test_an_address_is_denied_however_it_is_written(client: Client, rule: str, url: str) -> None:
    context = {"failClosed": False, "permissions": {"deny": [rule]}}
    asked = {"context": context, "operations": [{"kind": "url", "url": url}]}
    (judged,) = (await client.call("managedSettings.permissions.evaluate", **asked))["results"]
    assert judged["verdict"] == "deny"


async def test_a_session_reaches_no_domain_outside_its_limits(start: Start, join: Join) -> None:
    call = Call("web_fetch", {"url": "https://example.org/page"})
    client = await join(start([Reply(calls=[call]), Reply("ok")]))
    await client.open(
        requestPermission=True, managedSettings={"permissions": {"limitTo": ["Domain(example.com)"]}}
    )
    await client.call("session.permissions.urls.setUnrestrictedMode", enabled=True)
    await client.turn("Fetch it.")
    assert "limits the domains" in client.of("tool.execution_complete")[0]["error"]["message"]


async def test_what_a_client_wants_is_told_when_its_session_begins(client: Client) -> None:
    rules = {"deny": ["Shell(rm)"], "allow": ["Read"]}
    await client.open(managedSettings={"permissions": rules})
    (told,) = client.of("session.managed_settings_resolved")
    assert told == await client.call("session.managedSettings.get")
    assert told["settings"] == {"permissions": {"deny": ["Shell(rm)"], "_allowLists": [["Read"]]}}


async def test_no_plugin_is_required_of_a_session(client: Client) -> None:
    await client.open()
    told = await client.call("session.plugins.retryManaged", plugins=["a@b"])
    assert told == {"plugins": [{"spec": "a@b", "status": "not_required"}]}
    assert await client.call("session.plugins.retryManaged") == {"plugins": []}


async def test_settings_that_are_no_objects_are_not_merged(client: Client) -> None:
    merge = "user.settings.mergeManagedAndUser"
    with pytest.raises(RpcError, match="Settings must be a JSON object"):
        await client.call(merge, managed=5, user={})
    with pytest.raises(RpcError, match=r"managed\.fusionTier: Invalid enum value"):
        await client.call(merge, managed={"fusionTier": "most"}, user={})
    with pytest.raises(RpcError, match=r"deviceSandboxFloor\.enabled: Expected boolean, received number"):
        await client.call("managedSettings.resolveEffectiveValue", deviceSandboxFloor={"enabled": 1})
