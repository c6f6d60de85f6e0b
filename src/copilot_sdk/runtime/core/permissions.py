"""Permissions: what a tool wants to do is put to the user, unless the answer is known already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object, texts_in
from copilot_sdk.runtime.core import decisions
from copilot_sdk.runtime.core.addresses import read_address
from copilot_sdk.runtime.core.decisions import ALLOWED, REFUSED, Json, Verdict
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.hosts import is_among
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.managed.rules import bounds
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.permission_rules import (
    Ask,
    ManagedRule,
    Rule,
    is_approved,
    managed_rule,
)

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

MANUAL, ALLOW_ALL = "manual", "allow-all"


class PermissionGate:
    """Decides on the permission requests of one session.

    Attributes:
        requests: The requests that wait for a decision.
        mode: `manual` asks, `allow-all` does not.
        approve_all: Whether what tools want is approved; paths outside all directories are still asked about.
        approve_reads: Whether that holds for reading alone.
        approved_rules: What is approved by rules of the session.
        denied_rules: What is forbidden by rules of the session.
        location_rules: What is approved by rules of the location.
        urls_unrestricted: Whether every address is allowed.
        allowed_urls: Origins and host names whose addresses are allowed.
    """

    def __init__(self, session: Session, *, location: str) -> None:
        """Prepares the gate.

        Args:
            session: The session.
            location: The key under which approvals outlive it.
        """
        managed = session.config.managed
        self._session = session
        self._approvals: list[Json] = []
        self._location = location
        self._location_forgotten = False
        self._managed_denied = [managed_rule(text) for text in managed.deny]
        self._managed_asked = [managed_rule(text) for text in managed.ask]
        self._managed_approved = [managed_rule(text) for text in managed.allow]
        self._limits = None if managed.limit_to is None else bounds([*managed.limit_to])
        self.requests: Inquiries[Ask, Json] = Inquiries(session)
        self.mode = MANUAL
        self.approve_all = False
        self.approve_reads = False
        self.approved_rules: list[Rule] = []
        self.denied_rules: list[Rule] = []
        self.location_rules: list[Rule] = []
        self.urls_unrestricted = False
        self.allowed_urls: set[str] = set()

    @property
    def bypass_disabled(self) -> bool:
        """Whether an administrator forbids to approve everything at once."""
        return self._session.config.managed.bypass_disabled

    def set_mode(self, mode: str) -> bool:
        """Switches the mode, and tells the clients if that is a change.

        Returns:
            Whether the mode is now the wanted one: `assisted` needs a model of GitHub's, and an administrator can
            forbid `allow-all`.
        """
        if mode not in (MANUAL, ALLOW_ALL) or (mode == ALLOW_ALL and self.bypass_disabled):
            return False
        previous, self.mode = self.mode, mode
        if previous != mode:
            self._session.emit(
                types.SessionPermissionsChangedData(
                    previous_mode=previous,
                    mode=mode,
                    previous_allow_all_permissions=previous == ALLOW_ALL,
                    allow_all_permissions=mode == ALLOW_ALL,
                )
            )
        return True

    def set_approve_all(self, enabled: bool) -> None:
        """Switches whether what tools want is approved.

        Raises:
            RuntimeFault: An administrator forbids that.
        """
        if enabled and self.bypass_disabled:
            raise RuntimeFault("An administrator has disabled approving everything at once")
        self.approve_all = enabled

    def apply_location(self, location: str) -> bool:
        """Puts the approvals of a location into force.

        Returns:
            Whether they were not in force already.
        """
        changed = location != self._location or self._location_forgotten
        self._location, self._location_forgotten = location, False
        return changed

    def location_approvals(self) -> list[Json]:
        """What is approved for the location that is in force."""
        return [] if self._location_forgotten else self._session.saved.approvals(self._location)

    def approve_for_location(self, location: str, approval: Json) -> None:
        """Approves something for a location, beyond this session."""
        self._session.saved.approve(location, approval)
        if location == self._location and self._location_forgotten:
            self._approvals.append(approval)

    def forget_approvals(self, *, saved_too: bool = False) -> None:
        """Forgets what users approved for the session.

        Args:
            saved_too: Whether what is approved for the location is forgotten for good, and not just here.
        """
        self._approvals.clear()
        self._session.paths.forget()
        self._location_forgotten = True
        if saved_too:
            self._session.saved.forget(self._location)

    async def check(self, asks: Sequence[Ask], *, call_id: str, agent_id: str | None) -> Verdict:
        """Decides on all that one tool call wants to do; the first refusal counts."""
        for ask in asks:
            verdict = await self._decide(ask, call_id, agent_id)
            if not verdict.allowed:
                return verdict
        return ALLOWED

    async def _decide(self, ask: Ask, call_id: str, agent_id: str | None) -> Verdict:
        folder = self._session.config.working_directory
        against = [rule for rule in self._managed_denied if rule.rule.forbids(ask, folder)]
        broken: list[ManagedRule | Rule] = [
            *against,
            *(rule for rule in self.denied_rules if rule.forbids(ask, folder)),
        ]
        if broken:
            named = ", ".join(f"`{rule}`" for rule in broken)
            return Verdict(False, f"Permission to run this tool was denied by the rules {named}")
        if ask.kind == "url" and not self._is_within_limits(ask.argument):
            return Verdict(
                False, f"Permission to reach {ask.argument} was denied: an administrator limits the domains"
            )
        must_ask = any(rule.rule.forbids(ask, folder) for rule in self._managed_asked)
        if not must_ask and self._is_allowed(ask, folder):
            return ALLOWED
        if not any(client.answers_permissions for client in self._session.clients):
            return REFUSED
        return await self._ask(ask, call_id, agent_id)

    def _is_allowed(self, ask: Ask, folder: Path) -> bool:
        if self.mode == ALLOW_ALL:
            return True
        if ask.kind == "path":
            return False
        if ask.kind == "mcp" and ask.request.get("readOnly") is True:
            return True
        if self.approve_all or (self.approve_reads and ask.kind == "read"):
            return True
        if ask.kind == "write" and Path(ask.argument).is_relative_to(self._session.folder.resolve()):
            return True
        if ask.kind == "url" and self._allows_url(ask.argument):
            return True
        rules: Iterable[Rule] = (
            *self.approved_rules,
            *self.location_rules,
            *(managed.rule for managed in self._managed_approved),
        )
        return any(rule.permits(ask, folder) for rule in rules) or is_approved(
            ask, [*self._approvals, *self.location_approvals()]
        )

    def _is_within_limits(self, url: str) -> bool:
        if self._limits is None:
            return True
        address = read_address(url)
        return address is not None and is_among(address.host, self._limits)

    def _allows_url(self, url: str) -> bool:
        if self.urls_unrestricted:
            return True
        origin, host = _origin(url), urlsplit(url).hostname
        return (
            origin in self.allowed_urls or host in self.allowed_urls or self._session.saved.allows_url(origin)
        )

    async def _ask(self, ask: Ask, call_id: str, agent_id: str | None) -> Verdict:
        session = self._session

        def requested(request_id: str) -> Payload:
            return types.PermissionRequestedData.model_validate(
                {
                    "requestId": request_id,
                    "permissionRequest": {**ask.request, "toolCallId": call_id},
                    "promptRequest": {**ask.prompt, "toolCallId": call_id},
                    "agentMode": session.modes.effective,
                    "permissionMode": self.mode,
                    "ownerSessionId": session.id,
                }
            )

        def completed(request_id: str, decision: Json | None) -> Payload:
            result = decisions.report(decision or decisions.ABORTED)
            return types.PermissionCompletedData.model_validate(
                {"requestId": request_id, "toolCallId": call_id, "result": result}
            )

        decision = await self.requests.put(
            Inquiry(ask, requested, completed, decisions.UNAVAILABLE, agent_id=agent_id)
        )
        return decisions.verdict(decision)

    def decide(self, request_id: str, decision: Json) -> bool:
        """Hands in a decision.

        Returns:
            Whether the request still waited for one.

        Raises:
            RuntimeFault: It is no decision on this request, which goes on waiting.
        """
        ask = self.requests.subject(request_id)
        if ask is None:
            return False
        decisions.check(ask, decision)
        if not self.requests.resolve(request_id, decision):
            return False
        self._remember(ask, decision)
        return True

    def give_up_orphans(self) -> None:
        """Refuses what nobody is left to decide on."""
        if not any(client.answers_permissions for client in self._session.clients):
            self.requests.give_up()

    def _remember(self, ask: Ask, decision: Json) -> None:
        """Remembers what a decision says about later requests."""
        kind, approval = decision.get("kind"), decision.get("approval")
        match (kind, ask.kind):
            case ("approve-for-session", "path"):
                self._session.paths.approve(Path(ask.argument))
            case ("approve-read-only-for-session", _):
                self._session.paths.readable += map(Path, texts_in(decision.get("directories")))
            case ("approve-for-session", "url"):
                self.allowed_urls.add(_origin(ask.argument, decision.get("domain")))
            case ("approve-permanently", _):
                self._session.saved.allow_url(_origin(ask.argument, decision.get("domain")))
            case ("approve-for-session", _) if is_object(approval):
                self._approvals.append(approval)
            case ("approve-for-location", _) if is_object(approval):
                self.approve_for_location(str(decision.get("locationKey")), approval)
            case _:
                return


def _origin(url: str, domain: object = None) -> str:
    """The scheme of an address with its host, or with the domain that a user named instead."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{domain or parts.netloc}"
