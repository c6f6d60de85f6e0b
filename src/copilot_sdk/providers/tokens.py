"""Tokens by callback: they are asked for when they are needed, and never stored here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from copilot_sdk._callbacks import call_off_loop
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        GitHubTokenGranted,
        GitHubTokenRequest,
        GitHubTokenResult,
        ProviderTokenRequest,
        ProviderTokenResult,
    )

GetBearerToken: TypeAlias = "Callable[[ProviderTokenRequest], Awaitable[str] | str]"
"""Gives the token for a model provider; a plain function is run in a worker thread."""
GitHubTokenAnswer: TypeAlias = "GitHubTokenGranted | None"
"""A GitHub token with its expiry; None refuses one."""
GetGitHubToken: TypeAlias = "Callable[[GitHubTokenRequest], Awaitable[GitHubTokenAnswer] | GitHubTokenAnswer]"
"""Gives a GitHub token; a plain function is run in a worker thread."""

DEFAULT_TOKEN_TIMEOUT = 60.0


class BearerTokens:
    """Bearer tokens for the model providers of a session: `handlers={"provider_token": BearerTokens(function)}`.

    The runtime asks before each model request, so the function should keep a token until it expires. Providers that
    have credentials already are not asked for. When the function raises, gives no token, or is not done in time, the
    model request fails with that as its error, and the runtime tries a few times more.

    Args:
        get_token: Gives the token; the request names the provider, `default` for the one in the option `provider`.
        timeout: Seconds that the function may take. The turn waits for it, and so does an abort.

    Raises:
        UsageError: The timeout is not above zero.
    """

    def __init__(self, get_token: GetBearerToken, *, timeout: float = DEFAULT_TOKEN_TIMEOUT) -> None:
        self._get_token = _Limited(get_token, timeout)

    async def get_token(self, params: ProviderTokenRequest) -> ProviderTokenResult:
        """Wire method: `providerToken.getToken`."""
        from copilot_sdk._generated.copilot.types import ProviderTokenResult

        token = await self._get_token(params)
        if not isinstance(token, str) or not token:
            raise UsageError(f"the function for bearer tokens gave {_kind(token)} in place of a token")
        return ProviderTokenResult(token=token)


class GitHubTokens:
    """GitHub tokens for the runtime: `handlers={"github_token": GitHubTokens(function)}` on the client.

    A session that uses them is created and resumed with the option `github_token_provider_registration_id`, a name of
    your choice that no other open session has and that comes back in each request, and without the option `provider`.
    The runtime asks while it opens the session, and again before the token expires. When the function refuses or
    raises, or is not done in time, the session is not opened.

    Args:
        get_token: Gives the token, or None to refuse. Its `expires_in` has to be more than an hour.
        timeout: Seconds that the function may take.

    Raises:
        UsageError: The timeout is not above zero.
    """

    def __init__(self, get_token: GetGitHubToken, *, timeout: float = DEFAULT_TOKEN_TIMEOUT) -> None:
        self._get_token = _Limited(get_token, timeout)

    async def get_token(self, params: GitHubTokenRequest) -> GitHubTokenResult:
        """Wire method: `gitHubToken.getToken`."""
        from copilot_sdk._generated.copilot.types import GitHubTokenGranted, GitHubTokenRefused

        token = await self._get_token(params)
        if token is None:
            return GitHubTokenRefused()
        if not isinstance(token, GitHubTokenGranted):
            raise UsageError(
                f"the function for GitHub tokens gave {_kind(token)} in place of a GitHubTokenGranted or None"
            )
        return token


class _Limited:
    """Calls a function of the program, and waits for it no longer than is allowed."""

    def __init__(self, function: Callable[..., Any], seconds: float) -> None:
        if not seconds > 0:
            raise UsageError(f"timeout has to be above zero seconds, not {seconds!r}")
        self._function = function
        self._seconds = seconds

    async def __call__(self, params: object) -> object:
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                return await call_off_loop(self._function, params)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(f"there was no token within {self._seconds:g} s") from error


def _kind(value: object) -> str:
    return "an empty text" if value == "" else "None" if value is None else f"a {type(value).__name__}"
