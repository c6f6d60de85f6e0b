"""Accounts of GitHub: who is signed in, at the runtime and in a session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import ModelFault, RuntimeFault
from copilot_sdk.runtime.core.logins import Grant, Logins

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.config import SessionConfig

PUBLIC_HOST = "https://github.com"
NOT_AUTHENTICATED = "Not authenticated. Please authenticate first."
TOKEN_VARIABLES = ("COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN")
"""The variables that may hold a token, the first of them first."""

_KINDS_OF_TOKEN = ("gho_", "ghu_", "github_pat_")
_CLASSIC = "ghp_"
_BETTER_TOKENS = "use a fine-grained personal access token (github_pat_) or an OAuth token (gho_, ghu_)"
_GONE = "Selected authentication is no longer available"

IdentityKind = Literal["env", "token", "token-provider", "user"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who is signed in; the token stays out of the repr.

    Attributes:
        kind: Where the token comes from: a variable of the environment, the client (once, or again and again), or a
            sign-in.
        host: The URL of the GitHub host.
        token: What lets them in.
        user: What Copilot says of them.
        variable: The variable of the environment.
        id: Tells them from others in this runtime.
    """

    kind: IdentityKind
    host: str
    token: str = field(repr=False)
    user: Mapping[str, object] = field(default_factory=dict[str, object])
    variable: str | None = None
    id: str = field(default_factory=new_id)

    @property
    def login(self) -> str | None:
        """Their name."""
        login = self.user.get("login")
        return login if isinstance(login, str) else None


class AccountService(Protocol):
    """What knows the accounts."""

    async def user(self, host: str, token: str) -> Mapping[str, object]:
        """What Copilot says of the owner of a token, as the wire has it.

        Raises:
            RuntimeFault: The token is unknown, or nobody could be asked.
        """
        ...

    async def owners(self, host: str, token: str) -> Sequence[str]:
        """Whom the owner of a token can act for, by login: themselves, then their organizations.

        Raises:
            RuntimeFault: The token is unknown, or nobody could be asked.
        """
        ...

    async def exchange(self, host: str, grant: Grant) -> str:
        """The token for what a browser came back with.

        Raises:
            RuntimeFault: There is none, or nobody could be asked.
        """
        ...

    async def aclose(self) -> None:
        """Gives up connections."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token that was given at the start."""

    kind: IdentityKind
    token: str = field(repr=False)
    host: str = PUBLIC_HOST
    variable: str | None = None


class Accounts:
    """The accounts of a runtime. Tokens of users that sign in are kept in memory only.

    Attributes:
        needed: Whether the models of the runtime are for those alone who are signed in.
        errors: What went wrong when somebody was to be signed in last.
        logins: The sign-ins with a browser that go on.
    """

    def __init__(
        self,
        service: AccountService | None = None,
        given: Credentials | None = None,
        *,
        needed: bool = False,
    ) -> None:
        """Prepares the accounts; nobody is asked for them yet.

        Args:
            service: What knows them; None if nobody can sign in.
            given: A token that was given at the start.
            needed: Whether the models of the runtime are for those alone who are signed in.
        """
        self.needed = needed
        self.errors: list[str] = []
        self.logins = Logins(self)
        self._service = service
        self._given = given
        self._first: Identity | None = None
        self._users: list[Identity] = []
        self._asking = asyncio.Lock()

    @property
    def available(self) -> bool:
        """Whether anybody can sign in."""
        return self._service is not None

    @property
    def service(self) -> AccountService:
        """What knows the accounts.

        Raises:
            RuntimeFault: Nothing does.
        """
        if self._service is None:
            raise RuntimeFault("This runtime has no accounts: nobody can sign in")
        return self._service

    async def current(self) -> Identity | None:
        """Who is signed in now."""
        first = await self._at_start()
        return self._users[-1] if self._users else first

    async def required(self) -> Identity:
        """Who is signed in now.

        Raises:
            RuntimeFault: Nobody is.
        """
        identity = await self.current()
        if identity is None:
            raise RuntimeFault(NOT_AUTHENTICATED)
        return identity

    async def all(self) -> Sequence[Identity]:
        """Everybody who is signed in."""
        first = await self._at_start()
        return [*([] if first is None else [first]), *self._users]

    async def chosen(self, selection: str | None, token: str | None) -> Identity:
        """Whom a request is about: the owner of a token, somebody who is signed in, or who is it now.

        Raises:
            RuntimeFault: There is nobody like that.
        """
        if token is not None:
            return await self.owner_of(token)
        return await self.required() if selection is None else await self.selected(selection)

    async def selected(self, selection: str) -> Identity:
        """Who is signed in under an id.

        Raises:
            RuntimeFault: Nobody is.
        """
        for identity in await self.all():
            if identity.id == selection:
                return identity
        raise RuntimeFault(_GONE)

    async def owner_of(self, token: str, host: str = PUBLIC_HOST) -> Identity:
        """The owner of a token that a client gave.

        Raises:
            RuntimeFault: The token is unknown, or nobody could be asked.
        """
        return Identity("token", host, token, await self._user(host, token))

    async def given_by_client(self, token: str) -> Identity:
        """The owner of a token that a client gives, and will replace in time.

        Raises:
            RuntimeFault: The token is unknown, or nobody could be asked.
        """
        # Without accounts there is nobody to ask, and nobody who would want to know.
        if not self.available:
            return Identity("token-provider", PUBLIC_HOST, token)
        return Identity("token-provider", PUBLIC_HOST, token, await self._user(PUBLIC_HOST, token))

    async def login(self, host: str, token: str) -> Identity:
        """Signs a user in, in place of the same user before.

        Raises:
            RuntimeFault: The token is of a wrong kind or unknown, or nobody could be asked.
        """
        _check_kind(token)
        identity = Identity("user", host, token, await self._user(host, token))
        self._users = [user for user in self._users if (user.host, user.login) != (host, identity.login)]
        self._users.append(identity)
        return identity

    def logout(self, identity: Identity) -> bool:
        """Signs a user out; whoever came with the environment stays.

        Returns:
            Whether they were signed in.
        """
        before = len(self._users)
        self._users = [user for user in self._users if user.id != identity.id]
        return len(self._users) < before

    @property
    def has_users(self) -> bool:
        """Whether any user has signed in and not out again."""
        return bool(self._users)

    async def refreshed(self, identity: Identity) -> Identity:
        """The same identity with what Copilot says of it now.

        Raises:
            RuntimeFault: The token is unknown by now, or nobody could be asked.
        """
        fresh = replace(identity, user=await self._user(identity.host, identity.token))
        self._users = [fresh if user.id == fresh.id else user for user in self._users]
        if self._first is not None and self._first.id == fresh.id:
            self._first = fresh
        return fresh

    async def aclose(self) -> None:
        """Gives up connections."""
        if self._service is not None:
            await self._service.aclose()

    async def _at_start(self) -> Identity | None:
        given = self._given
        if given is None or self._service is None:
            return None
        async with self._asking:
            if self._first is None and self._given is not None:
                try:
                    _check_kind(given.token)
                    user = await self._user(given.host, given.token)
                except RuntimeFault as fault:
                    self.errors = [str(fault)]
                    return None
                self.errors = []
                identity = Identity(given.kind, given.host, given.token, user, given.variable)
                if given.kind == "user":
                    # They can sign out again, as anybody who signs in later.
                    self._given = None
                    self._users.insert(0, identity)
                else:
                    self._first = identity
            return self._first

    async def _user(self, host: str, token: str) -> Mapping[str, object]:
        return await self.service.user(host, token)


class SessionAccount:
    """Who a session works for: somebody of its own, or whoever is signed in at the runtime."""

    def __init__(self, accounts: Accounts, config: SessionConfig) -> None:
        self._accounts = accounts
        self._config = config
        self._provided: Identity | None = None

    async def current(self) -> Identity | None:
        """Who it is now.

        Raises:
            RuntimeFault: The client gives tokens, and the one at hand is unknown.
        """
        github = self._config.github
        if github is not None:
            if self._provided is None or self._provided.token != github.secret:
                self._provided = await self._accounts.given_by_client(github.secret)
            return self._provided
        return self._config.identity or await self._accounts.current()

    async def for_model(self, model: str) -> Identity | None:
        """Who asks a model; None if it is one of the session's own.

        Raises:
            ModelFault: The model is for those alone who are signed in, and nobody is.
        """
        config = self._config
        if config.provider is not None or model in config.named_models:
            return None
        try:
            identity = await self.current()
        except RuntimeFault as fault:
            raise ModelFault(str(fault), error_type="authorization") from fault
        if identity is None and self._accounts.needed:
            raise ModelFault("Nobody is signed in, and the session has no provider of its own")
        return identity

    def use(self, identity: Identity | None) -> None:
        """Makes the session work for somebody else; None for who is signed in at the runtime."""
        self._config.identity = identity

    async def refresh(self) -> Identity | None:
        """Asks anew what Copilot says of who it is."""
        identity = await self.current()
        if identity is None:
            return None
        fresh = await self._accounts.refreshed(identity)
        if identity.kind == "token-provider":
            self._provided = fresh
        elif self._config.identity is not None:
            self._config.identity = fresh
        return fresh


def _check_kind(token: str) -> None:
    if token.startswith(_CLASSIC):
        raise RuntimeFault(f"Classic personal access tokens (ghp_) are not supported: {_BETTER_TOKENS}")
    if not token.startswith(_KINDS_OF_TOKEN):
        raise RuntimeFault(f"Unsupported token type: {_BETTER_TOKENS}")


def is_classic(token: str) -> bool:
    """Whether a token is a personal access token of the kind that Copilot does not take."""
    return token.startswith(_CLASSIC)
