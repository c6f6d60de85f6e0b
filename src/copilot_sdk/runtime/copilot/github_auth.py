"""Methods of `session.gitHubAuth`: whom a session works for."""

from __future__ import annotations

from copilot_sdk._generated.copilot.types import (
    SessionAuthLoginRequest,
    SessionAuthLogoutUserRequest,
    SessionAuthStatus,
    SessionAuthSwitchRequest,
    SessionSetCredentialsParams,
    SessionSetCredentialsResult,
)
from copilot_sdk._model.base import UnknownVariant
from copilot_sdk.runtime.copilot.account import matching
from copilot_sdk.runtime.copilot.identities import auth_info, status
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.accounts import PUBLIC_HOST, Identity
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import Payload, to_json

router = Router()


async def _status(call: Call) -> SessionAuthStatus:
    identity = await call.session.account.current()
    return SessionAuthStatus.model_validate(status(identity, of_session=True))


# The second name is the one of older clients.
router.plain("session.gitHubAuth.getStatus")(_status)
router.plain("session.auth.getStatus")(_status)


@router.plain("session.gitHubAuth.getCurrentAuthInfo")
async def _current(call: Call) -> dict[str, object] | None:
    identity = await call.session.account.current()
    return None if identity is None else auth_info(identity)


@router.plain("session.gitHubAuth.getAllAuthAvailable")
async def _all(call: Call) -> list[dict[str, object]]:
    return [status(identity, of_session=True) for identity in await call.runtime.accounts.all()]


@router.plain("session.gitHubAuth.refreshCopilotUser")
async def _refresh(call: Call) -> dict[str, object] | None:
    identity = await call.session.account.refresh()
    return None if identity is None else auth_info(identity)


@router.plain("session.gitHubAuth.lastAuthErrors")
async def _errors(call: Call) -> list[dict[str, object]]:
    return [{"message": error} for error in call.runtime.accounts.errors]


async def _set_credentials(call: Call, params: SessionSetCredentialsParams) -> SessionSetCredentialsResult:
    credentials = params.credentials
    if credentials is None:
        return SessionSetCredentialsResult(success=True)
    identity = await _with_user(call, _identity(credentials, None))
    call.session.account.use(identity)
    return SessionSetCredentialsResult(success=True, copilot_user_resolved=bool(identity.user))


router.on("session.gitHubAuth.setCredentials", SessionSetCredentialsParams)(_set_credentials)
router.on("session.auth.setCredentials", SessionSetCredentialsParams)(_set_credentials)


@router.on("session.gitHubAuth.login", SessionAuthLoginRequest)
async def _login(call: Call, params: SessionAuthLoginRequest) -> dict[str, object]:
    identity = await call.runtime.accounts.login(params.host, params.token)
    call.session.account.use(identity)
    return auth_info(identity)


@router.on("session.gitHubAuth.switchToAuth", SessionAuthSwitchRequest)
async def _switch(call: Call, params: SessionAuthSwitchRequest) -> None:
    info = params.auth_info
    known = await matching(call, info)
    if known is None or params.token is not None:
        known = await _with_user(call, _identity(info, params.token))
    call.session.account.use(known)


@router.plain("session.gitHubAuth.logout")
async def _logout(call: Call) -> bool:
    account = call.session.account
    identity = await account.current()
    if identity is None or identity.kind != "user":
        return False
    account.use(None)
    return call.runtime.accounts.logout(identity)


@router.on("session.gitHubAuth.logoutUser", SessionAuthLogoutUserRequest)
async def _logout_user(call: Call, params: SessionAuthLogoutUserRequest) -> bool:
    account = call.session.account
    identity = await matching(call, params.auth_info)
    if identity is None:
        return False
    current = await account.current()
    call.runtime.accounts.logout(identity)
    if current is not None and current.id == identity.id:
        account.use(None)
    return True


def _identity(info: Payload | UnknownVariant, token: str | None) -> Identity:
    """The identity that a client describes.

    Raises:
        RuntimeFault: It has no token.
    """
    described = dict(info.raw) if isinstance(info, UnknownVariant) else to_json(info)
    found = token or described.get("token")
    if not isinstance(found, str) or not found:
        raise RuntimeFault("token: this runtime signs in with tokens only, and there is none")
    return Identity("token", str(described.get("host") or PUBLIC_HOST), found)


async def _with_user(call: Call, identity: Identity) -> Identity:
    """The identity with what Copilot says of it, as far as that can be found out."""
    try:
        return await call.runtime.accounts.refreshed(identity)
    except RuntimeFault:
        return identity
