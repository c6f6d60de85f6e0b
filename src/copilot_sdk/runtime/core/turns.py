"""Turns of the main agent: one prompt after the other, until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.agent import Exchange
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import InvalidInput, ModelFault, OutOfCredits, Rejected, RuntimeFault
from copilot_sdk.runtime.core.history import is_prompt, prompt_id
from copilot_sdk.runtime.core.hooks import MOST_STOP_BLOCKS, block_reason, remark_of
from copilot_sdk.runtime.core.idle import DeferredIdle
from copilot_sdk.runtime.core.intake import take_in, take_in_with_hooks
from copilot_sdk.runtime.core.queue import Entry, MessageQueue, Prompt, QueuedCommand
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_logger = logging.getLogger("copilot_sdk.runtime")

AbortReason = Literal["user_initiated", "remote_command", "user_abort"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What came of taking a message back: whether it is gone, and whether a turn was interrupted for it."""

    removed: bool
    interrupted: bool


class Turns:
    """Runs the turns of one session, one at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.queue = MessageQueue()
        self.idle = DeferredIdle()
        self._runner: asyncio.Task[None] | None = None
        self._current: Prompt | None = None
        self._aborting = False
        self._started = False

    @property
    def processing(self) -> bool:
        """Whether a turn runs."""
        return self._runner is not None

    @property
    def withdrawable(self) -> str | None:
        """The id of the message behind the running turn, as long as the model has not begun to answer it."""
        current, exchange = self._current, self._session.agent.exchange
        return None if current is None or current.context or exchange.answered else current.id

    def send(self, prompt: Prompt, *, immediate: bool = False, at: int | None = None) -> None:
        """Gives the agent a message.

        Args:
            prompt: The message.
            immediate: Whether it goes into the running turn, if there is one.
            at: Its position in the queue; None for the end.
        """
        if immediate and self.processing:
            self._steer(prompt)
        else:
            prompt.delivery = "queued" if self.processing else "idle"
            self.queue.put(prompt, at=at)
        self.changed()

    def send_now(self, prompt: Prompt) -> None:
        """Takes a message out of the queue and into the running turn, or begins a turn with it."""
        self.queue.waiting.remove(prompt)
        self._steer(prompt)
        self.changed()

    def _steer(self, prompt: Prompt) -> None:
        prompt.delivery = "steering" if self.processing else "idle"
        self.queue.steer(prompt)

    def enqueue(self, command: QueuedCommand) -> None:
        """Queues a slash command."""
        self.queue.put(command)
        self.changed()

    def changed(self) -> None:
        """Tells that the queue holds something else now, and sees to it that it is worked off."""
        self._session.emit(types.PendingMessagesModifiedData())
        self.work_off()

    def pause(self) -> None:
        """Leaves what is queued where it is until `resume`.

        Raises:
            InvalidInput: It is so already.
        """
        if self.queue.paused:
            raise InvalidInput("queue draining is already paused")
        self.queue.paused = True

    def resume(self) -> None:
        """Goes on with the queue."""
        self.queue.paused = False
        self.work_off()

    def remove_newest(self) -> bool:
        """Drops what the user queued last.

        Returns:
            Whether there was anything.
        """
        removed = self.queue.remove_newest()
        if removed:
            self._session.emit(types.PendingMessagesModifiedData())
        return removed

    def clear_queue(self) -> None:
        """Drops all that is queued."""
        if self.queue.clear():
            self._session.emit(types.PendingMessagesModifiedData())

    async def withdraw(self, message_id: str, expected: str) -> Withdrawal:
        """Takes a message of the user back that was not changed since.

        Args:
            message_id: What sending it returned.
            expected: Its text.
        """
        waiting = self.queue.sent(message_id)
        prompt = self._current if waiting is None else waiting
        if prompt is None or prompt.id != message_id or prompt.edited or prompt.text != expected:
            return Withdrawal(removed=False, interrupted=False)
        if waiting is not None:
            self.queue.drop(waiting)
            self.changed()
            return Withdrawal(removed=True, interrupted=False)
        if self.withdrawable is None or self.queue.steering or self.queue.waiting:
            return Withdrawal(removed=False, interrupted=False)
        interrupted = await self.abort("user_abort", forget=message_id)
        kept = self._event_of(message_id) is not None
        return Withdrawal(removed=interrupted and not kept, interrupted=interrupted)

    def _event_of(self, message: str) -> str | None:
        """The id of the event of a prompt, by the id of the prompt."""
        events = self._session.log.events
        return next((event.id for event in events if is_prompt(event) and prompt_id(event) == message), None)

    def notify(self, text: str, notice: object) -> None:
        """Tells the agent something of the runtime's own, and starts a turn for it unless one runs."""
        if self._session.closing:
            return
        self.queue.steer(Prompt(id=new_id(), text=text, notice=notice))
        self.changed()

    def work_off(self) -> None:
        """Begins to work the queue off, unless that goes on already or it holds nothing to take."""
        if self._runner is None and self.queue:
            self.idle.owed = True
            self._runner = self._session.scope.start(self._drain(), name="turns")

    async def _drain(self) -> None:
        try:
            while (entry := self.queue.next()) is not None:
                self._session.emit(types.PendingMessagesModifiedData())
                await self._take(entry)
                await self._session.storage.flush()
        finally:
            if not self._aborting:
                self._runner, self.idle.aborted = None, False
                if not self._session.closing:
                    self._session.emit(types.AssistantIdleData())
                self.rest()

    async def _take(self, entry: Entry) -> None:
        if isinstance(entry, Prompt):
            await self._turn(entry)
        elif await self._session.commands.run_queued(entry):
            self.clear_queue()

    def rest(self) -> None:
        """Says that the session has come to rest, if it has."""
        session = self._session
        if self.idle.owed and not self.processing and not session.tasks.busy and not session.closing:
            aborted = self.idle.settle() or None
            session.emit(types.SessionIdleData(aborted=aborted, mode=session.modes.current))
            session.touch()
        session.tasks.wake()

    async def abort(
        self, reason: AbortReason, *, keep_queue: bool = False, forget: str | None = None
    ) -> bool:
        """Ends the running turn.

        Args:
            reason: Why.
            keep_queue: Whether what is queued is worked off next; else it is dropped.
            forget: The id of a message whose events, and all after them, leave the history.

        Returns:
            Whether a turn was running.
        """
        runner, session = self._runner, self._session
        if not keep_queue:
            self.clear_queue()
        if runner is None or self._aborting:
            if runner is None and self.idle.owed and not session.closing:
                self._abort_background(reason)
            return False
        self.idle.settle()
        self._aborting = True
        message_id = session.agent.exchange.message_id
        await end_all({runner})
        self._runner, self._aborting = None, False
        session.emit(types.AbortData(reason=reason))
        session.agent.end_step()
        if forget is not None and (event := self._event_of(forget)) is not None:
            with suppress(RuntimeFault):
                session.truncate(event)
        if not session.closing:
            session.modes.stopped("aborted", message_id)
            session.emit(types.AssistantIdleData(aborted=True))
            session.emit(types.SessionIdleData(aborted=True, mode=session.modes.current))
            session.touch()
        session.tasks.wake()
        self.work_off()
        return True

    def _abort_background(self, reason: AbortReason) -> None:
        """Says that background work is not waited for any more; the session rests when it has ended."""
        self.idle.aborted = True
        self._session.emit(types.AbortData(reason=reason))
        self._session.emit(types.PendingMessagesModifiedData())
        self._session.emit(types.AssistantIdleData(aborted=True))

    async def _turn(self, prompt: Prompt) -> None:
        session, agent = self._session, self._session.agent
        message_id = None if prompt.notice is not None or prompt.bare else prompt.id
        of_user = prompt.source != "system" and not prompt.bare
        if prompt.source == "system":
            message_id = agent.exchange.message_id
        agent.exchange = Exchange(message_id=message_id, of_user=of_user, headers=prompt.headers)
        self._current = None if prompt.notice is not None or prompt.bare else prompt
        await session.modes.objective.load()
        session.modes.begin_turn(prompt)
        try:
            await self._begin(prompt)
            await session.skills.load()
            if self._current is not None:
                session.note_prompt(prompt.shown)
            await session.mcp.ready(for_turn=True)
            session.mcp.tell_loaded()
            session.emit(types.SessionToolsUpdatedData(model=session.model_id))
            await session.system_message.refresh()
            for earlier in prompt.context:
                take_in(agent, earlier)
            if prompt.notice is not None:
                take_in(agent, prompt)
            elif prompt.bare:
                pass
            elif not await take_in_with_hooks(agent, prompt):
                return
            else:
                session.usage.user_requests += 1
            self._tell_system_message()
            await self._work_through_limits()
        except Rejected:
            session.emit(types.AbortData(reason="user_initiated"))
            info = types.SessionInfoData(info_type="cancellation", message="Operation cancelled by user")
            session.emit(info, ephemeral=True)
        except OutOfCredits:
            session.modes.stopped("error", message_id)
        except ModelFault as fault:
            self._fail(fault)
        except Exception as error:
            _logger.exception("a turn of session %s failed", session.id)
            self._fail(ModelFault(f"{type(error).__name__}: {error}", error_type="internal"))
        finally:
            self._current = None
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
            types.SystemMessageData(content=text, role="system", interaction_id=session.agent.exchange.id),
            stored=text != session.stored_system_text,
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
                agent.exchange.steps = 0
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
            types.SessionErrorData(
                error_type=fault.error_type,
                message=fault.message,
                status_code=fault.status,
                error_code=fault.code,
                eligible_for_auto_switch=eligible,
                originating_message_id=session.agent.exchange.message_id,
            )
        )
