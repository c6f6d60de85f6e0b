"""Permissions: what a tool wants to do is put to the user, unless the answer is known already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot.types import (
    PermissionCompletedData,
    PermissionRequestedData,
    SessionPermissionsChangedData,
)
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.core.pending import Pending

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a tool wants to do.

    Attributes:
        request: The wire's `permissionRequest`.
        prompt: The wire's `promptRequest`, which is made for people.
        approval: What an approval for the session covers; None if it cannot be given for the session.
        argument: What permission rules are compared with.
    """

    request: Json
    prompt: Json
    approval: Json | None = None
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on an `Ask`.

    Attributes:
        allowed: Whether the tool may go on.
        text: What the model is told if not.
        ends_turn: Whether the turn is over.
    """

    allowed: bool
    text: str = ""
    ends_turn: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A standing decision: on a kind of request, and if `argument` is given only on that one."""

    kind: str
    argument: str | None = None

    def covers(self, ask: Ask) -> bool:
        """Whether the rule speaks about a request."""
        return self.kind == ask.request.get("kind") and self.argument in (None, ask.argument)


_ALLOWED = Verdict(True)
_REFUSED = Verdict(False, "Permission denied and could not request permission from user")


class PermissionGate:
    """Decides on the permission requests of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pending: Pending[Ask, Json] = Pending()
        self._approvals: list[Json] = []
        self.approved_rules: list[Rule] = []
        self.denied_rules: list[Rule] = []
        self.approve_all = False
        self.approve_reads = False
        self.allow_all = False

    @property
    def pending(self) -> list[tuple[str, Ask]]:
        """The requests that wait for a decision, oldest first."""
        return list(self._pending)

    def set_allow_all(self, enabled: bool) -> None:
        """Switches the mode in which nothing is asked, and tells the clients if that is a change."""
        if enabled == self.allow_all:
            return
        self.allow_all = enabled
        self._session.emit(
            SessionPermissionsChangedData(
                previous_allow_all_permissions=not enabled, allow_all_permissions=enabled
            )
        )

    def forget_approvals(self) -> None:
        """Forgets what was approved for the session."""
        self._approvals.clear()

    async def check(self, asks: Sequence[Ask], *, call_id: str, agent_id: str | None) -> Verdict:
        """Decides on all that one tool call wants to do; the first refusal counts."""
        for ask in asks:
            verdict = await self._decide(ask, call_id, agent_id)
            if not verdict.allowed:
                return verdict
        return _ALLOWED

    async def _decide(self, ask: Ask, call_id: str, agent_id: str | None) -> Verdict:
        kind = ask.request.get("kind")
        if any(rule.covers(ask) for rule in self.denied_rules):
            return Verdict(False, f"A rule forbids this {kind} request")
        if self.approve_all or self.allow_all or (self.approve_reads and kind == "read"):
            return _ALLOWED
        if any(rule.covers(ask) for rule in self.approved_rules) or self._approved(ask):
            return _ALLOWED
        if not any(client.answers_permissions for client in self._session.clients):
            return _REFUSED
        return await self._ask(ask, call_id, agent_id)

    async def _ask(self, ask: Ask, call_id: str, agent_id: str | None) -> Verdict:
        request_id = self._pending.open(ask)
        self._session.emit(
            PermissionRequestedData.model_validate(
                {
                    "requestId": request_id,
                    "permissionRequest": {**ask.request, "toolCallId": call_id},
                    "promptRequest": {**ask.prompt, "toolCallId": call_id},
                }
            ),
            agent_id=agent_id,
        )
        decision: Json = {"kind": "cancelled", "reason": "the turn was aborted"}
        try:
            decision = await self._pending.answer(request_id)
        finally:
            result = self._settle(ask, decision)
            self._session.emit(
                PermissionCompletedData.model_validate(
                    {"requestId": request_id, "toolCallId": call_id, "result": result}
                ),
                agent_id=agent_id,
            )
        return _verdict(decision)

    def decide(self, request_id: str, decision: Json) -> bool:
        """Hands in a decision.

        Returns:
            Whether the request still waited for one.
        """
        return self._pending.resolve(request_id, decision)

    def give_up_orphans(self) -> None:
        """Refuses what nobody is left to decide on."""
        if not any(client.answers_permissions for client in self._session.clients):
            for request_id, _ in self._pending:
                self.decide(request_id, {"kind": "user-not-available"})

    def approve(self, approval: Json) -> None:
        """Remembers an approval for the rest of the session."""
        self._approvals.append(approval)

    def _approved(self, ask: Ask) -> bool:
        return ask.approval is not None and any(
            _covers(approval, ask.approval) for approval in self._approvals
        )

    def _settle(self, ask: Ask, decision: Json) -> Json:
        """Remembers what a decision says about later requests and returns it as the result to report."""
        match decision.get("kind"):
            case "approve-once":
                return {"kind": "approved"}
            case "approve-for-session" | "approve-for-location" as kind:
                approval = decision.get("approval") or ask.approval
                if not is_object(approval):
                    return {"kind": "approved"}
                self.approve(approval)
                if kind == "approve-for-session":
                    return {"kind": "approved-for-session", "approval": approval}
                key = decision.get("locationKey", "")
                return {"kind": "approved-for-location", "approval": approval, "locationKey": key}
            case "approve-permanently":
                return {"kind": "approved"}
            case "reject":
                feedback = {"feedback": text} if (text := decision.get("feedback")) else {}
                return {"kind": "denied-interactively-by-user", **feedback}
            case "user-not-available":
                return {"kind": "denied-no-approval-rule-and-could-not-request-from-user"}
            case _:
                return decision


def _verdict(decision: Json) -> Verdict:
    """What a decision means. Only the `approve-...` kinds approve: `approved` and its like are reports."""
    kind = str(decision.get("kind"))
    if kind in ("approve-once", "approve-for-session", "approve-for-location", "approve-permanently"):
        return _ALLOWED
    if kind == "reject":
        feedback = decision.get("feedback")
        if feedback:
            return Verdict(False, f"The user rejected this tool call. User feedback: {feedback}")
        return Verdict(False, "The user rejected this tool call.", ends_turn=True)
    if kind == "user-not-available":
        return _REFUSED
    return Verdict(False, f"Permission was not granted ({kind})")


def _covers(approval: Json, wanted: Json) -> bool:
    if approval.get("kind") != wanted.get("kind"):
        return False
    if approval.get("kind") == "commands":
        return set(texts_in(wanted.get("commandIdentifiers"))) <= set(
            texts_in(approval.get("commandIdentifiers"))
        )
    # An approval that leaves a member open, or null, covers every value of it.
    return all(approval.get(key) in (None, value) for key, value in wanted.items())
