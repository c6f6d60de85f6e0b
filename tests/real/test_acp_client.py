"""The client of the Agent Client Protocol against agents that others have written: the CLI, and the official SDK."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from copilot_sdk import acp
from copilot_sdk.acp.permissions import approve_once
from copilot_sdk.acp.types import RequestPermissionRequest, ToolCall, ToolCallUpdate, UserMessageChunk
from copilot_sdk.errors import MethodNotFound, RpcError
from copilot_sdk.providers import MemoryFiles
from tests.real.support.cli import VERSION, installed_cli
from tests.real.support.provider import provider_environment
from tests.real.support.stage import MODEL_ID, ModelScript
from tests.support.model_server import ModelServer, Reply
from tests.support.model_server import ToolCall as ModelToolCall

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFFICIAL = Path(__file__).parent / "support" / "acp_official_agent.py"


# ------------------------------------------------------- agents on the official SDK


@asynccontextmanager
async def official(how: str = "silent", **options: Any) -> AsyncIterator[acp.Client]:
    async with acp.connect([sys.executable, str(OFFICIAL), how], **options) as client:
        yield client


async def said(session: acp.Session, text: str) -> str:
    return "".join([piece async for piece in session.prompt(text).text()])


async def test_an_agent_on_the_official_sdk_is_driven() -> None:
    files = MemoryFiles()
    files.write("/src/a.txt", b"content of the editor", None)
    async with official(files=files, on_permission=acp.approve_all) as client:
        assert client.agent_info is not None
        assert client.agent_info.name == "official"
        session = await client.new_session("/src")
        assert await said(session, "hello") == "hello"
        assert await said(session, "may I?") == "selected"
        assert await said(session, "read") == "content of the editor"
        assert (await session.prompt("bye")).stop_reason == "end_turn"
        assert [info.session_id for info in await client.list_sessions()] == [session.id]
        with pytest.raises(acp.CapabilityMissing):
            await client.resume_session("x", "/src")


@pytest.mark.parametrize(("how", "replayed"), [("silent", []), ("replay", ["hello", "hello"])])
async def test_a_fork_of_an_official_agent_goes_its_own_way(how: str, replayed: list[str]) -> None:
    async with official(how) as client:
        session = await client.new_session("/src")
        await session.prompt("hello")
        forked = await session.fork()
        assert [update.to_wire()["content"]["text"] for update in forked.history] == replayed
        assert await said(forked, "history") == "hello hello"
        assert await said(session, "only here") == "only here"
        assert "only here" not in await said(forked, "history")


async def test_a_fork_that_an_official_agent_has_only_stored_is_loaded() -> None:
    async with official("stored") as client:
        session = await client.new_session("/src")
        await session.prompt("hello")
        dead = await session.fork()
        with pytest.raises(RpcError):
            await dead.prompt("history")
        await dead.close()
        forked = await session.fork(reopen="load")
        assert [update.to_wire()["content"]["text"] for update in forked.history] == ["hello", "hello"]
        assert await said(forked, "history") == "hello hello"


# ------------------------------------------------------------------------ the CLI


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cli(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[acp.Client, ModelScript, Path]]:
    folder, script = tmp_path_factory.mktemp("acp"), ModelScript()

    async def decide(request: RequestPermissionRequest) -> Any:
        assert request.tool_call.kind == "execute"
        return approve_once()

    with ModelServer(script, models=[MODEL_ID]) as server:
        env = provider_environment(server, folder / "home", MODEL_ID)
        command = [str(installed_cli()), "--acp"]
        async with acp.connect(command, env=env, on_permission=decide) as client:
            yield client, script, folder


async def test_the_cli_introduces_itself(cli: tuple[acp.Client, ModelScript, Path]) -> None:
    client, _, _ = cli
    assert client.agent_info is not None
    assert (client.agent_info.name, client.agent_info.version) == ("Copilot", VERSION)
    assert client.supports("session/load")
    assert not client.supports("session/fork")


async def test_a_turn_of_the_cli_runs_a_tool_after_its_permission(
    cli: tuple[acp.Client, ModelScript, Path],
) -> None:
    client, script, folder = cli
    call = ModelToolCall("bash", {"command": "echo hi > f.txt; cat f.txt", "description": "write a file"})
    script.answers += [Reply(tool_calls=[call]), Reply(["It ", "is ", "done."])]
    session = await client.new_session(folder)
    assert "mode" in [getattr(option, "id", None) for option in session.config_options]
    assert session.commands
    turn = session.prompt("Write a file.")
    updates = [update async for update in turn]
    assert (await turn).stop_reason == "end_turn"
    assert (await turn).usage is not None
    kinds = [type(update) for update in updates]
    assert kinds.index(ToolCall) < kinds.index(ToolCallUpdate)
    assert [update.status for update in updates if isinstance(update, ToolCallUpdate)][-1] == "completed"
    assert (folder / "f.txt").read_text() == "hi\n"
    script.answers.append(Reply(["Hello ", "again."]))
    assert await said(session, "Say hello.") == "Hello again."
    assert session.title
    await session.close()


async def test_a_session_of_the_cli_is_listed_and_loaded(cli: tuple[acp.Client, ModelScript, Path]) -> None:
    client, script, folder = cli
    script.answers.append(Reply("Remembered."))
    session = await client.new_session(folder)
    await session.prompt("Remember this.")
    assert session.id in [info.session_id for info in await client.list_sessions()]
    await session.close()
    loaded = await client.load_session(session.id, folder)
    assert "Remember this." in [
        update.to_wire()["content"]["text"]
        for update in loaded.history
        if isinstance(update, UserMessageChunk)
    ]
    await loaded.close()


async def test_the_cli_refuses_to_fork_and_the_error_is_clean(
    cli: tuple[acp.Client, ModelScript, Path],
) -> None:
    client, _, folder = cli
    session = await client.new_session(folder)
    with pytest.raises(acp.CapabilityMissing, match=r"does not offer .*\.fork"):
        await session.fork()
    with pytest.raises(MethodNotFound):
        await client.request("session/fork", {"sessionId": session.id, "cwd": str(folder), "mcpServers": []})
    await session.close()
