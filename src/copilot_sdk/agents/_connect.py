"""Ways to an agent of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.events import SessionEvent
    from copilot_sdk.agents._conversation import Conversation
    from copilot_sdk.client import CopilotClient
    from copilot_sdk.options import SessionCreateOptions
    from copilot_sdk.session import Session

KINDS = ("copilot",)


@overload
def connect(
    kind: Literal["copilot"],
    *,
    client: CopilotClient | None = None,
    **options: Unpack[SessionCreateOptions],
) -> Conversation[Session, SessionEvent]: ...


def connect(kind: str, **options: Any) -> Conversation[Any, Any]:
    """A conversation with an agent; `async with` opens it.

    Args:
        kind: The protocol that the agent speaks: `copilot`.
        options: What the protocol's own client takes.

            - `copilot`: the options of `CopilotClient.create_session`, and `client`, an open `CopilotClient`; the
              Copilot CLI is started when it is left out.

    Raises:
        UsageError: There is no such kind.
    """
    match kind:
        case "copilot":
            return _copilot(**options)
        case _:
            raise UsageError(f"kind has to be one of {', '.join(KINDS)}, not {kind!r}")


def _copilot(
    client: CopilotClient | None = None, **options: Unpack[SessionCreateOptions]
) -> Conversation[Session, SessionEvent]:
    from copilot_sdk.agents._copilot import CopilotConversation

    return CopilotConversation(client, options)
