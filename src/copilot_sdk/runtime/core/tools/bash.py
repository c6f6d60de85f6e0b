"""Tools for shell commands: bash, read_bash, stop_bash."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.sandbox.notices import NO_COMMANDS
from copilot_sdk.runtime.core.shell_output import OutputTelling
from copilot_sdk.runtime.core.shells import ShellTask
from copilot_sdk.runtime.core.tools import asks
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    AsksNothing,
    ToolContext,
    ToolError,
    ToolResult,
    choice,
    flag,
    flag_argument,
    number,
    number_argument,
    schema,
    text,
    text_argument,
)

_SHOWN_CHARACTERS = 30_000


class Bash:
    """Runs a command."""

    name = "bash"
    description = (
        "Run a shell command. With mode `sync` its output is waited for; a command that takes longer than "
        "`initial_wait` seconds goes on in the background. With mode `async` it starts in the background."
    )
    parameters = schema(
        ["command"],
        command=text("What to run."),
        description=text("What it is for, in a few words."),
        mode=choice("Whether to wait for the end.", "sync", "async"),
        initial_wait=number("How many seconds to wait at most."),
        detach=flag("Whether a background command writes to a log file and not to the runtime."),
    )

    def asks(self, _context: ToolContext, arguments: Arguments) -> Sequence[Ask]:
        """Asks to run the command."""
        command = text_argument(arguments, "command")
        return asks.to_run(command, text_argument(arguments, "description", "Run a command"))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Runs it."""
        session = context.session
        if session.config.in_sandbox:
            return ToolResult(f"<error: {NO_COMMANDS}>\n<shell exited with exit code 1>")
        command = text_argument(arguments, "command")
        in_background = text_argument(arguments, "mode", "sync") == "async"
        seconds = number_argument(arguments, "initial_wait", session.limits.shell_wait_seconds)
        telling = OutputTelling(session, context.call_id, agent_id=context.agent.id)
        try:
            task = await ShellTask.start(
                session,
                command,
                text_argument(arguments, "description", command),
                mode="background" if in_background else "sync",
                detached=in_background and flag_argument(arguments, "detach"),
                call_id=context.call_id,
                hear=None if in_background else telling.hear,
            )
        except OSError as error:
            raise ToolError(f"The command cannot be started: {error.strerror or error}") from error
        if in_background:
            return ToolResult(f"Started in the background as {task.id}. You are told when it ends.")
        try:
            return await _wait(task, seconds)
        finally:
            telling.end()
            # What was only waited for is no background task; its output has been handed on.
            if task.progress.mode == "sync":
                session.tasks.remove(task.id)


class ReadBash(AsksNothing):
    """Shows the output of a command in the background."""

    name = "read_bash"
    description = "Show what a background shell command has printed, and whether it has ended."
    parameters = schema(
        ["shellId"],
        shellId=text("The id that bash returned."),
        delay=number("How many seconds to wait for its end."),
    )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Shows it."""
        task = _find(context, arguments)
        if task.progress.running and (delay := number_argument(arguments, "delay", 0)) > 0:
            await task.progress.wait(delay)
        await task.refresh()
        return _outcome(task)


class StopBash(AsksNothing):
    """Ends a command in the background."""

    name = "stop_bash"
    description = "End a background shell command."
    parameters = schema(["shellId"], shellId=text("The id that bash returned."))

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Ends it."""
        task = _find(context, arguments)
        await task.stop()
        return ToolResult(f"{task.id} has ended ({task.progress.status}).")


async def _wait(task: ShellTask, seconds: float) -> ToolResult:
    try:
        ended = await task.progress.wait(seconds)
    except asyncio.CancelledError:
        await task.stop()
        raise
    if ended:
        return _outcome(task)
    task.progress.to_background()
    await task.refresh()
    shown = _shorten(task.process.output)
    return ToolResult(f"{shown}\n<command goes on in the background as {task.id}>")


def _find(context: ToolContext, arguments: Arguments) -> ShellTask:
    task_id = text_argument(arguments, "shellId")
    task = context.session.tasks.find(task_id, ShellTask)
    if task is None:
        raise ToolError(f"There is no shell command '{task_id}'.")
    return task


def _outcome(task: ShellTask) -> ToolResult:
    output, code = task.process.output, task.process.exit_code
    ending = "is still running" if task.progress.running else f"exited with exit code {code}"
    block = {"type": "terminal", "text": _shorten(output)} | ({} if code is None else {"exitCode": code})
    said = f"{_shorten(output)}\n<{task.id} {ending}>"
    return ToolResult(said, contents=[block], detail=said)


def _shorten(output: str) -> str:
    if len(output) <= _SHOWN_CHARACTERS:
        return output.rstrip("\n")
    return f"... the beginning was left out\n{output[-_SHOWN_CHARACTERS:]}".rstrip("\n")
