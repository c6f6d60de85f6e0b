"""Results of MCP servers as results of tools: the model reads what it reads when the runtime itself calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from copilot_sdk.errors import UsageError
from copilot_sdk.tools._result import ToolResult

_UNKNOWN_DATA = "application/octet-stream"


def result_of_mcp(result: object) -> ToolResult:
    """See `ToolResult.from_mcp`."""
    members = _members(result)
    content: Any = members.get("content")
    if not isinstance(content, list):
        raise UsageError(
            f"from_mcp takes a CallToolResult, an object with content, not {type(result).__name__}"
        )
    blocks = [_members(block) for block in cast("list[object]", content)]
    texts = [text for block in blocks if isinstance(text := _resource(block).get("text"), str)]
    structured = members.get("structuredContent")
    if structured is not None and not any(_is_json_of(structured, text) for text in texts):
        texts.append(json.dumps(structured, ensure_ascii=False))
    return ToolResult(
        "\n".join(texts),
        "failure" if members.get("isError") is True else "success",
        binary=tuple(_binaries(blocks)),
        contents=tuple(blocks),
    )


def _members(value: object) -> dict[str, Any]:
    """An object in the form of JSON: a mapping, or a model of pydantic such as those of the package `mcp`."""
    dump: Any = getattr(value, "model_dump", None)
    if callable(dump):
        value = dump(mode="json", by_alias=True, exclude_none=True)
    if not isinstance(value, Mapping):
        raise UsageError(
            f"from_mcp takes a CallToolResult, an object or a mapping, not {type(value).__name__}"
        )
    return dict(cast("Mapping[str, Any]", value))


def _resource(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """What has the text or the data of a block: the block itself, or the resource in it."""
    resource: Any = block.get("resource")
    return cast("Mapping[str, Any]", resource) if isinstance(resource, Mapping) else block


def _binaries(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if block.get("type") == "image":
            yield {"type": "image", "data": block.get("data"), "mimeType": block.get("mimeType")}
        elif isinstance(blob := (resource := _resource(block)).get("blob"), str):
            media = str(resource.get("mimeType") or _UNKNOWN_DATA)
            kind = "image" if media.startswith("image/") else "resource"
            described = {"description": resource["uri"]} if resource.get("uri") else {}
            yield {"type": kind, "data": blob, "mimeType": media, **described}


def _is_json_of(value: object, text: str) -> bool:
    try:
        return bool(json.loads(text) == value)
    except ValueError:
        return False
