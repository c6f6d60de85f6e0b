"""Slash commands: those of the runtime, those that clients run, and those that wait in the queue."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.built_in_commands import find
from copilot_sdk.runtime.core.clients import Client, ClientFault
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.front_matter import BadFile
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.queue import QueuedCommand
from copilot_sdk.runtime.core.skill_files import with_arguments
from copilot_sdk.runtime.core.skills import invoked_data, skill_context

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.built_in_commands import CommandResult
    from copilot_sdk.runtime.core.session import Session

_QUEUED = "command.queued"


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a client's command ended.

    Attributes:
        error: What went wrong; None if nothing did.
        aborted: Whether the session was aborted meanwhile.
    """

    error: str | None = None
    aborted: bool = False


class Commands:
    """The slash commands of one session.

    Attributes:
        running: Commands that clients run, with the client of each.
        queued: Commands from the queue that a client is to run; its answer tells whether to drop the rest of the queue.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.running: Inquiries[Client, CommandEnd] = Inquiries(session)
        self.queued: Inquiries[str, bool] = Inquiries(session)

    async def execute(self, name: str, args: str) -> str | None:
        """Has the client that a command belongs to run it.

        Returns:
            What went wrong; None if nothing did.

        Raises:
            RuntimeFault: The session was aborted meanwhile.
        """
        client = self._session.clients.commands().get(name)
        if client is None:
            return f"No client found for command: {name}"

        def requested(request_id: str) -> Payload:
            line = f"/{name} {args}".rstrip()
            return types.CommandExecuteData(request_id=request_id, command=line, command_name=name, args=args)

        silent = CommandEnd(f"The client that runs /{name} has left or did not answer in time.")
        end = await self.running.put(Inquiry(client, requested, _completed, silent, only=client))
        if end.aborted:
            raise RuntimeFault("Session aborted")
        return end.error

    async def invoke(self, name: str, text: str) -> CommandResult:
        """Runs a command, whoever it belongs to, and returns what it produced.

        Raises:
            RuntimeFault: There is no such command, it cannot be run now, or it failed.
        """
        session, plain = self._session, name.removeprefix("/").lower()
        if plain in session.clients.commands():
            error = await self.execute(plain, text)
            if error is not None:
                raise RuntimeFault(f"Command /{plain} failed: {error}")
            return types.SlashCommandCompletedResult()
        command = find(plain)
        if command is None:
            return await self._call_skill(plain, text.strip())
        if session.turns.processing and not command.during_turn:
            raise RuntimeFault(f"Command /{command.name} cannot run while the agent is active.")
        return await command.run(session, text.strip())

    async def _call_skill(self, command: str, arguments: str) -> CommandResult:
        """Has a client send what a skill says as the prompt of the user."""
        session = self._session
        await session.skills.load()
        info = session.skills.by_command(command)
        if info is None:
            raise RuntimeFault(f"Unknown slash command: /{command}")
        try:
            content = await session.skills.content(info)
        except (BadFile, ClientFault) as fault:
            raise RuntimeFault(f"Failed to load skill: {fault}") from fault
        session.emit(invoked_data(session.agent, info, content, "user-invoked"))
        said = with_arguments(content, arguments)
        # It lists the files that lie with the skill, of which there may be many.
        context = await asyncio.to_thread(skill_context, info.name, said, info.path)
        return types.SlashCommandAgentPromptResult(
            prompt=f'The user explicitly invoked the "/{info.command_name}" skill. '
            f"Follow its instructions now.\n\n{context}",
            display_prompt=f"/{info.command_name} {arguments}".rstrip(),
        )

    async def run_queued(self, command: QueuedCommand) -> bool:
        """Has a client run a command that was queued.

        Returns:
            Whether the rest of the queue is to be dropped.
        """
        session = self._session
        if _QUEUED not in session.interests:
            text = f"{command.text} was not run: no client has registered interest in {_QUEUED} events."
            warning = types.SessionWarningData(warning_type="command_not_run", message=text)
            session.emit(warning, ephemeral=True)
            return False

        def requested(request_id: str) -> Payload:
            return types.CommandQueuedData(request_id=request_id, command=command.text)

        return await self.queued.put(Inquiry(command.text, requested, _completed, False))

    def abort(self) -> None:
        """Gives up the commands that clients run at the moment."""
        for request_id, _ in self.running:
            self.running.resolve(request_id, CommandEnd(aborted=True))

    def give_up_orphans(self) -> None:
        """Fails the commands whose clients have left."""
        present = list(self._session.clients)
        self.running.give_up(lambda client: all(client is not other for other in present))
        if _QUEUED not in self._session.interests:
            self.queued.give_up()


def _completed(request_id: str, _: object) -> Payload:
    return types.CommandCompletedData(request_id=request_id)
