"""What the runtime tells of the policies of administrators."""

from __future__ import annotations

import pytest

from copilot_sdk.errors import RpcError
from tests.unit.runtime.harness import Join, Json, Start


async def test_a_session_without_policies_says_so(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    told = await client.call("session.managedSettings.get")
    assert (told["source"], told["managedKeys"]) == ("none", [])
    assert told["permissionsContext"] == {"failClosed": False}


async def test_the_policies_of_a_client_are_told(start: Start, join: Join) -> None:
    client = await join(start())
    rules = {"deny": ["Shell(rm)"], "disableBypassPermissionsMode": "disable"}
    await client.open(managedSettings={"permissions": rules})
    told = await client.call("session.managedSettings.get")
    assert (told["source"], told["clientManaged"], told["bypassPermissionsDisabled"]) == (
        "client",
        True,
        True,
    )
    assert told["settings"] == {"permissions": rules}
    assert rules.items() <= told["permissionsContext"]["permissions"].items()


RULES: Json = {"deny": ["Shell(rm)"], "disableBypassPermissionsMode": "disable"}


async def test_what_a_client_wants_for_its_sessions_is_checked(start: Start, join: Join) -> None:
    client = await join(start())
    settings = {"permissions": RULES}
    assert await client.call("managedSettings.parseClientValue", settings=settings) == {
        "settingsJson": settings
    }
    assert await client.call("managedSettings.parseClientValue") == {}
    judged = await client.call("permissions.evaluateManagedPolicy", permissions=RULES)
    assert (judged["bypassPermissionsDisabled"], judged["permissionRulesActive"]) == (True, True)
    judged = await client.call("permissions.evaluateManagedPolicy")
    assert (judged["bypassPermissionsDisabled"], judged["permissionRulesActive"]) == (False, False)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (5, "must be an object"),
        ({"model": "one"}, r"managedSettings\.model is not supported"),
        ({"permissions": 5}, "permissions: Expected object, received number"),
        ({"permissions": {"more": 1}}, r"managedSettings\.permissions\.more is not supported"),
        ({"permissions": {"deny": "Read"}}, r"permissions\.deny: Expected array, received string"),
        ({"permissions": {"ask": ["Read", 1]}}, r"permissions\.ask\.1: Expected string, received number"),
        ({"permissions": {"deny": ["Read("]}}, r"permissions\.deny\.0: Invalid rule format: Read\("),
        ({"permissions": {"deny": ["Dig(x)"]}}, "Unsupported managed permission rule family 'Dig'"),
        ({"permissions": {"disableBypassPermissionsMode": 1}}, "Expected string, received number"),
    ],
)
async def test_what_is_wrong_with_policies_is_named(
    start: Start, join: Join, settings: object, problem: str
) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match=problem):
        await client.call("managedSettings.parseClientValue", settings=settings)


@pytest.mark.parametrize(
    ("policy", "source", "identity", "expected"),
    [
        ("disabled", None, None, ("managed", "me", True, True)),
        ("disabled", "user", "you", ("user", "you", True, True)),
        ("disabled", "mdm", None, ("mdm", None, None, False)),
        ("allowed", "managed", "me", ("managed", "me", None, False)),
        ("allowed", "managed", "you", (None, None, False, False)),
        ("unknown", "user", None, ("user", None, None, False)),
    ],
)
async def test_a_policy_against_bypassing_ends_with_its_account(
    start: Start,
    join: Join,
    policy: str,
    source: str | None,
    identity: str | None,
    expected: tuple[object, ...],
) -> None:
    client = await join(start())
    before = {"currentSource": source, "currentManagedIdentity": identity}
    told = await client.call(
        "managedSettings.resolveBypassDisableTransition", activeIdentity="me", policy=policy, **before
    )
    names = ("source", "managedIdentity", "setDisabledState", "suppressRuntimeAllowAll")
    assert tuple(told.get(name) for name in names) == expected


async def test_a_policy_against_bypassing_has_to_be_known(start: Start, join: Join) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match="policy: unknown variant `often`, expected one of allowed"):
        await client.call(
            "managedSettings.resolveBypassDisableTransition", activeIdentity="me", policy="often"
        )
