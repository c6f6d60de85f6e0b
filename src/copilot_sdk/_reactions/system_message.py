"""Sections of the system message that the program rewrites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from copilot_sdk._callbacks import Contained, call_off_loop

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        SystemMessageTransformRequest,
        SystemMessageTransformResult,
    )
    from copilot_sdk._session_callbacks import SectionTransform


async def transform(
    transforms: Mapping[str, SectionTransform], request: SystemMessageTransformRequest
) -> SystemMessageTransformResult:
    """Rewrites sections; one whose transform fails, and one without a transform, stays as it is."""
    from copilot_sdk._generated.copilot.types import SystemMessageSectionText, SystemMessageTransformResult

    rewritten: dict[str, Any] = dict(request.sections)
    for name, section in request.sections.items():
        if name in transforms:
            with Contained(f"systemMessage.transform of {name}"):
                text = await call_off_loop(transforms[name], section.content)
                rewritten[name] = SystemMessageSectionText(content=text)
    return SystemMessageTransformResult(sections=rewritten)
