"""What a client puts into a prompt, as the core takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from copilot_sdk._generated.acp.types import (
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from copilot_sdk.errors import InvalidParams

Json = Mapping[str, object]


@dataclass(slots=True)
class Asked:
    """A prompt.

    Attributes:
        text: What people see of it.
        attachments: What goes with it.
        embedded: Texts of resources that the model sees beside it.
    """

    text: str = ""
    attachments: list[Json] = field(default_factory=list[Json])
    embedded: list[str] = field(default_factory=list[str])

    @property
    def seen(self) -> str:
        """What the model is told."""
        return "\n\n".join([self.text, *self.embedded])


def asked_of(blocks: Sequence[ContentBlock]) -> Asked:
    """Reads a prompt.

    Raises:
        InvalidParams: There is something in it that the agent has not said it takes.
    """
    asked = Asked()
    texts: list[str] = []
    for number, block in enumerate(blocks):
        match block:
            case TextContent():
                texts.append(block.text)
            case ImageContent():
                asked.attachments.append({"type": "blob", "data": block.data, "mimeType": block.mime_type})
            case ResourceLink():
                texts.append(f"[Resource link: {block.uri}]")
                asked.attachments += _linked(block)
            case EmbeddedResource():
                _take_resource(asked, number, block)
            case _:
                kind = getattr(block, "type", None)
                raise InvalidParams(
                    f"prompt.{number}: content of type {kind!r} is not taken; see `promptCapabilities`"
                )
    asked.text = "\n".join(texts)
    return asked


def _linked(link: ResourceLink) -> Sequence[Json]:
    parts = urlsplit(link.uri)
    if parts.scheme != "file":
        return []
    return [{"type": "file", "path": unquote(parts.path), "displayName": link.title or link.name}]


def _take_resource(asked: Asked, number: int, block: EmbeddedResource) -> None:
    resource = block.resource
    if isinstance(resource, TextResourceContents):
        asked.embedded.append(f'<resource uri="{resource.uri}">\n{resource.text}\n</resource>')
    elif isinstance(resource, BlobResourceContents):
        mime_type = resource.mime_type or "application/octet-stream"
        asked.attachments.append(
            {"type": "blob", "data": resource.blob, "mimeType": mime_type, "displayName": resource.uri}
        )
    else:
        raise InvalidParams(f"prompt.{number}.resource: a resource needs a `text` or a `blob`")
