"""The conversation as clients read it, and files as the agent reads them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from copilot_sdk._generated.synaps.types import (
    ContentBlock,
    ImageBlock,
    Message,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from copilot_sdk.runtime.core.models.base import Image
from copilot_sdk.runtime.core.models.base import Message as Said
from copilot_sdk.synaps.attachments import Loaded


def messages_of(history: Iterable[Said]) -> list[Message]:
    """The conversation: what tools answered stands in messages of the user, those of one step in one message."""
    told: list[Message] = []
    results: list[ContentBlock] = []
    for said in history:
        if said.role == "tool":
            results.append(ToolResultBlock(tool_use_id=said.tool_call_id or "", content=said.text))
            continue
        if results:
            told.append(Message(role="user", content=results))
            results = []
        told.append(_assistant(said) if said.role == "assistant" else _user(said))
    return [*told, Message(role="user", content=results)] if results else told


def _user(said: Said) -> Message:
    if not said.images:
        return Message(role="user", content=said.text)
    text: list[ContentBlock] = [TextBlock(text=said.text)] if said.text else []
    return Message(role="user", content=[*text, *map(_image, said.images)])


def _image(image: Image) -> ImageBlock:
    return ImageBlock(source={"type": "base64", "media_type": image.mime_type, "data": image.data})


def _assistant(said: Said) -> Message:
    blocks: list[ContentBlock] = []
    if said.thought is not None:
        blocks.append(ThinkingBlock(thinking=said.thought.text))
    if said.text:
        blocks.append(TextBlock(text=said.text))
    blocks += [ToolUseBlock(id=c.id, name=c.name, input=_arguments(c.arguments)) for c in said.tool_calls]
    return Message(role="assistant", content=blocks)


def _arguments(text: str) -> Any:
    try:
        return json.loads(text or "{}")
    except ValueError:
        return text


def given_to_agent(files: Sequence[Loaded]) -> tuple[str, list[Mapping[str, object]]]:
    """What of files stands in the prompt, and what is attached to it."""
    texts = [
        f"\n\n<file path={json.dumps(str(file.path))}>\n{file.data.decode()}\n</file>"
        for file in files
        if file.kind == "text"
    ]
    blobs: list[Mapping[str, object]] = [
        {
            "type": "blob",
            "data": base64.b64encode(file.data).decode(),
            "mimeType": file.media_type,
            "displayName": file.path.name,
        }
        for file in files
        if file.kind != "text"
    ]
    return "".join(texts), blobs
