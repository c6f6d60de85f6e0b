"""Agents of ours under the client of the official Python SDK, and under our own."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any, cast

import acp as official
from acp.schema import (
    AllowedOutcome,
    ClientCapabilities,
    FileSystemCapabilities,
    PermissionOption,
    ReadTextFileResponse,
    RequestPermissionResponse,
    ToolCallUpdate,
    WriteTextFileResponse,
)

from copilot_sdk import acp
from copilot_sdk.acp.types import ToolCall
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.runtime.acp.front import serve
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.transports.memory import memory_pair

GUIDE = Path(__file__).parents[2] / "docs/guides/writing-an-agent.md"
SCRIPT = """
[[replies]]
reasoning = "A file."
calls = [{ name = "create", arguments = { path = "made.txt", file_text = "made" } }]
[[replies]]
text = ["It is ", "made."]
[[replies]]
text = "In the fork."
[[replies]]
text = "In the origin."
"""


class OfficialClient:
    """Allows what is asked for and keeps what it is told."""

    def __init__(self) -> None:
        self.updates: list[tuple[str, Any]] = []
        self.written: dict[str, str] = {}

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **kwargs: Any
    ) -> RequestPermissionResponse:
        chosen = next(option for option in options if option.kind == "allow_once")
        return RequestPermissionResponse(
            outcome=AllowedOutcome(outcome="selected", option_id=chosen.option_id)
        )

    async def session_update(self, session_id: str, update: Any, **kwargs: Any) -> None:
        self.updates.append((session_id, update))

    async def read_text_file(
        self, session_id: str, path: str, line: int | None = None, limit: int | None = None, **kwargs: Any
    ) -> ReadTextFileResponse:
        raise official.RequestError.resource_not_found(path)

    async def write_text_file(
        self, session_id: str, path: str, content: str, **kwargs: Any
    ) -> WriteTextFileResponse | None:
        self.written[path] = content
        return WriteTextFileResponse()

    def said(self, session_id: str) -> str:
        """What the agent said in a session, all together."""
        return "".join(
            update.content.text
            for told, update in self.updates
            if told == session_id and update.session_update == "agent_message_chunk"
        )


async def test_the_agent_of_the_guide_works_under_the_official_client(tmp_path: Path) -> None:
    (program,) = re.findall(
        r'^```python title="notes_agent.py"\n(.*?)^```', GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len([line for line in program.splitlines() if line.strip()]) <= 30
    agent = tmp_path / "notes_agent.py"
    agent.write_text(program, "utf-8")
    client = OfficialClient()
    spoken_to = cast("official.Client", client)
    async with official.spawn_agent_process(spoken_to, sys.executable, str(agent)) as (connection, process):
        greeting = await connection.initialize(protocol_version=official.PROTOCOL_VERSION)
        assert greeting.agent_info is not None
        assert greeting.agent_info.name == "notes"
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])
        answer = await connection.prompt(
            session_id=session.session_id, prompt=[official.text_block("Buy milk")]
        )
        assert answer.stop_reason == "end_turn"
    assert process.returncode == 0
    assert (tmp_path / "notes.txt").read_text() == "Buy milk\n"
    assert client.said(session.session_id) == "I heard: Buy milk"
    statuses = [update.status for _, update in client.updates if hasattr(update, "tool_call_id")]
    assert statuses == ["in_progress", None, "completed"]


async def test_the_runtime_works_and_forks_under_the_official_client(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT, "utf-8")
    client = OfficialClient()
    spoken_to = cast("official.Client", client)
    command = ["-m", "copilot_sdk.runtime", "--acp", "--script", str(script)]
    environment = {"COPILOT_HOME": str(tmp_path / "home")}
    async with official.spawn_agent_process(spoken_to, sys.executable, *command, env=environment) as (
        connection,
        process,
    ):
        await connection.initialize(
            protocol_version=official.PROTOCOL_VERSION,
            client_capabilities=ClientCapabilities(
                fs=FileSystemCapabilities(read_text_file=True, write_text_file=True)
            ),
        )
        origin = (await connection.new_session(cwd=str(tmp_path), mcp_servers=[])).session_id
        await connection.prompt(session_id=origin, prompt=[official.text_block("Make a file")])
        assert client.written == {str(tmp_path / "made.txt"): "made"}
        assert client.said(origin) == "It is made."
        fork = (await connection.fork_session(session_id=origin, cwd=str(tmp_path))).session_id
        for session_id in (fork, origin):
            await connection.prompt(session_id=session_id, prompt=[official.text_block("Where are you?")])
        assert client.said(fork) == "In the fork."
        assert client.said(origin) == "It is made.In the origin."
        listed = await connection.list_sessions()
        assert {session.session_id for session in listed.sessions} == {origin, fork}
        client.updates.clear()
        await connection.close_session(session_id=fork)
        await connection.load_session(session_id=fork, cwd=str(tmp_path), mcp_servers=[])
        assert client.said(fork) == "It is made.In the fork."
    assert process.returncode == 0


async def test_the_runtime_works_and_forks_under_our_client(tmp_path: Path) -> None:
    model = ScriptedModel(
        [
            Reply(calls=[Call("bash", {"command": "echo hi"})]),
            Reply("It said hi."),
            Reply("In the fork."),
            Reply("In the origin."),
        ]
    )
    async with Runtime(home=tmp_path / "home", model=model) as runtime:
        ours, theirs = memory_pair()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(runtime, theirs))
            async with acp.connect(ours, on_permission=acp.approve_all) as client:
                session = await client.new_session(str(tmp_path))
                turn = session.prompt("Say hi")
                told = [update async for update in turn]
                assert (await turn).stop_reason == "end_turn"
                assert [update.kind for update in told if isinstance(update, ToolCall)] == ["execute"]
                fork = await session.fork()
                for opened, where in ((fork, "fork"), (session, "origin")):
                    turn = opened.prompt("Where are you?")
                    assert "".join([piece async for piece in turn.text()]) == f"In the {where}."
                    await turn
