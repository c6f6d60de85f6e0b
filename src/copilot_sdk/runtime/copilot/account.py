"""Methods of `account` and `auth`: who is signed in at the runtime."""

from __future__ import annotations

import os

from copilot_sdk._generated.copilot.types import (
    AccountDescribeAuthInfoRequest,
    AccountDescribeAuthInfoResult,
    AccountGetCurrentAuthResult,
    AccountGetGistSupportRequest,
    AccountGetGistSupportResult,
    AccountGetQuotaRequest,
    AccountGetQuotaResult,
    AccountGetTokenEnvVarResult,
    AccountGetWebURLRequest,
    AccountGetWebURLResult,
    AccountLoginRequest,
    AccountLoginResult,
    AccountLogoutRequest,
    AccountLogoutResult,
    AuthGetStatusResult,
    ModelsListRequest,
)
from copilot_sdk.runtime.copilot.identities import auth_info, in_words, quota_snapshots, status
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST, TOKEN_VARIABLES, Identity, is_classic
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import Payload, to_json

router = Router()

_ENTERPRISE_CLOUD = ".ghe.com"


@router.plain("auth.getStatus")
async def _status(call: Call) -> AuthGetStatusResult:
    return AuthGetStatusResult.model_validate(status(await call.runtime.accounts.current()))


@router.plain("account.getCurrentAuth")
async def _current(call: Call) -> AccountGetCurrentAuthResult:
    accounts = call.runtime.accounts
    identity = await accounts.current()
    found: dict[str, object] = {} if identity is None else {"authInfo": auth_info(identity)}
    if accounts.errors:
        found["authErrors"] = accounts.errors
    return AccountGetCurrentAuthResult.model_validate(found)


@router.plain("account.getAllUsers")
async def _all(call: Call) -> list[dict[str, object]]:
    return [
        {"authInfo": auth_info(identity), "selectionId": identity.id, "token": identity.token}
        for identity in await call.runtime.accounts.all()
    ]


@router.on("account.getQuota", AccountGetQuotaRequest)
async def _quota(call: Call, params: AccountGetQuotaRequest) -> AccountGetQuotaResult:
    identity = await chosen_account(call, params) or await call.runtime.accounts.required()
    return AccountGetQuotaResult.model_validate({"quotaSnapshots": quota_snapshots(identity)})


@router.on("account.login", AccountLoginRequest)
async def _login(call: Call, params: AccountLoginRequest) -> AccountLoginResult:
    await call.runtime.accounts.login(params.host, params.token)
    return AccountLoginResult(stored_in_vault=False)


@router.on("account.logout", AccountLogoutRequest)
async def _logout(call: Call, params: AccountLogoutRequest) -> AccountLogoutResult:
    accounts = call.runtime.accounts
    if params.selection_id is not None:
        accounts.logout(await accounts.selected(params.selection_id))
    elif isinstance(params.auth_info, Payload):
        if (identity := await matching(call, params.auth_info)) is not None:
            accounts.logout(identity)
    else:
        raise RuntimeFault("Missing required account selection")
    return AccountLogoutResult(has_more_users=accounts.has_users)


@router.on("account.describeAuthInfo", AccountDescribeAuthInfoRequest)
async def _describe(_: Call, params: AccountDescribeAuthInfoRequest) -> AccountDescribeAuthInfoResult:
    description = in_words(to_json(params.identity))
    return AccountDescribeAuthInfoResult(message=f"Welcome {description}!", description=description)


@router.on("account.getGistSupport", AccountGetGistSupportRequest)
async def _gists(_: Call, params: AccountGetGistSupportRequest) -> AccountGetGistSupportResult:
    if not _host(params.identity).endswith(_ENTERPRISE_CLOUD):
        return AccountGetGistSupportResult(supported=True)
    reason = "GitHub Enterprise Cloud with data residency (*.ghe.com) has no gists."
    return AccountGetGistSupportResult(supported=False, kind="gheCloud", reason=reason)


@router.on("account.getWebUrl", AccountGetWebURLRequest)
async def _web_url(_: Call, params: AccountGetWebURLRequest) -> AccountGetWebURLResult:
    host = PUBLIC_HOST if params.identity is None else _host(params.identity)
    return AccountGetWebURLResult(url=f"{host}/{params.path}")


@router.plain("account.getTokenEnvVar")
async def _token_variable(_: Call) -> AccountGetTokenEnvVarResult:
    classic = (name for name in TOKEN_VARIABLES if is_classic(os.environ.get(name, "")))
    return AccountGetTokenEnvVarResult(name=next(classic, None))


async def chosen_account(call: Call, params: AccountGetQuotaRequest | ModelsListRequest) -> Identity | None:
    """Whom a request names; None if it names nobody.

    Raises:
        RuntimeFault: There is nobody like that.
    """
    if params.github_token is None and params.selection_id is None:
        return None
    return await call.runtime.accounts.chosen(params.selection_id, params.github_token)


async def matching(call: Call, wanted: Payload) -> Identity | None:
    """Who is signed in and is described like that."""
    described = to_json(wanted)
    keys = ("type", "host", "login")
    for identity in await call.runtime.accounts.all():
        info = auth_info(identity)
        if all(info.get(key) == described.get(key) for key in keys):
            return identity
    return None


def _host(identity: Payload) -> str:
    return str(to_json(identity).get("host") or PUBLIC_HOST).rstrip("/")
