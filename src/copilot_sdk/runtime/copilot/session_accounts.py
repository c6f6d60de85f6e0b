"""Methods of `session.accounts`: who is signed in, and sign-ins with a browser."""

from __future__ import annotations

from collections.abc import Sequence

from copilot_sdk._generated.copilot.types import (
    AccountsEnumerateRequest,
    AccountsGetRequest,
    AccountsSetRequest,
    AuthLoginAdvanceRequest,
    AuthLoginBeginRequest,
    AuthLoginBegun,
    AuthLoginCancelRequest,
    AuthWriteLogout,
    AuthWriteResult,
    AuthWriteSetCredentials,
    AuthWriteSwitchActive,
)
from copilot_sdk.runtime.copilot.identities import account_status, auth_info
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.copilot.settings import raw
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST, Identity
from copilot_sdk.runtime.core.faults import RuntimeFault

router = Router()

_Json = dict[str, object]

_PROVIDERS = {
    "githubDotCom": ("GitHub.com", True),
    "proxima": ("GitHub Enterprise Cloud (*.ghe.com)", True),
    "entra": ("Your organization (Microsoft Entra)", False),
}
"""The kinds of providers: what menus show, and whether one can sign in with them."""


@router.on("session.accounts.enumerate", AccountsEnumerateRequest)
async def _enumerate(call: Call, params: AccountsEnumerateRequest) -> _Json:
    _ = call.session
    query = raw(params.query)
    match query.get("kind"):
        case "accounts":
            current = await call.session.account.current()
            accounts = await _accounts(call, current)
            return {"kind": "accounts", "items": [account_status(account, current) for account in accounts]}
        case "providers":
            items = [
                {"kind": kind, "label": label, "available": available}
                for kind, (label, available) in _PROVIDERS.items()
            ]
            return {"kind": "providers", "items": items}
        case "loginAccounts":
            _check_provider(query.get("provider"), "query.provider")
            # Sign-ins to GitHub begin with the browser, and reuse nothing.
            return {"kind": "loginAccounts", "items": []}
        case other:
            raise RuntimeFault(
                f"query.kind: expected accounts, providers or loginAccounts, received {other!r}"
            )


@router.on("session.accounts.get", AccountsGetRequest)
async def _get(call: Call, params: AccountsGetRequest) -> _Json:
    kind = raw(params.query).get("kind")
    current = await call.session.account.current()
    match kind:
        case "activeAccount":
            if current is None:
                return {"kind": kind, "account": None}
            shown = account_status(current, current)
            return {"kind": kind, "account": shown, "authInfo": auth_info(current)}
        case "status":
            return {"kind": kind, "status": await _status(call, current)}
        case "lastErrors":
            return {"kind": kind, "errors": [{"message": error} for error in call.runtime.accounts.errors]}
        case other:
            raise RuntimeFault(
                f"query.kind: expected activeAccount, status or lastErrors, received {other!r}"
            )


@router.on("session.accounts.set", AccountsSetRequest)
async def _set(call: Call, params: AccountsSetRequest) -> AuthWriteResult:
    accounts, account, command = call.runtime.accounts, call.session.account, params.command
    match command:
        case AuthWriteSwitchActive():
            account.use(await accounts.selected(command.selection_id))
            return AuthWriteResult(ok=True)
        case AuthWriteSetCredentials():
            account.use(await accounts.login(command.host, command.token))
            return AuthWriteResult(ok=True)
        case AuthWriteLogout():
            current = await account.current()
            chosen = current
            if command.selection_id is not None:
                chosen = await accounts.selected(command.selection_id)
            if chosen is not None:
                accounts.logout(chosen)
                if current is not None and current.id == chosen.id:
                    account.use(None)
            return AuthWriteResult(ok=True, more_users=accounts.has_users)
        case _:
            kind = raw(command).get("kind")
            raise RuntimeFault(
                f"command.kind: expected switchActive, setCredentials or logout, received {kind!r}"
            )


@router.on("session.accounts.login.begin", AuthLoginBeginRequest)
async def _begin(call: Call, params: AuthLoginBeginRequest) -> AuthLoginBegun:
    if params.mode not in (None, "default", "selectAccount"):
        raise RuntimeFault(f"mode: expected default or selectAccount, received {params.mode!r}")
    if params.mode == "selectAccount" and params.account_id is not None:
        raise RuntimeFault("accountId: only in the mode default")
    _check_provider(params.kind, "kind")
    if params.kind == "entra":
        raise RuntimeFault("kind: this runtime signs nobody in with Microsoft Entra")
    if params.mode == "selectAccount" or params.account_id is not None:
        raise RuntimeFault(f"{params.kind} has no accounts to choose from")
    host = PUBLIC_HOST if params.kind == "githubDotCom" else None
    flow_id, step = await call.runtime.accounts.logins.begin(call.session, host)
    return AuthLoginBegun.model_validate({"flowId": flow_id, "step": step})


@router.on("session.accounts.login.advance", AuthLoginAdvanceRequest)
async def _advance(call: Call, params: AuthLoginAdvanceRequest) -> _Json:
    return await call.runtime.accounts.logins.advance(call.session, params.flow_id, params.input)


@router.on("session.accounts.login.cancel", AuthLoginCancelRequest)
async def _cancel(call: Call, params: AuthLoginCancelRequest) -> None:
    await call.runtime.accounts.logins.cancel(call.session, params.flow_id)


async def _accounts(call: Call, current: Identity | None) -> Sequence[Identity]:
    """Everybody who is signed in at the runtime, and whom the session works for."""
    known = await call.runtime.accounts.all()
    if current is None or any(account.id == current.id for account in known):
        return known
    return [*known, current]


async def _status(call: Call, current: Identity | None) -> _Json:
    status: _Json = {
        "isAuthenticated": current is not None,
        "accountCount": len(await _accounts(call, current)),
    }
    if current is not None:
        active = account_status(current, current)
        status |= {"activeLogin": active["login"], "activeHost": current.host}
    return status


def _check_provider(kind: object, where: str) -> None:
    if kind not in _PROVIDERS:
        raise RuntimeFault(f"{where}: expected one of {', '.join(_PROVIDERS)}, received {kind!r}")
