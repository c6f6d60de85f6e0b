"""Plays all scenarios against the real CLI and keeps what it sent as test data.

    python -m tests.real.support.cli
    python -m tests.real.support.netns python -m tests.real.support.record

tests/data/frames/README.md describes the files that this writes.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.real.support.account import TOKEN, account
from tests.real.support.cli import VERSION, cache_folder
from tests.real.support.netns import is_isolated
from tests.real.support.odd_scenarios import ODD_SCENARIOS
from tests.real.support.rawrpc import Frame, Json
from tests.real.support.redact import Redactor
from tests.real.support.session_files import session_files
from tests.real.support.session_scenarios import SESSION_SCENARIOS
from tests.real.support.signed_in import signed_in
from tests.real.support.stage import Scenario, Stage
from tests.real.support.survey import survey
from tests.real.support.turn_scenarios import TURN_SCENARIOS, streamed_turn

PROJECT = Path(__file__).resolve().parents[3]
FRAMES = PROJECT / "tests" / "data" / "frames"
SCENARIO_SECONDS = 300.0
FIRST_EVENTS = 400
KEPT_PER_LABEL = 5
LARGE_BYTES = 8_000
KEPT_LARGE = 3


async def record(folder: Path) -> tuple[list[Frame], Redactor]:
    """Plays every scenario in `folder`; returns the frames and what cleans them."""
    frames: list[Frame] = []
    names = machine_names(folder)
    said: list[object] = []
    plays = (*TURN_SCENARIOS, *SESSION_SCENARIOS, *ODD_SCENARIOS, survey, streamed_turn)
    with account() as served:
        environment = {**os.environ, **served, "COPILOT_GITHUB_TOKEN": TOKEN}
        names |= dict.fromkeys(served.values(), "http://127.0.0.1:5000")
        for scenarios, variables in (
            (plays, os.environ),
            ((session_files,), os.environ),
            ((signed_in,), environment),
        ):
            async with Stage.open(folder, variables) as stage:
                await stage.call("connect")
                for scenario in scenarios:
                    await play(stage, scenario)
                frames += stage.client.frames
                names |= model_names(stage.model.base_url)
                said += stage.said
    return frames, Redactor(names, said)


async def play(stage: Stage, scenario: Scenario) -> None:
    """Plays one scenario and says how many frames it brought."""
    before = len(stage.client.frames)
    stage.begin(scenario.__name__)
    async with asyncio.timeout(SCENARIO_SECONDS):
        await scenario(stage)
    print(f"{scenario.__name__}: {len(stage.client.frames) - before} frames")


def model_names(url: str) -> dict[str, str]:
    """The neutral address for that of a model server, whole and without its scheme."""
    return {
        url: "http://127.0.0.1:4000/v1",
        url.removeprefix("http://").removesuffix("/v1"): "127.0.0.1:4000",
    }


def machine_names(folder: Path) -> dict[str, str]:
    """What must not be kept of this machine, and what stands in its place."""
    return {
        str(Path.home()): "/home/user",
        str(folder): "/home/user/project",
        str(cache_folder()): "/opt/copilot",
        str(PROJECT): "/home/user/copilot-sdk",
        sys.executable: "/usr/bin/python3",
        tempfile.gettempdir(): "/var/tmp",
        socket.gethostname(): "host",
    }


def cleaned(frames: Iterable[Frame], redactor: Redactor) -> Iterator[Frame]:
    """The frames as they may be kept."""
    for frame in frames:
        if frame.kind == "error" and isinstance(frame.payload, dict):
            payload: object = redactor.clean_error(frame.payload)
        else:
            payload = redactor.clean(frame.payload)
        yield Frame(frame.scenario, frame.kind, frame.method, payload)


def label(frame: Frame) -> str:
    """What a frame is an example of: an event type, a hook, or a method."""
    payload = frame.payload
    if frame.kind == "event" and isinstance(payload, dict):
        return str(payload["event"]["type"])
    if frame.method == "hooks.invoke" and isinstance(payload, dict):
        return f"hooks.invoke {payload['hookType']}"
    return f"{frame.kind} {frame.method}"


def shapes(value: object, place: str = "") -> Iterator[str]:
    """Each place in a JSON value with the type of what stands there, items of an array taken as one."""
    yield f"{place} {type(value).__name__}"
    if isinstance(value, dict):
        for name, member in value.items():
            yield from shapes(member, f"{place}/{name}")
    elif isinstance(value, list):
        for item in value:
            yield from shapes(item, f"{place}/*")


def sampled(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames without most of the repetitions; what looks like none before is no repetition."""
    seen: Counter[str] = Counter()
    known: defaultdict[str, set[str]] = defaultdict(set)
    large: Counter[str] = Counter()
    events = 0
    for frame in frames:
        name = label(frame)
        events += frame.kind == "event"
        seen[name] += 1
        is_large = len(json.dumps(frame.payload)) > LARGE_BYTES
        large[name] += is_large
        wanted = seen[name] <= KEPT_PER_LABEL or (frame.kind == "event" and events <= FIRST_EVENTS)
        new = set(shapes(frame.payload)) - known[name]
        if new or (wanted and not (is_large and large[name] > KEPT_LARGE)):
            known[name] |= new
            yield frame


def whole_turn(frames: Iterable[Frame]) -> Iterator[Json]:
    """All events of the session that streams, as the CLI sent them."""
    session: object = None
    for frame in frames:
        if frame.scenario != streamed_turn.__name__ or not isinstance(frame.payload, dict):
            continue
        if frame.method == "session.create":
            session = frame.payload["sessionId"]
        if frame.kind == "event" and frame.payload["sessionId"] == session:
            yield frame.payload


def dump(value: object) -> str:
    """One line of JSON, in ASCII: readers differ in what ends a line beyond it."""
    return json.dumps(value, separators=(",", ":")) + "\n"


def write(frames: list[Frame], redactor: Redactor) -> None:
    """Writes both files; refuses where a name of the machine is left."""
    kept: list[Json] = [
        {"scenario": frame.scenario, "kind": frame.kind, "method": frame.method, "payload": frame.payload}
        for frame in sampled(frames)
    ]
    turn: list[Json] = [
        {"jsonrpc": "2.0", "method": "session.event", "params": params} for params in whole_turn(frames)
    ]
    packed, plain = "".join(map(dump, kept)), "".join(map(dump, turn))
    if leaks := redactor.leaks(packed + plain):
        raise RuntimeError(f"these names of the machine are still in the frames: {leaks}")
    FRAMES.mkdir(parents=True, exist_ok=True)
    (FRAMES / f"cli-{VERSION}.jsonl.gz").write_bytes(gzip.compress(packed.encode(), mtime=0))
    (FRAMES / "turn.jsonl").write_text(plain)
    summarise(kept, turn, frames)


def summarise(kept: list[Json], turn: list[Json], frames: list[Frame]) -> None:
    """Prints the counts that tell whether a recording is complete."""
    types = {label(frame) for frame in frames if frame.kind == "event"}
    for kind, what in (
        ("result", "methods answered"),
        ("error", "methods refused"),
        ("request", "methods asked"),
    ):
        print(f"{what}: {len({frame.method for frame in frames if frame.kind == kind})}")
    print(f"event types: {len(types)}; frames: {len(frames)} seen, {len(kept)} kept, {len(turn)} in the turn")


def main() -> int:
    """Records and writes; returns the exit code."""
    if not is_isolated():
        print(
            "The CLI runs without a network only: python -m tests.real.support.netns COMMAND", file=sys.stderr
        )
        return 1
    folder = Path.home() / "project"
    folder.mkdir()
    frames, redactor = asyncio.run(record(folder))
    write(list(cleaned(frames, redactor)), redactor)
    return 0


if __name__ == "__main__":
    sys.exit(main())
