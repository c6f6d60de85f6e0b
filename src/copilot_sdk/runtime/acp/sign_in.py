"""Who is signed in, as a client of the Agent Client Protocol sees it."""

from __future__ import annotations

from copilot_sdk._generated.acp.types import (
    AuthAccount,
    AuthenticateRequest,
    AuthMethod,
    AuthMethodAgent,
    AuthStatusResponse,
)
from copilot_sdk.acp.errors import AuthRequired
from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime.core.accounts import TOKEN_VARIABLES, Accounts

_SIGN_IN = "github-token"


class SignIn:
    """Whether the client may work. A token in the environment signs it in, until it signs out.

    Args:
        accounts: The accounts of the runtime.
    """

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._out = False

    def methods(self) -> list[AuthMethod]:
        """The ways to sign in."""
        if not self._accounts.needed:
            return []
        variables = ", ".join(TOKEN_VARIABLES)
        return [
            AuthMethodAgent(
                id=_SIGN_IN,
                name="GitHub token",
                description=f"Start the runtime with a token in one of {variables}.",
            )
        ]

    async def authenticate(self, params: AuthenticateRequest) -> None:
        """Looks whether there is somebody to be signed in.

        Raises:
            InvalidParams: There is no such way to sign in.
            AuthRequired: There is nobody.
        """
        if params.method_id not in [getattr(method, "id", None) for method in self.methods()]:
            raise InvalidParams(f"methodId: there is no way to sign in called {params.method_id!r}")
        self._out = False
        await self.check()

    async def check(self) -> None:
        """Raises `AuthRequired` where somebody has to be signed in and nobody is."""
        accounts = self._accounts
        if accounts.needed and self._out:
            raise AuthRequired("You have signed out")
        if accounts.needed and await accounts.current() is None:
            raise AuthRequired("; ".join(accounts.errors) or "Nobody is signed in")

    async def leave(self) -> None:
        """Signs out: open sessions go on, and others are for those alone who sign in again."""
        for identity in await self._accounts.all():
            self._accounts.logout(identity)
        self._out = True

    async def status(self) -> AuthStatusResponse:
        """Whether somebody is signed in, and who could be."""
        accounts = self._accounts
        current = await accounts.current()
        told = [
            AuthAccount(label=identity.login or identity.host, active=not self._out and identity is current)
            for identity in await accounts.all()
        ]
        if not accounts.needed:
            state = "not_required"
        else:
            state = "unauthenticated" if self._out or current is None else "authenticated"
        return AuthStatusResponse(state=state, accounts=told)
