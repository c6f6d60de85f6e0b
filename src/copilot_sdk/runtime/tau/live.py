"""A session of the daemon that is live: the session of the core, and who tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from copilot_sdk._generated.copilot.types import SessionInfoData
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.clients import Client, ClientFault, UserAnswer
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import ExternalTool, SystemPrompt
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.log import Event
from copilot_sdk.runtime.core.permissions import ALLOW_ALL
from copilot_sdk.runtime.core.queue import Prompt
from copilot_sdk.runtime.core.tools.base import ToolError, ToolResult
from copilot_sdk.runtime.tau.history import INFO
from copilot_sdk.runtime.tau.narrator import Narrator
from copilot_sdk.runtime.tau.own_tools import OWN_TOOLS
from copilot_sdk.runtime.tau.plugins.host import SessionPlugins
from copilot_sdk.runtime.tau.plugins.work import PluginWork
from copilot_sdk.runtime.tau.tree import Counts, Node

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.tau.sessions import Sessions


class LiveSession:
    """One live session; the core knows it as a `ClientPort`.

    Attributes:
        node: What is kept of it.
        channel: Who listens to it.
        narrator: Who tells them.
        client: What it is to the core.
        ends: The tasks whose sessions are put away once its agent rests.
    """

    def __init__(self, node: Node, sessions: Sessions, plugins: SessionPlugins) -> None:
        """Prepares it; `attached` makes it live.

        Args:
            node: What is kept of it.
            sessions: Where it belongs.
            plugins: The plugins that it has.
        """
        self.node = node
        self.channel = sessions.channel(node.id)
        self.narrator = Narrator(self.channel)
        self.ends: list[int] = []
        self._sessions = sessions
        self._plugins = PluginWork(self, plugins, sessions.inform)
        self.client = Client(
            self, new_id(), is_extension=False, tools=self._tools, runs_hooks=self._plugins.has_hooks
        )
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

    @property
    def _tools(self) -> Mapping[str, ExternalTool]:
        return {**self._plugins.tools, **OWN_TOOLS}

    def attached(self, core: Session) -> None:
        """Takes in the session of the core; tau has nobody who could be asked for permission."""
        self._core = core
        core.permissions.set_mode(ALLOW_ALL)
        self._plugins.begin()

    def renewed(self, plugins: SessionPlugins, system_prompt: SystemPrompt) -> None:
        """Takes in plugins that take the place of the former ones, and what the model is told with them."""
        self.core.config.system_prompt = system_prompt
        self._plugins.begin(plugins)
        self.client.runs_hooks = self._plugins.has_hooks
        self.core.members.set_tools(self, self._tools)

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
        call_id = str(event.data.get("toolCallId"))
        match event.type:
            case "external_tool.requested" if str(event.data.get("toolName")) in OWN_TOOLS:
                self._answer_tool(event.data)
            case "external_tool.requested":
                self._plugins.run(event.data)
            case "external_tool.completed":
                self._plugins.settled(str(event.data.get("requestId")))
            case "tool.execution_start":
                self._plugins.begun(call_id)
            case "tool.execution_complete":
                self._plugins.stored(call_id)
            case "session.idle":
                self._rest()
            case _:
                pass

    def _rest(self) -> None:
        self.node.tokens = self.tokens()
        self.node.last_exit_status = self.narrator.exit_status
        self.node.touch()
        if self._compact_next:
            self.core.scope.start(self._compact_now(self._compact_next.pop()), name="compact")
            self._compact_next.clear()
        self._sessions.has_rested(self)

    async def _compact_now(self, keep_hint: str | None) -> None:
        try:
            await self.compact(keep_hint)
        except (ModelFault, RuntimeFault) as fault:
            self.narrator.note(f"compaction failed: {fault}")

    def _answer_tool(self, data: Mapping[str, object]) -> None:
        arguments = data.get("arguments")
        try:
            text = self._sessions.run_tool(
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

    async def run_hook(
        self,
        session_id: str,  # noqa: ARG002 - it is this session's
        hook_type: str,
        hook_input: Mapping[str, object],
    ) -> Mapping[str, object]:
        """See `ClientPort.run_hook`."""
        return await self._plugins.look_in(hook_type, hook_input)

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
