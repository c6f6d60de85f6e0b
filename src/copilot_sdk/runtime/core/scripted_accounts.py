"""Accounts without GitHub: those that a test or a demonstration makes up."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from copilot_sdk.runtime.core.accounts import Accounts, Credentials
from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.logins import Grant


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of something a user may have, and had.

    Attributes:
        entitlement: How many requests; None for any number.
        used: How many were made.
        overage_permitted: Whether more may be made when they are used up.
    """

    entitlement: int | None
    used: int = 0
    overage_permitted: bool = False

    def to_wire(self, name: str) -> dict[str, object]:
        """The quota, as the service tells it."""
        total = self.entitlement or 0
        left = max(0, total - self.used)
        return {
            "quota_id": name,
            "entitlement": total,
            "remaining": left,
            "quota_remaining": float(left),
            "percent_remaining": 100.0 * left / total if total else 100.0,
            "unlimited": self.entitlement is None,
            "overage_count": max(0, self.used - total) if self.entitlement is not None else 0,
            "overage_permitted": self.overage_permitted,
            "timestamp_utc": stamp(now()),
        }


@dataclass(frozen=True, slots=True)
class Account:
    """A user who can sign in.

    Attributes:
        login: Their name.
        plan: Their Copilot plan.
        quotas: What they may have, such as `premium_interactions`.
        organizations: The logins of the organizations that they can act for.
    """

    login: str
    plan: str = "individual_pro"
    quotas: Mapping[str, Quota] = field(default_factory=dict[str, Quota])
    organizations: Sequence[str] = ()

    def to_wire(self) -> dict[str, object]:
        """The user, as the service tells it."""
        return {
            "login": self.login,
            "chat_enabled": True,
            "copilot_plan": self.plan,
            "organization_login_list": list(self.organizations),
            "quota_snapshots": {name: quota.to_wire(name) for name, quota in self.quotas.items()},
        }


class ScriptedAccounts:
    """Accounts by token; tokens that are not among them are turned down.

    Change `accounts` to change what is known: who has left, or used up a quota.
    """

    def __init__(self, accounts: Mapping[str, Account], *, signed_in: str | None = None) -> None:
        """Takes the accounts.

        Args:
            accounts: Who owns a token; tokens begin with `gho_`, `ghu_` or `github_pat_`, as those of GitHub.
            signed_in: The token of whom is signed in from the start.
        """
        self.accounts = dict(accounts)
        self.signed_in = signed_in

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self | None:
        """The accounts of a script file; None if it has none.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no script; the text says where.
        """
        from copilot_sdk.runtime.core.models.script_file import ScriptFile

        script = ScriptFile.read(Path(path))
        known = script.known_accounts()
        return cls(known, signed_in=script.signed_in()) if known else None

    def for_runtime(self) -> Accounts:
        """The accounts as a runtime has them: its models are for those alone who are signed in."""
        given = None if self.signed_in is None else Credentials("user", self.signed_in)
        return Accounts(self, given, needed=True)

    async def user(self, host: str, token: str) -> Mapping[str, object]:
        """See `AccountService.user`."""
        account = self.accounts.get(token)
        if account is None:
            raise RuntimeFault(
                f"Failed to fetch Copilot user info: 401 Unauthorized: no such token at {host}"
            )
        return account.to_wire()

    async def owners(self, host: str, token: str) -> Sequence[str]:
        """See `AccountService.owners`."""
        account = self.accounts.get(token)
        if account is None:
            raise RuntimeFault(f"GET /user failed: 401 Unauthorized: no such token at {host}")
        return [account.login, *account.organizations]

    async def exchange(self, host: str, grant: Grant) -> str:  # noqa: ARG002 - every host is made up
        """See `AccountService.exchange`; the code is the token."""
        return grant.code

    async def aclose(self) -> None:
        """Nothing is held."""
