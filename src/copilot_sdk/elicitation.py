"""Answers to elicitations: forms to fill in, and addresses to open, that an agent or an MCP server sends the user.

A handler is a function, plain or async, of the request that returns one of the answers; pass it as
`on_elicitation`. A plain one may block: it is run in a worker thread.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pydantic import BaseModel

    from copilot_sdk._generated.copilot.types import ElicitationRequestedData, UIElicitationResponse

FormValue: TypeAlias = "str | int | float | bool | list[str]"
"""What a field of a form can hold."""

ElicitationHandler: TypeAlias = (
    "Callable[[ElicitationRequestedData], Awaitable[UIElicitationResponse] | UIElicitationResponse]"
)
"""Answers an elicitation. Its `mode` is `form`, which is meant when absent, or `url`."""


def accept(content: Mapping[str, FormValue] | BaseModel | None = None) -> UIElicitationResponse:
    """The user has filled in the form, or opened the address.

    Args:
        content: The values by field; for an address there are none.
    """
    from copilot_sdk._generated.copilot.types import UIElicitationResponse

    if content is None:
        return UIElicitationResponse(action="accept")
    values = (
        dict(content)
        if isinstance(content, Mapping)
        else content.model_dump(mode="json", by_alias=True, exclude_none=True)
    )
    return UIElicitationResponse(action="accept", content=values)


def decline() -> UIElicitationResponse:
    """The user does not want to tell."""
    from copilot_sdk._generated.copilot.types import UIElicitationResponse

    return UIElicitationResponse(action="decline")


def cancel() -> UIElicitationResponse:
    """The user has closed the form without an answer, or nobody is there."""
    from copilot_sdk._generated.copilot.types import UIElicitationResponse

    return UIElicitationResponse(action="cancel")
