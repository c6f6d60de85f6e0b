"""A session of the daemon that is live: the session of the core, and who tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from copilot_sdk._generated.copilot.types import SessionInfoData
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.clients import Client, ClientFault, UserAnswer
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import ExternalTool
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.permissions import ALLOW_ALL
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.tools.base import ToolError, ToolResult
from copilot_sdk.runtime.tau.channel import Channel
from copilot_sdk.runtime.tau.history import INFO
from copilot_sdk.runtime.tau.narrator import Narrator
from copilot_sdk.runtime.tau.tree import Counts, Node

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

RunTool = Callable[[str, Mapping[str, object], str], str]
"""Runs a tool of the daemon's own for a session: name, arguments, the session; raises a `ToolError`."""


class LiveSession:
    """One live session; the core knows it as a `ClientPort`.

    Attributes:
        node: What is kept of it.
        channel: Who listens to it.
        narrator: Who tells them.
    """

    def __init__(
        self,
        node: Node,
        channel: Channel,
        run_tool: RunTool,
        tools: Mapping[str, ExternalTool],
        on_rest: Callable[[LiveSession], None],
    ) -> None:
        """Prepares it; `attached` makes it live.

        Args:
            node: What is kept of it.
            channel: Who listens to it.
            run_tool: Runs the daemon's own tools.
            tools: Those tools, by name.
            on_rest: Called when its agent has done all its turns.
        """
        self.node = node
        self.channel = channel
        self.narrator = Narrator(channel)
        self.client = Client(self, new_id(), is_extension=False, tools=tools)
        self._run_tool = run_tool
        self._on_rest = on_rest
        self._core: Session | None = None
        self._before = node.tokens
        self._compact_next: list[str | None] = []

    @property
    def core(self) -> Session:
        """The session of the core."""
        assert self._core is not None  # noqa: S101 - nobody has it before it is attached
        return self._core

    @property
    def busy(self) -> bool:
        """Whether its agent works, or is about to."""
        return self.core.turns.processing or self.narrator.turn_started is not None

    def attached(self, core: Session) -> None:
        """Takes in the session of the core; tau has nobody who could be asked for permission."""
        self._core = core
        core.permissions.set_mode(ALLOW_ALL)

    def tokens(self) -> Counts:
        """What it has used, now and in former lives."""
        totals = self.core.usage.models.values()
        return self._before.plus(
            Counts(
                sum(total.input_tokens for total in totals),
                sum(total.output_tokens for total in totals),
                sum(total.cache_read_tokens for total in totals),
                sum(total.cache_write_tokens for total in totals),
            )
        )

    def send(self, text: str, *, images: Sequence[Mapping[str, object]] = (), steer: bool = False) -> Prompt:
        """Gives its agent a message.

        Args:
            text: What it says.
            images: Pictures that go with it, as the core has attachments.
            steer: Whether it breaks into the running turn.
        """
        prompt = Prompt(id=new_id(), text=text, attachments=images)
        self.node.touch()
        self.core.turns.send(prompt, immediate=steer)
        return prompt

    def inform(self, text: str) -> None:
        """Adds a note to the history that people get and the model does not."""
        self.core.emit(SessionInfoData(info_type=INFO, message=text))
        self.narrator.note(text)

    async def compact(self, keep_hint: str | None) -> bool:
        """Sums up the history; after its turn, where one runs.

        Args:
            keep_hint: What the summary should keep.

        Returns:
            Whether that waits for the turn.

        Raises:
            RuntimeFault, ModelFault: It failed.
        """
        if self.busy:
            self._compact_next.append(keep_hint)
            self.narrator.note("the history is summed up once the turn has ended")
            return True
        if not self.core.agent.history:
            self.inform("nothing to compact")
            return False
        done = await self.core.compaction.compact(instructions=keep_hint)
        self.inform(f"compacted: {done.messages_removed} messages gave way to a summary")
        return False

    # -------------------------------------------------- what the core calls

    def deliver(self, session_id: str, event: Event) -> None:  # noqa: ARG002 - it is this session's
        """See `ClientPort.deliver`."""
        if self._core is None:
            # What is told while it opens is nothing to anybody.
            return
        self.narrator.take(event, self.core.model_id)
        if event.type == "external_tool.requested":
            self._answer_tool(event.data)
        elif event.type == "session.idle":
            self.node.tokens = self.tokens()
            self.node.last_exit_status = self.narrator.exit_status
            self.node.touch()
            if self._compact_next:
                self.core.scope.start(self._compact_now(self._compact_next.pop()), name="compact")
                self._compact_next.clear()
            self._on_rest(self)

    async def _compact_now(self, keep_hint: str | None) -> None:
        try:
            await self.compact(keep_hint)
        except (ModelFault, RuntimeFault) as fault:
            self.narrator.note(f"compaction failed: {fault}")

    def _answer_tool(self, data: Mapping[str, object]) -> None:
        arguments = data.get("arguments")
        try:
            text = self._run_tool(
                str(data.get("toolName")), arguments if is_object(arguments) else {}, self.node.id
            )
            result = ToolResult(text)
        except (ToolError, RuntimeFault) as error:
            result = ToolResult.failure(str(error))
        self.core.external.resolve(str(data.get("requestId")), result)

    async def caught_up(self) -> None:
        """See `ClientPort.caught_up`."""
        await self.channel.caught_up()

    async def ask_user(self, *_: object, **__: object) -> UserAnswer:
        """See `ClientPort.ask_user`."""
        _nobody()

    async def run_hook(self, *_: object, **__: object) -> Mapping[str, object]:
        """See `ClientPort.run_hook`."""
        _nobody()

    async def confirm_plan(self, *_: object, **__: object) -> Mapping[str, object]:
        """See `ClientPort.confirm_plan`."""
        _nobody()

    async def confirm_switch(self, *_: object, **__: object) -> Mapping[str, object]:
        """See `ClientPort.confirm_switch`."""
        _nobody()

    async def transform_sections(self, *_: object, **__: object) -> Mapping[str, str]:
        """See `ClientPort.transform_sections`."""
        _nobody()


def _nobody() -> NoReturn:
    raise ClientFault("tau has no way to ask its clients")
