"""Work beside the turn: tasks, prompts that wait, prompts for later, commands of the user."""

from __future__ import annotations

from threading import Event

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.support.stage import items
from tests.real.support.turn_scenarios import WEATHER
from tests.support.model_server import Reply, ToolCall

WORK = Area("Tasks, queues, schedules, commands")
FAR = 4_102_444_800_000  # the first day of 2100, in milliseconds


async def held_turn(actor: Actor, session: str) -> tuple[int, Event]:
    """A turn that has begun to answer: the frames before it, and what lets it go on."""
    hold = actor.hold()
    start = await actor.send(session, "First.", Reply(["One", "."], hold=hold, hold_after=1))
    await actor.event(session, "assistant.message_delta", after=start)
    return start, hold


@WORK.scenario()
async def prompts_that_wait(actor: Actor) -> None:
    """Two prompts are sent during a turn and answered after it, one after the other."""
    session = await actor.create()
    start, hold = await held_turn(actor, session)
    await actor.send(session, "Second.", Reply("Two."), mode="enqueue")
    await actor.send(session, "Third.", Reply("Three."), mode="enqueue")
    await actor.of(session, "queue.hasPending")
    await actor.of(session, "queue.pendingItems")
    await actor.of(session, "queue.snapshot")
    hold.set()
    await actor.idle(session, after=start)


@WORK.scenario(
    known(
        "A prompt that comes after the last call of a tool begins a turn of its own in the CLI; in the"
        " reference runtime it goes into the one that runs.",
        "event user.message /data/delivery: value",
        "event user.message /data/supportedNativeDocumentMimeTypes: cli only",
        "event */data/turnId: value",
        "event session.usage_info /data/isInitial: value",
        "event assistant.usage /data/initiator: value",
        "event session.mcp_servers_loaded: cli only",
        "event session.tools_updated: cli only",
        "event system.message: cli only",
    ),
)
async def a_prompt_that_steers(actor: Actor) -> None:
    """A prompt goes into the turn that runs."""
    session = await actor.create()
    start, hold = await held_turn(actor, session)
    await actor.send(session, "Another way.", Reply("Steered."), mode="immediate")
    hold.set()
    await actor.idle(session, after=start)


@WORK.scenario()
async def a_queue_that_is_changed(actor: Actor) -> None:
    """What waits is moved, changed, doubled and removed; then the turn is ended."""
    session = await actor.create()
    start, _ = await held_turn(actor, session)
    sent = await actor.of(session, "send", prompt="Second.", mode="enqueue")
    await actor.of(session, "queue.insertAt", position=1, message={"prompt": "Third."})
    waiting = items(await actor.of(session, "queue.pendingItems"), "items")
    item = waiting[0].get("id") if waiting else None
    await actor.of(session, "queue.duplicateAt", id=item)
    await actor.of(session, "queue.moveItem", id=item, toPosition=1)
    await actor.of(session, "queue.updateText", id=item, prompt="Changed.")
    await actor.of(session, "queue.removeAt", id=item)
    await actor.of(session, "queue.pendingItems")
    await actor.of(session, "queue.withdrawMessage", messageId=sent["messageId"], expectedPrompt="Second.")
    await actor.of(session, "queue.removeMostRecent")
    await actor.of(session, "queue.setDrainPaused", paused=True)
    await actor.of(session, "queue.setDrainPaused", paused=False)
    await actor.of(session, "queue.clear")
    await actor.of(session, "queue.pendingItems")
    await actor.of(session, "abort")
    await actor.idle(session, after=start)


@WORK.scenario(
    known(
        "The CLI begins the step before it says which prompt goes into it, and counts that step as the user's.",
        "event user.message: order",
        "event assistant.usage /data/initiator: value",
        "event session.usage_info /data/messagesLength: value",
    ),
    known(
        "A prompt that was added to has attachments in the CLI, none of them.",
        "event user.message /data/attachments: cli only",
    ),
)
async def prompts_that_are_sent_at_once(actor: Actor) -> None:
    """A prompt that waits is sent into the turn that runs, and more is added to it; another one goes on waiting."""
    actor.tools["weather"] = lambda arguments: "Sun."
    session = await actor.create(tools=[{**WEATHER, "skipPermission": True}])
    hold, call = actor.hold(), ToolCall("weather", {"city": "Rome"}, "call-1")
    looking = Reply("Looking.", tool_calls=[call], hold=hold, hold_after=1)
    start = await actor.send(session, "First.", looking)
    await actor.event(session, "assistant.message_delta", after=start)
    for prompt in ("Second.", "Third."):
        await actor.of(session, "send", prompt=prompt, mode="enqueue")
    second, _ = items(await actor.of(session, "queue.pendingItems"), "items")
    await actor.of(session, "queue.sendNow", id=second["id"])
    await actor.of(session, "queue.sendNow", id="no-item")
    more = {"agentMode": "interactive", "prompt": "More.", "displayPrompt": "More.", "attachments": []}
    which = {"messageId": second["messageId"], "expectedPrompt": "Second."}
    await actor.of(session, "queue.appendSteering", **which, **more)
    await actor.of(session, "queue.pendingItems")
    actor.script.answers.append(Reply("All of it."))
    hold.set()
    await actor.idle(session, after=start)


@WORK.scenario()
async def a_notice_of_the_system(actor: Actor) -> None:
    """The client tells the agent what has happened meanwhile."""
    session = await actor.create()
    await actor.turn(session, "Hi.", Reply("Hello."))
    start = len(actor.client.frames)
    actor.script.answers.append(Reply("Noted."))
    await actor.of(session, "sendSystemNotification", message="The rain has stopped.")
    await actor.idle(session, after=start)
    await actor.turn(session, "And now?", Reply("Now we dig."))
    start, hold = await held_turn(actor, session)
    kind = {"type": "agent_idle", "agentId": "scout", "agentType": "explore", "description": "Looks around"}
    await actor.of(session, "sendSystemNotification", message="The scout rests.", kind=kind)
    for one in ({"agentId": "guard"}, {"type": "agent_idle"}, {"agentId": "scout"}, {"agentId": "scout"}):
        await actor.of(session, "queue.consumeSystemNotifications", filter=one)
    hold.set()
    await actor.idle(session, after=start)


@WORK.scenario(
    known(
        "The CLI says `abort` once the call has ended; the reference runtime says it first, as with "
        "every other abort.",
        "event abort: order",
    ),
)
async def a_main_turn_that_is_interrupted(actor: Actor) -> None:
    """The turn is interrupted while another prompt waits."""
    session = await actor.create()
    start, _ = await held_turn(actor, session)
    await actor.of(session, "interruptMainTurn")
    await actor.idle(session, after=start)


@WORK.scenario(
    known(
        "The prompt that goes with a schedule is worded by each runtime, and the CLI takes the whole "
        "of it for a title.",
        "event user.message /data/content: value",
        "event session.title_changed /data/title: value",
    ),
    known(
        "A schedule that sets its own pace is over in the CLI once its turn has ended without a new time.",
        "event session.schedule_cancelled*",
        "reply session.schedule.*",
        sometimes=True,
    ),
)
async def prompts_for_later(actor: Actor) -> None:
    """Prompts are scheduled in each way, listed, moved and stopped."""
    session, prompt = await actor.create(), "Water the garden."
    await actor.of(session, "schedule.add", interval="1h", prompt=prompt)
    await actor.of(session, "schedule.addAt", at=FAR, prompt=prompt)
    await actor.of(session, "schedule.addCron", cron="0 9 * * 1", prompt=prompt)
    start = len(actor.client.frames)
    await actor.of(session, "schedule.addSelfPaced", prompt=prompt)
    await actor.idle(session, after=start)
    entries = items(await actor.of(session, "schedule.list"), "entries")
    await actor.of(session, "schedule.hasSelfPaced")
    await actor.of(session, "schedule.rearmSelfPaced", id=entries[-1]["id"], at=FAR)
    await actor.of(session, "schedule.stop", id=entries[0]["id"])
    await actor.of(session, "schedule.stop", id=99)
    await actor.of(session, "schedule.hydrate")


_AGENTS = (
    known(
        "An agent is known by a random id in the CLI, and by its name in the reference runtime.",
        "event subagent.started of an agent /agentId: value",
        "reply session.tasks.list /tasks/*",
    ),
    known(
        "The CLI says in more words which agent it is and how its model was chosen.",
        "event subagent.* of an agent /data/*",
    ),
)


@WORK.scenario(
    *_AGENTS,
    known(
        "The same id stands on all that an agent does.",
        "event * of an agent /agentId: value",
    ),
    known(
        "The CLI tells how an agent is set up; the reference runtime tells what it says, piece by piece.",
        "event subagent.selected of an agent: cli only",
        "event session.tools_updated: cli only",
        "event system.message of an agent: cli only",
        "event session.usage_info of an agent: cli only",
        "event user.message of an agent /data/source: cli only",
        "event assistant.message of an agent /data/originatingMessageId: cli only",
        "event assistant.*_delta of an agent: ours only",
        "event assistant.message_start of an agent: ours only",
    ),
    known(
        "What ends first is chance.",
        "event session.background_tasks_changed: order",
        "event *of an agent: order",
        "event tool.execution_complete: order",
        sometimes=True,
    ),
)
async def an_agent_that_the_model_starts(actor: Actor) -> None:
    """The model sends an agent to look around and waits for what it finds."""
    session = await actor.create()
    actor.script.by_prompt["Look around the house"] = [Reply("The house is quiet.")]
    look = {
        "description": "Look around",
        "prompt": "Look around the house.",
        "agent_type": "explore",
        "name": "scout",
        "mode": "sync",
    }
    call = ToolCall("task", look, "call-1")
    await actor.turn(session, "Send a scout.", Reply(tool_calls=[call]), Reply("It is quiet."))
    await actor.of(session, "tasks.list")


@WORK.scenario(
    *_AGENTS,
    known(
        "The call answers with that id.",
        "reply session.tasks.startAgent /agentId: value",
    ),
    known(
        "An agent that is ended at once has got farther in one runtime than in the other, and the CLI "
        "tells its end.",
        "event subagent.completed of an agent: cli only",
        "event *of an agent: ours only",
        "event *of an agent: cli only",
        "event *of an agent: order",
        "event *of an agent /agentId: value",
        "event user.message of an agent /data/source: cli only",
        "event session.tools_updated: cli only",
        "note model asked: *",
        sometimes=True,
    ),
)
async def an_agent_in_the_background(actor: Actor) -> None:
    """The client starts an agent, watches it, writes to it, and ends it."""
    session = await actor.create()
    actor.script.by_prompt["Guard the door"] = [Reply(["Stand", "ing."], hold=actor.hold(), hold_after=1)]
    guard = {"agentType": "task", "prompt": "Guard the door.", "name": "guard", "description": "Guards"}
    started = await actor.of(session, "tasks.startAgent", **guard)
    task = started.get("agentId")
    await actor.of(session, "tasks.list")
    await actor.of(session, "tasks.getProgress", id=task)
    await actor.of(session, "tasks.getCurrentPromotable")
    await actor.of(session, "tasks.promoteToBackground", id=task)
    await actor.of(session, "tasks.promoteCurrentToBackground")
    await actor.of(session, "tasks.refresh")
    await actor.of(session, "tasks.sendMessage", id=task, message="All well?")
    await actor.of(session, "tasks.sendMessage", id="no-task", message="All well?")
    await actor.of(session, "tasks.cancel", id=task)
    await actor.of(session, "tasks.remove", id=task)
    await actor.of(session, "tasks.waitForPending")
    await actor.of(session, "tasks.list")
    await actor.of(session, "tasks.getProgress", id="no-task")


@WORK.scenario()
async def a_task_of_the_client(actor: Actor) -> None:
    """The client registers a task of its own and tells how it goes."""
    await actor.call("connect", {"supportedTaskKinds": ["agent", "shell", "client"]})
    session = await actor.create()
    own: Json = {"type": "client", "clientTaskId": "own", "description": "A task.", "cancellable": True}
    await actor.of(session, "tasks.register", **own)
    (registered,) = items(await actor.of(session, "tasks.list"), "tasks")
    await actor.of(session, "tasks.update", id=registered["id"], sequence=1, update={"kind": "completed"})
    await actor.of(session, "tasks.list")
    await actor.of(session, "tasks.readOutput", id=registered["id"])


@WORK.scenario(
    known(
        "How much of the output of a command comes by itself is a matter of time.",
        "event tool.execution_partial_result: *",
        "event tool.shell_output: *",
        "event tool.execution_*: order",
        sometimes=True,
    ),
)
async def a_command_of_the_user(actor: Actor) -> None:
    """The user has commands of the shell run: to their end, and until they are killed."""
    session = await actor.create()
    await actor.of(session, "shell.executeUserRequested", requestId="shell-1", command="echo asked for")
    await actor.of(session, "shell.cancelUserRequested", requestId="shell-1")
    started = await actor.of(session, "shell.exec", command="sleep 60")
    await actor.of(session, "shell.kill", processId=started.get("processId"))
    await actor.of(session, "shell.kill", processId="no-process")


@WORK.scenario(
    known(
        "Cursors mean nothing to anybody but who gave them.",
        "reply session.tasks.readOutput /cursor: value",
    ),
    known(
        "Commands are numbered by the CLI, and named by the reference runtime.",
        "reply session.tasks.list /tasks/*",
    ),
)
async def a_command_that_goes_on_by_itself(actor: Actor) -> None:
    """The model starts a detached command, which the client lists, reads and ends."""
    session = await actor.create()
    command = {"command": "echo begun; sleep 60", "description": "Sleep", "mode": "async", "detach": True}
    call = ToolCall("bash", command, "call-1")
    await actor.turn(session, "Sleep.", Reply(tool_calls=[call]), Reply("It sleeps."))
    (task,) = items(await actor.of(session, "tasks.list"), "tasks")
    read = await actor.of(session, "tasks.readOutput", id=task["id"])
    await actor.of(session, "tasks.readOutput", id=task["id"], cursor=read.get("cursor"))
    await actor.of(session, "tasks.cancel", id=task["id"])
    await actor.of(session, "tasks.list")


@WORK.scenario()
async def a_fleet(actor: Actor) -> None:
    """A fleet is started on a prompt."""
    session = await actor.create()
    actor.script.answers.append(Reply("Started."))
    start = len(actor.client.frames)
    await actor.of(session, "fleet.start", prompt="Dig everywhere.")
    await actor.idle(session, after=start)
