"""Which tools an agent gets: the built-in ones, those of the clients, and what the filters leave of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.config import ExternalTool
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.agents import ReadAgent, StartAgent, WriteAgent
from copilot_sdk.runtime.core.tools.base import Arguments, Tool, ToolContext, ToolResult
from copilot_sdk.runtime.core.tools.bash import Bash, ReadBash, StopBash
from copilot_sdk.runtime.core.tools.canvases import canvas_tools
from copilot_sdk.runtime.core.tools.files import Create, Edit, View
from copilot_sdk.runtime.core.tools.search import Glob, Grep
from copilot_sdk.runtime.core.tools.skill import UseSkill
from copilot_sdk.runtime.core.tools.sql import SQL
from copilot_sdk.runtime.core.tools.user import AskUser, ExitPlanMode, ReportIntent, TaskComplete
from copilot_sdk.runtime.core.tools.web import WebFetch

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool that a client runs, as the agent sees it."""

    definition: ExternalTool

    @property
    def name(self) -> str:
        """The name the model calls it by."""
        return self.definition.name

    @property
    def description(self) -> str:
        """What the model is told about it."""
        return self.definition.description

    @property
    def parameters(self) -> Mapping[str, object]:
        """JSON schema of its arguments."""
        return self.definition.parameters

    def asks(self, _context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to call it, unless the client said that this is not needed."""
        if self.definition.skip_permission:
            return []
        return asks.to_call(self.name, self.description, arguments)

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Has a client run it."""
        result = await context.session.external.request(
            self.name, context.call_id, arguments, agent_id=context.agent.id
        )
        is_last = self.definition.is_terminal and result.kind == "success"
        return replace(result, ends_turn=result.ends_turn or is_last)


def built_in_tools(agent_types: Sequence[str] = ()) -> list[Tool]:
    """All tools that the runtime itself carries out."""
    return [
        Bash(),
        ReadBash(),
        StopBash(),
        View(),
        Create(),
        Edit(),
        Grep(),
        Glob(),
        WebFetch(),
        StartAgent(agent_types),
        ReadAgent(),
        WriteAgent(),
        AskUser(),
        ReportIntent(),
        SQL(),
        ExitPlanMode(),
        TaskComplete(),
    ]


def toolbox(session: Session, *, sub_agent: bool) -> dict[str, Tool]:
    """The tools of an agent, by name.

    Raises:
        ModelFault: A client offers a tool under the name of a built-in one without saying that it replaces it.
    """
    tools = {tool.name: tool for tool in _built_in(session, sub_agent)}
    for name, definition in session.clients.tools().items():
        if name in tools and not definition.overrides_built_in:
            raise ModelFault(
                f"The tool '{name}' has the name of a built-in tool. Give it another name, or set "
                "overridesBuiltInTool.",
                error_type="query",
            )
        tools[name] = ClientTool(definition)
    tools |= session.mcp.tools()
    return {name: tool for name, tool in tools.items() if session.config.offers(name)}


def _built_in(session: Session, sub_agent: bool) -> Iterator[Tool]:
    hidden: set[str] = set()
    if sub_agent:
        hidden |= {"task", "read_agent", "write_agent", "ask_user", "exit_plan_mode", "task_complete"}
    if session.modes.effective != "plan":
        hidden.add("exit_plan_mode")
    if session.storage.database is None:
        hidden.add("sql")
    if session.modes.effective != "autopilot":
        hidden.add("task_complete")
    if not any(client.answers_questions for client in session.clients):
        hidden.add("ask_user")
    skills = session.skills.for_model
    tools = built_in_tools(sorted(session.agents.startable())) + ([UseSkill(skills)] if skills else [])
    if session.clients.abilities().canvases:
        tools += canvas_tools(session.canvases)
    return (tool for tool in tools if tool.name not in hidden)
