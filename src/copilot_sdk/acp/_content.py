"""What prompts are made of, and which kinds of it an agent takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk.acp._offers import check_offered
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import ContentBlock, MCPServer, SystemPrompt, TextContent

PromptContent: TypeAlias = "str | ContentBlock | Sequence[str | ContentBlock]"
"""A text, a content block, or several of them."""

_KINDS = {"image": "image", "audio": "audio", "resource": "embeddedContext"}
_SERVERS = ("http", "sse", "acp")


def content_blocks(content: PromptContent) -> list[ContentBlock]:
    """The blocks of a prompt.

    Raises:
        UsageError: There are none.
    """
    parts = [content] if isinstance(content, str) or not isinstance(content, Sequence) else content
    blocks = [_text_content()(text=part) if isinstance(part, str) else part for part in parts]
    if not blocks:
        raise UsageError("a prompt needs a text or at least one content block")
    return blocks


# An import that is done already takes as long as it takes to make the object.
@cache
def _text_content() -> type[TextContent]:
    from copilot_sdk._generated.acp.types.shared_content_block import TextContent

    return TextContent


def check_content(blocks: Sequence[ContentBlock], capabilities: object) -> None:
    """Refuse what the agent has not said it takes.

    Raises:
        CapabilityMissing: A block is of such a kind.
    """
    for block in blocks:
        if (member := _KINDS.get(str(getattr(block, "type", None)))) is not None:
            path = f"agentCapabilities.promptCapabilities.{member}"
            check_offered(
                capabilities, path, f"session/prompt with content of the type {block.type!r}", "the agent"
            )


def check_options(
    method: str,
    servers: Sequence[MCPServer],
    directories: Sequence[object] | None,
    system_prompt: SystemPrompt | None,
    capabilities: object,
) -> None:
    """Refuse options of a session that the agent has not said it takes.

    Raises:
        CapabilityMissing: There is such an option.
    """
    sessions = "agentCapabilities.sessionCapabilities"
    if directories is not None:
        path = f"{sessions}.additionalDirectories"
        check_offered(capabilities, path, f"{method} with additional_directories", "the agent")
    if system_prompt is not None:
        path = f"{sessions}.systemPrompt"
        if getattr(system_prompt, "mode", None) == "override":
            path += ".mode.override"
        check_offered(capabilities, path, f"{method} with system_prompt", "the agent")
    for server in servers:
        if (kind := getattr(server, "type", None)) in _SERVERS:
            path = f"agentCapabilities.mcpCapabilities.{kind}"
            check_offered(
                capabilities, path, f"{method} with an MCP server of the type {kind!r}", "the agent"
            )
