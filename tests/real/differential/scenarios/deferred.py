"""What hosts do that run parts of a session themselves: its rest, its first model, its IDE and its canvases."""

from __future__ import annotations

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.support.model_server import Reply, ToolCall

DEFERRED = Area("Deferred")

_BOARD = {
    "id": "board",
    "displayName": "Board",
    "description": "A board of notes.",
    "actions": [{"name": "add", "description": "Adds a note."}],
}


async def _drain(actor: Actor, session: str, *, working: bool = False, pending: bool = False) -> None:
    await actor.of(session, "queue.beginDeferredIdleDrain", activeBackgroundWork=working)
    await actor.of(session, "queue.finishDeferredIdleDrain", activeBackgroundWork=working, hasPending=pending)


@DEFERRED.scenario()
async def a_rest_that_was_put_off(actor: Actor) -> None:
    """The end of the work is put off and worked off: with work, with a queue, with an abort, and through a turn."""
    session = await actor.create()
    await _drain(actor, session)
    for aborted in (False, True):
        await actor.of(session, "queue.deferSessionIdle", aborted=aborted)
        await _drain(actor, session, working=True)
        await _drain(actor, session, pending=True)
        await actor.of(session, "queue.beginDeferredIdleDrain", activeBackgroundWork=False)
        await _drain(actor, session)
        await _drain(actor, session)
    await actor.of(session, "queue.deferSessionIdle", aborted=False)
    await actor.call("session.abort", {"sessionId": session})
    await _drain(actor, session)
    await actor.of(session, "queue.deferSessionIdle", aborted=True)
    start = await actor.send(
        session, "Talk.", Reply(["One ", "two."], hold=(hold := actor.hold()), hold_after=1)
    )
    await actor.event(session, "assistant.message_delta", after=start)
    await _drain(actor, session)
    hold.set()
    await actor.idle(session, after=start)
    await _drain(actor, session)


@DEFERRED.scenario()
async def a_queue_that_stands_still(actor: Actor) -> None:
    """A queue that is paused is nothing to work off, and what wakes a session is not seen in it."""
    session = await actor.create()
    await actor.of(session, "queue.setDrainPaused", paused=True)
    await actor.of(session, "queue.deferSessionIdle", aborted=False)
    await _drain(actor, session, pending=True)
    for _ in range(2):
        await actor.of(session, "queue.enqueueResumePending")
    for method in (
        "snapshot",
        "pendingItems",
        "hasPending",
        "removeMostRecent",
        "hasPending",
        "clear",
        "hasPending",
    ):
        await actor.of(session, f"queue.{method}")


@DEFERRED.scenario(
    known(
        "The CLI tells twice of the MCP servers where the model is asked without a prompt.",
        "event session.mcp_servers_loaded: cli only",
    ),
)
async def a_session_that_is_woken(actor: Actor) -> None:
    """The model is asked again although nobody has said anything: after a turn, and during one."""
    session = await actor.create()
    await actor.turn(session, "Begin.", Reply("It is begun."))
    start = len(actor.client.frames)
    actor.script.answers.append(Reply("It goes on."))
    await actor.of(session, "queue.enqueueResumePending")
    await actor.idle(session, after=start)
    hold = actor.hold()
    start = await actor.send(
        session, "And now?", Reply(["It ", "ends."], hold=hold, hold_after=1), Reply("It has ended.")
    )
    await actor.event(session, "assistant.message_delta", after=start)
    await actor.of(session, "queue.enqueueResumePending")
    await actor.of(session, "queue.snapshot")
    hold.set()
    await actor.idle(session, after=start)


@DEFERRED.scenario()
async def an_abort_while_a_command_runs(actor: Actor) -> None:
    """A command goes on in the background, the session waits for it, and is aborted: the command is not."""
    session = await actor.create()
    call = ToolCall(
        "bash", {"command": "sleep 30", "description": "Wait", "mode": "async", "shellId": "waits"}
    )
    start = await actor.send(session, "Wait.", Reply(tool_calls=[call]), Reply("It waits."))
    await actor.event(session, "assistant.idle", after=start)
    await _drain(actor, session, working=True)
    await actor.call("session.abort", {"sessionId": session})


@DEFERRED.scenario()
async def the_first_model(actor: Actor) -> None:
    """What organization, repository and command line ask for, before a list of models is there."""
    wishes: list[dict[str, object]] = [
        {},
        {"repoModel": "of-the-repository"},
        {"serverManagedModel": "of-the-organization", "managedReasoningEffort": "high"},
        {"serverManagedModel": "scripted-model"},
        {"policyHelperModel": "of-the-helper", "cliModel": "of-the-command-line"},
        {"cliModel": "of-the-command-line"},
        {"deferredResume": True},
        {"autoTier": "high"},
    ]
    session = await actor.create()
    for wish in wishes:
        await actor.of(session, "model.applyStartupOverlay", **wish)
    await actor.of(session, "model.getCurrent")
    chosen: list[dict[str, object]] = [
        {"cliModel": "of-the-command-line", "repoModel": "of-the-repository"},
        {"deferredResume": True, "repoModel": "of-the-repository"},
        {"repoReasoningEffort": "high"},
        {"repoContextTier": "long_context"},
        {"repoModel": "auto"},
        {"repoModel": "auto", "repoAutoTier": "high"},
    ]
    for wish in chosen:
        session = await actor.create()
        await actor.of(session, "model.applyStartupOverlay", **wish)
        await actor.of(session, "model.applyStartupOverlay")
        await actor.of(session, "model.getCurrent")
    session = await actor.create()
    await actor.of(session, "model.switchTo", modelId="of-the-user")
    await actor.of(session, "model.applyStartupOverlay", serverManagedModel="of-the-organization")
    for stored in ({}, {"persistedShowReasoning": True}, {"summariesVisible": True}):
        await actor.of(session, "model.getReasoningSummaries", **stored)


@DEFERRED.scenario()
async def an_ide_and_what_came_of_a_command(actor: Actor) -> None:
    """The agent is told of an IDE and of its end; a client says what it did with what a command wanted."""
    session = await actor.create()
    ide = {"ideName": "Codium", "workspaceFolder": "/somewhere"}
    for told in ({"ide": ide}, {"ide": None}, {}):
        await actor.of(session, "mcp.setConnectedIdeInfo", **told)
        await actor.turn(session, "Where are we?", Reply("Here."))
        system = actor.model.requests[-1].messages[0]
        actor.note("knows of the IDE", "Codium (workspace: /somewhere)" in str(system["content"]))
    effect = await actor.of(session, "commands.invoke", name="plan")
    for outcome in ("cancelled", "applied"):
        await actor.of(session, "commands.finalizeInvocationEffect", effect=effect, outcome=outcome)
        await actor.of(session, "mode.get")


@DEFERRED.scenario()
async def canvases_that_are_taken_away(actor: Actor) -> None:
    """A host unregisters connections: none, and the one with the canvases."""
    provider = {"id": "boards", "name": "Boards"}
    session = await actor.create(requestCanvasRenderer=True, canvases=[_BOARD], canvasProvider=provider)
    await actor.of(session, "canvas.open", canvasId="board", instanceId="mine", input={})
    for connection in ("boards", "7", "1", "1"):
        await actor.of(session, "canvas.provider.unregister", connectionId=connection)
        await actor.of(session, "canvas.list")
        await actor.of(session, "canvas.listOpen")
