"""How notices of the runtime and attachments are shown to agents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from copilot_sdk.runtime.core.models.base import Image


def notification_text(text: str) -> str:
    """Something the runtime has to say, as the model sees it."""
    return f"<system_notification>\n{text}\n</system_notification>"


def reminder_text(text: str | None) -> str | None:
    """What a hook adds to a message of the user, as the model sees it."""
    return f"<system_reminder>\n{text}\n</system_reminder>" if text else None


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
        case "extension_context":
            head = f"* context from {attachment.get('extensionId')}: {attachment.get('title')}"
            return f"{head}\n{json.dumps(attachment.get('payload'), ensure_ascii=False)}"
        case kind:
            name = attachment.get("displayName") or attachment.get("title") or "without a name"
            return f"* {kind} {name}"
