"""The demo itself: a streamed reply, a tool call with its permission, a background task, usage."""

from __future__ import annotations

import asyncio
from typing import Any

try:
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "the demo needs rich; install it, or this package with its extra 'demo'", name=missing.name
    ) from missing

from copilot_sdk import CopilotClient, Session, approve_once, tool
from copilot_sdk.demo.story import GREETING, QUESTION, TASK
from copilot_sdk.events import (
    AssistantMessageDelta,
    ExternalToolRequested,
    PermissionCompleted,
    ToolExecutionComplete,
)
from copilot_sdk.turns import ModelUsage
from copilot_sdk.types import PermissionDecision, PermissionRequest, TaskAgentInfo

_PAUSE_SECONDS = 0.04
_TASK_SECONDS = 30.0


@tool
def forecast(city: str, days: int = 1) -> dict[str, object]:
    """Forecast the weather of a city.

    Args:
        city: Name of the city.
        days: How many days ahead.
    """
    return {"city": city, "days": days, "sky": "sunny", "celsius": 24}


class Show:
    """Plays the demo on a client.

    Args:
        client: The client, not started yet.
        options: Options for the session.
    """

    def __init__(self, client: CopilotClient, options: dict[str, Any]) -> None:
        self._client = client
        self._options = options
        self._console = Console(highlight=False)
        self._used = ModelUsage()

    async def run(self) -> None:
        """Play all scenes."""
        async with self._client as client:
            version = client.runtime_version
            self._console.print(Panel(f"copilot_sdk, connected to runtime [bold]{version}[/]", expand=False))
            session = await client.create_session(
                streaming=True, tools=[forecast], on_permission=self._decide, **self._options
            )
            async with session:
                self._console.print(f"session [dim]{session.id}[/]")
                await self._turn(session, "A streamed reply", GREETING)
                await self._turn(session, "A tool call with its permission", QUESTION)
                await self._task(session)
                self._usage()

    def _decide(self, request: PermissionRequest) -> PermissionDecision:
        self._console.print(f"  [yellow]permission asked[/] for {request.kind}: approved once")
        return approve_once()

    async def _turn(self, session: Session, title: str, prompt: str) -> None:
        self._scene(title, prompt)
        turn = session.send(prompt)
        async for event in turn:
            match event:
                case AssistantMessageDelta(data=delta):
                    self._console.print(delta.delta_content, end="")
                    await asyncio.sleep(_PAUSE_SECONDS)
                case ExternalToolRequested(data=call):
                    self._console.print(f"\n  [cyan]tool called[/] {call.tool_name} {call.arguments}")
                case PermissionCompleted(data=outcome):
                    self._console.print(f"  [yellow]permission[/] {outcome.result.kind}")
                case ToolExecutionComplete(data=done):
                    self._console.print(f"  [cyan]tool finished[/] {'well' if done.success else 'badly'}")
                case _:
                    pass
        self._used += (await turn).usage.total
        self._console.print()

    async def _task(self, session: Session) -> None:
        self._scene("A background task", TASK)
        tasks = session.rpc.tasks
        started = await tasks.start_agent(
            agent_type="general-purpose", prompt=TASK, name="counter", description="Count vowels"
        )
        await tasks.wait_for_pending(request_timeout=_TASK_SECONDS)
        table = Table("id", "status", "result")
        for task in (await tasks.list()).tasks:
            if isinstance(task, TaskAgentInfo):
                table.add_row(task.id, task.status, task.result or task.latest_response or "")
        self._console.print(f"started [bold]{started.agent_id}[/], waited for it, and listed the tasks:")
        self._console.print(table)

    def _usage(self) -> None:
        self._scene("Usage")
        used = self._used
        self._console.print(
            f"{used.input_tokens} input tokens, {used.output_tokens} output tokens in two turns"
        )

    def _scene(self, title: str, prompt: str | None = None) -> None:
        self._console.print()
        self._console.rule(f"[bold]{title}", align="left")
        if prompt is not None:
            self._console.print(f"[green]>[/] {prompt}")
