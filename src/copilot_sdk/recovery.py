"""Recovery of lost connections: reach the runtime again, or start it anew, and go on with the sessions.

    client = CopilotClient(recovery=Recovery())

It is off unless asked for: a program that did not expect it may take what comes after a gap for something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from copilot_sdk._model.base import WireModel
from copilot_sdk._model.event import EventBase
from copilot_sdk.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How often and how long to try. Between two tries the client waits, each time twice as long.

    Attributes:
        attempts: How often to try before giving up.
        first_delay: Seconds before the second try.
        longest_delay: Seconds that it waits at most.

    Raises:
        UsageError: A number makes no sense.
    """

    attempts: int = 6
    first_delay: float = 0.5
    longest_delay: float = 10.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise UsageError(f"attempts has to be 1 or more, not {self.attempts}")
        if not 0 < self.first_delay <= self.longest_delay:
            raise UsageError(
                "first_delay has to be above zero seconds and longest_delay no shorter, "
                f"not {self.first_delay!r} and {self.longest_delay!r}"
            )


class ConnectionRecoveredData(WireModel):
    """What happened to the connection."""

    reason: str
    """Why it was lost."""
    attempts: int
    """How many tries it took."""
    missed: int
    """How many events were missed and follow now. What is not kept in the session's log, such as the pieces of a
    message, is missed for good.
    """


class ConnectionRecovered(EventBase):
    """The connection was lost, and the session goes on over a new one. Made by the client; no runtime sends it.

    Type: `client.connection_recovered`.
    """

    ephemeral: bool | None = True

    type: Literal["client.connection_recovered"] = "client.connection_recovered"
    data: ConnectionRecoveredData
