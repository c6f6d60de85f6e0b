"""Runs one fault on one side, in a process of its own with a hard time limit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.plan import Fault
from tests.faults.programs import is_alive

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 20.0
_LINGER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one thing that the program did."""

    seconds: float
    error: str | None
    text: str | None
    result: str | None


@dataclass(slots=True)
class Outcome:
    """What became of one fault.

    Attributes:
        steps: What the program did, in order.
        hangs: The step that did not end within the limit, or `the program`.
        exit_code: Of the program's process.
        sent: Identifiers of the events that the peer sent where they can be read, in order.
        seen: Identifiers of the events that the program was called with.
        told: What the peer was told in answer to events and requests.
        notes: What else the program saw.
        extra: How often the second subscriber was called.
        complaints: What reached the event loop because nobody handled it.
        left: Whether the peer lived on.
        errors: The end of what the program wrote to stderr.
    """

    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    hangs: str | None = None
    exit_code: int | None = None
    sent: list[str] = field(default_factory=list[str])
    seen: list[str] = field(default_factory=list[str])
    told: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    extra: int = 0
    complaints: list[str] = field(default_factory=list[str])
    left: bool = False
    errors: str = ""


def play(side: str, fault: Fault, limit: float = LIMIT) -> Outcome:
    """Runs a fault and looks at what is left."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        journal.touch()
        command = [sys.executable, *fault.flags, "-m", "tests.faults.worker", side, fault.name, str(journal)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
        # Files: somebody who lives on would hold pipes open.
        with (Path(folder) / "output").open("wb") as stdout, (Path(folder) / "errors").open("wb") as stderr:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**environment, "HOME": folder},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        hung = False
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            hung = True
            process.kill()
        entries = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
        left = ends_up_killed(next((entry["pid"] for entry in entries if "pid" in entry), None))
        process.wait()
        output, errors = (Path(folder) / "output").read_text(), (Path(folder) / "errors").read_text()
    outcome = Outcome(exit_code=process.returncode, left=left and not hung, errors=errors[-4000:])
    read_accounts(outcome, [json.loads(line) for line in output.splitlines()], hung=hung)
    outcome.sent = [entry["sent"] for entry in entries if "sent" in entry]
    outcome.told = list(answers(entries))
    return outcome


def ends_up_killed(pid: int | None) -> bool:
    """Whether the peer still runs a moment after the program; then it is killed."""
    deadline = time.monotonic() + _LINGER_SECONDS
    while pid is not None and is_alive(pid):
        if time.monotonic() > deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return True
        time.sleep(0.01)
    return False


def read_accounts(outcome: Outcome, lines: list[dict[str, Any]], *, hung: bool) -> None:
    begun = None
    for line in lines:
        outcome.seen = line.get("seen", outcome.seen)
        if "begins" in line:
            begun = line["begins"]
        elif "step" in line:
            begun = None
            outcome.steps[line["step"]] = Step(line["seconds"], line["error"], line["text"], line["result"])
        else:
            outcome.notes, outcome.complaints, outcome.extra = (
                line["notes"],
                line["complaints"],
                line["extra"],
            )
    if hung:
        outcome.hangs = begun or "the program"


def answers(entries: list[dict[str, Any]]) -> Iterator[str]:
    """What the peer was told, in the words of the table."""
    for entry in entries:
        if "asked" in entry:
            yield f"{entry['asked']} is answered with {entry['answer']}"
        elif "told" in entry:
            params = entry["params"]
            result = params.get("result")
            if isinstance(result, dict):
                said = result.get("resultType") or result.get("kind")
            else:
                said = "failure" if params.get("error") is not None else "success"
            yield f"the runtime is told `{said}`"
