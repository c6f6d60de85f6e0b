"""Decisions of users on permission requests: which there are, what they mean and how they are reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.permission_rules import Ask

Json = Mapping[str, object]

UNAVAILABLE: Json = {"kind": "user-not-available"}
ABORTED: Json = {"kind": "cancelled", "reason": "Session aborted"}

_REFUSALS = ("reject", "user-not-available", "cancelled")
_APPROVALS = {
    "path": ("approve-once", "approve-for-session", "approve-read-only-for-session"),
    "url": ("approve-once", "approve-for-session", "approve-permanently"),
}
_USUAL_APPROVALS = ("approve-once", "approve-for-session", "approve-for-location")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an `Ask`.

    Attributes:
        allowed: Whether the tool may go on.
        text: What the model is told if not.
        ends_turn: Whether the turn is over.
    """

    allowed: bool
    text: str = ""
    ends_turn: bool = False


ALLOWED = Verdict(True)
REFUSED = Verdict(False, "Permission denied and could not request permission from user")


def check(ask: Ask, decision: Json) -> None:
    """Refuses what is no decision on a request, such as the words that events report a decision with.

    Raises:
        RuntimeFault: The kind is none of those for this request, or something is missing.
    """
    kind = decision.get("kind")
    known = (*_APPROVALS.get(ask.kind, _USUAL_APPROVALS), *_REFUSALS)
    if kind not in known:
        raise RuntimeFault(
            f"result.kind: a request of kind {ask.kind!r} is decided by one of {', '.join(known)}, not {kind!r}"
        )
    if kind == "approve-for-session" and ask.kind == "url" and not isinstance(decision.get("domain"), str):
        raise RuntimeFault("result.domain: approve-for-session of an address needs the domain")
    if kind == "approve-for-location":
        if not is_object(decision.get("approval")):
            raise RuntimeFault("result.approval: approve-for-location needs what is approved")
        if not isinstance(decision.get("locationKey"), str):
            raise RuntimeFault("result.locationKey: approve-for-location needs the key of the location")
    if kind == "approve-read-only-for-session" and not texts_in(decision.get("directories")):
        raise RuntimeFault("result.directories: approve-read-only-for-session needs directories")


def verdict(decision: Json) -> Verdict:
    """What a decision means for the tool."""
    kind = str(decision.get("kind"))
    if kind.startswith("approve-"):
        return ALLOWED
    if kind != "reject":
        return REFUSED
    feedback = decision.get("feedback")
    if feedback:
        return Verdict(False, f"The user rejected this tool call. User feedback: {feedback}")
    return Verdict(False, "The user rejected this tool call.", ends_turn=True)


def report(decision: Json) -> Json:
    """A decision in the words of `permission.completed`."""
    match decision.get("kind"):
        case "approve-for-session" if is_object(decision.get("approval")):
            return {"kind": "approved-for-session", "approval": decision["approval"]}
        case "approve-for-location":
            return {
                "kind": "approved-for-location",
                "approval": decision["approval"],
                "locationKey": decision["locationKey"],
            }
        case "approve-read-only-for-session":
            return {
                "kind": "approved-read-only-for-session",
                "directories": texts_in(decision.get("directories")),
            }
        case "reject":
            feedback = {"feedback": text} if (text := decision.get("feedback")) else {}
            return {"kind": "denied-interactively-by-user", **feedback}
        case "user-not-available":
            return {"kind": "denied-no-approval-rule-and-could-not-request-from-user"}
        case "cancelled":
            return decision
        case _:
            return {"kind": "approved"}
