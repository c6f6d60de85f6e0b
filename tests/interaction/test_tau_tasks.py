"""The tasks of a daemon of tau: filed, scheduled, waited for, done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.errors import RequestRefused
from copilot_sdk.runtime import Reply, ScriptedModel, fault_of_status
from copilot_sdk.runtime.tau.daemon import Daemon
from copilot_sdk.tau import Client
from copilot_sdk.tau.types import TaskInfo, TaskOverviewResponse
from tests.support.tau_stage import PATIENCE, session, stage, until


async def filed(client: Client, title: str, **members: Any) -> int:
    return (await client.rpc.task_create(project="p", title=title, **members)).task.id


async def task(client: Client, number: int) -> TaskInfo:
    return (await client.rpc.task_get(id=number)).task


async def overview(client: Client) -> TaskOverviewResponse:
    return await client.rpc.task_overview(project="p")


async def worked(daemon: Daemon, client: Client, number: int) -> TaskInfo:
    """A task once its session has done its work."""
    async with asyncio.timeout(PATIENCE):
        while daemon.board[number].state in {"ready", "active"}:
            await daemon.sessions.rested.wait()
    return await task(client, number)


async def relate(client: Client, first: int, relation: str, second: int) -> str:
    name = await session(client)
    done = await client.rpc.execute_tool(
        session_id=name,
        tool_name="task_relate",
        arguments={"from_task": first, "to_task": second, "relation": relation},
    )
    return done.content


async def test_a_task_that_is_ready_gets_a_session_and_is_reviewed_after_its_work() -> None:
    model = ScriptedModel(lambda request: Reply(f"Did: {request.prompt}"))
    async with stage(model) as (daemon, client):
        number = await filed(client, "Write it", priority=3, tags=["docs"])
        made = await task(client, number)
        assert (made.state, made.priority, made.tags, made.branch) == ("planning", 3, ["docs"], None)
        await client.rpc.task_update(id=number, state="ready")
        done = await worked(daemon, client, number)
        assert done.state == "review"
        assert done.session_id is not None
        role = await client.rpc.get_task_session_role(session_id=done.session_id)
        assert (role.is_worker, role.task_id, role.role) == (True, number, "worker")
        await client.rpc.task_update(id=number, state="approved")
        assert [t.id for t in (await client.rpc.task_merge_queue(project="p")).tasks] == [number]
        await client.rpc.task_update(id=number, state="merged")
        detail = await client.rpc.task_get(id=number)
        states = [c.new_value for c in detail.history or () if c.field == "state"]
        assert states == ["ready", "active", "review", "approved", "merged"]
        [worker] = detail.sessions or []
        assert (worker.session_id, worker.role, worker.message_count) == (done.session_id, "worker", 2)
        assert not (await client.rpc.get_task_session_role(session_id=done.session_id)).is_worker
        assert [t.id for t in (await overview(client)).recently_merged] == [number]
        assert (await client.rpc.task_status(project="p")).text == "p: 1 merged; 0 of 4 at once"


async def test_a_task_that_nobody_has_to_look_at_is_done_with_its_work() -> None:
    async with stage() as (daemon, client):
        number = await filed(client, "!say quick")
        await client.rpc.task_update(id=number, state="ready", skip_review=True)
        assert (await worked(daemon, client, number)).state == "done"
        number = await filed(client, "!say careful")
        await client.rpc.task_update(id=number, state="ready", skip_review=True, require_approval=True)
        assert (await worked(daemon, client, number)).state == "approved"
        assert [t.id for t in (await overview(client)).recently_done] == [1]


async def test_a_task_whose_session_fails_has_failed() -> None:
    async with stage(ScriptedModel([Reply(error=fault_of_status(400, "no"))])) as (daemon, client):
        number = await filed(client, "Break it")
        await client.rpc.task_update(id=number, state="ready")
        assert (await worked(daemon, client, number)).state == "failed"


async def test_a_task_that_the_end_of_the_daemon_has_cut_off_has_failed_and_one_given_by_hand_goes_on(
    tmp_path: Path,
) -> None:
    async with stage(ScriptedModel([Reply("!", hold=asyncio.Event())]), home=tmp_path) as (_, client):
        number, by_hand = await filed(client, "Long work"), await filed(client, "By hand")
        await client.rpc.task_assign(id=by_hand, session_id=await session(client, tagline="mine"))
        await client.rpc.task_update(id=number, state="ready")
        async with asyncio.timeout(PATIENCE):
            while (worker := (await task(client, number)).session_id) is None:
                pass
            async with client.subscribe(worker) as events:
                await until(events, lambda event: getattr(event, "phase", None) == "Connecting")
    async with stage(home=tmp_path) as (_, client):
        assert [(await task(client, n)).state for n in (number, by_hand)] == ["failed", "active"]
        [message] = (await client.rpc.task_get(id=number)).messages
        assert message.content == "the daemon has ended while this was worked at"


async def test_a_task_waits_for_those_that_it_depends_on() -> None:
    async with stage() as (daemon, client):
        first, second = await filed(client, "!say first"), await filed(client, "!say second")
        assert await relate(client, second, "depends_on", first) == "Task 2 depends_on task 1."
        assert await relate(client, second, "blocks", first) == "task 2 waits for task 1 already"
        await client.rpc.task_update(id=second, state="ready", skip_review=True)
        board = await overview(client)
        assert [t.id for t in board.blocked] == [second]
        reasons = {entry.task_id: entry.to_wire()["reasons"] for entry in board.wait_reasons or ()}
        waits = {"task_id": 1, "title": "!say first", "state": "planning", "project_name": "p"}
        assert reasons == {first: ["NotScheduled"], second: [{"Dependency": waits}]}
        await client.rpc.task_update(id=first, state="ready", skip_review=True)
        assert (await worked(daemon, client, first)).state == "done"
        assert (await worked(daemon, client, second)).state == "done"
        [relation] = (await client.rpc.task_get(id=first)).relations
        assert (relation.from_task, relation.to_task, relation.relation) == (second, first, "depends_on")


async def test_tasks_that_change_the_same_files_are_not_worked_at_together_and_only_so_many_at_once() -> None:
    async with stage(ScriptedModel(lambda _: Reply("!", hold=asyncio.Event()))) as (_, client):
        numbers = [await filed(client, f"task {n}") for n in range(6)]
        await client.rpc.task_update(id=numbers[0], affected_files=["a.py"], state="ready")
        await client.rpc.task_update(id=numbers[1], affected_files=["a.py", "b.py"], state="ready")
        for number in numbers[2:]:
            await client.rpc.task_update(id=number, state="ready")
        board = await overview(client)
        assert (board.inflight_count, board.max_concurrent) == (4, 4)
        assert [t.id for t in board.queued_ready] == [numbers[1], numbers[5]]
        budget = {"BudgetExhausted": {"used": 4, "max": 4}}
        reasons = {entry.task_id: entry.to_wire()["reasons"] for entry in board.wait_reasons or ()}
        conflict = {"FileConflict": {"files": ["a.py"], "with_task_id": numbers[0]}}
        assert reasons == {numbers[1]: [conflict, budget], numbers[5]: [budget]}


async def test_tasks_have_parts_a_discussion_and_can_be_searched(tmp_path: Path) -> None:
    async with stage(home=tmp_path) as (_, client):
        top = await filed(client, "Release the thing", tags=["big"])
        part = await filed(client, "Write notes", parent_id=top)
        await filed(client, "Other work", priority=9)
        deep = await filed(client, "Spell-check the notes", parent_id=part)
        tree = (await client.rpc.task_list(project="p")).tasks
        assert [(depth, t.id) for depth, t in tree] == [(0, 3), (0, top), (1, part), (2, deep)]
        below = (await client.rpc.task_list(project="p", parent_id=top)).tasks
        assert [(depth, t.id) for depth, t in below] == [(0, part), (1, deep)]
        found = (await client.rpc.task_search(project="p", query="NOTES")).tasks
        assert [t.id for t in found] == [part, deep]
        assert (await client.rpc.task_search(project="p", query="notes", state="done")).tasks == []
        name = await session(client)
        await client.rpc.execute_tool(
            session_id=name, tool_name="task_comment", arguments={"task_id": part, "content": "Short ones."}
        )
    async with stage(home=tmp_path) as (_, client):
        detail = await client.rpc.task_get(id=part)
        assert [(said.content, said.author) for said in detail.messages] == [("Short ones.", name)]
        assert [t.id for t in detail.subtasks] == [deep]


async def test_a_task_can_be_given_to_a_session() -> None:
    async with stage() as (_, client):
        number, name = await filed(client, "By hand"), await session(client)
        given = (await client.rpc.task_assign(id=number, session_id=name)).task
        assert (given.state, given.session_id) == ("active", name)
        await client.chat(name, "!say done")
        assert (await task(client, number)).state == "review"
        await client.rpc.task_update(id=number, state="closed")
        with pytest.raises(RequestRefused, match="task 1 is closed"):
            await client.rpc.task_assign(id=number, session_id=name)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda rpc: rpc.task_get(id=9), "task not found: 9"),
        (lambda rpc: rpc.task_update(id=1, state="lost"), "state: 'lost' is none of"),
        (lambda rpc: rpc.task_list(project="p", state="lost"), "state: 'lost' is none of"),
        (lambda rpc: rpc.task_create(project="p", title=" "), "title: a task needs one"),
        (lambda rpc: rpc.task_create(project="q", title="t", parent_id=1), "task 1 belongs to p"),
        (lambda rpc: rpc.task_assign(id=1, session_id="s9"), "session not found: s9"),
    ],
)
async def test_what_cannot_be_done_with_a_task_is_refused(call: Any, why: str) -> None:
    async with stage() as (_, client):
        await filed(client, "One")
        with pytest.raises(RequestRefused, match=why):
            await call(client.rpc)
        assert (await task(client, 1)).state == "planning"
