"""The agent loop: ask the model, run the tools it calls, and again until it has nothing more to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.answer import Answer, AnswerStream
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.context import context_of
from copilot_sdk.runtime.core.faults import ModelFault, OutOfCredits, Rejected, RuntimeFault
from copilot_sdk.runtime.core.intake import take_in
from copilot_sdk.runtime.core.mcp.host import MCPHost
from copilot_sdk.runtime.core.model_choice import AUTO
from copilot_sdk.runtime.core.models.base import Image, Message, ModelRequest, ToolSpec
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.queue import MessageQueue, Prompt
from copilot_sdk.runtime.core.retries import retry_notice, retry_reason, retrying
from copilot_sdk.runtime.core.system_message import background_agent_text
from copilot_sdk.runtime.core.tool_calls import Outcome, ToolCalls
from copilot_sdk.runtime.core.tools.base import Tool

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_CONTINUATIONS = 5
_COMPACTING = "The conversation is too long for the model. Compacting it and asking again..."
_STILL_TOO_LONG = (
    "The provider turned the prompt down as too long, and there is nothing to compact. "
    "Send less at once, or begin a new session."
)
_CONTINUE = "Your answer was cut off. Go on exactly where it stopped."


@dataclass(slots=True)
class Exchange:
    """What one prompt set in motion.

    Attributes:
        id: Ties its events together.
        message_id: The id of the prompt; after a notice of the system that of the prompt before.
        of_user: Whether a prompt of the user began it.
        headers: HTTP headers for its model requests.
        answered: Whether the model has begun to answer.
        steps: How many calls of the model it has led to.
        open_step: The id of the one that is under way.
        asked_again: Whether a call of the model has failed and was made again.
        response_bytes: How much the model has answered, as far as that was streamed.
    """

    id: str = field(default_factory=new_id)
    message_id: str | None = None
    of_user: bool = True
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    answered: bool = False
    steps: int = 0
    open_step: str | None = None
    asked_again: bool = False
    response_bytes: int = 0


class Agent:
    """One conversation with a model: that of the session, or that of a background agent.

    Attributes:
        servers: MCP servers of its own.
    """

    def __init__(
        self,
        session: Session,
        *,
        agent_id: str | None = None,
        agent_type: str | None = None,
        model: str | None = None,
        reasoning_effort: str | None = None,
        instructions: str = "",
        tool_names: Sequence[str] | None = None,
        parent_call_id: str | None = None,
        history: Sequence[Message] = (),
        on_activity: Callable[[str], None] | None = None,
    ) -> None:
        """Prepares an agent.

        Args:
            session: The session it belongs to.
            agent_id: Its id; None for the main agent.
            agent_type: Which kind of background agent it is.
            model: The model it uses; None for that of the session.
            reasoning_effort: How hard a background agent is to think; the main one goes by the session.
            instructions: What it is told besides what every agent is told.
            tool_names: The only tools it gets; None for all.
            parent_call_id: The tool call that started it.
            history: What was said before.
            on_activity: Called with a line of text for each tool it uses.
        """
        self.session = session
        self.id = agent_id
        self.type = agent_type
        self.parent_call_id = parent_call_id
        self.history: list[Message] = list(history)
        self.exchange = Exchange()
        self.tool_calls_made = 0
        self.tokens_used = 0
        self.intent: str | None = None
        self.latest_response: str | None = None
        self.servers: MCPHost | None = None
        self._model = model
        self._reasoning_effort = reasoning_effort
        self._auto_model: str | None = None
        self._instructions = instructions
        self._tool_names = tool_names
        self._on_activity = on_activity
        self._overheard: list[str] = []
        self._in_tools = False
        self._seed: str | None = None

    @property
    def model_id(self) -> str:
        """The model it uses now."""
        chosen = self._model or self.session.model_id
        return self._auto_model or chosen if chosen == AUTO else chosen

    @property
    def reasoning_effort(self) -> str | None:
        """How hard it is to think now; None leaves it to the model."""
        return self.session.config.reasoning_effort if self.id is None else self._reasoning_effort

    @property
    def streams(self) -> bool:
        """Whether its answers are told piece by piece."""
        config = self.session.config
        return config.streaming and (self.id is None or config.sub_agent_streaming)

    def emit(self, data: Payload, *, extra: Mapping[str, object] | None = None) -> None:
        """Emits an event of this agent."""
        self.session.emit(data, agent_id=self.id, extra=extra)

    def note(self, text: str) -> None:
        """Records a line about what it does."""
        if self._on_activity is not None:
            self._on_activity(text)

    def tools(self) -> dict[str, Tool]:
        """The tools it may call now."""
        available = self.session.toolbox(sub_agent=self.id is not None)
        if self.servers is not None:
            available |= self.servers.tools()
        chosen = self.session.agents.current if self.id is None else None
        names = self._tool_names if chosen is None else chosen.tools
        if names is None or "*" in names:
            return available
        return {name: tool for name, tool in available.items() if name in names}

    def system_message(self) -> str:
        """What it is told before everything else."""
        session = self.session
        if self.id is None:
            return session.system_message.text
        return background_agent_text(self._instructions, session.config.working_directory)

    def say(self, text: str, images: Sequence[Image] = ()) -> None:
        """Adds a message of the user to the conversation."""
        self.history.append(Message("user", text, images=tuple(images)))

    def overhear(self, text: str) -> None:
        """Tells the agent something in passing: at once, or before its next step if it is at work."""
        if self.session.turns.processing:
            self._overheard.append(text)
        else:
            self.say(text)

    async def run(self, inbox: MessageQueue) -> str:
        """Works until the model has nothing more to do.

        Args:
            inbox: Its steering messages are taken in before each step.

        Returns:
            What the model said last.

        Raises:
            ModelFault: The model could not be used.
            OutOfCredits: The session may not use the model any more.
            Rejected: The user turned down a tool call.
        """
        continuations = 0
        self._auto_model = None
        while True:
            self._take_steering(inbox)
            await self._check_credits()
            turn_id = self.exchange.open_step = str(self.exchange.steps)
            self.exchange.steps += 1
            self.emit(
                types.AssistantTurnStartData(
                    turn_id=turn_id,
                    interaction_id=self.exchange.id,
                    parent_tool_call_id=self.parent_call_id,
                )
            )
            if self.id is None:
                self.session.modes.objective.note_turn()
            try:
                answer = await self._ask(turn_id)
            except ModelFault:
                self.end_step()
                raise
            outcomes = await self._act(answer, turn_id)
            self.end_step()
            cut_off = answer.finish_reason == "length" and continuations < _CONTINUATIONS
            if any(outcome.rejected for outcome in outcomes):
                raise Rejected("The user rejected a tool call")
            if any(outcome.ends_turn for outcome in outcomes):
                return answer.text
            if cut_off and not answer.tool_calls:
                continuations += 1
                self.say(_CONTINUE)
            elif not answer.tool_calls and not inbox.has_steering:
                return answer.text

    def end_step(self) -> None:
        """Tells that a call of the model and what it led to are over, if one was under way."""
        turn_id, self.exchange.open_step = self.exchange.open_step, None
        if turn_id is not None:
            self.emit(types.AssistantTurnEndData(turn_id=turn_id, parent_tool_call_id=self.parent_call_id))

    async def _weigh_context(self) -> None:
        context = context_of(self.session)
        told = context.told()
        told.is_initial = self.exchange.steps == 1
        self.emit(told)
        await self.session.compaction.before_call(context.share)

    def _take_steering(self, inbox: MessageQueue) -> None:
        for text in self._overheard:
            self.say(text)
        self._overheard.clear()
        taken = inbox.take_steering()
        if taken and self.id is None:
            self.emit(types.PendingMessagesModifiedData())
        for prompt in taken:
            take_in(self, prompt)

    async def _check_credits(self) -> None:
        if not await self.session.credits.may_go_on():
            raise OutOfCredits("The session limit for AI credits is used up")

    async def _act(self, answer: Answer, turn_id: str) -> Sequence[Outcome]:
        """Takes an answer into the conversation, runs the tools it calls and returns their outcomes."""
        self.latest_response = answer.text or self.latest_response
        self.tokens_used += answer.usage.input_tokens + answer.usage.output_tokens
        calls_made = tuple(answer.tool_calls)
        self.history.append(Message("assistant", answer.text, calls_made, thought=answer.thought))
        if not answer.tool_calls:
            return ()
        self.tool_calls_made += len(answer.tool_calls)
        calls = ToolCalls(self, turn_id)
        self._in_tools = True
        try:
            outcomes = await calls.run(answer.tool_calls)
        except BaseException:
            # Every call in the history needs a result, or no provider accepts the conversation any more.
            if not self._seeded():
                self.history += calls.interrupted(answer.tool_calls)
            raise
        finally:
            self._in_tools = False
        if self._seeded():
            return outcomes
        self.history += [outcome.message for outcome in outcomes]
        self.history += [Message("user", text) for outcome in outcomes for text in outcome.remarks]
        self._tell_mode()
        return outcomes

    def _tell_mode(self) -> None:
        """Tells the agent of a mode that a tool has brought about."""
        modes = self.session.modes
        if self.id is None and (notice := modes.notice()) is not None:
            self.say(notice)
            modes.noticed(content=notice)

    def clear(self, prompt: str) -> int:
        """Forgets the conversation, from within a tool call, and goes on with a prompt once all calls are done.

        Returns:
            How many messages were forgotten.

        Raises:
            RuntimeFault: No tool call is under way, or one has cleared the conversation already.
        """
        if not self._in_tools or self._seed is not None:
            raise RuntimeFault(
                "session.history.clearContext must be called from inside a tool handler, and once: no tool call "
                "is in flight whose conversation could be cleared"
            )
        cleared, self.history, self._seed = len(self.history), [], prompt
        self.emit(types.SessionContextClearedData(initial_message=prompt, messages_cleared=cleared))
        return cleared

    def _seeded(self) -> bool:
        """Whether the conversation was cleared meanwhile; it begins with its new prompt then."""
        seed, self._seed = self._seed, None
        if seed is not None:
            take_in(self, Prompt(id=new_id(), text=seed))
        return seed is not None

    async def _ask(self, turn_id: str) -> Answer:
        """Asks the model; after a compaction again, and again, if the conversation is too long for it."""
        try:
            return await self._ask_patiently(turn_id)
        except ModelFault as fault:
            if not fault.too_long or self.id is not None:
                raise
        self._announce_retry(turn_id, "forced_compaction", _COMPACTING)
        if not await self.session.compaction.make_room():
            raise ModelFault(_STILL_TOO_LONG)
        return await self._ask_patiently(turn_id, compacted=True)

    async def _ask_patiently(self, turn_id: str, *, compacted: bool = False) -> Answer:
        async def call() -> Answer:
            if self.id is None:
                await self._weigh_context()
            started = time.monotonic()
            try:
                return await self._call(turn_id)
            except ModelFault as fault:
                await self._report_failure(fault, started)
                if not (compacted and fault.too_long):
                    raise
                # There is nothing left to leave out; the provider may see it otherwise a moment later.
                again = copy(fault)
                again.retryable = True
                raise again from fault

        def announce(fault: ModelFault) -> None:
            self._announce_retry(turn_id, retry_reason(fault), retry_notice(fault))

        return await retrying(call, self.session.limits, self.session.clock, announce)

    def _announce_retry(self, turn_id: str, reason: str, notice: str | None) -> None:
        self.exchange.asked_again = True
        self.emit(types.AssistantTurnRetryData(turn_id=turn_id, model=self.model_id, reason=reason))
        if notice is not None:
            told = types.SessionInfoData(info_type="model_retry", message=notice)
            self.session.emit(told, agent_id=self.id, ephemeral=True)

    async def _call(self, turn_id: str) -> Answer:
        session = self.session
        if (self._model or session.model_id) == AUTO and self._auto_model is None:
            self._auto_model = await session.model_choice.resolved()
        await session.mcp.ready(for_turn=True)
        stream = AnswerStream(self, turn_id)
        request = ModelRequest(
            model=self.model_id,
            messages=[Message("system", self.system_message()), *self.history],
            tools=[ToolSpec(tool.name, tool.description, tool.parameters) for tool in self.tools().values()],
            stream=self.streams,
            session_id=session.id,
            agent_id=self.id,
            reasoning_effort=self.reasoning_effort,
            reasoning_summary=session.config.reasoning_summary,
            headers=self.exchange.headers,
            account=await session.account.for_model(self.model_id),
        )
        async with aclosing(session.model.respond(request)) as events:
            async for event in events:
                self.exchange.answered = True
                stream.take(event)
                await session.clients.caught_up()
        return stream.finish()

    async def _report_failure(self, fault: ModelFault, started: float) -> None:
        self.emit(
            types.ModelCallFailureData(
                model=self.model_id,
                initiator=None if self.id is None else "sub-agent",
                status_code=fault.status,
                duration_ms=int((time.monotonic() - started) * 1000),
                source="top_level" if self.id is None else "subagent",
                error_message=fault.message,
            )
        )
        await self.session.hooks.invoke(
            "errorOccurred",
            {
                "error": {"name": "ModelError", "message": fault.message},
                "errorContext": "model_call",
                "recoverable": fault.retryable,
            },
            agent=self,
        )
