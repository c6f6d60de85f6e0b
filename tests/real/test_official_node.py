"""A tour with the official SDK for Node, unmodified, through the CLI and through the program `copilot-runtime`.

The tour is `support/official_tour.mjs`; each of its stops is a case here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.real.support.cli import installed_node_sdk
from tests.real.support.stage import MODEL_ID
from tests.real.support.tour import SMALL_MODEL, STREAMED, SUMMARY, TOURED, TouredRuntime, play
from tests.support.model_server import ModelServer

SCRIPT = Path(__file__).parent / "support" / "official_tour.mjs"
MCP_SERVER = Path(__file__).parents[1] / "support" / "mcp_server.py"
STOPS = re.findall(r'^    async "(.+)"\(\)', SCRIPT.read_text(), re.MULTILINE)


@dataclass(eq=False)
class Tour:
    """The tour while it goes on, and what went wrong at each stop so far; "" where nothing did."""

    process: subprocess.Popen[str]
    told: dict[str, str] = field(default_factory=dict)

    def reach(self, stop: str) -> str:
        """Waits until a stop is behind; tells what went wrong there."""
        assert self.process.stdout is not None
        while stop not in self.told:
            line = self.process.stdout.readline()
            assert line, f"the tour ended before, with code {self.process.wait()}"
            told = json.loads(line)
            self.told[told["stop"]] = told.get("error", "")
        return self.told[stop]


@pytest.fixture(scope="module", params=TOURED, ids=lambda runtime: runtime.name)
def tour(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    runtime = request.param
    assert isinstance(runtime, TouredRuntime)
    node = shutil.which("node")
    if node is None:
        pytest.skip("`node` is not on PATH: the official SDK for Node needs Node.js")
    with ModelServer(play, models=[MODEL_ID, SMALL_MODEL]) as model:
        settings = {
            "program": str(runtime.program()),
            "folder": str(tmp_path_factory.mktemp(runtime.name)),
            "baseUrl": model.base_url,
            "model": MODEL_ID,
            "smallModel": SMALL_MODEL,
            "streamed": STREAMED,
            "summary": SUMMARY,
            "mcpServer": {"command": sys.executable, "args": ["-S", str(MCP_SERVER)]},
        }
        with subprocess.Popen(
            [node, SCRIPT, installed_node_sdk(), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield Tour(process)


@pytest.mark.parametrize("stop", STOPS)
def test_at_each_stop(tour: Tour, stop: str) -> None:
    error = tour.reach(stop)
    assert not error, error
