"""A fresh interpreter for every sample."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

Metrics: TypeAlias = dict[str, float]

FOLDER = Path(__file__).resolve().parent
PEER = [sys.executable, "-I", "-S", str(FOLDER / "peer.py")]
WORKER = "from benchmarks.worker import main; main()"
_SAMPLE_TIMEOUT = 120.0


class SampleFailed(Exception):
    """A sample ended without a result; the text has what it wrote to stderr."""


def sample(side: str, case: str, bytecode: Path) -> Metrics:
    """Runs a case in an interpreter of its own.

    Args:
        side: `ours` or `official`.
        case: A case of `benchmarks.worker`.
        bytecode: Where compiled modules are kept, so that no sample but the first compiles anything.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(bytecode)
    done = subprocess.run(
        [sys.executable, "-c", WORKER, side, case, *PEER],
        cwd=FOLDER.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SAMPLE_TIMEOUT,
        check=False,
    )
    if done.returncode != 0:
        raise SampleFailed(f"{case} of {side} ended with code {done.returncode}:\n{done.stderr}")
    metrics: Metrics = json.loads(done.stdout.splitlines()[-1])
    return metrics
