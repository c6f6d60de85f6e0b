"""A client made for an older runtime reads what the CLI of today sends: nothing raises and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.support.cli import OLDER, Archive
from tests.real.test_foreign_schemas import PROJECT, run

pytestmark = pytest.mark.timeout(300)

FEWEST = {"events": 500, "results": 150}

# Reads every recorded frame that the package `gen` has a type for, and writes it again.
READ_ALL = """
import json
from collections import Counter
from pydantic import TypeAdapter
from gen.events import decode
from gen.methods import INBOUND, OUTBOUND
from copilot_sdk._model import UnknownEvent
from copilot_sdk._model.codec import decode_params, decode_result
from tests.support.frames import recorded_frames

told, failures = Counter(), []

def check(what, name, read, write, raw):
    try:
        value = read(raw)
        whole = json.dumps(write(value), sort_keys=True) == json.dumps(raw, sort_keys=True)
    except Exception as error:
        failures.append(f"{what} {name}: {error}")
    else:
        told[what] += 1
        if not whole:
            failures.append(f"{what} {name}: something is lost")

def written(load):
    adapter = TypeAdapter(load())
    return lambda value: adapter.dump_python(value, mode="json", exclude_unset=True, warnings=False)

def read_event(raw):
    event = decode(raw)
    assert not isinstance(event, UnknownEvent) or event.problem is None, event.problem
    told["events of unknown types"] += isinstance(event, UnknownEvent)
    return event

for frame in recorded_frames():
    raw, name = frame.payload, frame.method
    if frame.kind == "event":
        check("events", raw["event"]["type"], read_event, lambda event: event.to_wire(), raw["event"])
    elif frame.kind == "result" and name in OUTBOUND and OUTBOUND[name].result and raw is not None:
        method = OUTBOUND[name]
        check("results", name, lambda raw: decode_result(method, raw), written(method.result), raw)
    elif frame.kind in ("request", "notification") and name in INBOUND:
        method = INBOUND[name]
        check("requests", name, lambda raw: decode_params(method, raw), written(method.params), raw)
print(json.dumps({**told, "failures": failures}))
"""


@pytest.mark.parametrize("archive", OLDER, ids=lambda archive: archive.version)
def test_the_package_of_an_older_schema_reads_every_frame_of_todays_cli(
    archive: Archive, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    schemas = archive.folder / "schemas"
    run("-m", "codegen", "--schema", str(schemas), "--out", str(tmp_path / "gen"), cwd=PROJECT)
    (tmp_path / "tests").symlink_to(PROJECT / "tests")
    told = json.loads(run("-c", READ_ALL, cwd=tmp_path))
    assert told.pop("failures") == []
    assert all(told[what] >= fewest for what, fewest in FEWEST.items()), told
    counts = ", ".join(f"{number} {what}" for what, number in told.items())
    tell(f"the package of {archive.version} read of the CLI of today: {counts}")
