"""Hooks: places in a turn at which commands in files and clients look in and may change what happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core import hook_commands
from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.hook_files import FileHook

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.agent import Agent
    from copilot_sdk.runtime.core.session import Session

Output = dict[str, object]

MOST_STOP_BLOCKS = 8
"""How often hooks can send an agent back to work that wants to rest."""

_PRE_TOOL_USE = "preToolUse"
_DECISION = "permissionDecision"
# What clients say about a permission, the weightiest first: one that denies is not overruled by another.
_DECISIONS = ("deny", "ask", "allow")


@dataclass(frozen=True, slots=True)
class HookCall:
    """A tool call, as the hook in front of it is told of it."""

    id: str
    name: str
    arguments: object


@dataclass(slots=True)
class _Run:
    """What came of one run of a hook in all that have it; `source` is the file that failed first."""

    output: Output = field(default_factory=dict[str, object])
    faults: list[str] = field(default_factory=list[str])
    source: str | None = None

    def add(self, output: Mapping[str, object]) -> None:
        said = (self.output.get(_DECISION), output.get(_DECISION))
        self.output |= output
        weightiest = next((kind for kind in _DECISIONS if kind in said), None)
        if weightiest is not None:
            self.output[_DECISION] = weightiest


class Hooks:
    """Invokes the hooks of a session: those in files first, then those of its clients."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files: list[FileHook] | None = None
        self._repository = True

    def forget_files(self, *, defer_repository: bool = False) -> None:
        """Has the files read again when a hook is next needed.

        Args:
            defer_repository: Whether those of the repository are left out until this is called again.
        """
        self._files = None
        self._repository = not defer_repository

    @property
    def in_files(self) -> list[FileHook]:
        """The hooks in files, in the order in which they are run."""
        if self._files is None:
            found = self._session.find_hooks()
            self._files = [hook for hook in found if self._repository or hook.origin != "repository"]
        return self._files

    async def invoke(
        self, hook_type: str, details: Mapping[str, object], *, agent: Agent | None = None
    ) -> Output:
        """Runs a hook wherever there is one.

        Args:
            hook_type: The wire's name of the hook.
            details: Its input, without what all hooks are told.
            agent: Who it is about; None for the main agent.

        Returns:
            What was answered, later ones over earlier ones, and clients over files.
        """
        if not self._wanted(hook_type):
            return {}
        hook_input = {**self._common(), **details, **_identity(agent)}
        end = self._start(hook_type, hook_input, agent)
        run = await self._run(hook_type, hook_input)
        end.output = run.output or None
        self._end(end, [run], agent)
        return run.output

    async def before_tools(self, calls: Sequence[HookCall], *, agent: Agent) -> list[Output]:
        """Runs the hook in front of the tool calls of one message: one event for all, one request for each.

        Returns:
            What was answered to each call, in their order.
        """
        if not self._wanted(_PRE_TOOL_USE):
            return [{} for _ in calls]
        told = [{"id": call.id, "name": call.name, "args": call.arguments} for call in calls]
        folder = str(self._session.config.working_directory)
        batch = {"sessionId": self._session.id, "cwd": folder, "toolCalls": told, **_identity(agent)}
        end = self._start(_PRE_TOOL_USE, batch, agent)
        runs: list[_Run] = []
        for call in calls:
            details = {"toolName": call.name, "toolArgs": call.arguments}
            runs.append(await self._run(_PRE_TOOL_USE, {**self._common(), **details, **_identity(agent)}))
        self._end(end, runs, agent)
        return [run.output for run in runs]

    def _wanted(self, hook_type: str) -> bool:
        return bool(self._clients()) or any(hook.type == hook_type for hook in self.in_files)

    def _clients(self) -> list[Client]:
        return [client for client in self._session.clients if client.runs_hooks]

    def _common(self) -> dict[str, object]:
        session = self._session
        return {
            "sessionId": session.id,
            "timestamp": int(time.time() * 1000),
            "cwd": str(session.config.working_directory),
        }

    def _start(
        self, hook_type: str, hook_input: Mapping[str, object], agent: Agent | None
    ) -> types.HookEndData:
        invocation, parent = new_id(), None if agent is None else agent.parent_call_id
        self._session.emit(
            types.HookStartData(
                hook_invocation_id=invocation,
                hook_type=hook_type,
                input=dict(hook_input),
                parent_tool_call_id=parent,
            ),
            agent_id=None if agent is None else agent.id,
        )
        return types.HookEndData(
            hook_invocation_id=invocation, hook_type=hook_type, success=True, parent_tool_call_id=parent
        )

    def _end(self, end: types.HookEndData, runs: Sequence[_Run], agent: Agent | None) -> None:
        faults = [fault for run in runs for fault in run.faults]
        if faults:
            source = next((run.source for run in runs if run.source is not None), None)
            end.success, end.error = False, types.HookEndError(message="; ".join(faults), source=source)
        self._session.emit(end, agent_id=None if agent is None else agent.id)

    async def _run(self, hook_type: str, hook_input: Mapping[str, object]) -> _Run:
        session, run = self._session, _Run()
        told = dict(hook_input)
        for hook in self.in_files:
            if hook.type == hook_type and hook.matches(told.get("toolName")):
                await self._run_file(hook, told, run)
                # Who comes later sees the call as it is now.
                if "modifiedArgs" in run.output:
                    told["toolArgs"] = run.output["modifiedArgs"]
        for client in self._clients():
            try:
                async with asyncio.timeout(session.limits.hook_seconds):
                    run.add(await client.port.run_hook(session.id, hook_type, told))
            except (ClientFault, TimeoutError) as error:
                run.faults.append(str(error) or f"no answer within {session.limits.hook_seconds:g} s")
        return run

    async def _run_file(self, hook: FileHook, hook_input: Mapping[str, object], run: _Run) -> None:
        session = self._session
        try:
            answer = await hook_commands.run(hook, hook_input, session.config.working_directory)
        except hook_commands.HookFault as fault:
            run.faults.append(str(fault))
            run.source = run.source or hook.source
            if hook.type == _PRE_TOOL_USE:
                reason = f'Denied by preToolUse hook from "{hook.source}" (hook errored)'
                run.add({_DECISION: "deny", "permissionDecisionReason": reason})
            return
        run.add(answer.output)
        if answer.warning is not None:
            session.emit(types.SessionWarningData(warning_type="hook", message=answer.warning))


def remark_of(output: Mapping[str, object]) -> str | None:
    """What a hook wants the model to know besides."""
    remark = output.get("additionalContext")
    return remark if isinstance(remark, str) and remark else None


def block_reason(output: Mapping[str, object]) -> str | None:
    """Why a hook blocks; None if it does not. A block that gives no reason is none."""
    reason = output.get("reason")
    return reason if output.get("decision") == "block" and isinstance(reason, str) and reason else None


def _identity(agent: Agent | None) -> dict[str, object]:
    """Who a hook is about, where that is a background agent."""
    if agent is None or agent.id is None:
        return {}
    return {
        "sessionId": agent.id,
        "agentId": agent.id,
        "agentType": agent.type,
        "parentAgentId": agent.session.id,
    }
