"""What the runtime tells of the policies of administrators."""

from __future__ import annotations

from tests.unit.runtime.harness import Join, Start


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
