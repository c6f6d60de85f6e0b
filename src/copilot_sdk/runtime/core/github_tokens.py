"""GitHub tokens of sessions, which a client gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from copilot_sdk.runtime.core.clock import now
from copilot_sdk.runtime.core.faults import RuntimeFault

HOST = "https://github.com"
SPARE_SECONDS = 3600
"""A token that is valid for less than this is replaced before it is used again."""

Reason = Literal["initial", "refresh"]


@dataclass(frozen=True, slots=True)
class GitHubToken:
    """A token, and for how many seconds it is valid."""

    secret: str = field(repr=False)
    seconds: int | None


Ask = Callable[[str, Reason], Awaitable[GitHubToken]]
"""Asks a client for the token of a session, by its id; raises a `RuntimeFault` where there is none."""


class GitHubTokens:
    """The tokens of one session; `secret` is the one at hand.

    Args:
        registration: What the client calls them; no other live session has it.
        ask: Asks the client.
    """

    def __init__(self, registration: str, ask: Ask) -> None:
        self.registration = registration
        self._ask = ask
        self._ends = now()
        self.secret = ""

    async def sign_in(self, session_id: str) -> None:
        """Gets the first token.

        Raises:
            RuntimeFault: The client gave none, or none that can be used.
        """
        await self._get(session_id, "initial")

    async def refresh(self, session_id: str) -> None:
        """Gets a new token if the one at hand is about to end.

        Raises:
            RuntimeFault: As for `sign_in`.
        """
        if self._ends - now() <= timedelta(seconds=SPARE_SECONDS):
            await self._get(session_id, "refresh")

    async def _get(self, session_id: str, reason: Reason) -> None:
        token = await self._ask(session_id, reason)
        self._ends, self.secret = self._end_of(token), token.secret

    def _end_of(self, token: GitHubToken) -> datetime:
        if not token.secret:
            raise RuntimeFault(
                f'GitHub token provider registration "{self.registration}" returned an empty token'
            )
        if token.seconds is None or token.seconds <= 0:
            raise RuntimeFault("GitHub token provider returned an invalid expiresIn value")
        if token.seconds <= SPARE_SECONDS:
            raise RuntimeFault(
                f"GitHub token provider returned a credential with {token.seconds} seconds remaining; "
                f"more than {SPARE_SECONDS} seconds are required"
            )
        return now() + timedelta(seconds=token.seconds)
