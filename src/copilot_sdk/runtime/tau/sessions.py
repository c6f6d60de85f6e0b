"""The sessions of the daemon: made, brought back to life, described, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from weakref import WeakValueDictionary

from copilot_sdk._generated.tau.types import (
    AssistantHistoryMessage,
    Message,
    SessionInfo,
    SessionStats,
    SessionSucceededResponse,
    TokenStats,
    ToolCallContent,
    ToolResultMessage,
    UserHistoryMessage,
)
from copilot_sdk.runtime.core.config import SessionConfig, SystemPrompt
from copilot_sdk.runtime.core.context import USUAL_LIMIT, context_of
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.tau.channel import Channel
from copilot_sdk.runtime.tau.history import PROVIDER, last_text, messages_in
from copilot_sdk.runtime.tau.live import LiveSession
from copilot_sdk.runtime.tau.plugins.host import PluginHost, SessionPlugins
from copilot_sdk.runtime.tau.pulse import Pulse
from copilot_sdk.runtime.tau.tree import Node, Tree

_SUMMARY_CHARACTERS = 500
_STATES = {
    "Idle": "idle",
    "Waiting": "waiting",
    "Preparing": "preparing",
    "Connecting": "sending request",
    "Thinking": "thinking",
    "Responding": "working",
    "ToolExec": "running tools",
    "Compacting": "compacting",
    "RateLimited": "rate limited",
}


RunTool = Callable[[str, Mapping[str, object], str], str]
"""Runs a tool of the daemon's own for a session: name, arguments, the session; raises a `ToolError`."""


class Sessions:
    """All sessions.

    Attributes:
        runtime: Where they live.
        tree: How they stand to each other.
        rested: Beats when the work of one has ended, or one is gone.
        on_rest: Called with a session whose work has ended.
        on_end: Called with a task whose sessions are to be put away.
        run_tool: Runs the tools of the daemon's own.
    """

    def __init__(self, runtime: Runtime, run_tool: RunTool, plugins: PluginHost) -> None:
        """Reads what is stored.

        Args:
            runtime: Where they live.
            run_tool: Runs the tools of the daemon's own.
            plugins: Gives sessions their plugins.
        """
        self.runtime = runtime
        self.tree = Tree(runtime.home / "tau-sessions.json")
        self.rested = Pulse()
        self.on_rest: Callable[[LiveSession], None] = lambda _: None
        self.on_end: Callable[[int], None] = lambda _: None
        self.run_tool = run_tool
        self._plugins = plugins
        self._live: dict[str, LiveSession] = {}
        self._channels: dict[str, Channel] = {}
        self._opening: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def live(self) -> Sequence[LiveSession]:
        """Those that are live."""
        return list(self._live.values())

    def channel(self, session_id: str) -> Channel:
        """Who listens to a session, whether or not it exists."""
        return self._channels.setdefault(session_id, Channel())

    def find_live(self, session_id: str) -> LiveSession | None:
        """A session, if it is live."""
        return self._live.get(session_id)

    async def make(self, node: Node) -> LiveSession:
        """Makes a session.

        Raises:
            RuntimeFault: Its folder cannot be used, or it cannot be stored.
        """
        made = await self._revived(node, is_new=True)
        self.tree.add(node)
        return made

    async def open(self, session_id: str) -> LiveSession:
        """A session to work with, brought back to life if need be.

        Raises:
            UnknownSession: There is none.
            RuntimeFault: It is put away, or cannot be read.
        """
        async with self._alone(session_id):
            node = self.tree[session_id]
            if node.archived:
                raise RuntimeFault(f"session {session_id} is archived; restore it first")
            return self._live.get(session_id) or await self._revived(node, is_new=False)

    def _alone(self, session_id: str) -> asyncio.Lock:
        """Held by who brings a session to life, or ends that."""
        return self._opening.setdefault(session_id, asyncio.Lock())

    async def _revived(self, node: Node, *, is_new: bool) -> LiveSession:
        plugins = await self._plugins.begin(node)
        try:
            session = LiveSession(node, self, plugins)
            config = self._config(node, plugins)
            if is_new:
                core = await self.runtime.create(node.id, config, session.client)
            else:
                core = await self.runtime.resume(node.id, lambda _: config, session.client)
        except BaseException:
            await self._plugins.end(node.id)
            raise
        self._live[node.id] = session
        session.attached(core)
        return session

    async def reload_plugins(self, session_id: str) -> None:
        """Starts the plugins of a session anew.

        Raises:
            UnknownSession, RuntimeFault: See `open`.
        """
        session = await self.open(session_id)
        async with self._alone(session_id):
            if self._live.get(session_id) is session:
                plugins = await self._plugins.renew(session.node)
                session.renewed(plugins, _system_prompt(session.node, plugins))

    async def inform(self, session_id: str, text: str) -> None:
        """Gives a session a note for people.

        Raises:
            UnknownSession, RuntimeFault: See `open`.
        """
        (await self.open(session_id)).inform(text)

    def _config(self, node: Node, plugins: SessionPlugins) -> SessionConfig:
        return SessionConfig(
            working_directory=Path(node.cwd),
            model=node.model,
            streaming=True,
            system_prompt=_system_prompt(node, plugins),
            client_name="tau",
        )

    def has_rested(self, session: LiveSession) -> None:
        """The agent of a session has done all its turns."""
        node = session.node
        node.archived = node.archived or node.auto_archive
        self.tree.save()
        parent = None if node.parent_id is None else self._live.get(node.parent_id)
        if parent is not None and node.notify_parent:
            parent.inform(f"session {node.id} has ended its work: {session.narrator.exit_status}")
        self.on_rest(session)
        ends, session.ends = session.ends, []
        for task_id in ends:
            self.on_end(task_id)
        self.rested.beat()

    async def close(self, session_id: str) -> None:
        """Ends what a session does; what is stored of it stays."""
        async with self._alone(session_id):
            if (live := self._live.pop(session_id, None)) is not None:
                was_busy = live.busy
                await self.runtime.close_session(session_id)
                if was_busy:
                    live.narrator.cut_off()
                await self._plugins.end(session_id)
        self.rested.beat()

    async def archive(self, session_id: str) -> None:
        """Puts a session away.

        Raises:
            UnknownSession: There is none.
        """
        self.tree[session_id].archived = True
        self.tree.save()
        await self.close(session_id)

    async def delete(self, session_id: str) -> int:
        """Deletes a session and all below it, and tells how many those were.

        Raises:
            UnknownSession: There is none.
        """
        gone = self.tree.subtree(session_id)
        for node in gone:
            await self.close(node.id)
            await self.runtime.delete(node.id)
            self.tree.remove(node.id)
        self.rested.beat()
        return len(gone)

    async def leave_folder(self, session_id: str, folder: Path, other: str) -> None:
        """Ends what a session does in a folder, or below it; what it does next it does in another one.

        Raises:
            RuntimeFault: There is no other one.
        """
        if session_id not in self.tree or folder not in (at := Path(self.tree[session_id].cwd), *at.parents):
            return
        if (live := self._live.get(session_id)) is not None:
            await live.core.turns.abort("user_initiated")
            live.core.move_to(Path(other))
        self.tree[session_id].cwd = other
        self.tree.save()

    def succeed(self, session_id: str, successor_id: str) -> None:
        """Lets a session go on in place of another, and tells those who follow that one."""
        self.tree.set_successor(session_id, successor_id)
        self.channel(session_id).tell(SessionSucceededResponse(successor_id=successor_id))

    # ------------------------------------------------------------ what is told

    def messages(self, session_id: str) -> list[Message]:
        """The history of a session.

        Raises:
            UnknownSession: There is none.
        """
        node, live = self.tree[session_id], self._live.get(session_id)
        model = node.model or self.runtime.default_model
        if live is not None:
            return messages_in(live.core.log.events, live.narrator.usages, live.core.model_id)
        return messages_in(self.runtime.store.events(session_id), {}, model)

    def summary(self, session_id: str) -> str:
        """The beginning of what the model said last in a session."""
        return last_text(self.messages(session_id))[:_SUMMARY_CHARACTERS]

    def info(self, node: Node) -> SessionInfo:
        """What is known of a session."""
        live, messages = self._live.get(node.id), self.messages(node.id)
        phase = "Idle" if live is None else live.narrator.phase
        told = SessionInfo(
            id=node.id,
            model=node.model or self.runtime.default_model,
            provider=PROVIDER,
            cwd=node.cwd,
            message_count=len(messages),
            stats=self._stats(node, live, messages),
            last_activity=node.last_activity,
            child_count=len(self.tree.children(node.id)),
            child_budget=node.child_budget,
            state=_STATES[phase],
            archived=node.archived,
            is_live=live is not None and live.busy,
        )
        optional = {
            "parent_id": node.parent_id,
            "tagline": node.tagline,
            "project_name": node.project_name,
            "successor_id": node.successor_id,
            "last_exit_status": node.last_exit_status,
            "context_pct": None if live is None else round(context_of(live.core).share * 100, 2),
            "turn_started_at_ms": None if live is None else live.narrator.turn_started,
            "phase_started_at_ms": None if live is None else live.narrator.phase_started,
        }
        for name, value in optional.items():
            if value is not None:
                setattr(told, name, value)
        return told

    def _stats(self, node: Node, live: LiveSession | None, messages: Sequence[Message]) -> SessionStats:
        context = None if live is None else context_of(live.core)
        tokens = node.tokens if live is None else live.tokens()
        answers = [message for message in messages if isinstance(message, AssistantHistoryMessage)]
        return SessionStats(
            user_messages=sum(isinstance(message, UserHistoryMessage) for message in messages),
            assistant_messages=len(answers),
            tool_calls=sum(
                isinstance(part, ToolCallContent) for answer in answers for part in answer.content
            ),
            tool_results=sum(isinstance(message, ToolResultMessage) for message in messages),
            tokens=TokenStats(
                input=tokens.input,
                output=tokens.output,
                cache_read=tokens.cache_read,
                cache_write=tokens.cache_write,
            ),
            cost=0.0,
            is_subscription=False,
            context_window=USUAL_LIMIT if context is None else context.limit,
            context_tokens=context.total if context is not None and answers else None,
        )


def _system_prompt(node: Node, plugins: SessionPlugins) -> SystemPrompt:
    return SystemPrompt(content="\n\n".join(filter(None, (node.system_prompt, plugins.prompt))))
