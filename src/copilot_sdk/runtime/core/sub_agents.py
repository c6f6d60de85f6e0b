"""Background agents: each has a conversation of its own and works while the main agent does something else."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.agent import Agent
from copilot_sdk.runtime.core.agent_models import ModelWish, choose
from copilot_sdk.runtime.core.clock import milliseconds_between, new_id, now
from copilot_sdk.runtime.core.faults import ModelFault, OutOfCredits, Rejected
from copilot_sdk.runtime.core.hooks import MOST_STOP_BLOCKS, block_reason, remark_of
from copilot_sdk.runtime.core.intake import take_in_with_hooks
from copilot_sdk.runtime.core.mcp.host import MCPHost
from copilot_sdk.runtime.core.queue import MessageQueue, Prompt
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.core.tasks import Mode, TaskProgress

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_ACTIVITY_KEPT = 50


@dataclass(frozen=True, slots=True)
class AgentOrder:
    """What a background agent is started with."""

    agent_type: str
    prompt: str
    name: str
    description: str
    wish: ModelWish
    mode: Mode = "background"
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that an agent did."""

    text: str
    at: datetime


class AgentTask:
    """A background agent as a task of the session."""

    kind: Literal["agent"] = "agent"

    def __init__(self, session: Session, order: AgentOrder) -> None:
        """Prepares an agent.

        Raises:
            RuntimeFault: There is no such type of agent.
        """
        self.type = session.agents.to_start(order.agent_type)
        self.id = session.tasks.free_id(_slug(order.name) or order.agent_type)
        self.description = order.description
        self.prompt = order.prompt
        setting = session.agents.settings.wishes.get(self.type.name, ModelWish())
        self.model = choose(order.wish, setting, self.type, session.config, session.model_id)
        self.call_id = order.call_id or new_id()
        self.progress = TaskProgress(session, order.mode)
        self.result: str | None = None
        self.error: str | None = None
        self.active_since: datetime | None = None
        self._active_milliseconds = 0
        self._activity: deque[Activity] = deque(maxlen=_ACTIVITY_KEPT)
        self._session = session
        self._inbox = MessageQueue()
        self._working: asyncio.Task[None] | None = None
        self.agent = Agent(
            session,
            agent_id=self.id,
            agent_type=self.type.name,
            model=self.model.id,
            reasoning_effort=self.model.effort,
            instructions=self.type.prompt,
            tool_names=self.type.tools,
            parent_call_id=self.call_id,
            on_activity=self._record,
        )

    @property
    def active_milliseconds(self) -> int:
        """How long it has been at work."""
        running = milliseconds_between(self.active_since, now()) if self.active_since else 0
        return self._active_milliseconds + running

    @property
    def recent_activity(self) -> list[Activity]:
        """What it did last, oldest first."""
        return list(self._activity)

    def start(self) -> None:
        """Sets the agent to work."""
        self._session.emit(
            types.SubagentStartedData(
                tool_call_id=self.call_id,
                agent_name=self.type.name,
                agent_display_name=self.type.display_name or self.type.name,
                agent_description=self.type.description,
                model=self.agent.model_id,
                task_model_source=self.model.task_source,
                model_selection_source=self.model.source,
            ),
            agent_id=self.id,
        )
        self._session.emit(
            types.SubagentConfiguredData(
                model=self.agent.model_id,
                reasoning_effort=self.model.effort,
                context_tier=self.model.tier,
                multi_turn=True,
            ),
            agent_id=self.id,
        )
        self._session.emit(
            types.SessionModelChangeData(
                new_model=self.agent.model_id,
                reasoning_effort=self.model.effort,
                context_tier=self.model.tier,
                source="agent",
            ),
            agent_id=self.id,
        )
        self._session.tasks.add(self)
        self._work(self.prompt)

    def _work(self, prompt: str) -> None:
        self.active_since = now()
        self._working = self._session.scope.start(self._run(prompt), name=f"agent {self.id}")

    async def _run(self, prompt: str) -> None:
        servers = MCPHost(self._session, self.type.mcp_servers, quiet=True)
        self.agent.servers = servers
        try:
            await servers.ready()
            self.result = await self._answer(prompt)
        except (ModelFault, Rejected, OutOfCredits) as fault:
            self._fail(str(fault))
        except Exception as error:
            # A defect in a tool or in the runtime must not look like an agent that works for ever.
            self._fail(f"{type(error).__name__}: {error}")
            raise
        else:
            self._complete()
        finally:
            await servers.aclose()

    async def _answer(self, prompt: str) -> str:
        """Has the agent work on a prompt until hooks let it rest."""
        remark = remark_of(await self._hook("subagentStart"))
        text = prompt if remark is None else f"{remark}\n\n{prompt}"
        if not await take_in_with_hooks(self.agent, Prompt(id=new_id(), text=text)):
            return ""
        blocks = 0
        while True:
            answer = await self.agent.run(self._inbox)
            stop = {"stopReason": "end_turn", "response": answer, "stop_hook_active": blocks > 0}
            reason = block_reason(await self._hook("subagentStop", **stop))
            if reason is None or blocks >= MOST_STOP_BLOCKS:
                return answer
            blocks += 1
            self._inbox.steer(Prompt(id=new_id(), text=reason))

    async def _hook(self, hook_type: str, **details: object) -> Mapping[str, object]:
        """Runs one of the hooks that tell the session of its background agents."""
        about = {
            "transcriptPath": str(self._session.transcript),
            "agentId": self.id,
            "agentType": self.type.name,
            "agentName": self.type.name,
            "agentDisplayName": self.type.display_name or self.type.name,
            "agentDescription": self.type.description,
            "parentAgentId": self._session.id,
        }
        return await self._session.hooks.invoke(hook_type, {**about, **details})

    def _pause(self) -> int:
        self._active_milliseconds = self.active_milliseconds
        self.active_since = None
        return self._active_milliseconds

    def _complete(self) -> None:
        self._session.emit(
            types.SubagentCompletedData(
                tool_call_id=self.call_id,
                agent_name=self.type.name,
                agent_display_name=self.type.display_name or self.type.name,
                model=self.agent.model_id,
                total_tool_calls=self.agent.tool_calls_made,
                total_tokens=self.agent.tokens_used,
                duration_ms=self._pause(),
                model_selection_source=self.model.source,
                explicit_model_override=self.model.override,
                configured_model_preference=self.model.preference,
            ),
            agent_id=self.id,
        )
        self._end("completed")

    def _fail(self, error: str) -> None:
        self.error = error
        self._session.emit(
            types.SubagentFailedData(
                tool_call_id=self.call_id,
                agent_name=self.type.name,
                agent_display_name=self.type.display_name or self.type.name,
                error=error,
                model=self.agent.model_id,
                total_tool_calls=self.agent.tool_calls_made,
                total_tokens=self.agent.tokens_used,
                duration_ms=self._pause(),
                model_selection_source=self.model.source,
                explicit_model_override=self.model.override,
                configured_model_preference=self.model.preference,
            ),
            agent_id=self.id,
        )
        self._end("failed")

    def _end(self, status: Literal["completed", "failed"]) -> None:
        unwatched = self.progress.mode == "background"
        self.progress.end(status)
        if unwatched:
            verb = "has finished" if status == "completed" else "has failed"
            self._session.turns.notify(
                f'Agent "{self.id}" ({self.type.name}) {verb}. Use read_agent to see what it answered.',
                types.SystemNotificationAgentCompleted(
                    agent_id=self.id,
                    agent_type=self.type.name,
                    status=status,
                    description=self.description,
                    prompt=self.prompt,
                ),
            )
        self._session.turns.rest()

    def send(self, message: str) -> None:
        """Gives the agent a message: into its running turn, or as a new one if it has ended."""
        self.prompt = message
        if self.progress.running:
            self._inbox.steer(Prompt(id=new_id(), text=message))
            return
        self.error = None
        self.progress.restart()
        self._work(message)

    async def stop(self) -> bool:
        """Ends the agent's work; returns whether that was possible, which it is."""
        if self._working is None or not self.progress.running:
            return True
        await end_all({self._working})
        self._pause()
        self.progress.end("cancelled")
        self._session.turns.rest()
        return True

    async def refresh(self) -> None:
        """Nothing: all that an agent does happens here."""

    def _record(self, text: str) -> None:
        self._activity.append(Activity(text, now()))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
