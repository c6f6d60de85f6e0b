"""What requests about catalogs and installations have in common: how they are read, and how they are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from copilot_sdk._model import WireModel
from copilot_sdk.runtime.copilot.reception import PROTOCOL_VERSION
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.catalog.contracts import SESSION, Contract, contract_of
from copilot_sdk.runtime.core.catalog.refusals import Refusal, invalid
from copilot_sdk.runtime.core.faults import InvalidInput, SessionNotFound

Members = Mapping[str, object]
Serve = Callable[[Call, Members], Awaitable[dict[str, object]]]

_NO_SESSION = "policySessionId: there is no such session"


class CatalogRequest(WireModel):
    """Parameters of which the handler looks at each: the result says what is wrong with them."""


def answering(router: Router, method: str) -> Callable[[Serve], Serve]:
    """Makes a function serve a method whose refusals are results."""

    def register(serve: Serve) -> Serve:
        async def handle(call: Call, params: CatalogRequest) -> dict[str, object]:
            try:
                return await serve(call, params.model_extra or {})
            except Refusal as refusal:
                return dict(refusal.result)

        router.on(method, CatalogRequest)(handle)
        return serve

    return register


def contract_of_request(members: Members) -> Contract:
    """The contract of a request.

    Raises:
        Refusal: It cannot be kept.
    """
    return contract_of(members.get("contract"), PROTOCOL_VERSION)


def contract_in(call: Call, members: Members) -> Contract:
    """The contract of a request for a session, which has to be live.

    Raises:
        Refusal: The contract cannot be kept.
        InvalidInput: There is no such session.
    """
    if isinstance(named := members.get("policySessionId"), str):
        check_session(call, named)
    return contract_of_request(members)


def check_session(call: Call, session_id: str) -> None:
    """Checks that a session is live.

    Raises:
        InvalidInput: There is no such session.
    """
    try:
        call.runtime.live(session_id)
    except SessionNotFound as error:
        raise InvalidInput(_NO_SESSION) from error


def catalog_contract(call: Call, members: Members) -> Contract:
    """The contract of a request to the catalog; what is for one session has to say so in full.

    Raises:
        Refusal: The contract cannot be kept, or the request is for a session.
        InvalidInput: There is no such session.
    """
    contract = contract_in(call, members)
    if contract.bound:
        # A session is bound when a host lends it an account of the catalog, and no client of this runtime can.
        text = "No session here is bound to an account of the catalog."
        raise Refusal("unavailable", text, reason="search-unavailable")
    if SESSION in contract.wanted or "policySessionId" in members:
        raise unbound()
    return contract


def unbound() -> Refusal:
    """A request for a session by a client that does not require what that takes."""
    text = "Requests for a session have to require a credential and that they are bound to the session."
    return invalid("contract", text)
