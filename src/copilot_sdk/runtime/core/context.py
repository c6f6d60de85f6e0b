"""How full the context window is, by estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.models.base import estimate_tokens

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens of the parts of a model request."""

    system: int
    conversation: int
    tools: int


def token_counts(session: Session) -> TokenCounts:
    """What the next request of a session would hold."""
    conversation = sum(estimate_tokens(message.text) for message in session.agent.history)
    tools = sum(
        estimate_tokens(f"{tool.name}{tool.description}{dict(tool.parameters)}")
        for tool in session.toolbox(sub_agent=False).values()
    )
    return TokenCounts(estimate_tokens(session.agent.system_message()), conversation, tools)
