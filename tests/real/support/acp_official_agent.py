"""An agent on the official SDK for Python, as a program: `python acp_official_agent.py HOW_IT_FORKS`.

It forks in one of the ways that agents do: `replay` sends the conversation again before it answers, `silent` does not,
and `stored` has the new session only on disk, so that it has to be loaded.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import acp  # pyright: ignore[reportMissingImports]
from acp import schema  # pyright: ignore[reportMissingImports]

HOW = sys.argv[1] if len(sys.argv) > 1 else "silent"


class OfficialAgent(acp.Agent):  # type: ignore[misc]
    """Repeats what it is told, and remembers it."""

    def __init__(self) -> None:
        self.client: Any = None
        self.live: dict[str, list[tuple[str, str]]] = {}
        self.stored: dict[str, list[tuple[str, str]]] = {}

    def on_connect(self, conn: Any) -> None:
        self.client = conn

    async def initialize(self, protocol_version: int, *_: Any, **__: Any) -> Any:
        return schema.InitializeResponse(
            protocol_version=protocol_version,
            agent_capabilities=schema.AgentCapabilities(
                load_session=True,
                session_capabilities=schema.SessionCapabilities(
                    fork=schema.SessionForkCapabilities(), list=schema.SessionListCapabilities()
                ),
            ),
            agent_info=schema.Implementation(name="official", version="1"),
        )

    async def new_session(self, *_: Any, **__: Any) -> Any:
        session_id = f"s{len(self.live)}"
        self.live[session_id] = []
        return schema.NewSessionResponse(session_id=session_id)

    async def prompt(self, session_id: str, prompt: Any, *_: Any, **__: Any) -> Any:
        if session_id not in self.live:
            raise acp.RequestError.internal_error({"details": "Session not found"})
        text = prompt[0].text
        if text == "history":
            text = " ".join(said for _, said in self.live[session_id])
        elif text == "may I?":
            text = await self._ask(session_id)
        elif text == "read":
            text = (await self.client.read_text_file(session_id=session_id, path="/src/a.txt")).content
        self.live[session_id] += [("user", prompt[0].text), ("agent", text)]
        await self.client.session_update(session_id, acp.update_agent_message_text(text))
        return schema.PromptResponse(stop_reason="end_turn")

    async def _ask(self, session_id: str) -> str:
        options = [schema.PermissionOption(option_id="y", name="Yes", kind="allow_once")]
        call = schema.ToolCallUpdate(tool_call_id="c", title="do it", kind="edit")
        asked = await self.client.request_permission(session_id=session_id, tool_call=call, options=options)
        return str(asked.outcome.outcome)

    async def load_session(self, cwd: str, session_id: str, *_: Any, **__: Any) -> Any:
        self.live.setdefault(session_id, self.stored.get(session_id, []))
        await self._replay(session_id)
        return schema.LoadSessionResponse()

    async def list_sessions(self, *_: Any, **__: Any) -> Any:
        sessions = [schema.SessionInfo(session_id=name, cwd="/src") for name in self.live]
        return schema.ListSessionsResponse(sessions=sessions)

    async def fork_session(self, *_: Any, session_id: str, **__: Any) -> Any:
        forked = f"fork of {session_id}"
        (self.stored if HOW == "stored" else self.live)[forked] = [*self.live[session_id]]
        if HOW == "replay":
            await self._replay(forked)
        return schema.ForkSessionResponse(session_id=forked)

    async def _replay(self, session_id: str) -> None:
        for who, text in self.live[session_id]:
            make = acp.update_user_message_text if who == "user" else acp.update_agent_message_text
            await self.client.session_update(session_id, make(text))


if __name__ == "__main__":
    agent: Any = OfficialAgent  # it leaves out what it does not do, which is allowed
    asyncio.run(acp.run_agent(agent(), use_unstable_protocol=True))
