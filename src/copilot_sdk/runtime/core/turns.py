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
    SystemMessageData,
)
from copilot_sdk.runtime.core.agent import Exchange
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.intake import take_in, take_in_with_hooks
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.queue import MessageQueue, Prompt
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_logger = logging.getLogger("copilot_sdk.runtime")

AbortReason = Literal["user_initiated", "remote_command", "user_abort"]

_STOP_BLOCKS = 5


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
            self.queue.steer(prompt)
        else:
            self.queue.put(prompt, first=first)
        self._session.emit(PendingMessagesModifiedData())
        self._start()

    def remove_newest(self) -> bool:
        """Drops the message that the user queued last.

        Returns:
            Whether there was one.
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
            while (prompt := self.queue.next()) is not None:
                await self._turn(prompt)
                await self._session.storage.flush()
        finally:
            if not self._aborting:
                self._runner = None
                self.rest()

    def rest(self) -> None:
        """Says that the session has come to rest, if it has."""
        session = self._session
        if self._idle_owed and not self.processing and not session.tasks.busy and not session.closing:
            self._idle_owed = False
            session.emit(SessionIdleData())
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
        await end_all({runner})
        self._runner, self._aborting = None, False
        session.emit(AbortData(reason=reason))
        if not session.closing:
            session.emit(SessionIdleData(aborted=True))
            session.touch()
        session.tasks.wake()
        if self.queue:
            self._start()
        return True

    async def _turn(self, prompt: Prompt) -> None:
        session, agent = self._session, self._session.agent
        is_notice = prompt.notice is not None
        agent.exchange = Exchange(message_id=None if is_notice else prompt.id, headers=prompt.headers)
        try:
            await self._begin(prompt)
            if prompt.notice is not None:
                take_in(agent, prompt)
            elif not await take_in_with_hooks(agent, prompt):
                return
            else:
                session.usage.user_requests += 1
                session.note_prompt(prompt.shown)
            await session.skills.load()
            self._tell_system_message()
            await self._work()
        except ModelFault as fault:
            await self._fail(fault)
        except Exception as error:
            _logger.exception("a turn of session %s failed", session.id)
            await self._fail(ModelFault(f"{type(error).__name__}: {error}", error_type="internal"))
        finally:
            prompt.done.set()

    async def _begin(self, prompt: Prompt) -> None:
        if self._started:
            return
        self._started = True
        session = self._session
        source = "resume" if session.resumed else "new"
        output = await session.hooks.invoke("sessionStart", {"source": source, "initialPrompt": prompt.text})
        if isinstance(remark := output.get("additionalContext"), str):
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
        session = self._session
        for blocks in range(_STOP_BLOCKS):
            await session.agent.run(self.queue)
            output = await session.hooks.invoke(
                "agentStop", {"stopReason": "end_turn", "stop_hook_active": blocks > 0}
            )
            if output.get("decision") != "block":
                return
            session.agent.say(str(output.get("reason") or "Go on."))

    async def _fail(self, fault: ModelFault) -> None:
        session = self._session
        message_id = session.agent.exchange.message_id
        session.emit(
            SessionErrorData(error_type=fault.error_type, message=fault.message, status_code=fault.status),
            extra=None if message_id is None else {"originatingMessageId": message_id},
        )
        await session.hooks.invoke(
            "errorOccurred",
            {
                "error": {"name": "ModelError", "message": fault.message},
                "errorContext": "model_call",
                "recoverable": fault.retryable,
            },
        )
