"""Compaction: the conversation so far gives way to a summary of it that the model writes."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.context import Context, context_of
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.history import compacted, prompts_in, summary_message
from copilot_sdk.runtime.core.models.base import Completed, Message, ModelRequest, TextDelta, Usage
from copilot_sdk.runtime.core.retries import retrying
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Trigger = Literal["manual", "model_switch", "threshold", "context_limit_retry"]

_logger = logging.getLogger("copilot_sdk.runtime")

_TITLE = re.compile(r"\s*<checkpoint_title>(?P<title>.*?)</checkpoint_title>\s*", re.DOTALL)
_ASK = """Summarize this conversation so that you can go on from the summary alone. Say what the user wants, what was
done and decided, which files matter and how they changed, what was learned, and what is left to do. Put the whole into
<overview>, <history>, <work_done>, <technical_details>, <important_files> and <next_steps>, and end with two to six
words in <checkpoint_title>. Call no tools: answer with the summary only."""
_ASK_FOR_HANDOFF = """Summarize this conversation for somebody who takes the work over: what the user wants, what was
done with which result, what you were just doing, and what is left to do. Call no tools: answer with the summary
only."""
_BASIS = "local_full_context_estimate"
_CANCELLED = "Compaction was cancelled"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction came to: the summary, what it freed, and the context afterwards."""

    summary: str
    tokens_removed: int
    messages_removed: int
    context: Context


@dataclass(frozen=True, slots=True)
class _Order:
    """A compaction that is under way: of the messages that were there when it began, with the context of then."""

    id: str
    trigger: Trigger
    before: Context
    history: tuple[Message, ...]
    prompts: tuple[str, ...]
    instructions: str | None


class Compaction:
    """The compactions of one session, one at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._manual: asyncio.Task[Compacted] | None = None
        self._background: asyncio.Task[Compacted | None] | None = None
        self.count = sum(compacted(event) for event in session.log.events)

    async def compact(
        self, *, instructions: str | None = None, trigger: Trigger = "manual", limit: int | None = None
    ) -> Compacted:
        """Compacts the conversation.

        Args:
            instructions: What the summary is to care about most.
            trigger: What set it off.
            limit: How many tokens a prompt may have, where that is not what the model provider says.

        Raises:
            RuntimeFault: There is nothing to compact, or it cannot be done now.
            ModelFault: The model did not write a summary.
        """
        if not self._session.agent.history:
            raise RuntimeFault("Nothing to compact.")
        if self._session.turns.processing:
            raise RuntimeFault("The history cannot be compacted while a turn is running; abort it first")
        if self._manual is not None or self._background is not None:
            raise RuntimeFault("Compaction is already in progress")
        order = self._order(trigger, instructions, limit)
        task = self._manual = self._session.scope.start(self._run_asked(order), name="compaction")
        try:
            # Whoever asked may go; the compaction stays.
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            raise RuntimeFault(_CANCELLED) from None

    async def abort_manual(self) -> bool:
        """Ends the compaction that a client asked for, and tells whether there was one."""
        task, self._manual = self._manual, None
        return await _ended(task)

    async def cancel_background(self) -> bool:
        """Ends the compaction that began by itself, and tells whether there was one."""
        task, self._background = self._background, None
        return await _ended(task)

    async def stop(self) -> None:
        """Ends whatever compaction is under way: the conversation is about to be another one."""
        await self.abort_manual()
        await self.cancel_background()

    async def before_call(self, share: float) -> None:
        """Begins to compact in the background if the context is nearly full; if it is quite full, waits for that.

        Args:
            share: How full it is; 1 is full.
        """
        thresholds = self._session.config.compaction
        if not thresholds.enabled:
            return
        if self._background is None and self._manual is None and share >= thresholds.background:
            order = self._order("threshold", None, None)
            self._background = self._session.scope.start(self._run_behind(order), name="compaction")
        if (running := self._background) is not None and share >= thresholds.exhausted:
            await asyncio.wait({running})

    async def make_room(self) -> bool:
        """Compacts in the middle of a turn, because the model turned the conversation down as too long.

        Returns:
            Whether there was anything to compact. That the model wrote no summary is told to the clients alone.
        """
        if all(message.role == "user" for message in self._session.agent.history):
            return False
        if self._background is None:
            order = self._order("context_limit_retry", None, None)
            self._background = self._session.scope.start(self._run_behind(order), name="compaction")
        await asyncio.wait({self._background})
        return True

    async def summarize_for_handoff(self) -> str:
        """A summary for somebody who takes over; "" where nothing was said yet.

        Raises:
            ModelFault: The model did not write one.
        """
        history = tuple(self._session.agent.history)
        if history and history[-1].tool_calls:
            # Calls that still run have no results, and no provider takes a conversation with such calls.
            history = history[:-1]
        return (await self._ask(history, _ASK_FOR_HANDOFF))[0] if history else ""

    def _order(self, trigger: Trigger, instructions: str | None, limit: int | None) -> _Order:
        session = self._session
        context = context_of(session, limit=limit)
        order = _Order(
            id=new_id(),
            trigger=trigger,
            before=context,
            history=tuple(session.agent.history),
            prompts=tuple(prompts_in(session.log.events)),
            instructions=instructions,
        )
        session.emit(
            types.SessionCompactionStartData(
                compaction_attempt_id=order.id,
                model=session.model_id,
                system_tokens=context.system,
                conversation_tokens=context.conversation,
                tool_definitions_tokens=context.tools,
                current_tokens=context.total,
                token_limit=context.limit,
                trigger=None if trigger == "manual" else trigger,
            )
        )
        return order

    async def _run_asked(self, order: _Order) -> Compacted:
        try:
            return await self._run(order)
        finally:
            self._manual = None

    async def _run_behind(self, order: _Order) -> Compacted | None:
        try:
            return await self._run(order)
        except (ModelFault, RuntimeFault) as fault:
            # The clients were told; the turn goes on with the conversation as it is.
            _logger.warning("a conversation could not be compacted: %s", fault)
            return None
        finally:
            self._background = None

    async def _run(self, order: _Order) -> Compacted:
        started = time.monotonic()
        ask = _ASK if order.instructions is None else f"{_ASK}\n\nCare most about: {order.instructions}"
        try:
            summary, usage = await self._ask(order.history, ask)
            return await self._apply(order, summary, usage, int((time.monotonic() - started) * 1_000))
        except ModelFault as fault:
            self._tell_failure(order, fault.message, status=fault.status)
            raise
        except OSError as error:
            text = f"The checkpoint cannot be written: {error.strerror or error}"
            self._tell_failure(order, text)
            raise RuntimeFault(text) from error
        except asyncio.CancelledError:
            self._tell_failure(order, _CANCELLED, cancelled=True)
            raise

    async def _apply(self, order: _Order, summary: str, usage: Usage, milliseconds: int) -> Compacted:
        session, before = self._session, order.before
        title = _TITLE.search(summary)
        point, path = await session.checkpoints.add(
            title["title"].strip() if title else "", _TITLE.sub("", summary)
        )
        agent = session.agent
        agent.history = [summary_message(order.prompts, summary), *agent.history[len(order.history) :]]
        self.count += 1
        context = context_of(session, limit=before.limit)
        removed = len(order.history) - 1
        session.emit(
            types.SessionCompactionCompleteData(
                success=True,
                outcome="applied",
                compaction_attempt_id=order.id,
                pre_compaction_messages_length=before.messages,
                messages_removed=removed,
                pre_compaction_tokens=before.total,
                post_compaction_tokens=context.total,
                tokens_removed=max(before.total - context.total, 0),
                token_accounting_basis=_BASIS,
                summary_content=summary,
                behavior_model_id=session.model_id,
                compaction_tokens_used=types.CompactionCompleteCompactionTokensUsed(
                    request_count=1,
                    input_tokens=usage.input_tokens,
                    output_tokens=usage.output_tokens,
                    cache_read_tokens=usage.cache_read_tokens,
                    cache_write_tokens=usage.cache_write_tokens,
                    duration=milliseconds,
                    model=session.model_id,
                ),
                system_tokens=context.system,
                conversation_tokens=context.conversation,
                tool_definitions_tokens=context.tools,
                token_limit=context.limit,
                trigger=None if order.trigger == "manual" else order.trigger,
                custom_instructions=order.instructions,
                checkpoint_number=point.number,
                checkpoint_path=str(path),
            )
        )
        session.emit(context.told())
        await session.storage.flush()
        return Compacted(summary, max(before.total - context.total, 0), removed, context)

    def _tell_failure(
        self, order: _Order, text: str, *, status: int | None = None, cancelled: bool = False
    ) -> None:
        self._session.emit(
            types.SessionCompactionCompleteData(
                success=False,
                error=text,
                outcome="cancelled" if cancelled else "failed",
                failure_reason=None if status is None else "provider_rejected",
                status_code=status,
                token_limit=order.before.limit,
                compaction_attempt_id=order.id,
                model=self._session.model_id,
                trigger=None if order.trigger == "manual" else order.trigger,
            )
        )

    async def _ask(self, history: Sequence[Message], ask: str) -> tuple[str, Usage]:
        def announce(fault: ModelFault) -> None:
            _logger.info("a summary is asked for again: %s", fault)

        session = self._session
        return await retrying(lambda: self._call(history, ask), session.limits, session.clock, announce)

    async def _call(self, history: Sequence[Message], ask: str) -> tuple[str, Usage]:
        session, started = self._session, time.monotonic()
        system = Message("system", session.agent.system_message())
        model = await session.model_choice.resolved()
        request = ModelRequest(
            model=model,
            messages=[system, *history, Message("user", ask)],
            stream=session.config.streaming,
            session_id=session.id,
            reasoning_effort=session.config.reasoning_effort,
            account=await session.account.for_model(model),
        )
        text: list[str] = []
        usage = Usage()
        async with aclosing(session.model.respond(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text.append(event.text)
                elif isinstance(event, Completed):
                    usage = event.usage
        summary = "".join(text).strip()
        if not summary:
            raise ModelFault("The model returned an empty summary", retryable=False)
        spent = int((time.monotonic() - started) * 1_000)
        session.usage.record_call(session.model_id, usage, spent, main_agent=False)
        return summary, usage


async def _ended(task: asyncio.Task[Compacted] | asyncio.Task[Compacted | None] | None) -> bool:
    if task is None:
        return False
    await end_all({task})
    return True
