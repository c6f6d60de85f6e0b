"""Tokens by callback: they are asked for when they are needed, and never stored here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from copilot_sdk._callbacks import call_off_loop

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
GitHubTokenAnswer: TypeAlias = "GitHubTokenGranted | str | None"
"""A GitHub token, with its expiry or without; None refuses one."""
GetGitHubToken: TypeAlias = "Callable[[GitHubTokenRequest], Awaitable[GitHubTokenAnswer] | GitHubTokenAnswer]"
"""Gives a GitHub token; a plain function is run in a worker thread."""


class BearerTokens:
    """Bearer tokens for the model providers of a session: `handlers={"provider_token": BearerTokens(function)}`.

    The runtime asks before each model request, so the function should keep a token until it expires. Providers that
    have credentials already are not asked for.

    Args:
        get_token: Gives the token; the request names the provider, `default` for the one in the option `provider`.
    """

    def __init__(self, get_token: GetBearerToken) -> None:
        self._get_token = get_token

    async def get_token(self, params: ProviderTokenRequest) -> ProviderTokenResult:
        """Wire method: `providerToken.getToken`."""
        from copilot_sdk._generated.copilot.types import ProviderTokenResult

        return ProviderTokenResult(token=await call_off_loop(self._get_token, params))


class GitHubTokens:
    """GitHub tokens for the runtime: `handlers={"github_token": GitHubTokens(function)}` on the client.

    A session that uses them is created with the option `github_token_provider_registration_id`, a name of your choice
    that comes back in each request.

    Args:
        get_token: Gives the token, with its expiry as a `GitHubTokenGranted`, or None to refuse.
    """

    def __init__(self, get_token: GetGitHubToken) -> None:
        self._get_token = get_token

    async def get_token(self, params: GitHubTokenRequest) -> GitHubTokenResult:
        """Wire method: `gitHubToken.getToken`."""
        from copilot_sdk._generated.copilot.types import GitHubTokenGranted, GitHubTokenRefused

        token: GitHubTokenAnswer = await call_off_loop(self._get_token, params)
        if token is None:
            return GitHubTokenRefused()
        return GitHubTokenGranted(access_token=token) if isinstance(token, str) else token
