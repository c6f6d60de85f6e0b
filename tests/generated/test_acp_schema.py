"""What the Agent Client Protocol leaves open is open in its schema, and what it closes is closed."""

from __future__ import annotations

from typing import Any

import pytest

from copilot_sdk._model import UnknownVariant
from tests.support.further import further_protocol

OPEN_WORDS = {
    "AuthState",
    "CompactionStatus",
    "IdleStopReason",
    "LLMProtocol",
    "NoticeSeverity",
    "SessionArchiveFilter",
    "SessionConfigOptionCategory",
    "SessionStatus",
    "SystemPromptMode",
}
CLOSED_WORDS = {
    "PermissionOptionKind",
    "PlanEntryPriority",
    "PlanEntryStatus",
    "Role",
    "StopReason",
    "StringFormat",
    "ToolCallStatus",
    "ToolKind",
}
OPEN_UNIONS = {
    "CreateElicitationRequest": "mode",
    "CreateElicitationResponse": "action",
    "ElicitationPropertySchema": "type",
    "MultiSelectItems": "type",
    "StateUpdate": "state",
}
CLOSED_UNIONS = {
    "ContentBlock": "type",
    "PlanUpdateContent": "type",
    "RequestPermissionOutcome": "outcome",
    "SessionConfigOption": "type",
    "SessionUpdate": "sessionUpdate",
    "ToolCallContent": "type",
}
ACP = further_protocol("acp")
WIRE_NAMES = {"LLMProtocol": "LlmProtocol"}


def living(kind: str) -> set[str]:
    """The names of the enums or the unions that the newest schema of the protocol has."""
    return {
        name
        for name, definition in ACP.definitions.items()
        if kind in definition and "until" not in definition
    }


def test_every_enum_is_known_as_open_or_closed() -> None:
    names = {WIRE_NAMES.get(name, name) for name in OPEN_WORDS | CLOSED_WORDS}
    assert living("x-enumDescriptions") == names


@pytest.mark.parametrize("name", sorted(OPEN_WORDS | CLOSED_WORDS))
def test_a_word_of_a_peers_own_is_data_and_sent_only_where_the_protocol_is_open(name: str) -> None:
    assert ACP.adapter(name).validate_python("_of.its/own") == "_of.its/own"
    refused = bool(ACP.faults(WIRE_NAMES.get(name, name), "_of.its/own"))
    assert refused is (name in CLOSED_WORDS)


@pytest.mark.parametrize(("name", "tag"), [*OPEN_UNIONS.items(), *CLOSED_UNIONS.items()])
def test_a_branch_of_a_peers_own_is_data_and_sent_only_where_the_protocol_is_open(
    name: str, tag: str
) -> None:
    value: dict[str, Any] = {tag: "_of.its/own", "more": [1, None]}
    read = ACP.adapter(name).validate_python(value)
    assert isinstance(read, UnknownVariant)
    assert ACP.written(name, value) == value
    assert bool(ACP.faults(name, value)) is (name in CLOSED_UNIONS)


@pytest.mark.parametrize(("name", "tag"), OPEN_UNIONS.items())
def test_a_known_branch_that_is_broken_is_no_branch_of_a_peers_own(name: str, tag: str) -> None:
    for branch in ACP.definitions[name]["anyOf"]:
        definition = ACP.definitions.get(str(branch.get("$ref")).rpartition("/")[2], {})
        constant = definition.get("properties", {}).get(tag, {}).get("const")
        broken = {**dict.fromkeys(definition.get("required", ()), object()), tag: constant}
        if constant is not None and len(broken) > 1:
            assert ACP.faults(name, broken), constant
