"""GitHub tokens of sessions, from the client that opens them."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from copilot_sdk._generated.copilot import types
from copilot_sdk.runtime.copilot.router import Call
from copilot_sdk.runtime.core.clients import ClientFault
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.github_tokens import HOST, GitHubToken, GitHubTokens, Reason


def github_tokens_of(
    call: Call, params: types.SessionCreateRequest | types.SessionResumeRequest
) -> GitHubTokens | None:
    """Where a session gets its GitHub tokens from.

    Raises:
        RuntimeFault: It has a model provider of its own, too.
    """
    registration = params.github_token_provider_registration_id
    if registration is None:
        return None
    if not registration:
        raise RuntimeFault(f"gitHubTokenProviderRegistrationId must not be empty in {call.method}.")
    if params.provider is not None:
        raise RuntimeFault(f"Cannot specify both gitHubTokenProvider and provider in {call.method}.")
    if params.github_token is not None:
        raise RuntimeFault(f"Cannot specify both gitHubToken and gitHubTokenProvider in {call.method}.")
    connection = call.connection

    async def ask(session_id: str, reason: Reason) -> GitHubToken:
        request = {"registrationId": registration, "host": HOST, "reason": reason, "sessionId": session_id}
        seconds = connection.runtime.limits.provider_seconds
        try:
            answer = await connection.ask("gitHubToken.getToken", request, seconds=seconds)
        except ClientFault as fault:
            raise RuntimeFault(f"GitHub token provider callback failed: {fault}") from fault
        return _token(answer)

    return GitHubTokens(registration, ask)


def _token(answer: object) -> GitHubToken:
    try:
        result: types.GitHubTokenResult | None = TypeAdapter(types.GitHubTokenResult).validate_python(answer)
    except ValidationError:
        result = None
    match result:
        case types.GitHubTokenGranted():
            return GitHubToken(result.access_token, result.expires_in)
        case types.GitHubTokenRefused():
            raise RuntimeFault("GitHub token provider callback was cancelled")
        case _:
            raise RuntimeFault(
                "GitHub token provider returned an invalid response: "
                'expected kind to be "token" or "cancelled", a token with accessToken and expiresIn'
            )
