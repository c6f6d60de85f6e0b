"""Installations of skills, plugins and MCP servers out of a catalog: one mechanism, and its methods.

Whatever is planned, carried out or looked at is for a session that a host has bound to an account of the catalog. No
client of this runtime can bind one, as none of a CLI in server mode can, and so nothing is ever under way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from copilot_sdk._model.json_values import is_array, is_object
from copilot_sdk.runtime.copilot.catalog_requests import (
    Members,
    answering,
    contract_in,
    contract_of_request,
    unbound,
)
from copilot_sdk.runtime.copilot.router import Call, Router
from copilot_sdk.runtime.core.catalog.cards import MEDIA_TYPES
from copilot_sdk.runtime.core.catalog.contracts import (
    INSTALLS_MCP,
    INSTALLS_PLUGINS,
    INSTALLS_REFERENCES,
    INSTALLS_SKILLS,
    Contract,
)
from copilot_sdk.runtime.core.catalog.refusals import invalid
from copilot_sdk.runtime.core.faults import InvalidInput, RuntimeFault

router = Router()

Shape = object
"""A type, a set of words, a list of one shape, a table of members, or a tuple of shapes to choose from."""

_REFERENCE = dict.fromkeys(
    ("resourceId", "revisionId", "schemaVersion", "descriptorDigest", "bundleDigest"), str
)
_MEDIA_TYPE = frozenset(MEDIA_TYPES)
_CARD = (
    {"kind": frozenset({"url"}), "mediaType": _MEDIA_TYPE, "url": str},
    {"kind": frozenset({"embedded"}), "mediaType": _MEDIA_TYPE, "data": str},
)
_CATEGORIES = frozenset(
    {"environment-variable", "runtime-argument", "package-argument", "header", "url-variable"}
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of the mechanism.

    Attributes:
        needs: The capabilities that have to be required besides those for a session.
        members: The parameters besides the contract, and what they have to be.
        kinds: Further capabilities of which one has to be required.
        known: Whether it is about an operation that has begun, and is not for a session.
    """

    needs: str
    members: Mapping[str, Shape] = field(default_factory=dict[str, Shape])
    kinds: frozenset[str] = frozenset()
    known: bool = False


def _for_session(needs: str, **members: Shape) -> Operation:
    return Operation(needs, {"policySessionId": str, **members})


def _about(needs: str) -> Operation:
    return Operation(needs, {"operationId": str}, known=True)


OPERATIONS: Mapping[str, Operation] = {
    "catalog.planInstallFromReference": Operation(
        INSTALLS_REFERENCES,
        {"policySessionId": str, "reference": _REFERENCE},
        kinds=frozenset({INSTALLS_SKILLS, INSTALLS_PLUGINS}),
    ),
    "mcp.applyInstall": _for_session(INSTALLS_MCP, operationId=str),
    "mcp.applyUninstall": _for_session(INSTALLS_MCP, planHandle=str),
    "mcp.installations.cancel": _about(INSTALLS_MCP),
    "mcp.installations.list": _for_session(INSTALLS_MCP),
    "mcp.installations.recover": _for_session(INSTALLS_MCP),
    "mcp.installations.status": _about(INSTALLS_MCP),
    "mcp.planUninstall": _for_session(INSTALLS_MCP, installationId=str),
    "mcp.prepareInstall": _for_session(
        INSTALLS_MCP,
        planHandle=str,
        choiceId=str,
        inputs=[{"category": _CATEGORIES, "key": str, "value": str}],
        secrets=[{"placeholder": str, "value": str}],
        source=_CARD,
        secretStorage=frozenset({"keychain", "private-file"}),
    ),
    "plugins.applyInstall": _for_session(INSTALLS_PLUGINS, planHandle=str),
    "plugins.planInstall": _for_session(INSTALLS_PLUGINS, candidateHandle=str),
    "skills.applyInstall": _for_session(INSTALLS_SKILLS, planHandle=str),
    "skills.applyUninstall": _for_session(INSTALLS_SKILLS, planHandle=str),
    "skills.installations.cancel": _about(INSTALLS_SKILLS),
    "skills.installations.list": _for_session(INSTALLS_SKILLS),
    "skills.installations.recover": _for_session(INSTALLS_SKILLS),
    "skills.installations.setEnabled": _for_session(INSTALLS_SKILLS, installationId=str, enabled=bool),
    "skills.installations.status": _about(INSTALLS_SKILLS),
    "skills.planInstall": _for_session(INSTALLS_SKILLS, candidateHandle=str),
    "skills.planUninstall": _for_session(INSTALLS_SKILLS, installationId=str),
}


async def _serve(call: Call, members: Members) -> dict[str, object]:
    operation = OPERATIONS[call.method]
    contract = contract_of_request(members) if operation.known else contract_in(call, members)
    _check_capabilities(operation, contract)
    _check_members(call.method, operation, members)
    reason = "resource-not-found" if operation.known else "policy-context-unavailable"
    return {
        "kind": "outcome",
        "outcome": {"kind": "refused", "reason": reason},
        "negotiated": contract.granted,
    }


def _check_capabilities(operation: Operation, contract: Contract) -> None:
    of_mcp = operation.needs == INSTALLS_MCP
    if not contract.bound and not (of_mcp and operation.known):
        raise unbound()
    if operation.needs not in contract.wanted:
        raise invalid("contract", f"Who calls this has to require {operation.needs}.")
    if operation.kinds and not operation.kinds & contract.wanted:
        raise invalid(
            "contract", f"Who calls this has to require one of {', '.join(sorted(operation.kinds))}."
        )


def _check_members(method: str, operation: Operation, members: Members) -> None:
    shapes = {"contract": object, **operation.members}
    wrong = [name for name, shape in shapes.items() if name not in members or not _fits(members[name], shape)]
    wrong += [name for name in members if name not in shapes]
    if wrong:
        text = f"{', '.join(wrong)}: missing, unknown or of the wrong kind"
        # The CLI has two codes for the same mistake, and clients may look at them.
        raise (InvalidInput if method.startswith("mcp.") else RuntimeFault)(text)


def _fits(value: object, shape: Shape) -> bool:
    if is_object(shape):
        return (
            is_object(value)
            and value.keys() == shape.keys()
            and all(_fits(value[n], s) for n, s in shape.items())
        )
    if is_array(shape):
        return is_array(value) and all(_fits(item, shape[0]) for item in value)
    if isinstance(shape, tuple):
        return any(_fits(value, one) for one in cast("tuple[Shape, ...]", shape))
    if isinstance(shape, frozenset):
        return isinstance(value, str) and value in shape
    return isinstance(shape, type) and isinstance(value, shape)


for _method in OPERATIONS:
    answering(router, _method)(_serve)
