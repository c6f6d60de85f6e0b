"""What a permission handler is told beside the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        PermissionPromptRequest,
        SessionManagedSettingsResolvedData,
    )


@dataclass(frozen=True, slots=True)
class PermissionInvocation:
    """The permission request that a handler is called for.

    A handler, or a function of a policy, that has a second parameter without a default gets it.

    Attributes:
        session_id: Identifier of the session.
        request_id: Identifier of the request, as events have it.
        prompt_request: What to show to a person who is to decide, None if the runtime does not say.
        managed_approval_required: True if an administrator wants a person to answer. Approve such a request only when a
            person has seen it: the CLI takes your word for it.
        managed_settings: The administrator's settings in the session, as the runtime told them last. None as long as it
            has not, such as one before 1.0.81.
    """

    session_id: str
    request_id: str
    prompt_request: PermissionPromptRequest | None = None
    managed_approval_required: bool = False
    managed_settings: SessionManagedSettingsResolvedData | None = None

    @property
    def managed(self) -> bool:
        """True if an administrator's settings hold in the session, or if the runtime could not find them out."""
        settings = self.managed_settings
        return settings is not None and bool(settings.managed_keys or settings.fail_closed)
