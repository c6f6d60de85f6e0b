"""An agent that says what it is told, on one of the SDKs, as a program: `python acp_agents.py ours`, or `official`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any


def ours() -> None:
    """The agent on copilot_sdk."""
    from copilot_sdk import acp
    from copilot_sdk.acp.types import PromptRequest, PromptResponse

    class Echo(acp.Agent):
        async def prompt(self, params: PromptRequest) -> PromptResponse:
            await self.session(params.session_id).say(params.prompt[0])
            return PromptResponse(stop_reason="end_turn")

    Echo().run()


def official() -> None:
    """The agent on the official SDK."""
    leave_out_tracing()
    import acp  # pyright: ignore[reportMissingImports]

    class Echo(acp.Agent):  # type: ignore[misc]
        client: Any

        def on_connect(self, conn: Any) -> None:
            self.client = conn

        async def initialize(self, protocol_version: int, *_: Any, **__: Any) -> Any:
            return acp.InitializeResponse(protocol_version=protocol_version)

        async def new_session(self, *_: Any, **__: Any) -> Any:
            return acp.NewSessionResponse(session_id="s")

        async def prompt(self, session_id: str, prompt: Any, *_: Any, **__: Any) -> Any:
            await self.client.session_update(session_id, acp.update_agent_message_text(prompt[0].text))
            return acp.PromptResponse(stop_reason="end_turn")

    agent: Any = Echo
    asyncio.run(acp.run_agent(agent()))


def leave_out_tracing() -> None:
    """The official SDK makes spans wherever it finds one of these, and that would count as its own work."""
    for package in ("logfire", "opentelemetry"):
        sys.modules[package] = None  # type: ignore[assignment]


if __name__ == "__main__":
    (ours if sys.argv[1] == "ours" else official)()
