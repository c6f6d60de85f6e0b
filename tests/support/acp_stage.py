"""The reference runtime as an agent, in memory, with a client made of JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from copilot_sdk.runtime.acp.front import serve
from copilot_sdk.runtime.core.accounts import Accounts
from copilot_sdk.runtime.core.models.base import Model
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.transports.base import Transport
from tests.support.acp_wire import WireClient, wire_client

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
MODES = "https://agentclientprotocol.com/protocol/session-modes#"
"""Where the ids of the modes begin."""


class Stage(WireClient):
    """A client with a folder to work in.

    Attributes:
        folder: The folder.
        runtime: What serves it.
    """

    folder: Path
    runtime: Runtime

    def opening(self, **more: object) -> dict[str, object]:
        """What opens a session in the folder."""
        return {"cwd": str(self.folder), "mcpServers": [], **more}

    async def open(self, **more: object) -> str:
        """Opens a session and gives its id."""
        return str((await self.call("session/new", self.opening(**more)))["sessionId"])

    async def prompt(self, session_id: str, *content: str | Mapping[str, Any]) -> Any:
        """Sends a prompt of texts, or of any content, and gives the answer."""
        return await self.call("session/prompt", prompt_of(session_id, *content))

    def allow(self, option: str = "allow_once") -> None:
        """Answers permission requests from now on."""
        chosen = {"outcome": {"outcome": "selected", "optionId": option}}
        self.answers["session/request_permission"] = lambda _: chosen

    def asked_for(self, method: str) -> list[dict[str, Any]]:
        """What was asked with a method."""
        return [params for asked, params in self.asked if asked == method]

    def forget(self) -> None:
        """Forgets what came so far."""
        self.updates.clear()
        self.asked.clear()


def prompt_of(session_id: str, *content: str | Mapping[str, Any]) -> dict[str, object]:
    """The params of a prompt."""
    blocks = [{"type": "text", "text": one} if isinstance(one, str) else one for one in content]
    return {"sessionId": session_id, "prompt": blocks}


@asynccontextmanager
async def stage(
    folder: Path,
    model: Model | None = None,
    *,
    capabilities: Mapping[str, Any] | None = None,
    accounts: Accounts | None = None,
) -> AsyncGenerator[Stage]:
    """Serves a runtime, whose home is in a folder, to a client.

    Args:
        folder: Where the home and the working folder are; another stage in it finds the same sessions.
        model: The model; None plays directives of the prompt.
        capabilities: What the client offers.
        accounts: Who can sign in.
    """
    async with Runtime(home=folder / "home", model=model, accounts=accounts) as runtime:

        async def run(transport: Transport) -> None:
            await serve(runtime, transport)

        async with wire_client(run, capabilities, kind=Stage) as client:
            client.runtime, client.folder = runtime, folder / "project"
            client.folder.mkdir(exist_ok=True)
            yield client
