"""The schema holds every fact of the Go reference, and each difference between them has a reason.

The reference is of runtime 1.0.61. What the schema says to be of a later runtime takes no part; where a later
runtime widened what the reference has, that is a difference with a reason like any other.
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from tests.support.go_reference import GoFacts, SchemaFacts, differences
from tests.support.schema_files import Document, corrected_documents, reference_target

GO = GoFacts()
DOCUMENTS = corrected_documents()
SCHEMA = SchemaFacts(DOCUMENTS)
DIFFERENCES = differences(GO, SCHEMA)

Covers = Callable[[str, str], bool]


def covers_kind(kind: str) -> Covers:
    """Covers the types of one kind of the reference that the schema does not define."""
    return lambda subject, name: subject == "type" and kind in GO.types[name] and SCHEMA.find(name) is None


def is_null_result(subject: str, name: str) -> bool:
    fact = GO.types.get(name)
    results = {method.result for method in GO.methods.values()}
    return subject == "type" and fact == {"struct": {}} and name.lower() in results


def is_discriminator(subject: str, name: str) -> bool:
    return subject == "type" and name in GO.discriminators


def is_single_value(subject: str, name: str) -> bool:
    return subject == "type" and len(GO.types[name].get("enum", [])) == 1


def is_event(subject: str, name: str) -> bool:
    return subject == "definition" and name in SCHEMA.events.values()


def is_tag_of_union_member(subject: str, name: str) -> bool:
    owner, _, field = name.partition(".")
    definition = SCHEMA.find(owner) or {}
    fields = GO.types[owner]["struct"] if subject == "field" else {}
    return (
        subject == "field"
        and not {field, f"{field}?"} & set(fields)
        and "const" in definition["properties"][field]
    )


def is_any_there(subject: str, name: str) -> bool:
    return subject == "field" and DIFFERENCES[f"field {name}"].startswith(("any is ", "{any} is "))


def is_dropped_later(subject: str, name: str) -> bool:
    owner, _, field = name.partition(".")
    node = (SCHEMA.find(owner) or {}).get("properties", {}).get(field, {}) if subject == "field" else {}
    return "until" in node and DIFFERENCES[f"field {name}"] == "required there, optional here"


def takes_params_later(subject: str, name: str) -> bool:
    if subject != "params" or GO.methods[name].params is not None:
        return False
    return SCHEMA.find_later(str(SCHEMA.methods[name].params)) is not None


def returns_more_later(subject: str, name: str) -> bool:
    if subject != "result" or not GO.empty(GO.methods[name].result):
        return False
    return SCHEMA.find_later(SCHEMA.methods[name].result) is not None


def has_another_form_later(subject: str, name: str) -> bool:
    theirs, _, ours = DIFFERENCES[f"{subject} {name}"].removesuffix(" here").partition(" is ")
    union = SCHEMA.find_later(ours.strip("{[]}")) if subject == "field" else None
    forms = [SCHEMA.canonical(member) for member in union.get("anyOf", [])] if union else []
    return any(ours.replace(ours.strip("{[]}"), form) == theirs for form in forms)


def is_told_apart_later(subject: str, name: str) -> bool:
    """Each case of the union has the struct's fields and takes an object that has no more than them."""
    fields = GO.types[name].get("struct", {}) if subject == "type" else {}
    members = (SCHEMA.find(name) or {}).get("anyOf", []) if fields else []
    cases = [SCHEMA.find_later(SCHEMA.canonical(member)) or {} for member in members]
    return bool(cases) and all(
        {field.rstrip("?") for field in fields} <= case["properties"].keys()
        and set(case.get("required", [])) <= {field for field in fields if not field.endswith("?")}
        for case in cases
    )


RULES: Mapping[str, Covers] = {
    "Go keeps the JSON of a union member that it does not know in a struct of its own": covers_kind("holder"),
    "The classes through which Go calls methods; the method trees stand for them": covers_kind("class"),
    "Go names the plain member of a union; here the union holds `string`, `boolean` and so on": covers_kind(
        "alias"
    ),
    "Go returns an empty struct where the result is null": is_null_result,
    "Go lists the tags of a union in an enum; here each member has its own constant": is_discriminator,
    "Go makes an enum of a constant; here the field has it": is_single_value,
    "Go has one event struct; here each event type has a definition": is_event,
    "Go tells the tag of a union member by a method; here it is a field": is_tag_of_union_member,
    "Go takes any JSON here; the schema says more of it": is_any_there,
    "A later runtime dropped the field, so it may be left out": is_dropped_later,
    "A later runtime takes params": takes_params_later,
    "A later runtime returns something instead of null": returns_more_later,
    "A later runtime has another form beside that of the reference: a union of both": has_another_form_later,
    "A later runtime tells the cases of a struct apart: a union of them": is_told_apart_later,
}

CLI = "CLI 1.0.61"
LOST = f"The body is lost; {CLI} has"
PUBLIC = "Public since 1.0.81"
OPTIONAL = "May be left out since 1.0.81"
KEPT = "The runtime keeps the token to itself, as CLI 1.0.102 does"
EMPTY_PARAMS = "Go takes no argument for params without fields"

REASONS: Mapping[str, str] = {
    "type CopilotUserResponseOrganizationListItem": f"{LOST} `login` and `name`, each may be null",
    "type WorkspacesSaveLargePasteResultSaved": f"{LOST} `filePath`, `filename` and `sizeBytes`",
    "type SendMode": f"The values are lost; the text and {CLI} name `enqueue` and `immediate`",
    "type SessionMCPAppsCallToolResult": f"{LOST} an object with any members",
    "result session.mcp.apps.callTool": "Its type is the lost SessionMCPAppsCallToolResult",
    "type PermissionDecisionNoResult": "A value within the Go SDK, never sent: a handler's way not to answer",
    "name session.skills.list": "The wire name follows from the class SkillsAPI and the Go name List",
    "name session.skills.reload": "The wire name follows from the class SkillsAPI and the Go name Reload",
    "type SessionEventData": "The interface of all event data; here an event names the type of its data",
    "definition SessionTarget": "The session id that Go adds to the params of each session method",
    "definition CustomNotificationSubject": "Go writes the map of strings in place",
    "field SessionCustomNotificationData.subject": "Go writes the map of strings in place",
    "field UIElicitationResponse.content": "Go writes the map in place though it has a name for it",
    "definition CopilotUserResponseQuotaSnapshotsValue": "A quota of a kind that Go has no field for",
    "params session.permissions.getAllowAll": EMPTY_PARAMS,
    "params session.permissions.paths.list": EMPTY_PARAMS,
    "params session.permissions.pendingRequests": EMPTY_PARAMS,
    "params session.permissions.resetSessionApprovals": EMPTY_PARAMS,
    "field UIElicitationSchemaPropertyNumber.type": f"Go lets it be left out; {CLI} requires it",
    "visibility session.mcp.oauth.respond": PUBLIC,
    "visibility session.mcp.restartServer": PUBLIC,
    "visibility session.mcp.startServer": PUBLIC,
    "field AssistantUsageCopilotUsage.tokenDetails": OPTIONAL,
    "field AttachmentBlob.data": OPTIONAL,
    "field CompactionCompleteCompactionTokensUsedCopilotUsage.tokenDetails": OPTIONAL,
    "field EnvAuthInfo.token": KEPT,
    "field TokenAuthInfo.token": KEPT,
    "field MCPRestartServerRequest.config": OPTIONAL,
    "field MCPStartServerRequest.config": OPTIONAL,
    "field AssistantUsageData.timeToFirstTokenMs": "May have a fraction since 1.0.81",
    "type ElicitationCompletedContent": "Any JSON since 1.0.81",
}

SINCE = {"since": "1.0.81"}

BREAKS: Mapping[tuple[str, str], Callable[[Document], object]] = {
    ("field AgentInfo.name", "not in the schema"): (
        lambda api: api["definitions"]["AgentInfo"]["properties"].pop("name")
    ),
    ("field AgentInfo.name", "required there, optional here"): (
        lambda api: api["definitions"]["AgentInfo"]["required"].remove("name")
    ),
    ("field AgentInfo.name", "string is boolean here"): (
        lambda api: api["definitions"]["AgentInfo"]["properties"]["name"].update(type="boolean")
    ),
    ("field AgentInfo.age", "not in the reference"): (
        lambda api: api["definitions"]["AgentInfo"]["properties"].update(age={"type": "integer"})
    ),
    ("field HMACAuthInfo.host", "=https://github.com is =https://example.com here"): (
        lambda api: api["definitions"]["HMACAuthInfo"]["properties"]["host"].update(
            const="https://example.com"
        )
    ),
    ("values TaskStatus", "differ in ['paused']"): (
        lambda api: api["definitions"]["TaskStatus"]["enum"].append("paused")
    ),
    ("values TaskInfoType", "differ in ['shell']"): (
        lambda api: api["definitions"]["TaskInfo"]["anyOf"].remove({"$ref": "#/definitions/TaskShellInfo"})
    ),
    ("type TaskStatus", "enum is ['type'] here"): (
        lambda api: api["definitions"].update(TaskStatus={"type": "string"})
    ),
    ("definition Weather", "not in the reference"): (
        lambda api: api["definitions"].update(Weather={"type": "string"})
    ),
    ("method ping", "not in the schema"): lambda api: api["server"].pop("ping"),
    ("params ping", "pingrequest is None here"): lambda api: api["server"]["ping"].update(params=None),
    ("result ping", "pingresult is null here"): (
        lambda api: api["server"]["ping"].update(result={"type": "null"})
    ),
    ("visibility connect", "internal on one side alone"): lambda api: api["server"]["connect"].pop(
        "visibility"
    ),
    # A fact of the reference that is marked as a later one is lost.
    ("field AgentInfo.displayName", "not in the schema"): (
        lambda api: api["definitions"]["AgentInfo"]["properties"]["displayName"].update(since="1.0.81")
    ),
    ("values TaskStatus", "differ in ['idle']"): (
        lambda api: api["definitions"]["TaskStatus"].update({"x-enumSince": {"idle": "1.0.81"}})
    ),
    ("type SendMode", "lost, not in the schema"): (
        lambda api: api["definitions"]["SendMode"].update(since="1.0.81")
    ),
    ("method models.list", "not in the schema"): (
        lambda api: api["server"]["models"]["list"].update(since="1.0.81")
    ),
}

LATER: Mapping[str, Callable[[Document], object]] = {
    "a method": lambda api: api["server"].update(
        look={**api["server"]["ping"], "rpcMethod": "look", **SINCE}
    ),
    "a type": lambda api: api["definitions"].update(Weather={"type": "string", **SINCE}),
    "a field": lambda api: api["definitions"]["AgentInfo"]["properties"].update(
        age={"type": "integer", **SINCE}
    ),
    "a required field": lambda api: (
        api["definitions"]["AgentInfo"]["properties"].update(age={"type": "integer", **SINCE}),
        api["definitions"]["AgentInfo"]["required"].append("age"),
    ),
    "a value": lambda api: (
        api["definitions"]["TaskStatus"]["enum"].append("paused"),
        api["definitions"]["TaskStatus"].update({"x-enumSince": {"paused": "1.0.81"}}),
    ),
    "a branch": lambda api: (
        api["definitions"].update(TaskCloudInfo={**api["definitions"]["TaskShellInfo"], **SINCE}),
        api["definitions"]["TaskInfo"]["anyOf"].append({"$ref": "#/definitions/TaskCloudInfo"}),
    ),
}


def rules_for(difference: str) -> list[str]:
    subject, _, name = difference.partition(" ")
    return [reason for reason, covers in RULES.items() if covers(subject, name)]


def summary() -> str:
    trees = Counter(method.tree for method in GO.methods.values())
    fields = sum(len(fields) for _, fields in GO.structs())
    enums = [kind["enum"] for kind in GO.types.values() if "enum" in kind]
    return (
        f"Go reference: {len(GO.methods)} methods ({dict(trees)}), {len(GO.types)} types,"
        f" {len(list(GO.structs()))} structs with {fields} fields,"
        f" {len(enums)} enums with {sum(map(len, enums))} values,"
        f" {len(GO.types['SessionEventType']['enum'])} events\n"
        f"Schema as of that runtime: {len(SCHEMA.methods)} methods, {len(SCHEMA.definitions)} definitions,"
        f" {len(SCHEMA.events)} events; {len(SCHEMA.later)} definitions of later ones\n"
        f"Differences with a reason: {len(DIFFERENCES)}"
    )


def test_the_counts_of_the_reference_are_whole() -> None:
    sys.stdout.write(f"\n{summary()}\n")
    trees = Counter(method.tree for method in GO.methods.values())
    assert trees == {"server": 63, "session": 161, "clientSession": 15}, summary()
    assert len(GO.types) == 1138, summary()
    assert len(GO.types["SessionEventType"]["enum"]) == 89, summary()
    kinds = Counter(next(iter(kind)) for kind in GO.types.values())
    assert kinds == {
        "struct": 838,
        "enum": 156,
        "class": 65,
        "union": 31,
        "holder": 24,
        "alias": 15,
        "choices": 5,
        "lost": 4,
    }, summary()


def test_every_method_of_the_reference_is_in_the_schema_and_no_other() -> None:
    assert GO.methods.keys() == SCHEMA.methods.keys(), summary()


def test_every_event_of_the_reference_is_in_the_schema_and_no_other() -> None:
    assert set(GO.types["SessionEventType"]["enum"]) == SCHEMA.events.keys(), summary()


def test_every_event_has_data_that_the_reference_knows() -> None:
    structs = {name.lower() for name, _ in GO.structs()}
    data = {
        kind: reference_target(SCHEMA.definitions[name]["properties"]["data"])
        for kind, name in SCHEMA.events.items()
    }
    odd = [kind for kind, name in data.items() if name.lower() not in structs]
    assert odd == [], summary()


def test_every_difference_from_the_reference_has_one_reason() -> None:
    unexplained = {
        difference: how
        for difference, how in DIFFERENCES.items()
        if len(rules_for(difference)) + (difference in REASONS) != 1
    }
    assert unexplained == {}, summary()


@pytest.mark.parametrize("difference", REASONS)
def test_a_reason_belongs_to_a_difference_that_exists(difference: str) -> None:
    assert difference in DIFFERENCES, f"stale reason: {difference}\n{summary()}"


@pytest.mark.parametrize("reason", RULES)
def test_a_rule_covers_a_difference_that_exists(reason: str) -> None:
    assert any(reason in rules_for(difference) for difference in DIFFERENCES), (
        f"stale rule: {reason}\n{summary()}"
    )


@pytest.mark.parametrize(("difference", "how"), BREAKS)
def test_a_fact_that_the_schema_gets_wrong_is_seen(difference: str, how: str) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    BREAKS[difference, how](documents["api.schema.json"])
    found = differences(GO, SchemaFacts(documents))
    assert {name: text for name, text in found.items() if DIFFERENCES.get(name) != text} == {difference: how}


@pytest.mark.parametrize("what", LATER)
def test_what_a_later_runtime_brought_is_no_difference(what: str) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    LATER[what](documents["api.schema.json"])
    assert documents != DOCUMENTS
    assert differences(GO, SchemaFacts(documents)) == DIFFERENCES
