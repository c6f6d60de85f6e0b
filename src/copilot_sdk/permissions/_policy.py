"""Policies: functions that decide or abstain, and how they are put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.errors import UsageError
from copilot_sdk.permissions._decisions import approve_once, reject

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import PermissionDecision, PermissionRequest

PermissionHandler: TypeAlias = (
    "Callable[[PermissionRequest], Awaitable[PermissionDecision] | PermissionDecision]"
)
"""Decides on a permission request; a plain function is run in a worker thread."""

PolicyFunction: TypeAlias = (
    "Callable[[PermissionRequest], Awaitable[PermissionDecision | None] | PermissionDecision | None]"
)
"""Like a `PermissionHandler`, but it may return None to leave the decision to the next policy."""

_REFUSED = "Permission was refused by policy."


class Policy:
    """A policy that may abstain. `one | other` asks the other one when the first abstains.

    As `on_permission` it refuses what it abstains from, with a text for the model, which goes on.

    Args:
        function: Decides, or returns None to abstain; a plain function is run in a worker thread.
        name: What `repr` shows.

    Raises:
        UsageError: It is no function.
    """

    def __init__(self, function: PolicyFunction, name: str | None = None) -> None:
        if not callable(function):
            raise UsageError(f"a policy has to be a function, not {function!r}")
        self._function = function
        self._name = name or getattr(function, "__name__", repr(function))

    def __repr__(self) -> str:
        return f"<Policy {self._name}>"

    async def decide(self, request: PermissionRequest) -> PermissionDecision | None:
        """The decision, None to abstain.

        Raises:
            Exception: Whatever the function raised. No other policy is asked then.
        """
        decision: PermissionDecision | None = await call_off_loop(self._function, request)
        return decision

    async def __call__(self, request: PermissionRequest) -> PermissionDecision:
        """The decision; what nobody decides on is refused."""
        decision = await self.decide(request)
        return reject(_REFUSED) if decision is None else decision

    def __or__(self, other: Policy | PolicyFunction) -> Policy:
        return first_of(self, other)

    def __ror__(self, other: PolicyFunction) -> Policy:
        return first_of(other, self)


def as_policy(policy: Policy | PolicyFunction) -> Policy:
    """The policy itself, or one that is made of a function."""
    return policy if isinstance(policy, Policy) else Policy(policy)


def first_of(*policies: Policy | PolicyFunction) -> Policy:
    """The policy that asks others in order and takes the first decision; it abstains if all do.

    Args:
        policies: Policies, or functions that return None to abstain.

    Raises:
        UsageError: One is no function, or there is none.
    """
    members = [as_policy(policy) for policy in policies]
    if not members:
        raise UsageError("first_of needs at least one policy")

    async def decide(request: PermissionRequest) -> PermissionDecision | None:
        for member in members:
            decision = await member.decide(request)
            if decision is not None:
                return decision
        return None

    return Policy(decide, " | ".join(map(repr, members)))


def allow_if(holds: Callable[[PermissionRequest], bool], name: str) -> Policy:
    """The policy that allows what fits a rule and abstains otherwise.

    What is to leave the sandbox, or needs a person by the rules of an organization, fits no rule.
    """

    def decide(request: PermissionRequest) -> PermissionDecision | None:
        for escalation in ("managed_approval_required", "request_sandbox_bypass"):
            if getattr(request, escalation, None):
                return None
        return approve_once() if holds(request) else None

    return Policy(decide, name)


def approve_all(request: PermissionRequest) -> PermissionDecision:  # noqa: ARG001 - it is a policy
    """The policy that allows everything. For sandboxes and tests."""
    return approve_once()


def deny_all(request: PermissionRequest) -> PermissionDecision:  # noqa: ARG001 - it is a policy
    """The policy that refuses everything and lets the model go on."""
    return reject(_REFUSED)
