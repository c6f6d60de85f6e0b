"""The tool that fetches addresses, and the permissions for addresses."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from copilot_sdk.runtime import Call, Reply
from tests.support.loopback import Handler, LoopbackServer
from tests.unit.runtime.harness import Client, Join, Json, Start


class _Pages(Handler):
    def do_GET(self) -> None:
        status, body = {"/pond": (200, "It is wet."), "/away": (302, ""), "/big": (200, "x" * 5_000_001)}.get(
            self.path, (404, "")
        )
        self.reply(status, body, {"Location": "/pond", "Content-Type": "text/plain"})


@pytest.fixture
def site() -> Iterator[str]:
    with LoopbackServer(_Pages) as server:
        yield server.origin


async def _opened(start: Start, join: Join, *calls: Json) -> Client:
    """A session whose agent fetches with these arguments, each in a turn of its own."""
    replies = [(Reply(calls=[Call("web_fetch", arguments)]), Reply("ok")) for arguments in calls]
    client = await join(start([reply for pair in replies for reply in pair]))
    await client.open(requestPermission=True)
    return client


async def _decided(client: Client, **decision: object) -> None:
    request = (await client.until("permission.requested"))["data"]
    assert request["permissionRequest"]["kind"] == "url"
    await client.call(
        "session.permissions.handlePendingPermissionRequest", requestId=request["requestId"], result=decision
    )


async def test_a_page_is_fetched_in_parts(start: Start, join: Join, site: str) -> None:
    page = {"url": f"{site}/pond"}
    client = await _opened(start, join, {**page, "max_length": 5}, {**page, "start_index": 6})
    await client.call("session.permissions.urls.setUnrestrictedMode", enabled=True)
    await client.turn("go")
    await client.turn("go")
    shown = [data["result"]["content"] for data in client.of("tool.execution_complete")]
    assert shown == ["It is\n<the text goes on; its next part has start_index 5>", "wet."]
    assert not client.of("permission.requested")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("{site}/nothing", "status 404"),
        ("{site}/away", "leads on to /pond"),
        ("{site}/big", "more than"),
        ("http://127.0.0.1:1/", "cannot be fetched"),
        ("file:///etc/passwd", "no http or https address"),
    ],
)
async def test_what_cannot_be_fetched_is_told_to_the_model(
    start: Start, join: Join, site: str, url: str, problem: str
) -> None:
    client = await _opened(start, join, {"url": url.format(site=site)})
    await client.call("session.permissions.configure", urls={"unrestricted": True})
    await client.turn("go")
    assert problem in client.of("tool.execution_complete")[0]["error"]["message"]


async def test_without_httpx_it_says_so(start: Start, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    client = await _opened(start, join, {"url": "http://127.0.0.1:1/"})
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("go")
    assert "needs httpx" in client.of("tool.execution_complete")[0]["error"]["message"]


@pytest.mark.parametrize("allowed", ["{site}", "127.0.0.1"])
async def test_addresses_can_be_allowed_by_origin_or_host(
    start: Start, join: Join, site: str, allowed: str
) -> None:
    client = await _opened(start, join, {"url": f"{site}/pond"})
    urls = {"initialAllowed": [allowed.format(site=site)]}
    await client.call("session.permissions.configure", urls=urls)
    await client.turn("go")
    assert not client.of("permission.requested")


@pytest.mark.parametrize("kind", ["approve-for-session", "approve-permanently"])
async def test_an_approved_origin_is_not_asked_about_again(
    start: Start, join: Join, site: str, kind: str
) -> None:
    page = {"url": f"{site}/pond"}
    client = await _opened(start, join, page, page, page)
    await client.send("go")
    await _decided(client, kind=kind, domain=site.removeprefix("http://"))
    await client.until("session.idle")
    await client.turn("go")
    assert len(client.of("permission.requested")) == 1
    client.session_id = ""
    await client.open(requestPermission=True)
    await client.send("go")
    if kind == "approve-for-session":
        await _decided(client, kind="approve-once")
    await client.until("session.idle")
    assert all(data["success"] for data in client.of("tool.execution_complete"))
