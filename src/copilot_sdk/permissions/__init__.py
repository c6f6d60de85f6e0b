"""Decisions on permission requests, and policies that make them.

A policy is a function, plain or async, of a `PermissionRequest` that returns a decision; pass it as
`on_permission`. A plain one may block: it is run in a worker thread. One with a second parameter gets a
`PermissionInvocation` as well. The policies of this module are put together with `|` or `first_of`:
`allow_reads("src") | allow_commands("git status", "git log *")`. What none of them decides on is refused.

No policy of this module approves what needs a person by the rules of an organization.
"""

from __future__ import annotations

from copilot_sdk.permissions._decisions import (
    DecisionInContext,
    LeftOpen,
    approve_for_location,
    approve_for_session,
    approve_once,
    approve_permanently,
    approve_reads_for_session,
    leave_open,
    reject,
    user_not_available,
    with_context,
)
from copilot_sdk.permissions._files import allow_reads, allow_writes
from copilot_sdk.permissions._invocation import PermissionInvocation
from copilot_sdk.permissions._names import allow_mcp_tools, allow_tools, allow_urls
from copilot_sdk.permissions._policy import (
    PermissionAnswer,
    PermissionHandler,
    Policy,
    PolicyFunction,
    approve_all,
    deny_all,
    first_of,
    leave_all_open,
)
from copilot_sdk.permissions._remember import remember_for_location, remember_for_session
from copilot_sdk.permissions._shell import allow_commands

__all__ = [
    "DecisionInContext",
    "LeftOpen",
    "PermissionAnswer",
    "PermissionHandler",
    "PermissionInvocation",
    "Policy",
    "PolicyFunction",
    "allow_commands",
    "allow_mcp_tools",
    "allow_reads",
    "allow_tools",
    "allow_urls",
    "allow_writes",
    "approve_all",
    "approve_for_location",
    "approve_for_session",
    "approve_once",
    "approve_permanently",
    "approve_reads_for_session",
    "deny_all",
    "first_of",
    "leave_all_open",
    "leave_open",
    "reject",
    "remember_for_location",
    "remember_for_session",
    "user_not_available",
    "with_context",
]
