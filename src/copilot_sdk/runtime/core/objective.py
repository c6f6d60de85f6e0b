"""The objective of the autopilot: what the user wants done without being asked, and how far it has come."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from copilot_sdk._generated.copilot import types
from copilot_sdk._model import WireModel
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    import asyncio

    from copilot_sdk.runtime.core.session import Session

_NANO = 1_000_000_000
_VERSION = 1

Status = Literal["active", "paused", "completed"]
Origin = Literal["user", "objective"]


class CreditLimit(WireModel):
    """How many AI credits may be used for an objective from some point on."""

    credits: float
    start_nano_aiu: int = 0


class Current(WireModel):
    """An objective, as it is stored.

    Attributes:
        autopilot_origin: Who switched autopilot mode on: the user, or the objective, which then switches it off.
    """

    id: int
    objective: str
    status: Status = "active"
    autopilot_origin: Origin = "user"
    continuation_count: int = 0
    turn_count: int = 0
    token_count: int = 0
    credit_count_nano_aiu: str = "0"
    resume_count: int = 0
    created_at: str
    updated_at: str
    pause_reason: str | None = None
    completion_summary: str | None = None
    credit_limit: CreditLimit | None = None

    @property
    def nano(self) -> int:
        """The AI credits that were used for it, in billionths."""
        return int(self.credit_count_nano_aiu)

    @property
    def exhausted(self) -> bool:
        """Whether its limit of AI credits is used up."""
        limit = self.credit_limit
        return limit is not None and self.nano - limit.start_nano_aiu >= limit.credits * _NANO

    def told(self) -> types.AutopilotObjectiveState:
        """What clients are told of it."""
        limit, used = self.credit_limit, 0
        if limit is not None:
            used = self.nano - limit.start_nano_aiu
        return types.AutopilotObjectiveState(
            id=self.id,
            objective=self.objective,
            status=self.status,
            turn_count=self.turn_count,
            pause_reason=self.pause_reason,
            completion_summary=self.completion_summary,
            credit_count_nano_aiu=self.credit_count_nano_aiu,
            credit_limit=None
            if limit is None
            else types.AutopilotObjectiveCreditLimit(
                credits=limit.credits, credits_used=used / _NANO, credits_used_nano_aiu=str(used)
            ),
        )


class _Stored(WireModel):
    version: int
    next_id: int
    current: Current | None = None


class Objective:
    """The objective of one session.

    Attributes:
        current: What it is; None if there never was one.
        reserved: Whether the client was given a prompt for it and has not sent it yet.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loaded = not session.resumed
        self._next_id = 1
        self._saving: asyncio.Task[None] | None = None
        self._unsaved = False
        self._counts = False
        self.current: Current | None = None
        self.reserved = False

    @property
    def active(self) -> Current | None:
        """The objective that is worked on, if there is one."""
        return self.current if self.current is not None and self.current.status == "active" else None

    async def load(self) -> None:
        """Takes up what a session that is taken up again had; it waits for the user to go on with it."""
        if self._loaded:
            return
        self._loaded = True
        with suppress(RuntimeFault, ValidationError):
            text = await self._session.files.read_objective()
            stored = None if text is None else _Stored.model_validate_json(text)
            if stored is not None:
                self._next_id, self.current = stored.next_id, stored.current
        if self.active is not None:
            self.pause("resumed_session")

    def set(self, objective: str, limit: float | None, origin: Origin) -> Current:
        """Puts an objective in the place of the one before.

        Args:
            objective: What is to be done.
            limit: How many AI credits may be used for it.
            origin: Who switched autopilot mode on.
        """
        operation: Literal["create", "update"] = "create" if self.current is None else "update"
        at = stamp(now())
        self.current = Current(
            id=self._next_id,
            objective=objective,
            autopilot_origin=origin,
            created_at=at,
            updated_at=at,
            credit_limit=None if limit is None else CreditLimit(credits=limit),
        )
        self._next_id += 1
        self._changed(operation)
        return self.current

    def resume(self, limit: float, origin: Origin) -> None:
        """Goes on with the objective that is paused.

        Args:
            limit: How many AI credits may be used from now on.
            origin: Who switched autopilot mode on.
        """
        if (current := self.current) is not None:
            current.status, current.pause_reason, current.autopilot_origin = "active", None, origin
            current.resume_count += 1
            current.credit_limit = CreditLimit(credits=limit, start_nano_aiu=current.nano)
            self._changed()

    def pause(self, reason: str) -> None:
        """Lets the objective rest."""
        if (current := self.current) is not None:
            current.status, current.pause_reason = "paused", reason
            self._changed()

    def mode_changed(self, mode: str) -> None:
        """Lets the objective rest where the session leaves autopilot mode."""
        if self.active is not None and mode != "autopilot":
            self.pause("autopilot_off")
        elif self.current is not None and self.current.status == "paused":
            self._changed()

    def note_turn(self) -> None:
        """Counts a call of the model that is made for the objective."""
        current = self.active if self._session.modes.effective == "autopilot" else None
        self._counts = current is not None
        if current is not None:
            current.turn_count += 1
            self._changed()

    def note_use(self, tokens: int, credits_used: float) -> None:
        """Counts what such a call has used."""
        if self._counts and (current := self.active) is not None:
            current.token_count += tokens
            current.credit_count_nano_aiu = str(current.nano + round(credits_used * _NANO))
            self._changed()

    def note_continuation(self) -> None:
        """Counts that the agent is sent on."""
        if (current := self.active) is not None:
            current.continuation_count += 1
            self._changed()

    def complete(self, summary: str) -> bool:
        """Ends the objective that is worked on; the session leaves the mode that it was brought into for it.

        Returns:
            Whether it has left it.
        """
        current = self.active
        if current is None:
            return False
        current.status, current.completion_summary = "completed", summary
        leaves = current.autopilot_origin == "objective"
        if leaves:
            self._session.modes.set("interactive")
        self._changed()
        return leaves

    def _changed(self, operation: Literal["create", "update"] = "update") -> None:
        if (current := self.current) is None:
            return
        current.updated_at = stamp(now())
        self._session.emit(
            types.SessionAutopilotObjectiveChangedData(
                operation=operation, id=current.id, status=current.status
            )
        )
        self._unsaved = True
        if self._saving is None:
            self._saving = self._session.scope.start(self.flush(), name="objective")

    async def flush(self) -> None:
        """Stores what is not stored yet."""
        try:
            while self._unsaved:
                self._unsaved = False
                stored = _Stored(version=_VERSION, next_id=self._next_id, current=self.current)
                # What cannot be stored is lost with the session, and is no reason to stop working.
                text = stored.model_dump_json(by_alias=True, exclude_none=True, indent=2)
                with suppress(RuntimeFault):
                    await self._session.files.write_objective(f"{text}\n")
        except BaseException:
            self._unsaved = True
            raise
        finally:
            self._saving = None
