"""What a tool gives back, and how the wire has it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

ResultType: TypeAlias = Literal["success", "failure", "rejected", "denied", "timeout"]


@dataclass(frozen=True, slots=True)
class Binary:
    """An image or other binary data, as a result or a part of one.

    Args:
        data: The data.
        mime_type: What it is, such as `image/png`.
        description: What it shows, in words.
        metadata: Further facts about it.
    """

    data: bytes = field(repr=False)
    mime_type: str = "application/octet-stream"
    description: str | None = None
    metadata: Mapping[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        """The data as the wire has it."""
        members: dict[str, Any] = {
            "type": "image" if self.mime_type.startswith("image/") else "resource",
            "data": b64encode(self.data).decode("ascii"),
            "mimeType": self.mime_type,
            "description": self.description,
            "metadata": self.metadata,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ToolResult:
    """An outcome with more to say than its text.

    Args:
        text: What the model reads.
        result_type: How it went. `rejected` ends the turn; after the others the model reads the text and goes on.
        error: What went wrong, for the event log; the text when left out.
        session_log: More detailed text for the event log.
        binary: Images and other binary parts, or mappings in wire form.
        telemetry: Values to keep with the call.
        contents: Structured blocks for clients to show, in wire form: `{"type": "text", "text": ...}`.
        references: For a tool that searches tools: names of deferred tools, which the model reads instead of the
            text. Since runtime 1.0.81.
    """

    text: str
    result_type: ResultType = "success"
    error: str | None = None
    session_log: str | None = None
    binary: tuple[Binary | Mapping[str, Any], ...] = ()
    telemetry: dict[str, Any] = field(default_factory=dict[str, Any])
    contents: tuple[Mapping[str, Any], ...] = ()
    references: tuple[str, ...] = ()

    @classmethod
    def from_mcp(cls, result: object) -> ToolResult:
        """The result of a call of an MCP server, for tools that hand calls on to one.

        The model reads the texts, the structured content where the texts do not have it already, and sees images;
        clients are shown every block. A result that is an error is a `failure`.

        Args:
            result: A `CallToolResult` of the package `mcp`, or a mapping of the same form in JSON:
                `{"content": [...], "isError": False}`.

        Raises:
            UsageError: It is something else.
        """
        from copilot_sdk.tools._mcp import result_of_mcp

        return result_of_mcp(result)

    def to_wire(self) -> dict[str, Any]:
        """The result as the wire has it."""
        members: dict[str, Any] = {
            "textResultForLlm": self.text,
            "resultType": self.result_type,
            "error": self.error,
            "sessionLog": self.session_log,
            "binaryResultsForLlm": [
                part.to_wire() if isinstance(part, Binary) else dict(part) for part in self.binary
            ],
            "toolTelemetry": self.telemetry,
            "contents": [dict(block) for block in self.contents],
            "toolReferences": list(self.references),
        }
        return {name: value for name, value in members.items() if value not in (None, [], {})}


def failure(text: str) -> dict[str, Any]:
    """A failure that the model and the event log are told of, in wire form."""
    return ToolResult(text, "failure", error=text).to_wire()


def wire_result(value: object) -> str | dict[str, Any]:
    """What a tool returned, as the wire has it.

    Raises:
        ValueError: It cannot be written as JSON.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, ToolResult):
        return value.to_wire()
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        value = Binary(bytes(value))
    if isinstance(value, Binary):
        text = value.description or f"{len(value.data)} bytes of {value.mime_type}"
        return ToolResult(text, binary=(value,)).to_wire()
    from pydantic_core import to_jsonable_python

    return json.dumps(to_jsonable_python(value, bytes_mode="base64"), ensure_ascii=False)
