"""Slash commands: those that are called, and those that come out of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import Contained, call_off_loop
from copilot_sdk._reactions.question import Question

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.types import CommandExecuteData, CommandQueuedData
    from copilot_sdk.commands import Command


def commands(given: Sequence[Command]) -> dict[str, Question]:
    """What runs the commands, by the type of the event. Commands of other clients are left to them."""
    runner = _Runner(given)
    return {
        "command.execute": Question(
            event_type="command.execute",
            completed="command.completed",
            work=runner.execute,
            reply=_reply_to_command,
            fallback=lambda: "the command failed",
            concerns=runner.has,
        ),
        "command.queued": Question(
            event_type="command.queued",
            completed="command.completed",
            work=runner.execute_queued,
            reply=_reply_to_queued,
            fallback=lambda: {"handled": False},
            concerns=runner.has_queued,
            needs_interest=True,
        ),
    }


class _Runner:
    def __init__(self, given: Sequence[Command]) -> None:
        self._commands = {command.name: command for command in given}

    def has(self, data: CommandExecuteData) -> bool:
        return data.command_name in self._commands

    def has_queued(self, data: CommandQueuedData) -> bool:
        return _split(data.command)[0] in self._commands

    async def execute(self, data: CommandExecuteData) -> str | None:
        """Run a command; gives what went wrong."""
        with Contained(f"command /{data.command_name}") as call:
            await call_off_loop(self._commands[data.command_name].handler, data)
        return call.problem

    async def execute_queued(self, data: CommandQueuedData) -> dict[str, Any]:
        from copilot_sdk._generated.copilot.types import CommandExecuteData

        name, args = _split(data.command)
        await self.execute(
            CommandExecuteData(request_id=data.request_id, command=data.command, command_name=name, args=args)
        )
        return {"handled": True}


def _split(line: str | None) -> tuple[str, str]:
    name, _, args = (line or "").strip().removeprefix("/").partition(" ")
    return name, args.strip()


async def _reply_to_command(rpc: SessionRPC, request_id: str, result: Any) -> None:
    await rpc.commands.handle_pending_command(request_id=request_id, error=result)


async def _reply_to_queued(rpc: SessionRPC, request_id: str, result: Any) -> None:
    await rpc.commands.respond_to_queued_command(request_id=request_id, result=result)
