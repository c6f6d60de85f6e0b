"""Turns of the main agent: one prompt after the other, until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot.types import (
    AbortData,
    PendingMessagesModifiedData,
    SessionErrorData,
    SessionIdleData,
    SessionInfoData,
    SystemMessageData,
)
from copilot_sdk.runtime.core.agent import Exchange
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault, OutOfCredits, Rejected
from copilot_sdk.runtime.core.hooks import MOST_STOP_BLOCKS, block_reason, remark_of
from copilot_sdk.runtime.core.intake import take_in, take_in_with_hooks
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.queue import Entry, MessageQueue, Prompt, QueuedCommand
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_logger = logging.getLogger("copilot_sdk.runtime")

AbortReason = Literal["user_initiated", "remote_command", "user_abort"]


class Turns:
    """Runs the turns of one session, one at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.queue = MessageQueue()
        self._runner: asyncio.Task[None] | None = None
        self._idle_owed = False
        self._aborting = False
        self._started = False

    @property
    def processing(self) -> bool:
        """Whether a turn runs."""
        return self._runner is not None

    def send(self, prompt: Prompt, *, immediate: bool = False, first: bool = False) -> None:
        """Gives the agent a message.

        Args:
            prompt: The message.
            immediate: Whether it goes into the running turn, if there is one.
            first: Whether it goes before what is queued already.
        """
        if immediate and self.processing:
            prompt.delivery = "steering"
            self.queue.steer(prompt)
        else:
            prompt.delivery = "queued" if self.processing else "idle"
            self.queue.put(prompt, first=first)
        self._session.emit(PendingMessagesModifiedData())
        self._start()

    def enqueue(self, command: QueuedCommand) -> None:
        """Queues a slash command."""
        self.queue.put(command)
        self._session.emit(PendingMessagesModifiedData())
        self._start()

    def remove_newest(self) -> bool:
        """Drops what the user queued last.

        Returns:
            Whether there was anything.
        """
        removed = self.queue.remove_newest()
        if removed:
            self._session.emit(PendingMessagesModifiedData())
        return removed

    def clear_queue(self) -> None:
        """Drops all that is queued."""
        if self.queue.clear():
            self._session.emit(PendingMessagesModifiedData())

    def notify(self, text: str, notice: Payload) -> None:
        """Tells the agent something of the runtime's own, and starts a turn for it unless one runs."""
        if self._session.closing:
            return
        self.queue.steer(Prompt(id=new_id(), text=text, notice=notice))
        self._start()

    def _start(self) -> None:
        if self._runner is None:
            self._idle_owed = True
            self._runner = self._session.scope.start(self._drain(), name="turns")

    async def _drain(self) -> None:
        try:
            while (entry := self.queue.next()) is not None:
                await self._take(entry)
                await self._session.storage.flush()
        finally:
            if not self._aborting:
                self._runner = None
                self.rest()

    async def _take(self, entry: Entry) -> None:
        if isinstance(entry, Prompt):
            await self._turn(entry)
        elif await self._session.commands.run_queued(entry):
            self.clear_queue()

    def rest(self) -> None:
        """Says that the session has come to rest, if it has."""
        session = self._session
        if self._idle_owed and not self.processing and not session.tasks.busy and not session.closing:
            self._idle_owed = False
            session.emit(SessionIdleData(mode=session.modes.current))
            session.touch()
        session.tasks.wake()

    async def abort(self, reason: AbortReason) -> bool:
        """Ends the running turn and drops what is queued.

        Returns:
            Whether a turn was running.
        """
        runner, session = self._runner, self._session
        self.clear_queue()
        if runner is None or self._aborting:
            return False
        self._idle_owed, self._aborting = False, True
        message_id = session.agent.exchange.message_id
        await end_all({runner})
        self._runner, self._aborting = None, False
        session.emit(AbortData(reason=reason))
        if not session.closing:
            session.modes.stopped("aborted", message_id)
            session.emit(SessionIdleData(aborted=True, mode=session.modes.current))
            session.touch()
        session.tasks.wake()
        if self.queue:
            self._start()
        return True

    async def _turn(self, prompt: Prompt) -> None:
        session, agent = self._session, self._session.agent
        message_id = None if prompt.notice is not None else prompt.id
        agent.exchange = Exchange(message_id=message_id, headers=prompt.headers)
        session.modes.begin_turn(prompt)
        try:
            await self._begin(prompt)
            await session.mcp.ready(for_turn=True)
            session.mcp.tell_loaded()
            await session.system_message.refresh()
            if prompt.notice is not None:
                take_in(agent, prompt)
            elif not await take_in_with_hooks(agent, prompt):
                return
            else:
                session.usage.user_requests += 1
                session.note_prompt(prompt.shown)
            await session.skills.load()
            self._tell_system_message()
            await self._work_through_limits()
        except Rejected:
            session.emit(AbortData(reason="user_initiated"))
            info = SessionInfoData(info_type="cancellation", message="Operation cancelled by user")
            session.emit(info, ephemeral=True)
        except OutOfCredits:
            session.modes.stopped("error", message_id)
        except ModelFault as fault:
            self._fail(fault)
        except Exception as error:
            _logger.exception("a turn of session %s failed", session.id)
            self._fail(ModelFault(f"{type(error).__name__}: {error}", error_type="internal"))
        finally:
            session.modes.end_turn()
            prompt.done.set()

    async def _begin(self, prompt: Prompt) -> None:
        if self._started:
            return
        self._started = True
        session = self._session
        source = "resume" if session.resumed else "new"
        output = await session.hooks.invoke("sessionStart", {"source": source, "initialPrompt": prompt.text})
        if (remark := remark_of(output)) is not None:
            session.agent.say(remark)

    def _tell_system_message(self) -> None:
        session = self._session
        text = session.agent.system_message()
        # Clients get it each turn, but a log that repeats it each turn would hold little else.
        session.emit(
            SystemMessageData(content=text, role="system"), stored=text != session.stored_system_text
        )
        session.stored_system_text = text

    async def _work(self) -> None:
        """Has the agent work until neither hooks nor autopilot mode send it on."""
        session, agent = self._session, self._session.agent
        blocks = continuations = 0
        while True:
            await agent.run(self.queue)
            reason = await self._stop_reason(blocks)
            if reason is not None and blocks < MOST_STOP_BLOCKS:
                blocks += 1
                more = Prompt(id=new_id(), text=reason, delivery="queued")
            else:
                continuation = session.modes.continuation(agent.exchange.message_id, continuations)
                if continuation is None:
                    return
                blocks, continuations, more = 0, continuations + 1, continuation
            if not await take_in_with_hooks(agent, more):
                return

    async def _stop_reason(self, blocks: int) -> str | None:
        """Why hooks want the agent to go on; None if it may rest."""
        session = self._session
        details = {
            "transcriptPath": str(session.transcript),
            "stopReason": "end_turn",
            "stop_hook_active": blocks > 0,
        }
        return block_reason(await session.hooks.invoke("agentStop", details))

    async def _work_through_limits(self) -> None:
        """Has the agent work, and go on with another model where a rate limit stops it and the user agrees."""
        limits = self._session.rate_limits
        while True:
            try:
                return await self._work()
            except ModelFault as fault:
                if not limits.can_switch(fault):
                    raise
                self._report(fault, eligible=True)
                if not await limits.offer(fault):
                    self._session.modes.stopped("error", self._session.agent.exchange.message_id)
                    return None

    def _fail(self, fault: ModelFault) -> None:
        self._report(fault, eligible=False if fault.error_type == "rate_limit" else None)
        self._session.modes.stopped("error", self._session.agent.exchange.message_id)

    def _report(self, fault: ModelFault, *, eligible: bool | None) -> None:
        session = self._session
        session.emit(
            SessionErrorData(
                error_type=fault.error_type,
                message=fault.message,
                status_code=fault.status,
                error_code=fault.code,
                eligible_for_auto_switch=eligible,
                originating_message_id=session.agent.exchange.message_id,
            )
        )
