"""Background agents that the client starts, watches and ends, and tasks of its own."""

from __future__ import annotations

import asyncio

from copilot_sdk import CopilotClient, Session, sync
from copilot_sdk.client_tasks import ClientTask
from copilot_sdk.events import AssistantMessage, SubagentCompleted, SubagentStarted, SystemNotification
from copilot_sdk.types import TaskAgentInfo, TaskAgentProgress, TaskClientInfo, TaskClientProgress
from tests.real.support.client_stage import WAIT_SECONDS, ClientStage, first, listening, turn
from tests.support.model_server import Reply


async def start_guard(live: ClientStage, session: Session, reply: Reply) -> str:
    """Starts an agent whose model gives this reply; returns its id."""
    live.script.by_prompt["Guard the door"] = [reply]
    started = await session.rpc.tasks.start_agent(
        agent_type="task", prompt="Guard the door.", name="guard", description="Guards the door"
    )
    return started.agent_id


async def only_task(session: Session) -> TaskAgentInfo:
    """The one task that there is."""
    (task,) = (await session.rpc.tasks.list()).tasks
    assert isinstance(task, TaskAgentInfo)
    return task


async def test_an_agent_works_in_the_background_until_it_is_awaited(live: ClientStage) -> None:
    hold = live.hold()
    session = await live.create()
    async with session.events(SubagentStarted, SubagentCompleted) as agents:
        agent_id = await start_guard(live, session, Reply(["Stand", "ing."], hold=hold, hold_after=1))
        started = await first(agents)
        running = await only_task(session)
        progress = (await session.rpc.tasks.get_progress(id=agent_id)).progress
        waiting = asyncio.create_task(session.rpc.tasks.wait_for_pending(request_timeout=WAIT_SECONDS))
        hold.set()
        completed = await first(agents, lambda event: isinstance(event, SubagentCompleted))
        await waiting
    assert (started.agent_id, completed.agent_id) == (agent_id, agent_id)
    assert (running.id, running.status, running.agent_type) == (agent_id, "running", "task")
    assert (running.prompt, running.description) == ("Guard the door.", "Guards the door")
    assert running.execution_mode == "background"
    assert isinstance(progress, TaskAgentProgress)
    done = await only_task(session)
    assert done.status in {"idle", "completed"}
    assert done.latest_response == "Standing."


async def test_the_session_is_told_when_an_agent_has_finished(live: ClientStage) -> None:
    session = await live.create()
    live.says(Reply("The guard is done."))
    async with session.events("system.notification", "assistant.message", "session.idle") as events:
        await start_guard(live, session, Reply("Standing."))
        notice = await first(events, lambda event: isinstance(event, SystemNotification))
        answer = await first(
            events,
            lambda event: event.type == "assistant.message" and event.agent_id is None and event.data.content,
        )
        await first(events, lambda event: event.type == "session.idle" and event.agent_id is None)
    assert "guard" in notice.data.content
    assert answer.data.content == "The guard is done."


async def test_an_agent_that_is_cancelled_can_be_removed(live: ClientStage) -> None:
    session = await live.create()
    agent_id = await start_guard(live, session, Reply(["Stand", "ing."], hold=live.hold(), hold_after=1))
    tasks = session.rpc.tasks
    assert (await tasks.remove(id=agent_id)).removed is False
    assert (await tasks.cancel(id=agent_id)).cancelled is True
    assert (await only_task(session)).status == "cancelled"
    assert (await tasks.remove(id=agent_id)).removed is True
    assert (await tasks.list()).tasks == []


async def test_an_agent_that_is_idle_takes_a_message(live: ClientStage) -> None:
    session = await live.create()
    agent_id = await start_guard(live, session, Reply("Standing."))
    await session.rpc.tasks.wait_for_pending(request_timeout=WAIT_SECONDS)
    live.script.by_prompt["All well?"] = [Reply("All is well.")]
    sent = await session.rpc.tasks.send_message(id=agent_id, message="All well?")
    assert sent.sent is True, sent.error
    await session.rpc.tasks.wait_for_pending(request_timeout=WAIT_SECONDS)
    assert (await only_task(session)).latest_response == "All is well."
    (asked,) = (request for request in live.model.requests if "All well?" in request.prompt)
    assert "Standing." in [message.get("content") for message in asked.messages]


async def test_what_an_agent_says_is_not_the_answer_of_the_session(live: ClientStage) -> None:
    hold = live.hold()
    live.script.by_prompt["Say hello."] = [Reply(["Hel", "lo."], hold=hold, hold_after=1)]
    session = await live.create()
    async with session.events(SubagentCompleted) as agents:
        answering = asyncio.create_task(turn(session, "Say hello."))
        await start_guard(live, session, Reply("Standing."))
        await first(agents)
        hold.set()
    events = await answering
    assert events[-1].type == "session.idle"
    assert events[-1].agent_id is None
    messages = [event for event in events if isinstance(event, AssistantMessage) and event.data.content]
    assert next(message.data.content for message in messages if message.agent_id is None) == "Hello."


async def test_tasks_that_nobody_knows_are_told_as_such(live: ClientStage) -> None:
    session = await live.create()
    tasks = session.rpc.tasks
    assert (await tasks.get_progress(id="nobody")).progress is None
    assert (await tasks.cancel(id="nobody")).cancelled is False
    assert (await tasks.remove(id="nobody")).removed is False
    message = await tasks.send_message(id="nobody", message="Hello?")
    assert message.sent is False
    assert message.error
    assert (await tasks.get_current_promotable()).task is None
    assert (await tasks.promote_current_to_background()).task is None


async def test_a_task_of_the_client_is_listed_with_its_progress_and_its_result(live: ClientStage) -> None:
    go_on = asyncio.Event()
    said = asyncio.Event()

    async def index(task: ClientTask) -> dict[str, list[int]]:
        await task.progress("begun", phase="Scan", percentage=40)
        said.set()
        await go_on.wait()
        return {"files": [1, 2]}

    session = await live.create()
    task = await session.start_task(index, description="Index the files", name="Index")
    await said.wait()
    ((listed,), progress) = (
        (await session.rpc.tasks.list()).tasks,
        (await session.rpc.tasks.get_progress(id=task.id)).progress,
    )
    assert isinstance(listed, TaskClientInfo)
    assert (listed.id, listed.display_name, listed.status) == (task.id, "Index", "running")
    assert isinstance(progress, TaskClientProgress)
    assert (progress.phase, progress.percentage, progress.last_message) == ("Scan", 40, "begun")
    go_on.set()
    assert await task.wait() == "completed"
    (ended,) = (await session.rpc.tasks.list()).tasks
    assert isinstance(ended, TaskClientInfo)
    assert (ended.status, ended.result) == ("completed", {"files": [1, 2]})


async def test_another_client_cancels_a_task_of_the_client(live: ClientStage) -> None:
    async def endless(task: ClientTask) -> None:
        await asyncio.Event().wait()

    def failing(task: sync.ClientTask) -> None:
        task.progress("about to fail")
        raise ValueError("no files")

    async with listening(live) as address, CopilotClient.connect(address) as one:
        async with CopilotClient.connect(address) as two:
            session = await live.create(client=one)
            await session.send("Hi.")
            other = await live.resume(session.id, client=two)
            task = await session.start_task(endless, description="Endless")
            failed = await session.start_task(failing, description="Failing")
            assert await failed.wait() == "failed"
            assert (await other.rpc.tasks.cancel(id=task.id)).cancelled
            assert await task.wait() == "cancelled"
            left = await session.start_task(endless, description="Left behind")
            await session.close()
            assert await left.wait() == "cancelled"
            listed = (await other.rpc.tasks.list()).tasks
            assert [item.status for item in listed] == ["cancelled", "failed", "cancelled"]
            errors = [item.error for item in listed if isinstance(item, TaskClientInfo)]
            assert errors == [None, "ValueError: no files", None]
