"""Which events of a session belong to a turn, and which one is its last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from copilot_sdk._arrival import Arrival


class Bounds:
    """Where a turn begins and ends.

    Events name the prompt that they are about: the turn begins with the first one that names its own. Older runtimes
    name nothing; there, and for errors of a prompt that was never taken up, the order decides. A turn ends when the
    session is idle, or when the next prompt of the queue is taken up. Idle events name nothing either: one that comes
    before the turn has begun is an earlier turn's, or the only trace of a prompt that was dropped.

    Attributes:
        message_id: Identifier of the prompt, None until the runtime has accepted it.
        begun: Whether the runtime works on the prompt, or has.
        over: Whether the turn has ended.
        rest: The event that told that the session came to rest while the turn had not begun.
        unclear: Whether nothing more may come of the turn.

    Args:
        busy: Whether another turn is under way.
        steering: Whether the prompt is to join the turn that is under way.
        ahead: The turn that was sent before this one and has not ended.
    """

    def __init__(self, *, busy: bool, steering: bool = False, ahead: Bounds | None = None) -> None:
        self.message_id: str | None = None
        self.begun = False
        self.over = False
        self.rest: Arrival | None = None
        self.unclear = False
        self.steering = steering
        self._ahead = ahead
        self._other = busy
        self._joined = False
        self._aborted = False
        self._told: str | None = None

    @property
    def alone(self) -> bool:
        """False if an event may be that of another turn, because this one has not begun."""
        return self.begun or not self._other

    def look(self, arrival: Arrival) -> bool:
        """Take notice of an event, and tell whether it belongs to the turn."""
        if self.over:
            return False
        if not arrival.own:
            return self.alone
        kind = arrival.type
        if kind == "session.idle":
            return self._rested(arrival)
        if kind == "user.message":
            return self._prompted(arrival)
        if (origin := arrival.text("originatingMessageId")) is not None:
            return self._named(origin)
        if kind == "session.error":
            return self._failed(arrival)
        if kind == "hook.end" and self.begun:
            self._told = _told_to_go_on(arrival.data) or self._told
        if kind == "abort" and not self.begun and self.message_id is not None:
            self._aborted = True
        return self.alone

    def end(self) -> None:
        """End the turn for another reason than an event."""
        self.over = True
        self.unclear = False

    def doubt(self) -> None:
        """Events may have been missed, the last one of the turn among them."""
        self.unclear = not self.over

    def go_on(self) -> None:
        """The runtime still has work to do."""
        self.rest = None
        self.unclear = False

    def _rested(self, arrival: Arrival) -> bool:
        if self.begun:
            self.end()
            return True
        mine, self._other = self.alone, False
        self.rest = arrival
        self.unclear = True
        if self._aborted:
            self.end()
        return mine

    def _prompted(self, arrival: Arrival) -> bool:
        name, joining = arrival.text("messageId"), arrival.text("delivery") == "steering"
        if name is not None and name == self.message_id:
            self._begin(joining=joining)
        elif not _is_prompt(arrival.data):
            pass
        elif name is None and self._claims(arrival):
            self._begin(joining=joining or self.steering)
        elif joining:
            self._joined = self._joined or self.begun
        elif not self.begun:
            self._other = True
        elif self._told is not None and arrival.text("content") == self._told:
            # The runtime queues what a hook wants to be done before the agent stops like a prompt of its own.
            self._told = None
            self._joined = True
        elif name is not None or self._is_successor(arrival.owner):
            self.end()
            return False
        return self.alone

    def _is_successor(self, owner: object) -> bool:
        # A steering message of an old runtime looks like any other; who has claimed it knows.
        return isinstance(owner, Bounds) and not owner.steering

    def _named(self, origin: str) -> bool:
        if origin == self.message_id:
            self._begin()
            return True
        # Events of a turn that several prompts have joined name any of them.
        return self.begun and self._joined

    def _failed(self, arrival: Arrival) -> bool:
        if self.begun:
            return arrival.owner is None
        if self._other:
            self._other = False
        elif self._claims(arrival):
            self._begin()
        return arrival.owner is self

    def _claims(self, arrival: Arrival) -> bool:
        """Take an event that names nobody, if this turn is the next to begin."""
        waiting = self._ahead is not None and not (self._ahead.begun or self._ahead.over)
        if self.begun or waiting or arrival.owner is not None or self.message_id is None:
            return False
        arrival.owner = self
        return True

    def _begin(self, *, joining: bool = False) -> None:
        self.begun = True
        self.rest = None
        self.unclear = False
        self._joined = self._joined or joining
        self._other = False
        self._ahead = None


def _is_prompt(data: Mapping[str, Any]) -> bool:
    """True for what somebody has sent; skills, schedules and the autopilot send messages within a turn too."""
    return data.get("source") in {None, "user"} and data.get("isAutopilotContinuation") is not True


def _told_to_go_on(data: Mapping[str, Any]) -> str | None:
    """What a hook has told the agent to do instead of stopping."""
    output: Any = data.get("output")
    if (
        data.get("hookType") != "agentStop"
        or not isinstance(output, dict)
        or output.get("decision") != "block"
    ):
        return None
    reason: Any = output.get("reason")
    return reason if isinstance(reason, str) else None
