"""Cards of MCP servers: what their authors say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.canonical_json import canonical
from copilot_sdk.runtime.core.catalog.addresses import malformed_card
from copilot_sdk.runtime.core.catalog.transports import Choice, choices_of

MEDIA_TYPES = ("application/mcp-server-card+json", "application/mcp-server+json")

_NAME = re.compile(r"[A-Za-z0-9.\-]+/[A-Za-z0-9._\-]+")
_LONGEST: Mapping[str, int] = {"name": 200, "description": 1000, "version": 256}
_MOST_TRANSPORTS = 50
_DEEPEST = 127


@dataclass(frozen=True, slots=True)
class Card:
    """A card that can be used.

    Attributes:
        name: The name of the server, with that of its owner.
        version: Its version.
        digest: The digest of the card.
        choices: The ways to run the server.
    """

    name: str
    version: str
    digest: str
    choices: Sequence[Choice]


def card_of(text: str, media_type: str) -> Card:
    """Reads a card.

    Args:
        text: The card as it came.
        media_type: What it is said to be.

    Raises:
        Refusal: It cannot be used.
    """
    content = _parsed(text, media_type)
    # A registry puts the card into an object, and the digest is of such a one.
    wrapped = content if "server" in content else {"server": content}
    card = wrapped["server"]
    if not is_object(card):
        raise malformed_card("missing-required-field")
    words = {name: _word(card, name, longest) for name, longest in _LONGEST.items()}
    if not _NAME.fullmatch(words["name"]):
        raise malformed_card()
    packages, remotes = (_list(card, name) for name in ("packages", "remotes"))
    if len(packages) + len(remotes) > _MOST_TRANSPORTS:
        raise malformed_card("size-limit-exceeded")
    digest = sha256(canonical(wrapped).encode()).hexdigest()
    return Card(words["name"], words["version"], digest, choices_of(packages, remotes, digest))


def _parsed(text: str, media_type: str) -> Mapping[str, object]:
    try:
        content: object = json.loads(
            text, parse_int=_finite, parse_float=_finite, parse_constant=_refuse, object_pairs_hook=_unique
        )
        # Half a character is no text, neither as it is nor escaped.
        json.dumps(content, ensure_ascii=False).encode()
        too_deep = _depth(content) > _DEEPEST
    except (ValueError, RecursionError) as error:
        raise malformed_card("invalid-json", mediaType=media_type) from error
    if too_deep:
        raise malformed_card("invalid-json", mediaType=media_type)
    if not is_object(content):
        raise malformed_card()
    return content


def _finite(text: str) -> float:
    number = float(text)
    return _refuse(text) if number in (float("inf"), float("-inf")) else number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member is there twice")
    return found


def _depth(value: object) -> int:
    inner = list(value.values()) if is_object(value) else value if is_array(value) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _word(card: Mapping[str, object], name: str, longest: int) -> str:
    value = card.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise malformed_card("missing-required-field")
    return value


def _list(card: Mapping[str, object], name: str) -> list[object]:
    value = card.get(name, [])
    if not is_array(value):
        raise malformed_card()
    return value
