"""What an MCP server wants to see before it answers: tokens and headers, which clients of the session give."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from copilot_sdk._generated.copilot import types
from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.inquiries import Inquiries, Inquiry
from copilot_sdk.runtime.core.mcp.spec import ServerSpec
from copilot_sdk.runtime.core.payloads import Payload

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

Answer = Mapping[str, object]

SIGN_IN = "mcp.oauth_required"
"""The event that clients have to want if they can sign in."""

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_CHALLENGE = {"resource_metadata": "resourceMetadataUrl", "scope": "scope", "error": "error"}

_CANCELLED: Answer = {"kind": "cancelled"}
_SILENCE: Answer = {"kind": "timeout"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's answer 401, in parts.

    Attributes:
        headers: The headers of the answer.
        body: Its body.
        challenge: The parameters of the challenge: `resourceMetadataUrl`, `scope`, `error`.
        metadata: What stands at the first of them.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: str
    challenge: Mapping[str, str]
    metadata: str | None = None


def challenge_of(header: str) -> dict[str, str]:
    """The parameters of a header `WWW-Authenticate` that the wire has names for."""
    found: list[tuple[str, str]] = _PARAMETER.findall(header)
    return {_CHALLENGE[name]: value for name, value in found if name in _CHALLENGE}


class CredentialRequests:
    """The requests to the clients of one session that wait for credentials."""

    def __init__(self, session: Session) -> None:
        self.sign_ins: Inquiries[str, Answer] = Inquiries(session)
        self.headers: Inquiries[str, Answer] = Inquiries(session)

    def give_up(self) -> None:
        """Answers everything that no client is left to answer."""
        self.sign_ins.give_up()
        self.headers.give_up()


class Credentials:
    """The credentials of one connection.

    Attributes:
        refused: Whether the server wants others than there are.
    """

    def __init__(self, session: Session, spec: ServerSpec, requests: CredentialRequests) -> None:
        self._session = session
        self._spec = spec
        self._requests = requests
        self._token: str | None = None
        self._headers: Mapping[str, str] = {}
        self._headers_until: float | None = None
        self._recovery: str | None = None
        self.refused = False

    async def current(self) -> dict[str, str]:
        """The headers to send with the next request."""
        if self._spec.headers_ttl is not None and (
            self._headers_until is None or time.monotonic() >= self._headers_until
        ):
            await self._ask_for_headers("startup" if self._headers_until is None else "ttl-expired")
        signed_in = self._token or self._session.mcp.sign_ins.token(self._spec.url)
        token = {} if signed_in is None else {"Authorization": f"Bearer {signed_in}"}
        return {**self._headers, **token}

    async def renewed(self, refusal: Refusal) -> bool:
        """Asks the clients for other credentials than those that were refused, unless they have said no already.

        Returns:
            Whether there are any, so that it makes sense to try again.
        """
        if self.refused:
            return False
        if self._spec.headers_ttl is not None:
            fresh = await self._ask_for_headers("auth-failed")
        else:
            fresh = SIGN_IN in self._session.interests and await self._sign_in(refusal)
        if not fresh:
            self.settle(accepted=False)
        return fresh

    def settle(self, *, accepted: bool) -> None:
        """Takes in whether the server has accepted what the clients gave."""
        self.refused = not accepted
        if self._recovery is not None:
            outcome = "succeeded" if accepted else "failed"
            self._session.emit(
                types.MCPOAuthRecoveryCompletedData(
                    request_id=self._recovery, server_name=self._spec.name, outcome=outcome
                )
            )
            self._recovery = None

    async def _ask_for_headers(self, reason: str) -> bool:
        spec = self._spec

        def requested(request_id: str) -> Payload:
            return types.MCPHeadersRefreshRequiredData(
                request_id=request_id, server_name=spec.name, server_url=spec.url, reason=reason
            )

        def completed(request_id: str, answer: Answer | None) -> Payload:
            outcome = str((answer or _SILENCE)["kind"])
            return types.MCPHeadersRefreshCompletedData(request_id=request_id, outcome=outcome)

        answer = await self._requests.headers.put(
            Inquiry(spec.name, requested, completed, _SILENCE, seconds=self._session.limits.provider_seconds)
        )
        headers, ttl = answer.get("headers"), answer.get("ttlMs")
        self._headers = {name: str(value) for name, value in headers.items()} if is_object(headers) else {}
        seconds = ttl / 1_000 if isinstance(ttl, int | float) else self._spec.headers_ttl or 0.0
        self._headers_until = time.monotonic() + seconds
        return bool(self._headers)

    async def _sign_in(self, refusal: Refusal) -> bool:
        spec, had_token = self._spec, self._token is not None

        def requested(request_id: str) -> Payload:
            self._recovery = request_id if had_token else None
            client = {"clientId": spec.client_id, "publicClient": spec.public_client}
            return types.MCPOAuthRequiredData.model_validate(
                {
                    "requestId": request_id,
                    "serverName": spec.name,
                    "serverUrl": spec.url,
                    "reason": "refresh" if had_token else "initial",
                    "staticClientConfig": client if spec.client_id else None,
                    "wwwAuthenticateParams": dict(refusal.challenge),
                    "httpResponse": {
                        "statusCode": 401,
                        "headers": [{"name": n, "value": v} for n, v in refusal.headers.items()],
                        "body": refusal.body,
                    },
                    "resourceMetadata": refusal.metadata,
                }
            )

        def completed(request_id: str, answer: Answer | None) -> Payload:
            signed_in = (answer or _CANCELLED).get("kind") == "token"
            return types.MCPOAuthCompletedData(
                request_id=request_id, outcome="token" if signed_in else "cancelled"
            )

        answer = await self._requests.sign_ins.put(Inquiry(spec.name, requested, completed, _CANCELLED))
        token = answer.get("accessToken")
        self._token = token if answer.get("kind") == "token" and isinstance(token, str) else None
        return self._token is not None
