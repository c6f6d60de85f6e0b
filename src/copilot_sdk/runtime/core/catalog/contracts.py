"""What a client wants the runtime to understand before it asks the catalog for anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.core.catalog.refusals import Refusal, invalid

CREDENTIAL = "catalog-search-credential-required"
SESSION = "catalog-search-session-bound"
PAGES = "catalog-search-pagination"
CATEGORIES = "catalog-search-categories"
FEEDS = "catalog-feeds"
PLUGINS = "agent-plugin-discovery"
INSTALLS_MCP = "mcp-confirmed-remote-installation"
INSTALLS_SKILLS = "skill-confirmed-installation"
INSTALLS_PLUGINS = "agent-plugin-confirmed-installation"
INSTALLS_REFERENCES = "catalog-reference-installation"

_ALWAYS = frozenset(
    {
        "mcp-server-card",
        "legacy-mcp-server-card",
        "ai-skill-discovery",
        "mcp-install-planning",
        "multiple-transport-choice",
    }
)
CAPABILITIES = (
    "mcp-server-card",
    "legacy-mcp-server-card",
    "ai-skill-discovery",
    PLUGINS,
    "agent-plugin-formats",
    "mcp-install-planning",
    "multiple-transport-choice",
    PAGES,
    "trust-snapshot",
    "catalog-selection",
    CREDENTIAL,
    SESSION,
    INSTALLS_MCP,
    "mcp-configured-remote-installation",
    INSTALLS_SKILLS,
    INSTALLS_PLUGINS,
    INSTALLS_REFERENCES,
    FEEDS,
    CATEGORIES,
)
"""All that are understood, in the order in which they are named."""

_NEEDS: Mapping[str, str] = {
    "agent-plugin-formats": PLUGINS,
    INSTALLS_PLUGINS: PLUGINS,
    FEEDS: CREDENTIAL,
}
_MEMBERS = {"protocolVersion", "requiredCapabilities"}
_VERSIONS = range(1, 2**32)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_NAME = 64
_MOST = 32


@dataclass(frozen=True, slots=True)
class Contract:
    """What was agreed upon for one request.

    Attributes:
        version: The version of the protocol that the runtime speaks.
        wanted: The capabilities that the client cannot do without.
    """

    version: int
    wanted: frozenset[str]

    @property
    def bound(self) -> bool:
        """Whether the request is for one session and the account that it is signed in with."""
        return {CREDENTIAL, SESSION} <= self.wanted

    @property
    def granted(self) -> dict[str, object]:
        """The agreement, as a result carries it."""
        return {"runtimeProtocolVersion": self.version, "grantedCapabilities": _named(self.wanted)}


def contract_of(value: object, version: int) -> Contract:
    """Reads what a client demands.

    Args:
        value: The member `contract` of its request.
        version: The version of the protocol that the runtime speaks.

    Raises:
        Refusal: It cannot be read, or the runtime lacks something of it.
    """
    if not is_object(value):
        raise invalid("contract", "The request brings no contract.")
    if value.keys() - _MEMBERS:
        raise invalid("contract", "A contract has two members: protocolVersion and requiredCapabilities.")
    spoken = _version(value.get("protocolVersion"))
    wanted = _capabilities(value.get("requiredCapabilities"))
    for name in CAPABILITIES:
        needed = _NEEDS.get(name)
        if name in wanted and needed is not None and needed not in wanted:
            raise invalid("contract", f"Who requires {name} has to require {needed} too.")
    if spoken < version:
        raise _refused("unsupported-protocol-version", f"Version {version} is needed.", version, wanted)
    if unknown := [name for name in wanted if name not in CAPABILITIES]:
        text = f"{len(unknown)} of the required capabilities are unknown here."
        raise _refused("unsupported-capability", text, version, wanted, unknown)
    return Contract(version, frozenset(wanted))


def _version(value: object) -> int:
    version = whole_number(value)
    if version is not None and version in _VERSIONS:
        return version
    raise invalid("contract", "protocolVersion has to be a whole number from 1 on.")


def _capabilities(value: object) -> list[str]:
    if not is_array(value) or len(value) > _MOST:
        raise invalid("contract", f"requiredCapabilities has to be an array of {_MOST} names at most.")
    names = [name for name in value if isinstance(name, str) and is_slug(name)]
    if len(set(names)) != len(value):
        raise invalid("contract", "requiredCapabilities has to hold names in kebab case, each once.")
    return names


def whole_number(value: object) -> int | None:
    """A number without a fraction, however it is written; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        return None
    return int(value)


def is_slug(text: str) -> bool:
    """Whether a text is a short name in kebab case."""
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def _refused(
    reason: str, text: str, version: int, wanted: list[str], unknown: list[str] | None = None
) -> Refusal:
    return Refusal(
        "negotiation-refused",
        text,
        reason=reason,
        runtimeProtocolVersion=version,
        minimumSupportedProtocolVersion=version,
        supportedCapabilities=_named(frozenset(wanted)),
        unsupportedCapabilities=unknown or [],
    )


def _named(wanted: frozenset[str]) -> list[str]:
    return [name for name in CAPABILITIES if name in _ALWAYS or name in wanted]
