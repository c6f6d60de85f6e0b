"""Answers to the questions that an agent puts to the user: forms to fill in, and web pages to visit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel

    from copilot_sdk._generated.acp.types import (
        ElicitationAccept,
        ElicitationCancel,
        ElicitationContentValue,
        ElicitationDecline,
    )


def accept(content: Mapping[str, ElicitationContentValue] | BaseModel | None = None) -> ElicitationAccept:
    """The user has filled in the form, or agreed to visit the page.

    Args:
        content: The answers by the name of the field; for a page there are none.
    """
    from copilot_sdk._generated.acp.types import ElicitationAccept

    if content is None:
        return ElicitationAccept()
    values = (
        dict(content)
        if isinstance(content, Mapping)
        else content.model_dump(mode="json", by_alias=True, exclude_none=True)
    )
    return ElicitationAccept(content=values)


def decline() -> ElicitationDecline:
    """The user did not want to answer."""
    from copilot_sdk._generated.acp.types import ElicitationDecline

    return ElicitationDecline()


def cancel() -> ElicitationCancel:
    """The user closed the question without an answer, or nobody is there."""
    from copilot_sdk._generated.acp.types import ElicitationCancel

    return ElicitationCancel()
