"""The accounts that GitHub knows, asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping

try:
    import httpx
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "accounts of GitHub need httpx; install it, or this package with its extra 'runtime'",
        name=missing.name,
    ) from missing

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST
from copilot_sdk.runtime.core.faults import RuntimeFault

_SECONDS = 30.0
_SHOWN_CHARACTERS = 500


class GitHubAccounts:
    """Asks GitHub who the owner of a token is."""

    def __init__(self, api_url: str | None = None) -> None:
        """Prepares to ask.

        Args:
            api_url: The address of GitHub's API; None takes that of the host.
        """
        self._api_url = api_url
        self._http = httpx.AsyncClient(timeout=_SECONDS)

    async def user(self, host: str, token: str) -> Mapping[str, object]:
        """See `AccountService.user`."""
        url = f"{(self._api_url or _api_of(host)).rstrip('/')}/copilot_internal/user"
        try:
            response = await self._http.get(url, headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RuntimeFault(f"{url} could not be asked: {str(error) or type(error).__name__}") from error
        text = response.text
        if not response.is_success:
            status = f"{response.status_code} {response.reason_phrase}"
            raise RuntimeFault(f"Failed to fetch Copilot user info: {status}: {text[:_SHOWN_CHARACTERS]}")
        try:
            user: object = json.loads(text)
        except ValueError:
            user = None
        if not is_object(user):
            raise RuntimeFault(f"{url} sent no JSON object: {text[:_SHOWN_CHARACTERS]!r}")
        return user

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def _api_of(host: str) -> str:
    name = host.removeprefix("https://").removeprefix("http://").rstrip("/")
    return "https://api.github.com" if host == PUBLIC_HOST else f"https://api.{name}"
