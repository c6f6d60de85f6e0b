"""The generated package is what the schema gives, has the size that is known, and stays cheap to import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from codegen.__main__ import OUT
from codegen.ir import ObjectDef, Scope, closure, method_references
from codegen.ownership import assign, event_module, method_module, namespace
from tests.support.frames import TURN, turn_lines
from tests.support.surface import PROTOCOL

PACKAGE = "copilot_sdk._generated.copilot"
MODULES = sorted(
    ".".join(path.relative_to(OUT).with_suffix("").parts)
    for path in OUT.rglob("*.py")
    if path.name != "__init__.py"
)
OWNERS = assign(PROTOCOL)
NAMESPACES = {method_module(method): f"types.{namespace(method)}" for method in PROTOCOL.methods}
LOADED = f"""
import json, sys
from pydantic import BaseModel
def models(kind):
    return [kind, *(found for child in kind.__subclasses__() for found in models(child))]
made = [m for m in models(BaseModel) if m.__module__.startswith({PACKAGE!r})]
built = {{m.__name__ for m in made if m.__pydantic_complete__}}
print(json.dumps({{"modules": [*sys.modules], "made": sorted({{m.__name__ for m in made}}), "built": sorted(built)}}))
"""


def run(code: str) -> Any:
    """Run code in a fresh interpreter; it prints JSON."""
    source = str(OUT.parents[2])
    program = f"import sys; sys.path.insert(0, {source!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def generated(modules: list[str], *packages: str) -> set[str]:
    """The modules of some packages inside the generated one."""
    prefixes = tuple(f"{PACKAGE}.{package}." for package in packages)
    return {name.removeprefix(f"{PACKAGE}.") for name in modules if name.startswith(prefixes)}


@cache
def imported(module: str) -> frozenset[str]:
    """What a generated module imports when it is imported itself, from the generated package."""
    tree = ast.parse((OUT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    return frozenset(
        ".".join([*module.split(".")[: -node.level], *(node.module or "").split(".")]).strip(".")
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level
    )


@cache
def members(module: str) -> frozenset[str]:
    """Names of the types in a module."""
    return frozenset(OWNERS.members(module))


def loaded_types(modules: set[str]) -> set[str]:
    """The types in some modules and in all that those import."""
    loaded, opening = set[str](), [*modules]
    while opening:
        opened = opening.pop()
        if opened not in loaded:
            loaded.add(opened)
            opening += () if opened == "events" else imported(opened)
    return {name for module in loaded for name in members(module)}


def test_the_size_of_the_surface_is_known() -> None:
    scopes = Counter(method.scope for method in PROTOCOL.methods)
    kinds = Counter(type(definition).__name__ for definition in PROTOCOL.types.values())
    assert scopes == {
        Scope.SERVER: 262,
        Scope.SESSION: 353,
        Scope.CLIENT_SESSION: 32,
        Scope.CLIENT_GLOBAL: 15,
    }
    assert kinds == {"ObjectDef": 2132, "EnumDef": 462, "UnionDef": 105, "AliasDef": 22}
    assert len(PROTOCOL.events) == 181
    assert len(PROTOCOL.broadcasts) == 11


def test_a_module_of_types_imports_shared_types_and_its_own_namespace_alone() -> None:
    wrong = {}
    for module in MODULES:
        found = {name for name in imported(module) if not name.startswith("types.shared_")}
        if module.startswith("events."):
            wrong[module] = found
        elif module == "types.unreached":
            wrong[module] = {name for name in found if name.startswith("events.")}
        elif module.startswith("types."):
            wrong[module] = found - {"events", NAMESPACES.get(module)}
    assert len(wrong) > 500
    assert {module: found for module, found in wrong.items() if found} == {}


def test_the_modules_of_shared_types_import_each_other_in_one_direction() -> None:
    shared = [module for module in MODULES if module.startswith("types.shared_")]
    TopologicalSorter({module: {*imported(module)} - {"events"} for module in shared}).prepare()


def test_an_event_loads_no_type_that_it_does_not_reach() -> None:
    wrong = {}
    for event in PROTOCOL.events:
        wrong[event.wire] = loaded_types({event_module(event)}) ^ closure([event.data.name], PROTOCOL.types)
    assert {wire: found for wire, found in wrong.items() if found} == {}


def test_a_method_loads_few_types_that_it_does_not_reach() -> None:
    excess = []
    for method in PROTOCOL.methods:
        reached = closure(method_references(method), PROTOCOL.types)
        loaded = loaded_types(
            {OWNERS.of(name) for name in method_references(method) if name in PROTOCOL.types}
        )
        excess.append(sum(isinstance(PROTOCOL.types[name], ObjectDef) for name in loaded - reached))
    assert max(excess) <= 60
    assert sum(excess) / len(excess) < 5


def test_a_module_of_the_api_imports_its_method_table_alone() -> None:
    modules = [module for module in MODULES if module.startswith(("api.", "sync_api."))]
    wrong = {
        module: {name for name in imported(module) if not name.startswith("methods.")} - {"methods"}
        for module in modules
    }
    assert len(wrong) > 100
    assert {module: found for module, found in wrong.items() if found} == {}


def test_a_namespace_is_reached_without_pydantic_and_without_types() -> None:
    loaded = run(f"""
import json, sys
from {PACKAGE}.api.session import SessionRPC
SessionRPC(None).tasks
print(json.dumps(sorted(sys.modules)))
""")
    assert generated(loaded, "types", "events") == set()
    assert generated(loaded, "api", "methods") == {
        "api.session",
        "api.session_tasks",
        "methods.session",
        "methods.session_tasks",
    }
    assert {name for name in loaded if name.partition(".")[0] in ("asyncio", "httpx", "pydantic")} == set()


def test_the_first_event_loads_its_own_module_and_builds_what_it_needs() -> None:
    event = {
        "id": "1",
        "timestamp": "2026-01-02T03:04:05Z",
        "parentId": None,
        "ephemeral": True,
        "type": "assistant.message_delta",
        "data": {"messageId": "m", "deltaContent": "text"},
    }
    found = run(
        f"from {PACKAGE}.events import decode\nassert decode({event!r}).data.message_id == 'm'\n{LOADED}"
    )
    assert generated(found["modules"], "types", "events") == {"events.assistant_message_delta"}
    assert found["made"] == ["AssistantMessageDelta", "AssistantMessageDeltaData"]
    assert found["built"] == ["AssistantMessageDelta"]


def test_an_event_loads_of_the_shared_types_only_those_that_it_reaches() -> None:
    event = {
        "id": "1",
        "timestamp": "2026-01-02T03:04:05Z",
        "parentId": None,
        "type": "user.message",
        "data": {"content": "Hello", "attachments": []},
    }
    found = run(
        f"from {PACKAGE}.events import decode\nassert decode({event!r}).data.attachments == []\n{LOADED}"
    )
    assert generated(found["modules"], "types", "events") == {
        "events.user_message",
        "types.shared_attachment",
        "types.shared_omitted_binary_omitted_reason",
        "types.shared_responses_reasoning",
    }


def test_the_events_of_a_whole_turn_load_the_modules_of_their_types_alone() -> None:
    wires = {json.loads(line)["params"]["event"]["type"] for line in turn_lines()}
    known = [event for event in PROTOCOL.events if event.wire in wires]
    found = run(f"""
import json
from pathlib import Path
from {PACKAGE}.events import decode
for line in Path({str(TURN)!r}).read_bytes().splitlines():
    decode(json.loads(line)["params"]["event"])
{LOADED}""")
    reached = closure([event.data.name for event in known], PROTOCOL.types)
    assert generated(found["modules"], "events") == {event_module(event) for event in known}
    assert {*found["made"]} == {event.name for event in known} | {
        name for name in reached if isinstance(PROTOCOL.types[name], ObjectDef)
    }


def test_the_first_result_loads_the_types_of_its_method_and_builds_what_it_needs() -> None:
    found = run(f"""
from {PACKAGE}.methods.session_tasks import TASKS_CANCEL
from copilot_sdk._model.codec import decode_result
assert decode_result(TASKS_CANCEL, {{"cancelled": True}}).cancelled
{LOADED}""")
    assert generated(found["modules"], "types", "events") == {"types.session_tasks_cancel"}
    assert found["made"] == ["TasksCancelRequest", "TasksCancelResult"]
    assert set(found["built"]) <= {"TasksCancelResult"}


def test_a_first_result_with_parts_loads_those_too_and_no_table_of_all_methods_or_types() -> None:
    found = run(f"""
from {PACKAGE}.methods.session_tasks import TASKS_LIST
from copilot_sdk._model.codec import decode_result
assert decode_result(TASKS_LIST, {{"tasks": []}}).tasks == []
{LOADED}""")
    assert generated(found["modules"], "types", "events", "methods") == {
        "methods.session_tasks",
        "types.session_tasks",
        "types.session_tasks_list",
    }
    assert len(found["made"]) == 5


def test_no_file_has_more_than_3000_lines() -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in OUT.rglob("*.py")}
    assert {name: count for name, count in lines.items() if count > 3_000} == {}


def test_every_file_of_the_package_says_that_it_is_generated() -> None:
    files = [path for path in OUT.rglob("*.py") if not path.read_text("utf-8").startswith("# Generated by")]
    assert files == []
    assert Path(OUT / "__init__.py").is_file()


def test_internal_methods_stand_in_a_place_of_their_own() -> None:
    from copilot_sdk._generated.copilot.api.server import ServerRPC
    from copilot_sdk._generated.copilot.api.session import SessionRPC
    from copilot_sdk._generated.copilot.api.session_queue import QueueAPI

    internal = [method for method in PROTOCOL.outbound() if method.meta.internal]
    assert len(internal) == 157
    assert {method.attributes[0] for method in internal} == {"internal"}
    for root in (ServerRPC, SessionRPC):
        assert "nternal" in str(vars(root)["internal"].__doc__)
    assert not hasattr(QueueAPI, "snapshot")
