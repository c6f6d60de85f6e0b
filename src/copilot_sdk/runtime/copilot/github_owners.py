"""Methods of `gitHubOwners`: whom somebody who is signed in can act for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from copilot_sdk._generated.copilot.types import (
    GitHubOwnerOption,
    GitHubOwnersCancelRequest,
    GitHubOwnersCancelResult,
    GitHubOwnersListRequest,
    GitHubOwnersListResult,
    GitHubOwnersRequestIdResult,
)
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.copilot.identities import auth_info
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_TELLING = ("type", "host", "login", "envVar")


@router.plain("gitHubOwners.nextRequestId")
async def _next_request_id(call: Call) -> GitHubOwnersRequestIdResult:
    return GitHubOwnersRequestIdResult(request_id=call.runtime.owner_listings.reserve())


@router.on("gitHubOwners.list", GitHubOwnersListRequest)
async def _list(call: Call, params: GitHubOwnersListRequest) -> GitHubOwnersListResult:
    listings, number = call.runtime.owner_listings, params.request_id
    listings.use(number)
    described = params.auth_info if is_object(params.auth_info) else {}
    try:
        async with listings.running(number):
            credential = await _credential(call, described)
            if credential is not None:
                logins = await call.runtime.accounts.service.owners(*credential)
                return GitHubOwnersListResult(owners=list(_options(logins)))
    except RuntimeFault as fault:
        return GitHubOwnersListResult(
            message=str(fault), warning=f"The owners of a GitHub token could not be listed: {fault}"
        )
    if described.get("type") == "user":
        return GitHubOwnersListResult(throw_error="authInfo: this runtime has no credential of that user")
    return GitHubOwnersListResult(message="Missing GitHub token for the current session.")


@router.on("gitHubOwners.cancel", GitHubOwnersCancelRequest)
async def _cancel(call: Call, params: GitHubOwnersCancelRequest) -> GitHubOwnersCancelResult:
    number = params.request_id
    if number < 0:
        raise RuntimeFault(f"requestId: expected no negative number, received {number}")
    return GitHubOwnersCancelResult(canceled=call.runtime.owner_listings.cancel(number))


async def _credential(call: Call, described: Mapping[str, object]) -> tuple[str, str] | None:
    """The host and the token that are meant; None if there is no token."""
    host, token = described.get("host"), described.get("token")
    if isinstance(token, str) and token:
        return str(host or PUBLIC_HOST), token
    for identity in await call.runtime.accounts.all():
        shown = auth_info(identity)
        if all(described.get(key) == shown.get(key) for key in _TELLING):
            return identity.host, identity.token
    return None


def _options(logins: Sequence[str]) -> Iterator[GitHubOwnerOption]:
    for index, login in enumerate(logins):
        yield GitHubOwnerOption(login=login, type="organization" if index else "user")
