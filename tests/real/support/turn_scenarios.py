"""Scenarios about turns: text, tools, errors, and messages that cross one another."""

from __future__ import annotations

from tests.real.support.rawrpc import Json
from tests.real.support.stage import MODEL_ID, Scenario, Stage
from tests.support.model_server import Failure, Reply, ToolCall, Usage

DELTAS = 200
WEATHER: Json = {
    "name": "weather",
    "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def word_chunks(number: int) -> list[str]:
    """That many chunks of text, as a model would stream them."""
    return [f"word{index} " for index in range(number)]


async def streamed_turn(stage: Stage) -> None:
    """A plain turn with many deltas: the one that is kept whole."""
    session = await stage.create()
    usage = Usage(prompt_tokens=1200, completion_tokens=DELTAS, cached_tokens=800)
    await stage.turn(session, "Count for me.", Reply(word_chunks(DELTAS), usage=usage))


async def plain_turns(stage: Stage) -> None:
    """Reasoning, several turns in one session, a session that does not stream, attachments."""
    session = await stage.create()
    await stage.turn(session, "Say hello.", Reply(["Hel", "lo."], reasoning=["A greeting ", "is asked for."]))
    await stage.turn(session, "Once more, été 🎉.", Reply("Hello \u2028again, été 🎉."))
    notes = stage.folder / "notes.txt"
    notes.write_text("first line\nsecond line\n")
    attachments = [
        {"type": "file", "path": str(notes), "displayName": "notes.txt"},
        {"type": "directory", "path": str(stage.folder), "displayName": "project"},
        {
            "type": "selection",
            "filePath": str(notes),
            "displayName": "notes.txt",
            "text": "first line",
            "selection": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 10}},
        },
    ]
    await stage.turn(session, "Read these.", Reply("They are read."), attachments=attachments)
    quiet = await stage.create(streaming=False)
    await stage.turn(quiet, "Say hello.", Reply("Hello.", reasoning="A greeting."))


async def external_tools(stage: Stage) -> None:
    """Tools that the client runs: approved, rejected, failing, called twice at once."""
    stage.tools["weather"] = lambda arguments: f"Sun in {arguments.get('city')}."
    stage.tools["report"] = lambda arguments: {
        "textResultForLlm": "The report is written.",
        "resultType": "success",
        "sessionLog": "A report was written.",
        "toolTelemetry": {"metrics": {"pages": 2}},
    }
    stage.tools["fail"] = lambda arguments: {
        "textResultForLlm": "No luck.",
        "resultType": "failure",
        "error": "The machine is off.",
    }
    stage.tools["crash"] = crash
    others: list[Json] = [
        {"name": name, "description": f"Does {name}.", "parameters": {"type": "object", "properties": {}}}
        for name in ("report", "fail", "crash")
    ]
    session = await stage.create(tools=[WEATHER, *others])
    rome, oslo = ToolCall("weather", {"city": "Rome"}), ToolCall("weather", {"city": "Oslo"})
    await stage.turn(
        session, "Weather of two cities?", Reply("Let me look.", tool_calls=[rome, oslo]), Reply("Sun.")
    )
    calls = [ToolCall(name) for name in ("report", "fail", "crash")]
    await stage.turn(session, "Try them all.", Reply(tool_calls=calls), Reply("One worked."))
    stage.decisions.extend([{"kind": "reject", "feedback": "Not that city."}, {"kind": "reject"}])
    await stage.turn(session, "Rome, rejected.", Reply(tool_calls=[rome]), Reply("Then not."))
    await stage.turn(session, "Oslo, rejected without a word.", Reply(tool_calls=[oslo]))
    stage.decisions.append(
        {"kind": "approve-for-session", "approval": {"kind": "custom-tool", "toolName": "weather"}}
    )
    await stage.turn(
        session, "Rome again.", Reply(tool_calls=[rome]), Reply(tool_calls=[oslo]), Reply("Sun twice.")
    )
    broken = ToolCall("weather", '{"city": ')
    await stage.turn(session, "Broken arguments.", Reply(tool_calls=[broken]), Reply("That was broken."))
    await stage.turn(
        session, "Unknown tool.", Reply(tool_calls=[ToolCall("nowhere")]), Reply("There is none.")
    )


def crash(arguments: Json) -> object:
    """A tool that raises."""
    raise ValueError("the tool broke")


async def builtin_tools(stage: Stage) -> None:
    """The tools that the CLI brings along: shell, files, search, SQL."""
    session = await stage.create()
    path = str(stage.folder / "poem.txt")
    steps = [
        ToolCall("create", {"path": path, "file_text": "roses\nviolets\n"}),
        ToolCall("view", {"path": path}),
        ToolCall("edit", {"path": path, "old_str": "roses", "new_str": "tulips"}),
        ToolCall("view", {"path": str(stage.folder / "missing.txt")}),
        ToolCall("bash", {"command": "echo one; echo two >&2; exit 3", "description": "Two lines"}),
        ToolCall("bash", {"command": "cat", "description": "Wait", "mode": "async", "shellId": "cat-1"}),
        ToolCall("list_bash"),
        ToolCall("stop_bash", {"shellId": "cat-1"}),
        ToolCall("grep", {"pattern": "tulips", "output_mode": "content", "-n": True}),
        ToolCall("glob", {"pattern": "*.txt"}),
        ToolCall("sql", {"description": "Make a table", "query": "CREATE TABLE pets (name TEXT)"}),
        ToolCall(
            "sql", {"description": "Todo", "query": "INSERT INTO todos (id, title) VALUES ('one', 'Water')"}
        ),
    ]
    replies = [Reply(tool_calls=[step]) for step in steps]
    await stage.turn(session, "Work through the list.", *replies, Reply("All done."))
    for method in ("plan.readSqlTodos", "workspaces.listFiles", "usage.getMetrics", "metadata.activity"):
        await stage.call(f"session.{method}", {"sessionId": session})
    denied = await stage.create(requestPermission=False)
    await stage.turn(
        denied, "Touch a file.", Reply(tool_calls=[ToolCall("bash", {"command": "touch a"})]), Reply("No.")
    )


async def abort(stage: Stage) -> None:
    """A turn that is ended while the model speaks."""
    session = await stage.create()
    reply = Reply(word_chunks(6), hold=stage.hold(), hold_after=3)
    start = await stage.send(session, "Talk without end.", reply)
    await stage.event(session, "assistant.message_delta", after=start)
    await stage.call("session.abort", {"sessionId": session, "reason": "user_initiated"})
    await stage.idle(session, after=start)


async def queue(stage: Stage) -> None:
    """Messages that come in while a turn runs: queued, steering, taken back."""
    session = await stage.create()
    hold = stage.hold()
    start = await stage.send(
        session, "The first.", Reply(["Slowly ", "spoken."], hold=hold, hold_after=1), Reply("Two.")
    )
    await stage.event(session, "assistant.message_delta", after=start)
    await stage.send(session, "The second.", mode="enqueue")
    await stage.send(session, "In between.", mode="immediate")
    await stage.call("session.queue.pendingItems", {"sessionId": session})
    await stage.send(session, "The third.", mode="enqueue")
    await stage.call("session.queue.removeMostRecent", {"sessionId": session})
    await stage.call("session.metadata.isProcessing", {"sessionId": session})
    hold.set()
    await stage.idle(session, after=start)


async def model_errors(stage: Stage) -> None:
    """Errors of the model: retried, given up on, an answer cut short by its length."""
    session = await stage.create()
    busy = Failure(429, "The scripted model is busy.", {"retry-after": "0"})
    await stage.turn(session, "Once busy.", busy, Reply("Back again."))
    await stage.turn(session, "Refused.", Failure(400, "The scripted model refuses."))
    await stage.turn(session, "Unknown.", Failure(404, "The scripted model is unknown."))
    await stage.turn(
        session, "Too long.", Reply("The beginning,", finish_reason="length"), Reply(" and the end.")
    )
    await stage.turn(
        session, "Filtered.", Reply("", finish_reason="content_filter"), Reply("Something else.")
    )
    await stage.turn(await stage.create(provider=None, model=MODEL_ID), "No provider.")


TURN_SCENARIOS: tuple[Scenario, ...] = (
    plain_turns,
    external_tools,
    builtin_tools,
    abort,
    queue,
    model_errors,
)
