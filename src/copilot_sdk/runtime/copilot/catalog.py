"""Methods of `catalog`, as far as they go without the service that has the catalog."""

from __future__ import annotations

import re
from collections.abc import Callable

from copilot_sdk._model.json_values import is_array
from copilot_sdk.runtime.copilot.catalog_requests import (
    Members,
    answering,
    catalog_contract,
    check_session,
    contract_in,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.catalog.contracts import (
    CATEGORIES,
    CREDENTIAL,
    FEEDS,
    PAGES,
    PLUGINS,
    Contract,
    is_slug,
    whole_number,
)
from copilot_sdk.runtime.core.catalog.refusals import Refusal, invalid

router = Router()

_SEARCH = {"contract", "query", "limit", "kinds", "policySessionId", "categories", "page"}
_LONGEST_QUERY = 256
_LIMITS = range(1, 51)
_KINDS = {"mcp-server", "ai-skill", "plugin"}
_MOST_CATEGORIES = 10
_TIERS = {"T1", "T2"}
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_FEED_NAMES = {
    "catalog.getSavedFeed": {"feedId": 128},
    "catalog.getGeneratedFeed": {"strategy": 64, "key": 64},
}
"""What names a feed, and how long that may be."""
_LONGEST_ID = 256
_DECISIONS = {"selected", "declined", "cancelled", "timed-out"}


@answering(router, "catalog.search")
async def _search(call: Call, members: Members) -> dict[str, object]:
    contract = catalog_contract(call, members)
    if members.keys() - _SEARCH:
        raise invalid("query", "The request has members that a search does not know.")
    query = members.get("query")
    if not isinstance(query, str) or not query.strip():
        raise invalid("query", "query has to say what to look for.")
    if len(query) > _LONGEST_QUERY:
        raise invalid("query", f"query may have {_LONGEST_QUERY} characters at most.")
    if whole_number(members.get("limit", _LIMITS[0])) not in _LIMITS:
        raise invalid("limit", f"limit has to be a whole number from {_LIMITS[0]} to {_LIMITS[-1]}.")
    _check_kinds(contract, members)
    _check_filters(contract, members)
    raise await _out_of_reach(call, contract)


def _check_kinds(contract: Contract, members: Members) -> None:
    if "kinds" not in members:
        return
    kinds = members["kinds"]
    if not _each_once(kinds, _KINDS.__contains__, most=len(_KINDS)):
        raise invalid("kinds", f"kinds has to hold some of {', '.join(sorted(_KINDS))}, each once.")
    if is_array(kinds) and "plugin" in kinds and PLUGINS not in contract.wanted:
        raise invalid("contract", f"Who looks for plugins has to require {PLUGINS}.")


def _check_filters(contract: Contract, members: Members) -> None:
    for member, capability in (("categories", CATEGORIES), ("page", PAGES)):
        if member in members and capability not in contract.wanted:
            raise invalid("contract", f"Who sends {member} has to require {capability}.")
        if member == "categories" and member in members:
            if not _each_once(members[member], is_slug, most=_MOST_CATEGORIES):
                text = f"categories has to hold up to {_MOST_CATEGORIES} names in kebab case, each once."
                raise invalid("categories", text)
        elif member in members:
            raise invalid("page", "No search has come to that page.")


def _each_once(value: object, allowed: Callable[[str], bool], *, most: int) -> bool:
    """Whether a value is an array of different texts of a kind, and not empty."""
    if not is_array(value) or not 0 < len(value) <= most:
        return False
    return len({item for item in value if isinstance(item, str) and allowed(item)}) == len(value)


@answering(router, "catalog.getSavedFeed")
@answering(router, "catalog.getGeneratedFeed")
async def _feed(call: Call, members: Members) -> dict[str, object]:
    contract = catalog_contract(call, members)
    if FEEDS not in contract.wanted:
        raise invalid("contract", f"Who wants a feed has to require {FEEDS}.")
    names = _FEED_NAMES[call.method]
    if members.keys() - names.keys() - {"contract", "policySessionId", "trustTiers"}:
        raise invalid("feed", "The request has members that this method does not know.")
    for name, longest in names.items():
        value = members.get(name)
        if not isinstance(value, str) or len(value) > longest or not _NAME.fullmatch(value):
            raise invalid("feed", f"{name} has to be a word of up to {longest} letters, digits, _ and -.")
    if "trustTiers" in members and not _each_once(
        members["trustTiers"], _TIERS.__contains__, most=len(_TIERS)
    ):
        raise invalid("trustTiers", f"trustTiers has to hold some of {', '.join(sorted(_TIERS))}, each once.")
    raise await _out_of_reach(call, contract)


async def _out_of_reach(call: Call, contract: Contract) -> Refusal:
    """Why nothing comes of a request that is right: the service is asked by those who are signed in, or by nobody."""
    if CREDENTIAL in contract.wanted and await call.runtime.accounts.current() is None:
        return Refusal("authentication-required", "Nobody is signed in to GitHub.", reason="no-credential")
    return Refusal("network-failure", "The service that has the catalog is out of reach.", reason="dns")


@answering(router, "catalog.select")
async def _select(call: Call, members: Members) -> dict[str, object]:
    contract = contract_in(call, members)
    session = _short_text(members, "sessionId")
    if contract.bound:
        check_session(call, session)
    elif call.runtime.find_live(session) is None:
        raise invalid("sessionId", "There is no such session.")
    _short_text(members, "selectionRef")
    if members.get("outcome") not in _DECISIONS:
        raise invalid("outcome", f"outcome has to be one of {', '.join(sorted(_DECISIONS))}.")
    if contract.bound:
        raise Refusal("foreign", "The session is not bound to an account of the catalog.")
    raise Refusal("unavailable", "Nothing is kept here to select from.", reason="selection-unavailable")


def _short_text(members: Members, name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ID:
        raise invalid(name, f"{name} has to be a text of up to {_LONGEST_ID} characters.")
    return value
