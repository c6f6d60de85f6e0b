"""What agents are told before everything else, and how attachments are shown to them."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence

from copilot_sdk.runtime.core.config import SessionConfig
from copilot_sdk.runtime.core.models.base import Image

_IDENTITY = (
    "You are a coding agent. You help with software projects: you read and change files, run commands and explain "
    "what you find. Use the tools you are given, check what you did, and answer briefly."
)


def system_text(config: SessionConfig, instructions: str = "") -> str:
    """The system message of an agent."""
    prompt = config.system_prompt
    if prompt.mode == "replace" and not instructions:
        return prompt.content
    environment = f"Working directory: {config.working_directory}\nOperating system: {platform.system()}"
    return "\n\n".join(part for part in (_IDENTITY, instructions, environment, prompt.content) if part)


def notification_text(text: str) -> str:
    """Something the runtime has to say, as the model sees it."""
    return f"<system_notification>\n{text}\n</system_notification>"


def describe_attachments(attachments: Sequence[Mapping[str, object]]) -> tuple[str, list[Image]]:
    """What the model is shown of attachments: a text, and pictures."""
    lines: list[str] = []
    images: list[Image] = []
    for attachment in attachments:
        mime_type = str(attachment.get("mimeType", ""))
        if attachment.get("type") == "blob" and mime_type.startswith("image/"):
            images.append(Image(str(attachment.get("data", "")), mime_type))
        else:
            lines.append(_describe(attachment))
    if not lines:
        return "", images
    return "\n\n<attachments>\n" + "\n".join(lines) + "\n</attachments>", images


def _describe(attachment: Mapping[str, object]) -> str:
    match attachment.get("type"):
        case "file" | "directory" as kind:
            lines = attachment.get("lineRange")
            span = f" lines {lines['start']}-{lines['end']}" if isinstance(lines, dict) else ""
            return f"* {kind} {attachment.get('path')}{span}"
        case "selection":
            return f"* selection in {attachment.get('filePath')}:\n{attachment.get('text')}"
        case "github_reference":
            return f"* {attachment.get('referenceType')} #{attachment.get('number')}: {attachment.get('url')}"
        case kind:
            name = attachment.get("displayName") or attachment.get("title") or "without a name"
            return f"* {kind} {name}"
