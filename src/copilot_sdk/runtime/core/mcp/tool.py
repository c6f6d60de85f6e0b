"""A tool of an MCP server, as an agent sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object, objects_in, texts_in
from copilot_sdk.runtime.core.mcp.faults import ConnectionLost, NeedsAuth, ServerError
from copilot_sdk.runtime.core.permission_rules import Ask
from copilot_sdk.runtime.core.tools.base import Arguments, ToolContext, ToolResult

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.mcp.connection import Connection
    from copilot_sdk.runtime.core.mcp.host import MCPHost

Json = Mapping[str, object]

_NO_PARAMETERS: Json = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class MCPTool:
    """One tool of a server that is connected."""

    host: MCPHost
    connection: Connection
    definition: Json

    @property
    def name(self) -> str:
        """The name the model calls it by."""
        return f"{self.connection.spec.tool_prefix}{self.own_name}"

    @property
    def own_name(self) -> str:
        """The name the server gave it."""
        return str(self.definition["name"])

    @property
    def title(self) -> str:
        """Its name for people."""
        return str(self.definition.get("title") or self.own_name)

    @property
    def description(self) -> str:
        """What the model is told about it."""
        return str(self.definition.get("description") or "")

    @property
    def parameters(self) -> Json:
        """JSON schema of its arguments."""
        schema = self.definition.get("inputSchema")
        return schema if is_object(schema) else _NO_PARAMETERS

    @property
    def read_only(self) -> bool:
        """Whether the server says that it changes nothing."""
        hints = self.definition.get("annotations")
        return is_object(hints) and hints.get("readOnlyHint") is True

    @property
    def origin(self) -> Json:
        """Where it comes from, as `tool.execution_start` tells it."""
        spec = self.connection.spec
        return {
            "toolTitle": self.title,
            "mcpServerName": spec.name,
            "mcpConfigServerName": spec.name,
            "mcpTransport": spec.transport,
            "mcpConfigSource": "user",
            "mcpToolName": self.own_name,
        }

    def asks(self, _context: ToolContext, arguments: Arguments, /) -> Sequence[Ask]:
        """Asks to call it; what only reads is allowed unless a rule forbids it."""
        server = self.connection.spec.name
        common = {"kind": "mcp", "serverName": server, "toolTitle": self.title, "args": dict(arguments)}
        return [
            Ask(
                {**common, "toolName": self.name, "readOnly": self.read_only},
                {**common, "toolName": self.own_name},
                approval={"kind": "mcp", "serverName": server, "toolName": self.own_name},
                argument=self.own_name,
            )
        ]

    async def run(self, context: ToolContext, arguments: Arguments, /) -> ToolResult:
        """Has the server carry out a call."""
        session, server = context.session, self.connection.spec.name
        about = {
            "toolCallId": context.call_id,
            "serverName": server,
            "toolName": self.own_name,
            "arguments": dict(arguments),
        }
        meta = (await session.hooks.invoke("preMcpToolCall", about, agent=context.agent)).get("metaToUse")

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            text = _progress(progress, total, message)
            context.agent.emit(
                types.ToolExecutionProgressData(tool_call_id=context.call_id, progress_message=text)
            )

        try:
            result = await self.connection.call(
                self.own_name, arguments, meta=meta if is_object(meta) else None, progress=tell
            )
        except (ConnectionLost, NeedsAuth, ServerError) as fault:
            if not isinstance(fault, ServerError):
                await self.host.lost(self.connection, fault)
            return ToolResult.failure(f"MCP server '{server}': {fault}")
        return _result(server, result)


def is_for(definition: Json, audience: str) -> bool:
    """Whether a tool is meant for the `model`, or for an `app`; it is for both unless it says otherwise."""
    interface = ui_of(definition)
    visibility = texts_in(interface.get("visibility"))
    return not visibility or audience in visibility


def ui_of(definition: Json) -> Json:
    """What a tool says about its view in an app."""
    meta = definition.get("_meta")
    interface = meta.get("ui") if is_object(meta) else None
    return interface if is_object(interface) else {}


def _progress(done: float, total: float | None, message: str | None) -> str:
    share = f"{float(done)}" if not total else f"{float(done)}/{float(total)} ({done / total:.0%})"
    return share if message is None else f"{share}: {message}"


def _result(server: str, result: Json) -> ToolResult:
    contents = objects_in(result.get("content"))
    text = "".join(_texts(contents))
    structured = result.get("structuredContent")
    if structured is not None:
        text = f"{text}\n\n{json.dumps(structured, separators=(',', ':'), ensure_ascii=False)}"
    members: dict[str, object] = {}
    if binaries := list(_binaries(contents)):
        members["binaryResultsForLlm"] = binaries
    if structured is not None:
        members["structuredContent"] = structured
    if result.get("isError") is True:
        text = f"MCP server '{server}': {text}"
        return ToolResult(text, "failure", error=text, detail=text, contents=contents, members=members)
    return ToolResult(text, detail=text, contents=contents, members=members)


def _texts(contents: Sequence[Json]) -> Iterator[str]:
    for block in contents:
        resource = block.get("resource")
        holder = resource if is_object(resource) else block
        if isinstance(text := holder.get("text"), str):
            yield text


def _binaries(contents: Sequence[Json]) -> Iterator[Json]:
    for block in contents:
        resource = block.get("resource")
        if block.get("type") == "image":
            yield {"type": "image", "data": block.get("data"), "mimeType": block.get("mimeType")}
        elif is_object(resource) and "blob" in resource:
            yield {"type": "resource", "data": resource["blob"], "mimeType": resource.get("mimeType", "")}
