"""Tools for background agents: task, read_agent, write_agent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from copilot_sdk.runtime.core.agent_models import ModelWish
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.sub_agents import AgentOrder, AgentTask
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    AsksNothing,
    ToolContext,
    ToolError,
    ToolResult,
    choice,
    number,
    number_argument,
    schema,
    text,
    text_argument,
)


class StartAgent(AsksNothing):
    """Gives a task to an agent of its own."""

    name = "task"
    description = (
        "Give a task to another agent. With mode `sync` its answer is waited for; with mode `background` it "
        "works on while you go on, and you are told when it has finished."
    )

    def __init__(self, agent_types: Sequence[str]) -> None:
        self._agent_types = tuple(agent_types)

    @property
    def parameters(self) -> Mapping[str, object]:
        """JSON schema of its arguments."""
        return schema(
            ["agent_type", "prompt", "name"],
            agent_type=choice("Which kind of agent.", *self._agent_types),
            prompt=text("All that the agent has to know; it does not see this conversation."),
            name=text("A short name for the agent."),
            description=text("The task in a few words."),
            mode=choice("Whether to wait for the answer.", "sync", "background"),
            model=text("The model to use; that of this conversation if absent."),
            reasoning_effort=text("How hard the model is to think, such as low, medium or high."),
        )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Starts the agent, and waits for it if that is wanted."""
        in_background = text_argument(arguments, "mode", "sync") == "background"
        name = text_argument(arguments, "name", "agent")
        order = AgentOrder(
            agent_type=text_argument(arguments, "agent_type"),
            prompt=text_argument(arguments, "prompt"),
            name=name,
            description=text_argument(arguments, "description", name),
            wish=ModelWish(_text_or_none(arguments, "model"), _text_or_none(arguments, "reasoning_effort")),
            mode="background" if in_background else "sync",
            call_id=context.call_id,
        )
        try:
            task = AgentTask(context.session, order)
        except RuntimeFault as fault:
            raise ToolError(str(fault)) from fault
        task.start()
        if in_background:
            return ToolResult(
                f"Agent '{task.id}' works in the background. You are told when it has finished."
            )
        return await _wait(task)


class ReadAgent(AsksNothing):
    """Shows what a background agent answered."""

    name = "read_agent"
    description = "Show the state of a background agent and what it answered."
    parameters = schema(
        ["agent_id"],
        agent_id=text("The id of the agent."),
        timeout=number("How many seconds to wait for it to finish."),
    )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Shows it."""
        task = _find(context, arguments)
        if task.progress.running and (seconds := number_argument(arguments, "timeout", 0)) > 0:
            await task.progress.wait(seconds)
        return _outcome(task)


class WriteAgent(AsksNothing):
    """Sends a message to a background agent."""

    name = "write_agent"
    description = "Send a message to a background agent; one that has finished goes back to work."
    parameters = schema(
        ["agent_id", "message"], agent_id=text("The id of the agent."), message=text("What to tell it.")
    )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Sends it."""
        task = _find(context, arguments)
        task.send(text_argument(arguments, "message"))
        return ToolResult(f"Agent '{task.id}' has got the message.")


def _text_or_none(arguments: Arguments, name: str) -> str | None:
    value = arguments.get(name)
    return value if isinstance(value, str) and value else None


async def _wait(task: AgentTask) -> ToolResult:
    try:
        ended = await task.progress.wait()
    except asyncio.CancelledError:
        await task.stop()
        raise
    if ended:
        return _outcome(task)
    return ToolResult(f"Agent '{task.id}' goes on in the background. You are told when it has finished.")


def _find(context: ToolContext, arguments: Arguments) -> AgentTask:
    task_id = text_argument(arguments, "agent_id")
    task = context.session.tasks.find(task_id, AgentTask)
    if task is None:
        raise ToolError(f"There is no agent '{task_id}'.")
    return task


def _outcome(task: AgentTask) -> ToolResult:
    match task.progress.status:
        case "completed":
            return ToolResult(task.result or "(the agent said nothing)")
        case "failed":
            return ToolResult.failure(f"Agent '{task.id}' failed: {task.error}")
        case status:
            latest = f" It said last: {task.agent.latest_response}" if task.agent.latest_response else ""
            return ToolResult(f"Agent '{task.id}' is {status}.{latest}")
