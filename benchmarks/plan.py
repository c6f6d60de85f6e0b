"""What is measured, in the order of the table, and which of the metrics of a sample are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BOTH = ("ours", "official")
OURS = ("ours",)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One case and the rows that it gives.

    Args:
        case: The case of `benchmarks.worker`, `benchmarks.steady` or `benchmarks.servers`.
        title: What is measured.
        rows: Metrics of the sample, with their labels.
        sides: Who takes part.
        samples: How many processes per side; the least of each metric counts: what disturbs a sample only adds to it.
        aims: For metrics that are to be better by a certain factor, that factor.
        compiling: How many more come first and do not count: they leave compiled modules behind.
        of_servers: Whether it is a case of `benchmarks.servers`: the reference runtime beside the CLI.
    """

    case: str
    title: str
    rows: dict[str, str]
    sides: tuple[str, ...] = BOTH
    samples: int = 5
    aims: Mapping[str, float] = field(default_factory=dict[str, float])
    compiling: int = 0
    of_servers: bool = False


STARTUP_ROWS = {
    "cpu_ms": "CPU ms",
    "rss_mib": "memory MiB",
    "modules": "modules loaded",
    "classes": "classes of the SDK defined",
    "models": "pydantic classes finished",
}
EVENT_ROWS = {"cpu_us": "CPU us per event", "wall_us": "wall us per event"}
CALL_ROWS = {"cpu_us": "CPU us per call", "wall_us": "wall us per call"}
STOP_ROWS = {"wall_ms": "wall ms"}
EVENT_AIMS = {"cpu_us": 4.0}

PLAN = (
    Measurement("import", "import the package", STARTUP_ROWS, samples=7, compiling=1),
    Measurement("client", "import the client class", {"cpu_ms": "CPU ms"}, samples=7, compiling=1),
    Measurement(
        "first_result", "import to the first decoded session.tasks.list", STARTUP_ROWS, samples=7, compiling=1
    ),
    Measurement("first_event", "import to the first decoded event", STARTUP_ROWS, samples=7, compiling=1),
    Measurement("first_ping", "import, connect, ping", {"cpu_ms": "CPU ms"}, samples=7, compiling=1),
    Measurement(
        "first_call",
        "import, connect, session.create, session.tasks.list",
        STARTUP_ROWS,
        samples=7,
        compiling=1,
    ),
    Measurement(
        "decode_turn",
        "decode the events of a streamed turn",
        {"cpu_us": "CPU us per event", "json_us": "json.loads alone, us", "events": "events"},
    ),
    Measurement(
        "decode_broad",
        "decode the broad recording",
        {"cpu_us": "CPU us per event", "json_us": "json.loads alone, us", "events": "events"},
    ),
    Measurement(
        "decode_unpublished",
        "decode events that no runtime publishes",
        {"cpu_us": "CPU us per event", "events": "events"},
    ),
    Measurement("decode_lines", "message bytes to event, streamed turn", {"cpu_us": "CPU us per event"}),
    Measurement(
        "stream", "10,000 deltas to a subscriber of the session", EVENT_ROWS, aims=EVENT_AIMS, samples=3
    ),
    Measurement(
        "iterate", "10,000 deltas to who iterates over the turn", EVENT_ROWS, aims=EVENT_AIMS, samples=3
    ),
    Measurement(
        "answer", "10,000 deltas of a turn that is awaited alone", EVENT_ROWS, aims=EVENT_AIMS, samples=3
    ),
    Measurement("ping", "ping over stdio, one after another", CALL_ROWS, aims={"wall_us": 1.3}, samples=3),
    Measurement(
        "call",
        "session.tasks.list over stdio, one after another",
        CALL_ROWS,
        aims={"wall_us": 1.3},
        samples=3,
    ),
    Measurement(
        "concurrent",
        "session.tasks.list over stdio, 100 at a time",
        CALL_ROWS,
        aims={"wall_us": 3.0},
        samples=3,
    ),
    Measurement("stop", "leave the client, with a session", STOP_ROWS),
    Measurement("stop_dead", "the same, of a CLI that has died", STOP_ROWS),
    Measurement("memory", "untyped call, both ends in memory", CALL_ROWS, sides=OURS),
    Measurement(
        "large_frame",
        "ping of 64 MiB over stdio",
        CALL_ROWS,
        samples=3,
    ),
    Measurement(
        "acp_first_update",
        "ACP: import, connect, session/new, prompt to the first typed update",
        STARTUP_ROWS,
        aims={"cpu_ms": 3.0},
        samples=7,
        compiling=1,
    ),
    Measurement(
        "acp_updates",
        "ACP: 10,000 updates to who iterates over the turn",
        {"cpu_us": "CPU us per update", "wall_us": "wall us per update"},
        aims={"cpu_us": 4.0, "wall_us": 4.0},
        samples=3,
    ),
    Measurement(
        "acp_prompt",
        "ACP: prompts without updates, one after another",
        CALL_ROWS,
        samples=3,
    ),
    Measurement(
        "acp_request",
        "ACP: requests of an extension, one after another",
        CALL_ROWS,
        samples=3,
    ),
    Measurement(
        "acp_echo",
        "ACP: prompts to an echo on the same SDK, one after another",
        CALL_ROWS,
        aims={"wall_us": 2.0},
        samples=3,
    ),
    Measurement(
        "runtime_start",
        "server: start to the answers of connect and of session.create",
        {
            "connect_wall_ms": "wall ms, connect",
            "connect_cpu_ms": "CPU ms, connect",
            "create_wall_ms": "wall ms, session.create",
            "create_cpu_ms": "CPU ms, session.create",
            "rss_mib": "memory MiB then",
        },
        aims={"connect_cpu_ms": 1.0, "connect_wall_ms": 1.0},
        compiling=1,
        of_servers=True,
    ),
    Measurement(
        "runtime_ping",
        "server: ping over stdio, one after another",
        {"wall_us": "wall us per call", "cpu_us": "CPU us of the server"},
        aims={"wall_us": 1.0},
        samples=3,
        compiling=1,
        of_servers=True,
    ),
    Measurement(
        "runtime_sessions",
        "server: 1,000 sessions open",
        {"rss_mib": "memory MiB", "each_kib": "memory KiB per session", "cpu_ms": "CPU ms per session"},
        sides=OURS,
        samples=1,
        compiling=1,
        of_servers=True,
    ),
    Measurement(
        "runtime_deltas",
        "server: 10,000 deltas to 4 clients",
        {"wall_us": "wall us per delivery", "delivered": "delivered, all in order"},
        sides=OURS,
        samples=3,
        compiling=1,
        of_servers=True,
    ),
)
