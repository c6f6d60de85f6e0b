"""Policies: functions that decide or abstain, and how they are put together."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.errors import UsageError
from copilot_sdk.permissions._decisions import approve_once, leave_open, reject

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import PermissionDecision, PermissionRequest
    from copilot_sdk.permissions._decisions import DecisionInContext, LeftOpen
    from copilot_sdk.permissions._invocation import PermissionInvocation

PermissionAnswer: TypeAlias = "PermissionDecision | DecisionInContext | LeftOpen"
"""What comes of a permission request: a decision, one with its context, or none by this client."""

_Answered: TypeAlias = "Awaitable[PermissionAnswer] | PermissionAnswer"
_InformedHandler: TypeAlias = "Callable[[PermissionRequest, PermissionInvocation], _Answered]"
PermissionHandler: TypeAlias = "Callable[[PermissionRequest], _Answered] | _InformedHandler"
"""Decides on a permission request. A second parameter, one without a default, gets the `PermissionInvocation`.

A plain function is run in a worker thread.
"""

_Said: TypeAlias = "Awaitable[PermissionAnswer | None] | PermissionAnswer | None"
_InformedFunction: TypeAlias = "Callable[[PermissionRequest, PermissionInvocation], _Said]"
PolicyFunction: TypeAlias = "Callable[[PermissionRequest], _Said] | _InformedFunction"
"""Like a `PermissionHandler`, but it may return None to leave the decision to the next policy."""

_REFUSED = "Permission was refused by policy."
_NEEDS_PERSON = "Permission was refused: an administrator wants a person to approve this."
_NOT_ALL = "Permission was refused: an administrator has forbidden to approve everything."


class Policy:
    """A policy that may abstain. `one | other` asks the other one when the first abstains.

    As `on_permission` it refuses what it abstains from, with a text for the model, which goes on.

    Args:
        function: Decides, or returns None to abstain. A second parameter, one without a default, gets the
            `PermissionInvocation`. A plain function is run in a worker thread.
        name: What `repr` shows.

    Raises:
        UsageError: It is no function, or wants other arguments.
    """

    def __init__(self, function: PolicyFunction, name: str | None = None) -> None:
        if not callable(function):
            raise UsageError(f"a policy has to be a function, not {function!r}")
        self._decide = with_invocation(function)
        self._name = name or getattr(function, "__name__", repr(function))

    def __repr__(self) -> str:
        return f"<Policy {self._name}>"

    async def decide(
        self, request: PermissionRequest, invocation: PermissionInvocation | None = None
    ) -> PermissionAnswer | None:
        """The decision, None to abstain.

        Args:
            request: What is asked for.
            invocation: What else is known. Sessions give it; a call by hand may leave it out where no function of
                the policy wants it.

        Raises:
            UsageError: A function of the policy wants the invocation, and there is none.
            Exception: Whatever the function raised. No other policy is asked then.
        """
        decision: PermissionAnswer | None = await self._decide(request, invocation)
        return decision

    async def __call__(
        self, request: PermissionRequest, invocation: PermissionInvocation | None = None
    ) -> PermissionAnswer:
        """The decision; what nobody decides on is refused."""
        decision = await self.decide(request, invocation)
        if decision is not None:
            return decision
        if needs_person(request, invocation):
            return reject(_NEEDS_PERSON)
        return reject(_NOT_ALL if _may_not_bypass(invocation) else _REFUSED)

    def __or__(self, other: Policy | PolicyFunction) -> Policy:
        return first_of(self, other)

    def __ror__(self, other: PolicyFunction) -> Policy:
        return first_of(other, self)


def with_invocation(
    function: Policy | PermissionHandler | PolicyFunction,
) -> Callable[[PermissionRequest, PermissionInvocation | None], Awaitable[Any]]:
    """A way to call a function that takes a request, or a request and its invocation.

    Raises:
        UsageError: It wants other arguments.
    """
    if isinstance(function, Policy):
        return function
    wanted = _required(function)
    if wanted > 2:
        raise UsageError(
            f"{function!r} wants {wanted} arguments; a permission handler takes a request, and may take a "
            "PermissionInvocation as its second argument"
        )
    return partial(_call_with_both if wanted == 2 else _call_with_request, function)


def _required(function: Any) -> int:
    """How many arguments have to be passed to a function by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        # Some that are written in C do not tell.
        return 1
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return len([each for each in parameters if each.kind in positional and each.default is each.empty])


async def _call_with_request(function: Any, request: PermissionRequest, _: object) -> Any:
    return await call_off_loop(function, request)


async def _call_with_both(
    function: Any, request: PermissionRequest, invocation: PermissionInvocation | None
) -> Any:
    if invocation is None:
        raise UsageError(f"{function!r} wants a PermissionInvocation; pass it after the request")
    return await call_off_loop(function, request, invocation)


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

    async def decide(
        request: PermissionRequest, invocation: PermissionInvocation | None
    ) -> PermissionAnswer | None:
        for member in members:
            decision = await member.decide(request, invocation)
            if decision is not None:
                return decision
        return None

    return ReadyPolicy(decide, " | ".join(map(repr, members)))


class ReadyPolicy(Policy):
    """A policy of this package, which can do without an invocation.

    Args:
        decide: Decides, or returns None to abstain.
        name: What `repr` shows.
    """

    def __init__(
        self,
        decide: Callable[
            [PermissionRequest, PermissionInvocation | None], Awaitable[PermissionAnswer | None]
        ],
        name: str,
    ) -> None:
        self._decide = decide
        self._name = name


def allow_if(holds: Callable[[PermissionRequest], bool], name: str) -> Policy:
    """The policy that allows what fits a rule and abstains otherwise.

    What is to leave the sandbox, or needs a person by the rules of an organization, fits no rule.
    """

    async def decide(
        request: PermissionRequest, invocation: PermissionInvocation | None
    ) -> PermissionAnswer | None:
        if needs_person(request, invocation) or request.to_wire().get("requestSandboxBypass"):
            return None
        return approve_once() if await call_off_loop(holds, request) else None

    return ReadyPolicy(decide, name)


def needs_person(request: PermissionRequest, invocation: PermissionInvocation | None) -> bool:
    """Whether an administrator wants a person to answer. Not every kind of request has an attribute that tells it."""
    told = invocation is not None and invocation.managed_approval_required
    return told or bool(request.to_wire().get("managedApprovalRequired"))


def _may_not_bypass(invocation: PermissionInvocation | None) -> bool:
    settings = None if invocation is None else invocation.managed_settings
    return settings is not None and bool(settings.bypass_permissions_disabled)


async def _approve_all(
    request: PermissionRequest, invocation: PermissionInvocation | None
) -> PermissionAnswer | None:
    return None if needs_person(request, invocation) or _may_not_bypass(invocation) else approve_once()


async def _deny_all(_: PermissionRequest, __: PermissionInvocation | None) -> PermissionAnswer:
    return reject(_REFUSED)


async def _leave_all_open(_: PermissionRequest, __: PermissionInvocation | None) -> PermissionAnswer:
    return leave_open()


approve_all: Policy = ReadyPolicy(_approve_all, "approve_all")
"""The policy that allows everything. For sandboxes and tests.

Also what is to leave the sandbox. It abstains only where an administrator has the say: from requests that a person has
to approve, and from all of them in a session whose managed settings have `bypass_permissions_disabled`.
"""

deny_all: Policy = ReadyPolicy(_deny_all, "deny_all")
"""The policy that refuses everything and lets the model go on."""

leave_all_open: Policy = ReadyPolicy(_leave_all_open, "leave_all_open")
"""The policy that leaves everything to the other clients of the session; see `leave_open`.

`allow_reads("src") | leave_all_open` allows reading and has somebody else decide on the rest.
"""
