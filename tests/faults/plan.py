"""The faults of the matrix, and what is to happen in copilot_sdk."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import programs
from tests.faults.programs import Program

LARGE_ANSWER = "67108864 characters"
GOOD = "the turn ends with its answer"
GONE = "the turn fails with `ConnectionClosed` within 2 s"
LATE = "the turn fails with `TurnTimeout` when its time is over"
OVER = "the connection is over"
CANCELLED = "the handler is cancelled when the client is stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row.

    Attributes:
        name: Its name, which the peer knows too.
        title: What goes wrong.
        ours: What happens in copilot_sdk, in the words of `describe`.
        peer: What the peer plays, where it is called otherwise.
        program: What is done with the client.
        turns: The number of turns.
        answer: What the last turn answers, where it is not the usual text.
        tool: What the program's tool does.
        permission: What the program's permission handler does.
        callback: What a second subscriber of all events does.
        turn_seconds: How long a turn may take.
        start_seconds: How long starting may take.
        flags: Options of the interpreter.
        closes_loop: Whether the event loop is closed in the middle of the turn.
        cut_short: Whether the program itself ends before all events are there.
        about_stopping: Whether the end of `stop` is what the row is about.
        quiet: Whether that the program ends is what the row is about.
        slow: Whether it takes too long for a test.
        official: What to write of the official SDK where no run can tell.
    """

    name: str
    title: str
    ours: str = GOOD
    peer: str | None = None
    program: Program = programs.one_turn
    turns: int = 1
    answer: str | None = None
    tool: str | None = None
    permission: str | None = None
    callback: str | None = None
    turn_seconds: float = 5.0
    start_seconds: float = 10.0
    flags: tuple[str, ...] = ()
    closes_loop: bool = False
    cut_short: bool = False
    about_stopping: bool = False
    quiet: bool = False
    slow: bool = False
    official: str | None = None


SECTIONS: dict[str, tuple[Fault, ...]] = {
    "The process and the bytes": (
        Fault(name="dies-in-turn", title="The CLI dies in the middle of a turn", ours=f"{GONE}; {OVER}"),
        Fault(
            name="dies-with-tool",
            title="The CLI dies while a tool runs",
            tool="kills",
            ours=f"{GONE}; the handler is cancelled; {OVER}",
        ),
        Fault(
            name="dies-in-call",
            title="The CLI dies before it answers a call",
            program=programs.call_only,
            ours=f"the call fails with `ConnectionClosed` within 2 s; {OVER}",
        ),
        Fault(name="dies-in-frame", title="The CLI dies in the middle of a frame", ours=f"{GONE}; {OVER}"),
        Fault(name="closes-stdout", title="The CLI closes its stdout and lives on", ours=f"{GONE}; {OVER}"),
        Fault(name="stray-line", title="A log line on stdout between two frames", ours=f"{GONE}; {OVER}"),
        Fault(name="no-length", title="A header without `Content-Length`", ours=f"{GONE}; {OVER}"),
        Fault(name="extra-headers", title="A frame with headers before and after `Content-Length`"),
        Fault(name="single-bytes", title="Frames that come byte by byte"),
        Fault(name="large-frame", title="A frame of 64 MiB", answer=LARGE_ANSWER, turn_seconds=30.0),
        Fault(name="broken-json", title="A frame whose body is broken JSON"),
        Fault(name="no-utf8", title="A frame whose body is no UTF-8"),
        Fault(name="no-object", title="A frame whose body is JSON, but no message"),
        Fault(name="no-params", title="A `session.event` without an event"),
        Fault(
            name="stops-reading",
            title="The CLI stops reading while a large prompt is sent, and is killed after the turn",
            program=programs.large_prompt,
            turn_seconds=0.5,
            about_stopping=True,
            ours=f"{LATE}; stopping ends within 1 s",
        ),
    ),
    "Replies": (
        Fault(name="unknown-reply", title="A reply to an id that nobody sent"),
        Fault(name="double-reply", title="Two replies to one request"),
        Fault(
            name="late-reply",
            title="A reply after the request's timeout",
            program=programs.late_reply,
            ours=f"the call fails with `RequestTimeout` within 2 s; {GOOD}",
        ),
        Fault(
            name="reversed-replies",
            title="Replies in another order than the requests",
            program=programs.pipelined,
            ours=f"each call gets its own answer; {GOOD}",
        ),
        Fault(
            name="empty-reply",
            title="A reply with neither a result nor an error",
            ours="the turn fails with `InvalidRequest` within 2 s",
        ),
    ),
    "Events": (
        Fault(name="unknown-event", title="An event of an unknown type"),
        Fault(name="unknown-enum", title="An unknown word of an enum in a known event"),
        Fault(name="wrong-type", title="A number where a known event has a text"),
        Fault(name="null-member", title="`null` where a known event has a text"),
        Fault(name="missing-member", title="A known event without a required member"),
        Fault(name="no-data", title="A known event without `data`"),
        Fault(name="no-uuid", title="An event whose `id` is no UUID"),
        Fault(name="bad-time", title="An event whose `timestamp` is no time"),
        Fault(name="malformed-answer", title="The agent's answer has a number as `messageId`"),
        Fault(name="malformed-idle", title="`session.idle` with data of other types"),
        Fault(name="sub-agent-idle", title="`session.idle` of a sub-agent in the turn"),
        Fault(
            name="earlier-idle",
            title="`session.idle` of the turn before, after the next prompt",
            program=programs.send_then_turn,
            turns=2,
        ),
        Fault(
            name="second-idle",
            title="A second `session.idle` of a finished turn, after the next prompt",
            program=programs.two_turns,
            turns=2,
        ),
        Fault(
            name="no-idle",
            title="A turn without `session.idle`",
            turn_seconds=0.5,
            ours=LATE,
        ),
        Fault(name="every-event-twice", title="Every event twice"),
        Fault(name="late-events", title="Events after `session.idle`"),
        Fault(name="early-events", title="The turn's events before the reply to the prompt"),
        Fault(
            name="slow-consumer",
            title="1000 events, and a reader that falls behind",
            program=programs.lagging,
            ours=f"{GOOD}; a reader with a buffer of 100 gets 100 events, then `EventBufferOverflow`",
        ),
    ),
    "Requests of the runtime": (
        Fault(
            name="unknown-method",
            title="A request with an unknown method",
            ours=f"{GOOD}; unknown.method is answered with -32601",
        ),
        Fault(
            name="unknown-hook",
            title="A hook of an unknown type",
            ours=f"{GOOD}; hooks.invoke is answered with -32601",
        ),
        Fault(
            name="no-user-input",
            title="A question to the user, and no handler for it",
            ours=f"{GOOD}; userInput.request is answered with -32601",
        ),
        Fault(
            name="unknown-permission",
            title="A permission of an unknown kind, and a handler that approves all",
            permission="plain",
            ours=f"{GOOD}; the runtime is told `approve-once`",
        ),
    ),
    "Functions of the program": (
        Fault(
            name="tool-raises",
            title="A tool raises",
            tool="raises",
            ours=f"{GOOD}; the runtime is told `failure`",
        ),
        Fault(
            name="tool-blocks",
            title="A plain tool blocks its thread",
            tool="blocks",
            ours=f"{GOOD}; the runtime is told `success`; the events go on meanwhile",
        ),
        Fault(
            name="tool-never-returns",
            title="A tool never returns",
            tool="never-returns",
            turn_seconds=0.5,
            ours=f"{LATE}; {CANCELLED}",
        ),
        Fault(
            name="tool-cancels",
            title="A tool raises `CancelledError`",
            tool="cancels",
            ours=f"{GOOD}; the runtime is told `failure`",
        ),
        Fault(
            name="tool-given-up",
            title="The runtime gives a call up while its tool runs",
            tool="never-returns",
            ours=f"{GOOD}; unknown.method is answered with -32601; the handler is cancelled",
        ),
        Fault(
            name="permission-raises",
            title="A permission handler raises",
            permission="raises",
            ours=f"{GOOD}; the runtime is told `user-not-available`",
        ),
        Fault(
            name="permission-blocks",
            title="A plain permission handler blocks its thread",
            permission="blocks",
            ours=f"{GOOD}; the runtime is told `approve-once`; the events go on meanwhile",
        ),
        Fault(
            name="permission-never-returns",
            title="A permission handler never returns",
            permission="never-returns",
            turn_seconds=0.5,
            ours=f"{LATE}; {CANCELLED}",
        ),
        Fault(
            name="permission-cancels",
            title="A permission handler raises `CancelledError`",
            permission="cancels",
            ours=f"{GOOD}; the runtime is told `user-not-available`",
        ),
        Fault(
            name="callback-raises",
            title="An event callback raises, another one counts",
            peer="healthy",
            callback="raises",
        ),
        Fault(
            name="callback-blocks",
            title="A plain event callback sleeps half a second",
            peer="healthy",
            callback="blocks",
        ),
        Fault(
            name="callback-cancels",
            title="An event callback raises `CancelledError`, another one counts",
            peer="healthy",
            callback="cancels",
        ),
        Fault(
            name="callback-never-returns",
            title="An async event callback never returns",
            peer="healthy",
            callback="never-returns",
            ours=f"{GOOD}; {CANCELLED}; stopping takes more than 1 s",
            official="not possible: callbacks are plain functions",
        ),
    ),
    "Beginning and end": (
        Fault(
            name="connect-error",
            title="The handshake is refused",
            program=programs.start_only,
            ours="starting fails with `InternalError` within 2 s",
        ),
        Fault(
            name="connect-version",
            title="The handshake tells another protocol version",
            program=programs.start_only,
            ours="starting fails with `ProtocolVersionMismatch` within 2 s",
        ),
        Fault(
            name="connect-exit",
            title="The CLI exits during the handshake",
            program=programs.start_only,
            ours="starting fails with `ConnectError` within 2 s",
        ),
        Fault(
            name="connect-silent",
            title="The handshake is never answered",
            program=programs.start_only,
            start_seconds=0.5,
            ours="starting fails with `ConnectError` when its time is over",
        ),
        Fault(name="optimized", title="A turn under `python -O`", peer="healthy", flags=("-O",)),
        Fault(
            name="optimized-death",
            title="The CLI dies in a turn under `python -O`",
            peer="dies-in-turn",
            flags=("-O",),
            ours=f"{GONE}; {OVER}",
        ),
        Fault(
            name="stop-healthy",
            title="The client is stopped",
            peer="healthy",
            program=programs.stop_only,
            about_stopping=True,
            ours="stopping ends within 1 s",
        ),
        Fault(
            name="stop-dead",
            title="The client is stopped after the CLI has died",
            peer="dies-in-turn",
            about_stopping=True,
            ours=f"{GONE}; {OVER}; stopping ends within 1 s",
        ),
        Fault(
            name="stop-deaf",
            title="The client is stopped while the CLI is frozen",
            program=programs.stop_only,
            about_stopping=True,
            slow=True,
            ours="stopping ends, later than after 1 s",
        ),
        Fault(
            name="loop-closed",
            peer="unfinished",
            title="The event loop is closed in the middle of a turn",
            closes_loop=True,
            cut_short=True,
            quiet=True,
            ours="the program ends",
        ),
        Fault(
            name="interrupted",
            title="Ctrl-C in the middle of a turn",
            peer="unfinished",
            program=programs.interrupted,
            cut_short=True,
            ours="the program ends with `KeyboardInterrupt` within 2 s",
        ),
    ),
}
FAULTS = {fault.name: fault for faults in SECTIONS.values() for fault in faults}
