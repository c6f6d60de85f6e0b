"""The accounts that GitHub knows, asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import count

try:
    import httpx
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "accounts of GitHub need httpx; install it, or this package with its extra 'runtime'",
        name=missing.name,
    ) from missing

from copilot_sdk._model.json_values import is_array, is_object, objects_in
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.logins import CLIENT_ID, Grant

_SECONDS = 30.0
_SHOWN_CHARACTERS = 500
_PAGE = 100
_MOST_OWNERS = 5_000


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
        url = self._url(host, "/copilot_internal/user")
        response = await self._get(url, token)
        text = response.text
        if not response.is_success:
            raise RuntimeFault(
                f"Failed to fetch Copilot user info: {_status(response)}: {text[:_SHOWN_CHARACTERS]}"
            )
        user = _json(response)
        if not is_object(user):
            raise RuntimeFault(f"{url} sent no JSON object: {text[:_SHOWN_CHARACTERS]!r}")
        return user

    async def owners(self, host: str, token: str) -> Sequence[str]:
        """See `AccountService.owners`."""
        user = await self._read(host, token, "/user")
        login = user.get("login") if is_object(user) else None
        if not isinstance(login, str):
            raise RuntimeFault("GitHub did not name the owner of the token")
        owners = [login]
        for page in count(1):
            found = await self._read(host, token, "/user/orgs", per_page=_PAGE, page=page)
            if not is_array(found):
                raise RuntimeFault("GET /user/orgs sent no JSON array")
            named = [organization.get("login") for organization in objects_in(found)]
            owners += [login for login in named if isinstance(login, str)]
            if len(found) < _PAGE:
                break
            if len(owners) > _MOST_OWNERS:
                raise RuntimeFault(f"GET /user/orgs has more than {_MOST_OWNERS} organizations")
        return owners

    async def exchange(self, host: str, grant: Grant) -> str:
        """See `AccountService.exchange`."""
        wanted = {
            "client_id": CLIENT_ID,
            "code": grant.code,
            "code_verifier": grant.verifier,
            "redirect_uri": grant.redirect_uri,
        }
        url = f"{host}/login/oauth/access_token"
        try:
            response = await self._http.post(url, data=wanted, headers={"Accept": "application/json"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RuntimeFault(f"{url} could not be asked: {str(error) or type(error).__name__}") from error
        answer = _json(response)
        answer = answer if is_object(answer) else {}
        token = answer.get("access_token")
        if not isinstance(token, str):
            reason = answer.get("error_description") or answer.get("error") or _status(response)
            raise RuntimeFault(f"{url} gave no token: {reason}")
        return token

    async def _read(self, host: str, token: str, path: str, **query: int) -> object:
        response = await self._get(self._url(host, path), token, **query)
        if not response.is_success:
            raise RuntimeFault(f"GET {path} failed: {_status(response)}")
        return _json(response)

    async def _get(self, url: str, token: str, **query: int) -> httpx.Response:
        try:
            return await self._http.get(url, params=query, headers={"Authorization": f"Bearer {token}"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RuntimeFault(f"{url} could not be asked: {str(error) or type(error).__name__}") from error

    def _url(self, host: str, path: str) -> str:
        return f"{(self._api_url or _api_of(host)).rstrip('/')}{path}"

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def _api_of(host: str) -> str:
    name = host.removeprefix("https://").removeprefix("http://").rstrip("/")
    return "https://api.github.com" if host == PUBLIC_HOST else f"https://api.{name}"


def _status(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}"


def _json(response: httpx.Response) -> object:
    """What an answer holds; None if it is no JSON."""
    try:
        content: object = json.loads(response.text)
    except ValueError:
        return None
    return content
