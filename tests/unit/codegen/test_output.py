"""The package is written whole: stale files go, foreign files stay, and what is written can be imported."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from codegen import models, output, ownership
from codegen.models import GeneratorMismatch
from codegen.samples import UNKNOWN, Sampler
from codegen.templating import HEADER
from copilot_sdk._model import UnknownVariant
from tests.support.small_schema import (
    STRING,
    Document,
    method,
    protocol_from,
    record,
    reference,
    small_schema,
    with_definitions,
)

SMALL = protocol_from(small_schema())


def odd_schema() -> Document:
    """What is rare: unions in unions, recursion, no events, nobody to serve, names that mean something elsewhere."""
    document = with_definitions(
        Nest={"anyOf": [reference("Cloud"), reference("Nimbus")]},
        Nimbus=record(
            ("kind",), kind={"const": "nimbus"}, inner={"type": "array", "items": reference("Nest")}
        ),
        Odd=record(
            (),
            self=STRING,
            methods=STRING,
            model_config=STRING,
            request_timeout=STRING,
            nest=reference("Nest"),
            odd=reference("Odd"),
        ),
    )
    for name in [name for name in document["definitions"] if "Event" in name]:
        del document["definitions"][name]
    del (
        document["definitions"]["Sky"]["properties"]["last"],
        document["clientSession"],
        document["broadcasts"],
    )
    document["server"]["odd"] = method("odd", reference("Odd"), reference("Nest"))
    return document


@pytest.fixture(params=["small", "odd"])
def package(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a package that was generated and can be imported."""
    name = f"generated_{request.param}"
    protocol = SMALL if request.param == "small" else protocol_from(odd_schema())
    output.write(output.package(protocol), tmp_path / name)
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def test_every_module_of_a_generated_package_can_be_imported_and_every_type_used(
    package: str, tmp_path: Path
) -> None:
    protocol = SMALL if package == "generated_small" else protocol_from(odd_schema())
    for path in sorted((tmp_path / package).rglob("*.py")):
        importlib.import_module(
            ".".join(path.relative_to(tmp_path).with_suffix("").parts).removesuffix(".__init__")
        )
    types = importlib.import_module(f"{package}.types")
    sampler = Sampler(protocol)
    for name in protocol.types:
        kind: TypeAdapter[Any] = TypeAdapter(getattr(types, name))
        for sample in (*sampler.fitting(name), sampler.newer(name)):
            found = kind.validate_python(sample.value)
            assert kind.dump_python(found, mode="json", exclude_unset=True) == sample.value
            assert not isinstance(found, UnknownVariant) or sample.label == "newer"


def test_a_union_in_a_union_reads_the_branches_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output.write(output.package(protocol_from(odd_schema())), tmp_path / "generated_nest")
    monkeypatch.syspath_prepend(tmp_path)
    types = importlib.import_module("generated_nest.types")
    kind: TypeAdapter[Any] = TypeAdapter(types.Nest)
    names = [type(kind.validate_python({"kind": tag})).__name__ for tag in ("cirrus", "nimbus", UNKNOWN)]
    assert names == ["Cirrus", "Nimbus", "UnknownVariant"]


def test_the_package_is_a_pure_function_of_the_schema() -> None:
    assert output.package(SMALL) == output.package(protocol_from(small_schema()))


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    files = {"a.py": f"{HEADER}\n", "b/c.py": f"{HEADER}\nx = 1\n"}
    assert output.write(files, tmp_path) == 2
    assert output.write(files, tmp_path) == 0
    assert output.differences(files, tmp_path) == {}


def test_a_stale_file_is_removed_and_a_foreign_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text("x = 1\n", encoding="utf-8")
    output.write({"old.py": f"{HEADER}\n"}, tmp_path)
    assert output.write({"new.py": f"{HEADER}\n"}, tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.py", "ours.py"]


def test_a_file_that_differs_lacks_or_is_too_many_is_told(tmp_path: Path) -> None:
    output.write(
        {"same.py": f"{HEADER}\n", "changed.py": f"{HEADER}\nx = 1\n", "stale.py": f"{HEADER}\n"}, tmp_path
    )
    wanted = {"same.py": f"{HEADER}\n", "changed.py": f"{HEADER}\nx = 2\n", "missing.py": f"{HEADER}\n"}
    found = output.differences(wanted, tmp_path)
    assert list(found) == ["changed.py", "missing.py", "stale.py"]
    assert "-x = 1\n+x = 2" in found["changed.py"]


def test_a_type_belongs_to_the_namespace_that_reaches_it_and_is_shared_by_two() -> None:
    owners = ownership.assign(protocol_from(with_definitions(Lonely=record((), x=STRING))))
    found = {name: owners.of(name) for name in ("Task", "UmbrellaOpen", "RainStartedData", "Sky", "Lonely")}
    assert found == {
        "Task": "types.session_tasks",
        "UmbrellaOpen": "types.client_umbrella",
        "RainStartedData": "events.rain_started",
        "Sky": owners.of("SkyWind"),
        "Lonely": "types.unreached",
    }
    assert owners.of("Sky").startswith("types.shared")
    assert "Task" in owners.members("types.session_tasks")


def test_in_a_large_namespace_a_method_has_a_module_for_what_it_alone_reaches() -> None:
    document = with_definitions(
        Leaf=record(("x",), x=STRING),
        Tree=record(("leaf",), leaf=reference("Leaf")),
        **{f"Tree{letter}": record(("tree",), tree=reference("Tree")) for letter in "ABCDEFGHIJKLMNOPQ"},
    )
    for letter in "ABCDEFGHIJKLMNOPQ":
        document["server"].setdefault("wood", {})[f"plant{letter}"] = method(
            f"wood.plant{letter}", None, reference(f"Tree{letter}")
        )
    owners = ownership.assign(protocol_from(document))
    assert owners.of("TreeA") == "types.server_wood_plant_a"
    assert owners.of("Tree") == owners.of("Leaf") == "types.server_wood"
    del document["server"]["wood"]["plantA"], document["server"]["wood"]["plantB"]
    del document["server"]["wood"]["plantC"], document["server"]["wood"]["plantD"]
    assert ownership.assign(protocol_from(document)).of("TreeE") == "types.server_wood"


def test_what_the_same_ones_share_stands_together_under_the_name_of_what_leads_to_it() -> None:
    owners = ownership.assign(SMALL)
    assert owners.members(owners.of("SkyWind")) == owners.members("types.shared_sky")


def test_no_namespace_imports_another_and_the_imports_have_no_cycle() -> None:
    graph: dict[str, set[str]] = {}
    for name, text in output.package(SMALL).items():
        module = name.removesuffix(".py").replace("/", ".")
        graph[module] = set()
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                base = module.split(".")[: -node.level]
                graph[module].add(".".join([*base, node.module or ""]).strip("."))
    for module, targets in graph.items():
        if module.startswith("types.") and not module.startswith("types.shared"):
            assert {target for target in targets if not target.startswith("types.shared")} <= {"events"}
    done: set[str] = set()
    while ready := {
        module for module in graph if module not in done and graph[module] & graph.keys() <= done
    }:
        done |= ready
    assert done == graph.keys()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("class Sky(WireModel):\n    pass\n", "Sky lacks"),
        ("class Sky1(WireModel):\n    pass\n", "Sky1 became a class"),
        ("class Task(WireModel):\n    id: str\n    other: str\n", "Task.other is not in the IR"),
        ("class Task(WireModel):\n    id: str\n", "missing"),
        ("class Color(Enum):\n    blue = 1\n", "Color became a class"),
    ],
)
def test_names_that_the_type_generator_invents_fail_the_build(
    text: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "generate", lambda *_, **__: text)
    with pytest.raises(GeneratorMismatch, match=problem):
        models.type_sources(SMALL)


def test_output_in_several_files_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "generate", lambda *_, **__: {})
    with pytest.raises(GeneratorMismatch, match="split its output"):
        models.type_sources(SMALL)
