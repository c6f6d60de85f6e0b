"""How full the context of the main agent is; tokens are estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.core.models.base import Message, estimate_tokens

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session
    from copilot_sdk.runtime.core.tools.base import Tool

COMPACTION_SHARE = 0.8
"""The share of the context at which it is compacted, unless the client says otherwise."""

USUAL_LIMIT = 128_000
"""How many tokens a prompt may have where nobody says."""


@dataclass(frozen=True, slots=True)
class Context:
    """What fills the context of a session, in tokens.

    Attributes:
        limit: How much a prompt may have.
        system: What the system message takes.
        conversation: What all other messages take.
        tools: What the descriptions of the tools take.
        messages: How many messages there are, without that of the system.
    """

    limit: int
    system: int
    conversation: int
    tools: int
    messages: int

    @property
    def total(self) -> int:
        """All together."""
        return self.system + self.conversation + self.tools

    @property
    def share(self) -> float:
        """How much of the limit is used; 1 is all of it."""
        return self.total / self.limit

    def told(self) -> types.SessionUsageInfoData:
        """What clients are told of it."""
        return types.SessionUsageInfoData(
            token_limit=self.limit,
            current_tokens=self.total,
            messages_length=self.messages + 1,
            system_tokens=self.system,
            conversation_tokens=self.conversation,
            tool_definitions_tokens=self.tools,
        )


def context_of(session: Session, *, limit: int | None = None) -> Context:
    """What fills the context of a session now.

    Args:
        session: Which one.
        limit: How much a prompt may have, where that is not what the model provider says.
    """
    config = session.config
    provider = config.provider or config.named_models.get(session.model_id)
    told = None if provider is None else provider.max_prompt_tokens
    return Context(
        limit=limit or told or USUAL_LIMIT,
        system=estimate_tokens(session.agent.system_message()),
        conversation=tokens_of(session.agent.history),
        tools=sum(tool_tokens(tool) for tool in session.toolbox(sub_agent=False).values()),
        messages=len(session.agent.history),
    )


def tokens_of(messages: Sequence[Message]) -> int:
    """About how many tokens some messages take."""
    return sum(
        estimate_tokens(message.text + "".join(call.name + call.arguments for call in message.tool_calls))
        for message in messages
    )


def tool_tokens(tool: Tool) -> int:
    """About how many tokens the description of a tool takes."""
    return estimate_tokens(f"{tool.name}{tool.description}{dict(tool.parameters)}")
