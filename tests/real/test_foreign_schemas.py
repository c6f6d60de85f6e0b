"""The generator takes schemas that others wrote: those that the CLI of today unpacks when it is first started."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real.support.cli import VERSION
from tests.real.support.stage import Stage

METHODS, EVENTS = 619, 163
COMMAND_SECONDS = 240.0

pytestmark = pytest.mark.timeout(300)
PROJECT = Path(__file__).resolve().parents[2]

# Imports every module and builds the validator of every method and event.
LOAD_ALL = """
import importlib, pathlib
import gen
from pydantic import TypeAdapter

root = pathlib.Path(gen.__file__).parent
for path in root.rglob("*.py"):
    names = path.relative_to(root.parent).with_suffix("").parts
    importlib.import_module(".".join(names).removesuffix(".__init__"))
from gen import events
from gen.methods import INBOUND, OUTBOUND

for table in (INBOUND, OUTBOUND):
    for name in table:
        for load in (table[name].params, table[name].result):
            if load is not None:
                TypeAdapter(load()).core_schema
classes = [found for name in dir(events) if isinstance(found := getattr(events, name), type)]
kinds = {found.model_fields["type"].default for found in classes} - {""}
print(len(INBOUND) + len(OUTBOUND), len(kinds))
"""


def run(*command: str, cwd: Path) -> str:
    """What a Python command prints."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def unpack(folder: Path) -> None:
    """Starts the CLI once, which makes it unpack its schemas."""
    async with Stage.open(folder) as stage:
        await stage.client.request("connect")


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the schemas of the CLI."""
    asyncio.run(unpack(tmp_path_factory.mktemp("unpacked")))
    return Path.home() / ".cache" / "copilot" / "pkg" / "linux-x64" / VERSION / "schemas"


@pytest.fixture(scope="module")
def generated(schemas: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a package `gen` that is generated from the schemas of the CLI."""
    folder = tmp_path_factory.mktemp("foreign")
    told = run("-m", "codegen", "--schema", str(schemas), "--out", str(folder / "gen"), cwd=PROJECT)
    assert f"{METHODS} methods, " in told
    assert f" {EVENTS} events: " in told
    return folder


def test_the_package_of_a_foreign_schema_loads_whole(generated: Path) -> None:
    assert run("-c", LOAD_ALL, cwd=generated) == f"{METHODS} {EVENTS}\n"


def test_the_package_of_a_foreign_schema_is_strictly_typed(generated: Path) -> None:
    told = run(
        *("-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"),
        *("--cache-dir", str(generated / "cache"), "-p", "gen"),
        cwd=generated,
    )
    assert told.startswith("Success: no issues found in ")


def test_our_schema_has_all_that_the_schemas_of_the_cli_have(schemas: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(PROJECT / "schema" / "copilot", tmp_path / "copilot")
    told = run("-m", "codegen", "--schema", str(ours), "absorb", str(schemas), cwd=PROJECT)
    assert told == "nothing\n"


def test_a_fact_that_our_schema_lacks_is_absorbed_from_the_cli(schemas: Path, tmp_path: Path) -> None:
    ours = shutil.copytree(PROJECT / "schema" / "copilot", tmp_path / "copilot")
    file = ours / "api.schema.json"
    api = json.loads(file.read_text("utf-8"))
    del api["definitions"]["PingResult"]["properties"]["protocolVersion"]
    api["definitions"]["PingResult"]["required"].remove("protocolVersion")
    file.write_text(json.dumps(api), "utf-8")
    told = run("-m", "codegen", "--schema", str(ours), "absorb", str(schemas), cwd=PROJECT)
    assert told == "PingResult.protocolVersion is new\n"
