"""Decisions on what an agent's tools may do, and policies that make them.

A policy is a function, plain or async, of a `RequestPermissionRequest`; pass it as `on_permission`. A plain one may
block: it is run in a worker thread. It returns one of the request's options or the `option_id` of one, or a decision
of this module, which takes the option that means it: `approve_once()`, `approve_always()`, `reject()`,
`reject_always()`, `cancelled()`. The policies of this module are put together with `|`:
`allow_kinds("read", "search") | ask_the_user`. What none of them decides on is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import (
        PermissionOption,
        PermissionOptionKind,
        RequestPermissionOutcome,
        RequestPermissionRequest,
        ToolKind,
    )

__all__ = [
    "Decision",
    "PermissionAnswer",
    "PermissionHandler",
    "Policy",
    "allow_kinds",
    "approve_all",
    "approve_always",
    "approve_once",
    "cancelled",
    "deny_all",
    "first_of",
    "reject",
    "reject_always",
]


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, whatever the agent calls its options.

    Attributes:
        kind: The kind of option that means it; None for `cancelled`.
    """

    kind: PermissionOptionKind | None


PermissionAnswer: TypeAlias = "Decision | PermissionOption | str"
"""A decision, one of the options, or the `option_id` of one."""

PermissionHandler: TypeAlias = (
    "Callable[[RequestPermissionRequest], Awaitable[PermissionAnswer | None] | PermissionAnswer | None]"
)
"""Decides on a permission request, or returns None to leave it to the next policy."""


def approve_once() -> Decision:
    """Allow it this time."""
    return Decision("allow_once")


def approve_always() -> Decision:
    """Allow it from now on. Refuses it where the agent has no such option."""
    return Decision("allow_always")


def reject() -> Decision:
    """Refuse it this time."""
    return Decision("reject_once")


def reject_always() -> Decision:
    """Refuse it from now on."""
    return Decision("reject_always")


def cancelled() -> Decision:
    """Say that the turn was cancelled before anybody decided."""
    return Decision(None)


class Policy:
    """A policy that may abstain. `one | other` asks the other one when the first abstains.

    Args:
        function: Decides, or returns None to abstain. A plain one is run in a worker thread.
        name: What `repr` shows.

    Raises:
        UsageError: It is no function.
    """

    def __init__(self, function: PermissionHandler, name: str | None = None) -> None:
        if not callable(function):
            raise UsageError(f"a policy has to be a function, not {function!r}")
        self._function = function
        self._name = name or getattr(function, "__name__", repr(function))

    def __repr__(self) -> str:
        return f"<Policy {self._name}>"

    async def __call__(self, request: RequestPermissionRequest) -> PermissionAnswer | None:
        """The decision, None to abstain."""
        answer: PermissionAnswer | None = await call_off_loop(self._function, request)
        return answer

    def __or__(self, other: PermissionHandler) -> Policy:
        return first_of(self, other)

    def __ror__(self, other: PermissionHandler) -> Policy:
        return first_of(other, self)


def first_of(*policies: PermissionHandler) -> Policy:
    """The policy that asks others in order and takes the first decision; it abstains if all do.

    Raises:
        UsageError: One is no function, or there is none.
    """
    if not policies:
        raise UsageError("first_of needs at least one policy")
    members = [policy if isinstance(policy, Policy) else Policy(policy) for policy in policies]

    async def decide(request: RequestPermissionRequest) -> PermissionAnswer | None:
        for member in members:
            if (answer := await member(request)) is not None:
                return answer
        return None

    return Policy(decide, " | ".join(map(repr, members)))


def allow_kinds(*kinds: ToolKind) -> Policy:
    """The policy that allows tools of some kinds once, and abstains from others.

    An agent says itself of what kind its tools are; where that is not to be relied on, look at the request.

    Args:
        kinds: Such as `read`, `search` or `think`.
    """

    async def decide(request: RequestPermissionRequest) -> PermissionAnswer | None:
        return approve_once() if request.tool_call.kind in kinds else None

    return Policy(decide, f"allow_kinds({', '.join(map(repr, kinds))})")


async def _approve_all(_: RequestPermissionRequest) -> PermissionAnswer:
    return approve_once()


async def _deny_all(_: RequestPermissionRequest) -> PermissionAnswer:
    return reject()


approve_all: Policy = Policy(_approve_all, "approve_all")
"""The policy that allows everything, each time anew. For sandboxes and tests."""

deny_all: Policy = Policy(_deny_all, "deny_all")
"""The policy that refuses everything and lets the agent go on."""


def outcome(request: RequestPermissionRequest, answer: object) -> RequestPermissionOutcome:
    """What the agent is told.

    Nothing is allowed that was not decided: a decision that none of the options means ends in `reject_once`, and where
    there is no such option either, in `cancelled`.

    Raises:
        UsageError: The answer is none, or names an option that there is not.
    """
    from copilot_sdk._generated.acp.types import (
        CancelledPermissionOutcome,
        PermissionOption,
        SelectedPermissionOutcome,
    )

    if isinstance(answer, PermissionOption):
        answer = answer.option_id
    if isinstance(answer, str):
        if answer not in [option.option_id for option in request.options]:
            raise UsageError(f"the permission request has no option {answer!r}")
        return SelectedPermissionOutcome(option_id=answer)
    decision = reject() if answer is None else answer
    if not isinstance(decision, Decision):
        raise UsageError(f"a permission handler has to return a decision or an option, not {answer!r}")
    if decision.kind is not None:
        for kind in (decision.kind, "reject_once"):
            for option in request.options:
                if option.kind == kind:
                    return SelectedPermissionOutcome(option_id=option.option_id)
    return CancelledPermissionOutcome()
