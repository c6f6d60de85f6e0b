"""Methods of `session.commands`: slash commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    AcceptedEnqueueCommandResult,
    CommandList,
    CommandsFinalizeInvocationEffectRequest,
    CommandsFinalizeInvocationEffectResult,
    CommandsHandlePendingCommandRequest,
    CommandsHandlePendingCommandResult,
    CommandsInvokeRequest,
    CommandsListRequest,
    CommandsRespondToQueuedCommandRequest,
    CommandsRespondToQueuedCommandResult,
    EnqueueCommandParams,
    ExecuteCommandParams,
    ExecuteCommandResult,
    QueuedCommandHandled,
    SlashCommandInfo,
    SlashCommandInput,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.built_in_commands import BUILT_IN, BuiltInCommand
from copilot_sdk.runtime.core.commands import CommandEnd
from copilot_sdk.runtime.core.queue import QueuedCommand

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.built_in_commands import CommandResult

router = Router()


@router.on("session.commands.list", CommandsListRequest)
async def _list(call: Call, params: CommandsListRequest) -> CommandList:
    commands: list[SlashCommandInfo] = []
    if params.include_builtins is not False:
        commands += [_describe(command) for command in BUILT_IN]
    if params.include_skills is not False:
        skills = call.session.skills
        await skills.load()
        commands += [
            SlashCommandInfo(
                name=info.command_name,
                description=info.description,
                kind="skill",
                input=SlashCommandInput(hint="instructions for the skill"),
                allow_during_agent_execution=False,
            )
            for info in skills.for_user
        ]
    if params.include_client_commands is not False:
        commands += [
            SlashCommandInfo(
                name=name, description=description, kind="client", allow_during_agent_execution=False
            )
            for name, description in sorted(call.session.clients.abilities().commands.items())
        ]
    return CommandList(commands=commands)


@router.plain("commands.list")
async def _list_without_session(_: Call) -> CommandList:
    return CommandList(commands=[_describe(command) for command in BUILT_IN if command.opens_session])


@router.on("session.commands.invoke", CommandsInvokeRequest)
async def _invoke(call: Call, params: CommandsInvokeRequest) -> CommandResult:
    return await call.session.commands.invoke(params.name, params.input or "")


@router.on("session.commands.execute", ExecuteCommandParams)
async def _execute(call: Call, params: ExecuteCommandParams) -> ExecuteCommandResult:
    error = await call.session.commands.execute(params.command_name, params.args)
    return ExecuteCommandResult(error=error)


@router.on("session.commands.handlePendingCommand", CommandsHandlePendingCommandRequest)
async def _handle_pending(
    call: Call, params: CommandsHandlePendingCommandRequest
) -> CommandsHandlePendingCommandResult:
    running = call.session.commands.running
    return CommandsHandlePendingCommandResult(
        success=running.resolve(params.request_id, CommandEnd(params.error))
    )


@router.on("session.commands.enqueue", EnqueueCommandParams)
async def _enqueue(call: Call, params: EnqueueCommandParams) -> AcceptedEnqueueCommandResult:
    command = QueuedCommand(text=params.command, display=params.display_text)
    call.session.turns.enqueue(command)
    return AcceptedEnqueueCommandResult(queue_id=str(command.number))


@router.on("session.commands.respondToQueuedCommand", CommandsRespondToQueuedCommandRequest)
async def _respond(
    call: Call, params: CommandsRespondToQueuedCommandRequest
) -> CommandsRespondToQueuedCommandResult:
    result = params.result
    stop = isinstance(result, QueuedCommandHandled) and bool(result.stop_processing_queue)
    return CommandsRespondToQueuedCommandResult(
        success=call.session.commands.queued.resolve(params.request_id, stop)
    )


@router.on("session.commands.finalizeInvocationEffect", CommandsFinalizeInvocationEffectRequest)
async def _finalize(
    call: Call, _: CommandsFinalizeInvocationEffectRequest
) -> CommandsFinalizeInvocationEffectResult:
    # What a command does lasts from the beginning; no result of one leaves a state that could be undone.
    call.runtime.live(call.target)
    return CommandsFinalizeInvocationEffectResult(success=True)


def _describe(command: BuiltInCommand) -> SlashCommandInfo:
    choices = [{"name": name, "description": text} for name, text in (command.choices or {}).items()]
    entry: dict[str, object] = {"hint": command.hint or ""}
    if command.required:
        entry["required"] = True
    if choices:
        entry["choices"] = choices
    return SlashCommandInfo.model_validate(
        {
            "name": command.name,
            "aliases": list(command.aliases) or None,
            "description": command.description,
            "kind": "builtin",
            "input": entry if command.hint or choices else None,
            "allowDuringAgentExecution": command.during_turn,
        }
    )
