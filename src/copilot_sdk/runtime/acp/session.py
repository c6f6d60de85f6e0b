"""One session of the runtime that a client has open: its events become updates, its questions requests."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING

from copilot_sdk._generated.acp.types import (
    AvailableCommand,
    AvailableCommandInput,
    AvailableCommandsUpdate,
    ConfigOptionUpdate,
    ContentBlock,
    CurrentModeUpdate,
    PromptResponse,
    SessionUpdate,
    StopReason,
    Usage,
)
from copilot_sdk._generated.copilot.types import SlashCommandAgentPromptResult, SlashCommandCompletedResult
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.acp.options import modes_of, options_of
from copilot_sdk.runtime.acp.prompts import Asked, asked_of
from copilot_sdk.runtime.acp.questions import Questions
from copilot_sdk.runtime.acp.updates import Updates, plan_of
from copilot_sdk.runtime.core.built_in_commands import BUILT_IN, find
from copilot_sdk.runtime.core.clients import ClientFault, UserAnswer
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.models.base import ModelInfo
from copilot_sdk.runtime.core.outbox import Outbox
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.scope import TaskScope
from copilot_sdk.runtime.core.session import Session
from copilot_sdk.runtime.core.todos import todos

if TYPE_CHECKING:
    from copilot_sdk.acp.agent import Agent
    from copilot_sdk.runtime.core.runtime import Runtime

_STOPS: Mapping[str, StopReason] = {"length": "max_tokens", "content_filter": "refusal"}


class OpenSession:
    """The client's side of one session; the core knows it as a `ClientPort`."""

    def __init__(self, agent: Agent, runtime: Runtime, session_id: str) -> None:
        self._agent = agent
        self._runtime = runtime
        self._session_id = session_id
        self._session: Session | None = None
        self._outbox: Outbox[Event | SessionUpdate] = Outbox(self._send)
        self._scope = TaskScope(f"acp {session_id}")
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._stop: StopReason = "end_turn"
        self._told_commands: list[AvailableCommand] | None = None
        offered = agent.client_capabilities.session
        compaction = offered is not None and offered.compaction is not None
        self.updates = Updates(lambda: self.session.config.working_directory, compaction=compaction)
        self.questions = Questions(agent, session_id)

    @property
    def session(self) -> Session:
        """The session."""
        assert self._session is not None  # noqa: S101 - it is there before any event comes
        return self._session

    def begin(self, session: Session) -> None:
        """Begins to tell of a session."""
        self._session = session
        # Reading in the folders of the session is what its user has opened it for; all else is asked about.
        session.permissions.approve_reads = True
        self._scope.start(self._outbox.run(), name="updates")

    async def end(self) -> None:
        """Tells no more."""
        await self._scope.aclose()

    # ---------------------------------------------------------------- prompts

    async def prompt(self, blocks: Sequence[ContentBlock]) -> PromptResponse:
        """Has the agent work on a prompt, or runs the slash command that it begins with."""
        asked = asked_of(blocks)
        prompt = await self._command(asked) if asked.text.startswith("/") else _prompt(asked)
        if prompt is not None:
            await self._work(prompt)
        await self._outbox.flush()
        return PromptResponse(stop_reason=self._stop, usage=self._usage())

    async def _work(self, prompt: Prompt) -> None:
        self._stop = "end_turn"
        self.session.turns.send(prompt)
        try:
            await prompt.done.wait()
        except asyncio.CancelledError:
            await self.session.turns.abort("user_initiated")
            await self._outbox.flush()
            raise

    async def _command(self, asked: Asked) -> Prompt | None:
        """Runs a slash command; gives the prompt that it comes to, or that stays as it is because there is none."""
        self._stop = "end_turn"
        line, _, _ = asked.text.partition("\n")
        name, _, arguments = line[1:].partition(" ")
        if not await self._knows(name.lower()):
            return _prompt(asked)
        try:
            result = await self.session.commands.invoke(name, arguments)
        except (RuntimeFault, ModelFault) as fault:
            self.say(f"Error: {fault}")
            return None
        if isinstance(result, SlashCommandAgentPromptResult):
            return Prompt(
                id=new_id(),
                text="\n\n".join([result.prompt, *asked.embedded]),
                display=result.display_prompt,
                attachments=asked.attachments,
                agent_mode=result.mode,
            )
        if isinstance(result, SlashCommandCompletedResult) and result.mode is not None:
            self.session.modes.set(result.mode)
        text = getattr(result, "text", None) or getattr(result, "message", None)
        if text:
            self.say(str(text))
        return None

    async def _knows(self, command: str) -> bool:
        if find(command) is not None:
            return True
        skills = self.session.skills
        await skills.load()
        return skills.by_command(command) is not None

    def _usage(self) -> Usage:
        totals = list(self.session.usage.models.values())
        read, written = sum(one.input_tokens for one in totals), sum(one.output_tokens for one in totals)
        return Usage(
            input_tokens=read,
            output_tokens=written,
            total_tokens=read + written,
            cached_read_tokens=sum(one.cache_read_tokens for one in totals),
            cached_write_tokens=sum(one.cache_write_tokens for one in totals),
        )

    # ---------------------------------------------------------------- updates

    def say(self, text: str) -> None:
        """Tells the user something that is no answer of the model."""
        self.post(self.updates.remark(text))

    def post(self, update: SessionUpdate) -> None:
        """Sends an update when all before it are sent."""
        self._outbox.post(update)

    async def replay(self) -> None:
        """Tells the whole conversation once more, and what the session is like now."""
        session = self.session
        for update in self.updates.replay(session.log.events):
            await self._tell(update)
        rows = await todos(session.storage.database)
        if rows:
            await self._tell(plan_of(rows))

    async def introduced(self) -> None:
        """Returns when everything that happened so far is told, and the slash commands go out next.

        Clients drop what they are told of a session whose id they do not know yet, so that this is to be the last thing
        that is waited for before the answer that opens the session: what is posted goes out when its sender waits.
        """
        commands = await self._commands()
        await self._outbox.flush()
        self._told_commands = commands
        self.post(AvailableCommandsUpdate(available_commands=commands))

    async def flush(self) -> None:
        """Waits until everything that has happened so far is told."""
        await self._outbox.flush()

    async def models(self) -> Sequence[ModelInfo]:
        """The models that the session can use; none where nobody can be asked for them."""
        session = self.session
        try:
            if session.model is self._runtime.model:
                return await self._runtime.models(await session.account.current())
            return await session.model.catalogue()
        except (ModelFault, RuntimeFault):
            return []

    async def show_terminal(self, call_id: str, terminal_id: str) -> None:
        """Shows a terminal in a tool call."""
        await self._outbox.flush()
        await self._tell(self.updates.in_terminal(call_id, terminal_id))

    async def _tell(self, update: SessionUpdate) -> None:
        await self._agent.client.session.update(session_id=self._session_id, update=update)

    async def _send(self, item: Event | SessionUpdate) -> None:
        if not isinstance(item, Event):
            await self._tell(item)
            return
        for update in self.updates.of(item):
            await self._tell(update)
        await self._react(item)

    async def _react(self, event: Event) -> None:
        """Does what an event asks for beside the updates that it becomes."""
        match event.type:
            case "session.todos_changed":
                await self._tell(plan_of(await todos(self.session.storage.database)))
            case "session.mode_changed":
                await self._tell(CurrentModeUpdate(current_mode_id=modes_of(self.session).current_mode_id))
                await self._tell_options()
            case "session.model_change" | "session.permissions_changed":
                await self._tell_options()
            case "commands.changed" | "session.skills_loaded":
                await self._tell_commands()
            case "permission.requested":
                self._ask(event, self._ask_permission(event))
            case "elicitation.requested":
                self._ask(event, self._ask_form(event))
            case "permission.completed" | "elicitation.completed":
                asking = self._asking.pop(str(event.data.get("requestId")), None)
                if asking is not None:
                    asking.cancel()
            case "assistant.usage" if event.agent_id is None:
                self._stop = _STOPS.get(str(event.data.get("finishReason")), "end_turn")
            case "session.autopilot_stopped" if event.data.get("reason") == "cap_reached":
                self._stop = "max_turn_requests"
            case _:
                return

    async def _tell_options(self) -> None:
        options = options_of(self.session, await self.models())
        await self._tell(ConfigOptionUpdate(config_options=options))

    async def _tell_commands(self) -> None:
        if self._told_commands in (None, commands := await self._commands()):
            return
        self._told_commands = commands
        await self._tell(AvailableCommandsUpdate(available_commands=commands))

    async def _commands(self) -> list[AvailableCommand]:
        skills = self.session.skills
        await skills.load()
        commands = [_command(one.name, one.description, one.hint) for one in BUILT_IN]
        commands += [
            _command(one.command_name, one.description, "instructions for the skill")
            for one in skills.for_user
        ]
        return commands

    # ---------------------------------------------------------------- questions

    def _ask(self, event: Event, work: Coroutine[object, object, None]) -> None:
        request_id = str(event.data.get("requestId"))
        self._asking[request_id] = self._scope.start(work, name=event.type)

    async def _ask_permission(self, event: Event) -> None:
        gate, request_id = self.session.permissions, str(event.data.get("requestId"))
        ask = gate.requests.subject(request_id)
        request = event.data.get("permissionRequest")
        if ask is not None and is_object(request):
            gate.decide(request_id, await self.questions.permission(ask, str(request.get("toolCallId"))))

    async def _ask_form(self, event: Event) -> None:
        decision = await self.questions.form(event.data)
        self.session.user_input.forms.resolve(str(event.data.get("requestId")), decision)

    # ---------------------------------------------------------------- what the core calls

    def deliver(self, session_id: str, event: Event) -> None:  # noqa: ARG002
        """See `ClientPort.deliver`."""
        self._outbox.post(event)

    async def caught_up(self) -> None:
        """See `ClientPort.caught_up`."""
        await self._outbox.caught_up()

    async def ask_user(
        self,
        session_id: str,  # noqa: ARG002
        question: str,
        choices: Sequence[str],
        allow_freeform: bool,
    ) -> UserAnswer:
        """See `ClientPort.ask_user`."""
        await self._outbox.flush()
        return await self.questions.answer(question, choices, freeform=allow_freeform)

    async def run_hook(
        self,
        session_id: str,  # noqa: ARG002 - the signature is that of the port, here and below
        hook_type: str,
        hook_input: Mapping[str, object],  # noqa: ARG002
    ) -> Mapping[str, object]:
        """See `ClientPort.run_hook`: the protocol has none."""
        raise ClientFault(f"clients of this protocol run no hooks, so not {hook_type}")

    async def confirm_plan(
        self,
        session_id: str,  # noqa: ARG002
        plan: Mapping[str, object],
    ) -> Mapping[str, object]:
        """See `ClientPort.confirm_plan`."""
        await self._outbox.flush()
        return await self.questions.plan(self.updates.running("exit_plan_mode") or new_id(), plan)

    async def confirm_switch(
        self,
        session_id: str,  # noqa: ARG002
        error_code: str | None,  # noqa: ARG002
        retry_after: float | None,  # noqa: ARG002
    ) -> Mapping[str, object]:
        """See `ClientPort.confirm_switch`: the protocol has no such question."""
        raise ClientFault("clients of this protocol are not asked to switch models")

    async def transform_sections(
        self,
        session_id: str,  # noqa: ARG002
        sections: Mapping[str, str],  # noqa: ARG002
    ) -> Mapping[str, str]:
        """See `ClientPort.transform_sections`: the protocol has none."""
        raise ClientFault("clients of this protocol rewrite no system message")


def _prompt(asked: Asked) -> Prompt:
    display = asked.text if asked.embedded else None
    return Prompt(id=new_id(), text=asked.seen, display=display, attachments=asked.attachments)


def _command(name: str, description: str, hint: str | None) -> AvailableCommand:
    command = AvailableCommand(name=name, description=description)
    if hint is not None:
        command.input = AvailableCommandInput(hint=hint)
    return command
