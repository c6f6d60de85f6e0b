"""Extensions, launched as a client says."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError, RpcError
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

RESOLVE = "extensionLaunchProvider.resolve"
JOINS = """
import asyncio, os
from copilot_sdk import CopilotClient, ConnectionClosed, tool
from copilot_sdk.transports.stdio import StdioTransport

@tool
def shout(text: str) -> str:
    "Shouts."
    return text.upper()

async def main():
    async with CopilotClient.over(StdioTransport.of_this_process) as client:
        session = await client.resume_session(os.environ["SESSION_ID"], disable_resume=True, tools=[shout])
        try:
            async for _ in session.events():
                pass
        except ConnectionClosed:
            pass

asyncio.run(main())
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    for folder in (work / ".github" / "extensions" / "hello", tmp_path / "home" / "extensions" / "mine"):
        folder.mkdir(parents=True)
        (folder / "extension.mjs").touch()
    return work


async def opened(client: Client, work: Path, launch: Json | None) -> None:
    client.answers.setdefault(RESOLVE, lambda _: {} if launch is None else {"launch": launch})
    await client.call("registerExtensionLaunchProvider")
    created = await client.open(requestExtensions=True, workingDirectory=str(work))
    assert created["capabilities"]["extensions"] is True


async def until(client: Client, *statuses: str) -> None:
    while await listed(client) != list(statuses):
        await client.until("session.extensions_loaded")


async def listed(client: Client) -> list[str]:
    extensions = (await client.call("session.extensions.list"))["extensions"]
    return [extension["status"] for extension in extensions]


def python(code: str, **environment: str) -> Json:
    return {"executable": sys.executable, "args": ["-c", code], "env": environment}


async def test_an_extension_joins_the_session_and_leaves_with_it(
    start: Start, join: Join, work: Path
) -> None:
    runtime = start([Reply("hi")])
    client = await join(runtime)
    client.answers[RESOLVE] = lambda params: (
        {"launch": python(JOINS)} if params["source"] == "project" else {}
    )
    await opened(client, work, None)
    await until(client, "failed", "running")
    modules = (work.parent / "home" / "extensions" / "mine", work / ".github" / "extensions" / "hello")
    assert client.asked_for(RESOLVE) == [
        {
            "id": f"{source}:{module.name}",
            "name": module.name,
            "modulePath": str(module / "extension.mjs"),
            "source": source,
        }
        for source, module in zip(("user", "project"), modules, strict=True)
    ]
    await client.turn("go")
    assert "shout" in [tool.name for tool in asked_of(runtime)[0].tools]
    await client.call("session.destroy")
    assert not runtime.runtime.sessions


PUSHES = """
import asyncio, os
from copilot_sdk import CopilotClient, ConnectionClosed, RpcError
from copilot_sdk.transports.stdio import StdioTransport

async def main():
    async with CopilotClient.over(StdioTransport.of_this_process) as client:
        session = await client.resume_session(os.environ["SESSION_ID"], disable_resume=True)
        push = session.rpc.extensions.send_attachments_to_message
        context = {"type": "extension_context", "title": "Chart", "payload": {"x": 1}}
        file = {"type": "file", "path": "/a", "displayName": "a"}
        await push(attachments=[context, file])
        try:
            await push(attachments=[context], instance_id="none")
        except RpcError as error:
            await session.rpc.log(message=error.message)
        try:
            async for _ in session.events():
                pass
        except ConnectionClosed:
            pass

asyncio.run(main())
"""


async def test_an_extension_hands_attachments_to_the_host(start: Start, join: Join, work: Path) -> None:
    runtime = start([Reply("hi")])
    client = await join(runtime)
    client.answers[RESOLVE] = lambda params: (
        {"launch": python(PUSHES)} if params["source"] == "project" else {}
    )
    await opened(client, work, None)
    context, file = (await client.until("session.extensions.attachments_pushed"))["data"]["attachments"]
    assert context == {
        "type": "extension_context",
        "capturedAt": context["capturedAt"],
        "title": "Chart",
        "payload": {"x": 1},
        "extensionId": "project:hello",
    }
    assert file["path"] == "/a"
    told = (await client.until("session.info"))["data"]["message"]
    assert 'Canvas instance "none" is not open, or not owned by the caller.' in told
    pushed = client.of("session.extensions.attachments_pushed")[0]["attachments"]
    await client.turn("look", attachments=pushed)
    seen = asked_of(runtime)[0].messages[-1].text
    assert '* context from project:hello: Chart\n{"x": 1}' in seen
    with pytest.raises(InternalError, match="only be called from an extension-owned connection") as refused:
        await client.call("session.extensions.sendAttachmentsToMessage", attachments=[])
    assert refused.value.data == {"code": "extension_context_requires_extension_caller"}


async def test_the_program_gets_the_environment_that_the_client_says(
    start: Start, join: Join, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    client = await join(start())
    tell = """
import os
open(os.environ["NAME"], "w").write(f"{os.environ['SESSION_ID']} {os.environ.get('GITHUB_TOKEN')}")
"""
    await opened(client, work, python(tell, NAME="mark"))
    await until(client, "failed", "failed")
    assert (work / "mark").read_text() == f"{client.session_id} None"


async def refuse(_: Json) -> Json:
    raise InternalError("cannot launch")


async def never(_: Json) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [lambda _: {}, refuse, never, lambda _: {"launch": 5}])
async def test_an_extension_that_is_not_launched_has_failed(
    start: Start, join: Join, work: Path, answer: object
) -> None:
    client = await join(start(provider_seconds=0.05))
    client.answers[RESOLVE] = answer  # type: ignore[assignment]
    await opened(client, work, None)
    await until(client, "failed", "failed")


async def test_a_program_that_cannot_be_started_has_failed(start: Start, join: Join, work: Path) -> None:
    client = await join(start())
    await opened(client, work, {"executable": "/nowhere/to/be/found", "args": [], "env": {}})
    await until(client, "failed", "failed")


async def test_a_program_that_does_not_join_is_ended(start: Start, join: Join, work: Path) -> None:
    client = await join(start(extension_seconds=0.05))
    await opened(client, work, python("import time; time.sleep(600)"))
    await until(client, "failed", "failed")


async def test_without_a_client_that_launches_them_extensions_fail(
    start: Start, join: Join, work: Path
) -> None:
    client = await join(start())
    await client.open(requestExtensions=True, workingDirectory=str(work))
    await until(client, "failed", "failed")
    with pytest.raises(RpcError, match="Call registerExtensionLaunchProvider before creating any sessions"):
        await client.call("registerExtensionLaunchProvider")


async def test_extensions_are_disabled_enabled_and_reloaded(start: Start, join: Join, work: Path) -> None:
    client = await join(start())
    await opened(client, work, None)
    await until(client, "failed", "failed")
    await client.call("session.extensions.disable", id="project:hello")
    assert await listed(client) == ["failed", "disabled"]
    client.asked.clear()
    await client.call("session.extensions.reload")
    await until(client, "failed", "disabled")
    await client.call("session.extensions.enable", id="project:hello")
    await until(client, "failed", "failed")
    assert [params["id"] for params in client.asked_for(RESOLVE)] == ["user:mine", "project:hello"]
    with pytest.raises(RpcError, match="Extension not found: nope"):
        await client.call("session.extensions.disable", id="nope")


async def test_a_session_that_wants_none_has_none(start: Start, join: Join, work: Path) -> None:
    client = await join(start())
    created = await client.open(workingDirectory=str(work))
    assert created["capabilities"]["extensions"] is False
    assert await listed(client) == []
    for method, params in (("enable", {"id": "x"}), ("disable", {"id": "x"}), ("reload", {})):
        with pytest.raises(RpcError, match="Extensions not available"):
            await client.call(f"session.extensions.{method}", **params)
