"""What goes wrong over synaps alone; `copilot_sdk.errors` has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copilot_sdk.errors import CopilotError, mask_secrets

if TYPE_CHECKING:
    from copilot_sdk._generated.synaps.types import PromptResponse, TurnOutcome


class TurnFailed(CopilotError):
    """A turn began and came to no good end.

    Attributes:
        message: What the agent says.
        outcome: What happened, for programs; None from older versions.
        response: The whole answer.
    """

    def __init__(self, response: PromptResponse) -> None:
        self.message = mask_secrets(response.error or "the turn failed without a message")
        self.outcome: TurnOutcome | None = response.outcome
        self.response = response
        super().__init__(f"the turn failed: {self.message}")
