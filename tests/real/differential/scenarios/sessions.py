"""Sessions: from their beginning to their end, and what is kept of them."""

from __future__ import annotations

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.support.stage import items
from tests.real.support.turn_scenarios import WEATHER
from tests.support.model_server import Reply, ToolCall

SESSIONS = Area("Sessions and their history")


@SESSIONS.scenario(
    known(
        "What a session has used is told by the CLI in more ways than one, some of them for its own "
        "accounts.",
        "reply session.getMessages /events/*/data/*",
    ),
    known(
        "A client that gives no name is called `sdk` by the CLI, and has no name in the reference runtime.",
        "reply session.getMetadata /session/clientName: cli only",
    ),
)
async def a_session_that_is_left_and_taken_up(actor: Actor) -> None:
    """A session is left, resumed, asked again, and its messages are read."""
    session = await actor.create()
    await actor.turn(session, "Remember seven.", Reply("Seven is remembered."))
    await actor.of(session, "detach")
    await actor.of(session, "resume", **actor.session_options())
    await actor.turn(session, "Which number?", Reply("Seven."))
    await actor.of(session, "getMessages")
    await actor.of(session, "getMetadata")


@SESSIONS.scenario(
    known(
        "The CLI repeats `continuePendingWork` where it is false.",
        "event session.resume /data/continuePendingWork: cli only",
    ),
)
async def a_call_that_was_pending_when_the_client_left(actor: Actor) -> None:
    """A tool is asked for, the session is left before the answer, and resumed with the work going on."""
    session = await actor.create(tools=[{**WEATHER, "skipPermission": True}])
    actor.tools["weather"] = lambda arguments: "never"
    hold = actor.hold()
    call = ToolCall("weather", {"city": "Rome"}, "call-1")
    start = await actor.send(
        session, "Weather?", Reply("Looking.", tool_calls=[call], hold=hold, hold_after=1)
    )
    await actor.event(session, "assistant.message_delta", after=start)
    await actor.of(session, "detach")
    await actor.of(session, "resume", **actor.session_options(), continuePendingWork=False)
    await actor.turn(session, "And?", Reply("Nothing."))


@SESSIONS.scenario(
    known(
        "The CLI has a foreground only beside its own screen; the reference runtime keeps it for every"
        " client.",
        "reply session.setForeground *",
        "reply session.getForeground *",
        "notification session.lifecycle session.foreground: ours only",
    ),
    known(
        "What is stored holds records of use in the CLI; cursors mean nothing to anybody else.",
        "reply sessions.readPersistedEvents /events/session.usage_record: cli only",
        "reply sessions.readPersistedEvents /events/system.message/data/*",
        "reply sessions.readPersistedEvents /cursor: value",
    ),
    known(
        "Whether the newest note is stored yet is a matter of time.",
        "reply sessions.readPersistedEvents /events/session.info: *",
        sometimes=True,
    ),
)
async def sessions_that_are_listed(actor: Actor) -> None:
    """A session is named, listed, found and measured, with and without a turn behind it."""
    session = await actor.create()
    await actor.turn(session, "Plant a tree.", Reply("It is planted."))
    await actor.of(session, "name.get")
    await actor.of(session, "name.set", name="The garden")
    await actor.of(session, "name.get")
    await actor.of(session, "name.setAuto", summary="A tree")
    await actor.of(session, "log", message="A note in the log.", level="info")
    await actor.call("session.getLastId")
    await actor.of(session, "setForeground")
    await actor.call("session.getForeground")
    await actor.call("sessions.findByPrefix", {"prefix": session[:8]})
    await actor.call("sessions.findByTaskId", {"taskId": "no-task"})
    await actor.call("sessions.checkInUse", {"sessionIds": [session]})
    await actor.call("sessions.getClientMetadata", {"sessionIds": [session]})
    await actor.call("sessions.getEventFilePath", {"sessionId": session})
    await actor.call("sessions.getPersistedRemoteSteerable", {"sessionId": session})
    await actor.call("sessions.readPersistedEvents", {"sessionId": session})
    await actor.call("sessions.save", {"sessionId": session})


@SESSIONS.scenario(
    known(
        "Texts of refusals differ.",
        "reply session.delete /error: value",
    ),
    known(
        "The reference runtime says when a deleted session began; the CLI says its id.",
        "notification session.lifecycle session.deleted: *",
    ),
)
async def sessions_that_end(actor: Actor) -> None:
    """Each way to end a session, what is told of it, and what can be done with it afterwards."""
    for method in ("session.suspend", "session.destroy", "session.detach"):
        session = await actor.create()
        await actor.turn(session, "Hi.", Reply("Hello."))
        await actor.call(method, {"sessionId": session})
        await actor.of(session, "resume", **actor.session_options())
    for method in ("sessions.releaseLock", "sessions.close", "session.delete", "sessions.delete"):
        session = await actor.create()
        await actor.turn(session, "Hi.", Reply("Hello."))
        await actor.call(method, {"sessionId": session})
    await actor.of("no-session", "resume")
    await actor.of("no-session", "mode.get")
    await actor.of("no-session", "delete")
    await actor.call("sessions.bulkDelete", {"sessionIds": ["no-session"]})
    await actor.call("sessions.pruneOld", {"olderThanDays": 365, "dryRun": True})
    await actor.call("session.create", {"sessionId": "../evil"})


@SESSIONS.scenario()
async def an_id_of_its_own(actor: Actor) -> None:
    """A session has the id that its client wants, and is created a second time."""
    session = await actor.create(sessionId="the-garden", clientName="tests")
    await actor.create(sessionId=session)
    await actor.turn(session, "Hi.", Reply("Hello."))


@SESSIONS.scenario(
    known(
        "Cursors and handles mean nothing to anybody but who gave them.",
        "reply session.eventLog.tail /cursor: value",
        "reply session.eventLog.read /cursor: value",
        "reply session.eventLog.registerInterest /handle: value",
    ),
)
async def a_log_that_is_read(actor: Actor) -> None:
    """Events are read page by page, from the end, and from a cursor that is not known."""
    session = await actor.create()
    await actor.turn(session, "Hi.", Reply("Hello."))
    tail = await actor.of(session, "eventLog.tail")
    await actor.of(session, "eventLog.read", cursor=tail.get("cursor"), max=5)
    await actor.of(session, "eventLog.read", cursor="nowhere", types=["user.message"])
    interest = await actor.of(session, "eventLog.registerInterest", eventType="mcp.oauth_required")
    await actor.of(session, "eventLog.releaseInterest", handle=interest.get("handle"))
    await actor.of(session, "eventLog.releaseInterest", handle="no-handle")
    (actor.folder / "more.txt").write_text("More.\n")
    more = {"kind": "file", "path": str(actor.folder / "more.txt"), "bundlePath": "more.txt"}
    target = {"kind": "directory", "outputDirectory": str(actor.folder / "logs")}
    await actor.of(session, "debug.collectLogs", destination=target, additionalEntries=[more])
    actor.note("collected", sorted(path.name for path in (actor.folder / "logs").iterdir()))


async def stories(actor: Actor, session: str) -> None:
    """Three turns."""
    for number in ("one", "two", "three"):
        await actor.turn(session, f"Tell story {number}.", Reply(f"Story {number} is told."))


@SESSIONS.scenario(
    known(
        "The system message is another one.",
        "reply session.getMessages /events/*/data/*",
    ),
)
async def a_history_that_is_cut(actor: Actor) -> None:
    """The last of three turns is cut off, and the session asked what it knows."""
    session = await actor.create()
    await stories(actor, session)
    events = items(await actor.of(session, "getMessages"), "events")
    asked = [event for event in events if event["type"] == "user.message"]
    await actor.of(session, "history.truncate", eventId=asked[-1]["id"])
    await actor.of(session, "history.truncate", eventId="no-event")
    await actor.turn(session, "How many?", Reply("Two."))


@SESSIONS.scenario(
    known(
        "Summaries are of different lengths, and counted as the CLI counts them or not.",
        "*/tokensRemoved: value",
        "event session.compaction_complete /data/compactionTokensUsed/*: cli only",
        "event session.compaction_complete /data/checkpointPath: value",
        "event session.usage_info /data/messagesLength: value",
        "event session.usage_checkpoint: cli only",
    ),
)
async def a_history_that_is_compacted(actor: Actor) -> None:
    """Three turns become a summary; the session goes on, and is handed over."""
    session = await actor.create()
    await stories(actor, session)
    actor.script.answers.append(Reply("Three stories were told."))
    await actor.of(session, "history.compact")
    await actor.turn(session, "How many?", Reply("Three."))
    await actor.of(session, "history.summarizeForHandoff")
    await actor.of(session, "history.cancelBackgroundCompaction")
    await actor.of(session, "history.abortManualCompaction")


@SESSIONS.scenario(
    known(
        "The CLI restores files only in a Git repository, and counts its own records among the events.",
        "reply session.history.listRewindPoints /points/*/canRestoreFiles: value",
        "*/eventsRemoved: value",
    ),
)
async def a_history_that_is_rewound(actor: Actor) -> None:
    """The points to go back to are listed, one is looked at and taken; a fork keeps all."""
    session = await actor.create(enableFileChangeTracking=True)
    await stories(actor, session)
    points = items(await actor.of(session, "history.listRewindPoints"), "points")
    event = points[-1]["eventId"] if points else "none"
    await actor.of(session, "history.previewRewind", eventId=event)
    fork = await actor.call("sessions.fork", {"sessionId": session, "name": "Forked"})
    actor.take.names[str(fork.get("sessionId"))] = "<fork>"
    await actor.of(session, "history.rewind", eventId=event, mode="conversation")
    await actor.turn(session, "How many?", Reply("Two."))


@SESSIONS.scenario(
    known(
        "The CLI accounts for credits, agents and providers.",
        "reply session.usage.getMetrics /*",
    ),
    known(
        "The reference runtime keeps the title of a session as its summary, the CLI as the name of its"
        " workspace; and it has no search index.",
        "reply session.metadata.snapshot /*",
    ),
    known(
        "The heaviest message depends on what was put around the prompt.",
        "reply session.metadata.getContextHeaviestMessages /messages/*",
    ),
    known(
        "Tokens are estimates.",
        "reply session.metadata.recomputeContextTokens /*",
        "reply session.metadata.getContextAttribution /contextAttribution/*",
    ),
    known(
        "The CLI counts the hooks of plugins, and tells each change of its folder.",
        "reply session.options.update /pluginHookCount: cli only",
        "event session.context_changed: cli only",
    ),
)
async def what_a_session_tells_of_itself(actor: Actor) -> None:
    """Its folder, its activity, its use of the model, before and after a turn."""
    session, path = await actor.create(), str(actor.folder)
    for _ in range(2):
        await actor.of(session, "metadata.snapshot")
        await actor.of(session, "metadata.isProcessing")
        await actor.of(session, "metadata.activity")
        await actor.of(session, "usage.getMetrics")
        await actor.turn(session, "Hi.", Reply("Hello."))
    await actor.of(session, "metadata.getContextAttribution")
    await actor.of(session, "metadata.getContextHeaviestMessages", limit=1)
    await actor.of(session, "metadata.contextInfo", promptTokenLimit=100_000, outputTokenLimit=8_000)
    await actor.of(session, "metadata.recordContextChange", context={"cwd": path})
    await actor.of(session, "metadata.recomputeContextTokens", modelId="scripted-model")
    await actor.of(session, "metadata.setWorkingDirectory", workingDirectory=path)
    await actor.of(session, "telemetry.getEngagementId")
    await actor.of(session, "telemetry.setFeatureOverrides", features={"one": "on"})
    await actor.of(session, "options.update", clientName="tests")


@SESSIONS.scenario(
    known(
        "The CLI ends a session that is live before it opens it again; the reference runtime joins it.",
        "event session.resume /data/sessionWasActive: value",
        "event session.managed_settings_resolved: cli only",
    ),
)
async def sessions_that_are_opened(actor: Actor) -> None:
    """A session is opened in each way that needs no service."""
    session = await actor.create()
    await actor.turn(session, "Hi.", Reply("Hello."))
    opened: Json = {"kind": "resume", "sessionId": session}
    await actor.call("sessions.open", opened)
    await actor.call("sessions.open", {"kind": "resumeLast"})
    await actor.call("sessions.getLastForContext", {"context": {"cwd": str(actor.folder)}})
    await actor.call("sessions.enrichMetadata", {"sessions": []})
    await actor.call("sessions.reindex")
