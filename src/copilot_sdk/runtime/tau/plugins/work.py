"""What plugins do in one live session: tools that its agent calls, and hooks that look in on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from copilot_sdk._generated.tau.types import (
    EmitInfoMessageAction,
    ImageContent,
    PluginHook,
    PluginHookResult,
    PluginSessionStart,
    PluginToolCall,
    PluginToolResult,
    PostPersistAction,
    StopAgentLoopAction,
    TextContent,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.config import ExternalTool, SystemPrompt
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.tools.base import ToolResult, schema
from copilot_sdk.runtime.tau.plugins.host import SessionPlugins
from copilot_sdk.runtime.tau.plugins.plugin import Plugin
from copilot_sdk.runtime.tau.plugins.process import PluginFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.tau.live import LiveSession

SESSION_START = "session_start"
BEFORE_AGENT_START = "before_agent_start"
AFTER_TOOL_RESULT = "after_tool_result"
_HOOKS = (SESSION_START, BEFORE_AGENT_START, AFTER_TOOL_RESULT)

Inform = Callable[[str, str], Awaitable[None]]
"""Gives a session, by its id, a note for people; raises a `RuntimeFault` where that cannot be."""

_logger = logging.getLogger("copilot_sdk.runtime")


class PluginWork:
    """The plugins of a session at work.

    Args:
        session: The session.
        plugins: Its plugins.
        inform: Gives sessions notes.
    """

    def __init__(self, session: LiveSession, plugins: SessionPlugins, inform: Inform) -> None:
        self._session = session
        self._plugins = plugins
        self._inform = inform
        self._started: asyncio.Task[None] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._told: set[str] = set()
        self._actions: dict[str, Sequence[PostPersistAction]] = {}

    @property
    def tools(self) -> Mapping[str, ExternalTool]:
        """Their tools, as the core has them; one may stand in the place of a built-in tool."""
        return {
            name: ExternalTool(
                name,
                tool.description,
                tool.parameters if is_object(tool.parameters) else schema(),
                overrides_built_in=True,
            )
            for name, (_, tool) in self._plugins.tools.items()
        }

    @property
    def has_hooks(self) -> bool:
        """Whether any of them wants to look in."""
        return any(self._plugins.with_hook(name) for name in _HOOKS)

    def begin(self, plugins: SessionPlugins | None = None) -> None:
        """Tells the plugins that the session begins, and people which of them do not work.

        Args:
            plugins: Those that take the place of the former ones, if any do.
        """
        self._plugins = plugins or self._plugins
        for fault in self._plugins.faults:
            self._session.inform(fault)
        self._started = self._session.core.scope.start(self._tell_start(), name="session start")

    async def _tell_start(self) -> None:
        node = self._session.node
        frame = PluginSessionStart(cwd=node.cwd, session_id=node.id)
        if node.project_name is not None:
            frame.project_name = node.project_name
        for plugin in self._plugins.with_hook(SESSION_START):
            self._overhear(await self._asked(plugin, frame))

    # ------------------------------------------------------------------ hooks

    async def look_in(self, hook_type: str, hook_input: Mapping[str, object]) -> Mapping[str, object]:
        """What plugins have to say at a hook of the core, in the words of the core."""
        match hook_type:
            case "userPromptSubmitted" if "agentId" not in hook_input:
                return await self._before_agent(hook_input)
            case "postToolUse":
                result = hook_input.get("toolResult")
                text = result.get("textResultForLlm") if is_object(result) else ""
                return await self._after_tool(hook_input, text, is_error=False)
            case "postToolUseFailure":
                return await self._after_tool(hook_input, hook_input.get("error"), is_error=True)
            case _:
                return {}

    async def _before_agent(self, hook_input: Mapping[str, object]) -> Mapping[str, object]:
        if self._started is not None:
            await asyncio.wait({self._started})
        said: list[str] = []
        for plugin in self._plugins.with_hook(BEFORE_AGENT_START):
            prompt = {
                "prompt": hook_input.get("prompt"),
                "system_prompt": self._session.core.system_message.text,
            }
            result = await self._asked(plugin, PluginHook(name=BEFORE_AGENT_START, data=self._data(prompt)))
            if result is not None and result.message is not None:
                said.append(result.message.content)
        return {"additionalContext": "\n\n".join(said)} if said else {}

    async def _after_tool(
        self, hook_input: Mapping[str, object], content: object, *, is_error: bool
    ) -> Mapping[str, object]:
        data = self._data(
            {
                "tool_name": hook_input.get("toolName"),
                "arguments": hook_input.get("toolArgs"),
                "content": content,
                "is_error": is_error,
            }
        )
        added: list[str] = []
        for plugin in self._plugins.with_hook(AFTER_TOOL_RESULT):
            result = await self._asked(plugin, PluginHook(name=AFTER_TOOL_RESULT, data=data))
            self._overhear(result)
            if result is not None and result.tool_result_append:
                added.append(result.tool_result_append)
        return {"additionalContext": "\n\n".join(added)} if added else {}

    def _data(self, members: Mapping[str, object]) -> dict[str, object]:
        node = self._session.node
        project = {} if node.project_name is None else {"project_name": node.project_name}
        return {"session_id": node.id, "cwd": node.cwd, **project, **members}

    async def _asked(self, plugin: Plugin, frame: PluginHook | PluginSessionStart) -> PluginHookResult | None:
        try:
            result = await plugin.ask(frame)
        except PluginFault as fault:
            _logger.warning("%s", fault)
            return None
        if result is not None and result.system_prompt is not None:
            replaced = SystemPrompt(replaces=True, content=result.system_prompt)
            self._session.core.config.system_prompt = replaced
        return result

    def _overhear(self, result: PluginHookResult | None) -> None:
        if result is not None and result.message is not None:
            self._session.core.agent.overhear(result.message.content)

    # ------------------------------------------------------------------ tools

    def run(self, data: Mapping[str, object]) -> None:
        """Has a plugin run a tool that the agent has called; `data` is that of the event that asks for it."""
        request_id = str(data.get("requestId"))
        running = self._session.core.scope.start(self._run(request_id, data), name="plugin tool")
        self._running[request_id] = running

    def settled(self, request_id: str) -> None:
        """Nobody waits for a result any more: what still runs is cancelled."""
        if (running := self._running.pop(request_id, None)) is not None:
            running.cancel()

    def begun(self, call_id: str) -> None:
        """Note that a call has begun whose end is told."""
        self._told.add(call_id)

    def stored(self, call_id: str) -> None:
        """Do what plugins want once the result of a call is stored."""
        self._told.discard(call_id)
        actions = self._actions.pop(call_id, ())
        if actions and not self._session.core.closing:
            self._session.core.scope.start(self._act(actions), name="after the result")

    async def _run(self, request_id: str, data: Mapping[str, object]) -> None:
        call_id, name = str(data.get("toolCallId")), str(data.get("toolName"))
        try:
            told = await self._called(name, call_id, data.get("arguments"))
        except PluginFault as fault:
            result = ToolResult.failure(str(fault))
        else:
            result = tool_result(told)
            self._actions[call_id] = told.post_persist_actions or ()
        self._session.core.external.resolve(request_id, result)
        if call_id not in self._told:
            self.stored(call_id)

    async def _called(self, name: str, call_id: str, arguments: object) -> PluginToolResult:
        if name not in self._plugins.tools:
            raise PluginFault(f"no plugin has the tool {name!r} any more")
        plugin, _ = self._plugins.tools[name]
        node, narrator = self._session.node, self._session.narrator
        frame = PluginToolCall(
            tool_call_id=call_id, name=name, arguments=arguments, cwd=node.cwd, session_id=node.id
        )
        if node.project_name is not None:
            frame.project_name = node.project_name
        return await plugin.call(frame, lambda text: narrator.tool_output(call_id, text))

    async def _act(self, actions: Sequence[PostPersistAction]) -> None:
        for action in actions:
            match action:
                case EmitInfoMessageAction(target_session_id=session_id, text=text):
                    try:
                        await self._inform(session_id, text)
                    except RuntimeFault as fault:
                        _logger.warning("a plugin has a note for nobody: %s", fault)
                case StopAgentLoopAction(reason=reason):
                    self._session.narrator.note(f"the agent rests: {reason}")
                case _:
                    _logger.warning("a plugin wants %s done, which is unknown", action.type)


def tool_result(told: PluginToolResult) -> ToolResult:
    """What a plugin answered, as the core has it. The model gets words for pictures; people get the pictures."""
    texts: list[str] = []
    blocks: list[Mapping[str, object]] = []
    for part in told.content:
        match part:
            case TextContent(text=text):
                texts.append(text)
                blocks.append({"type": "text", "text": text})
            case ImageContent(data=data, mime_type=kind):
                texts.append(f"[a picture: {kind}]")
                blocks.append({"type": "image", "data": data, "mimeType": kind})
            case _:
                return ToolResult.failure(f"the result has a part of the unknown type {part.type!r}")
    text = "\n".join(texts)
    summary = {} if told.summary is None else {"summary": told.summary}
    has_pictures = any(block["type"] == "image" for block in blocks)
    return ToolResult(
        text,
        kind="failure" if told.is_error else "success",
        error=text if told.is_error else None,
        contents=blocks if has_pictures else (),
        members=summary if summary or has_pictures else None,
        ends_turn=any(isinstance(action, StopAgentLoopAction) for action in told.post_persist_actions or ()),
    )
