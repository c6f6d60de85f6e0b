"""Background tasks of a session that the program carries out."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, Session, UsageError, sync
from copilot_sdk.client_tasks import ClientTask
from tests.support.fake_runtime import CLIENT_TASK, SESSION, FakeRuntime

REGISTER, UPDATE = "session.tasks.register", "session.tasks.update"
TAKEN = {"task": CLIENT_TASK, "applied": True, "duplicate": False}


@pytest.fixture(autouse=True)
def registering(runtime: FakeRuntime) -> None:
    runtime.answers |= {REGISTER: {"task": CLIENT_TASK, "created": True, "reclaimed": False}, UPDATE: TAKEN}


async def cancel(runtime: FakeRuntime, task: str = "t1") -> Any:
    """Asks for the end of a task as the runtime does."""
    asked = {"clientTaskId": "mine", "cancellationId": "c1", "reason": "cancel_requested"}
    return await runtime.peer.request("tasks.cancel", {"sessionId": SESSION, "id": task, **asked})


def updates(runtime: FakeRuntime) -> list[tuple[int, dict[str, Any]]]:
    return [(params["sequence"], params["update"]) for name, params in runtime.requests if name == UPDATE]


async def test_a_task_is_registered_tells_how_far_it_is_and_has_a_result(
    session: Session, runtime: FakeRuntime
) -> None:
    async def index(task: ClientTask) -> dict[str, int]:
        await task.progress("begun", phase="Scan", percentage=0)
        await task.progress(status="idle")
        await task.progress(phase=None, percentage=None, status="running")
        assert not task.cancelled
        return {"files": 3}

    task = await session.start_task(index, description="Index the files", name="Index")
    assert (task.id, repr(task)) == ("t1", "<ClientTask t1>")
    assert await task.wait() == await task.wait() == "completed"
    registered = await runtime.asked(REGISTER)
    assert registered.pop("clientTaskId")
    assert registered == {
        "sessionId": SESSION,
        "type": "client",
        "description": "Index the files",
        "displayName": "Index",
        "cancellable": True,
    }
    assert updates(runtime) == [
        (1, {"kind": "progress", "message": "begun", "phase": "Scan", "percentage": 0}),
        (2, {"kind": "progress", "status": "idle"}),
        (3, {"kind": "progress", "phase": None, "percentage": None, "status": "running"}),
        (4, {"kind": "completed", "result": {"files": 3}}),
    ]


async def test_a_plain_function_works_in_a_thread(session: Session, runtime: FakeRuntime) -> None:
    def index(task: sync.ClientTask) -> None:
        assert threading.current_thread() is not threading.main_thread()
        task.progress(f"task {task.id}")

    task = await session.start_task(index, description="Index", cancellable=False)
    assert await task.wait() == "completed"
    assert (await runtime.asked(REGISTER))["cancellable"] is False
    assert updates(runtime) == [
        (1, {"kind": "progress", "message": "task t1"}),
        (2, {"kind": "completed"}),
    ]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (OSError("disk of token=" + 20 * "x"), "OSError: disk of token=***"),
        (object(), "Unable to serialize"),
        (SystemExit(3), "RuntimeError: it raised SystemExit"),
    ],
)
async def test_a_task_that_raises_or_has_no_result_for_json_has_failed(
    session: Session, runtime: FakeRuntime, result: object, error: str
) -> None:
    async def work(task: ClientTask) -> object:
        if isinstance(result, BaseException):
            raise result
        return result

    task = await session.start_task(work, description="Fails")
    assert await task.wait() == "failed"
    ((_, update),) = updates(runtime)
    assert update["kind"] == "failed"
    assert error in update["error"]


async def test_the_runtime_cancels_a_task_and_hears_when_it_has_ended(
    session: Session, runtime: FakeRuntime
) -> None:
    begun = asyncio.Event()

    async def endless(task: ClientTask) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = await session.start_task(endless, description="Endless")
    await begun.wait()
    assert await cancel(runtime) == {"cancelled": True}
    assert updates(runtime) == [(1, {"kind": "cancelled"})]
    assert task.cancelled
    assert await task.wait() == "cancelled"
    assert await cancel(runtime) == {"cancelled": False}


async def test_a_task_can_be_cancelled_before_its_first_step(session: Session, runtime: FakeRuntime) -> None:
    begun = False

    async def work(task: ClientTask) -> None:
        nonlocal begun
        begun = True

    def register(_: dict[str, Any]) -> dict[str, Any]:
        cancelled.append(asyncio.create_task(cancel(runtime)))
        return {"task": CLIENT_TASK, "created": True, "reclaimed": False}

    cancelled: list[asyncio.Task[Any]] = []
    runtime.answers[REGISTER] = register
    task = await session.start_task(work, description="Work")
    status = await task.wait()
    (asked,) = cancelled
    # The cancellation may also have come too early or too late: what is told is what was done.
    assert (await asked)["cancelled"] is (status == "cancelled")
    assert begun is (status == "completed")
    assert [update["kind"] for _, update in updates(runtime)] == [status]


async def test_a_task_that_goes_on_although_it_was_cancelled_is_not_said_to_have_ended(
    session: Session, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("copilot_sdk.client_tasks._CANCEL_SECONDS", 0.01)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def stubborn(task: ClientTask) -> str:
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await go_on.wait()
        return "done after all"

    task = await session.start_task(stubborn, description="Stubborn")
    await begun.wait()
    assert await cancel(runtime) == {"cancelled": False}
    assert await cancel(runtime) == {"cancelled": False}
    go_on.set()
    assert await task.wait() == "completed"
    assert updates(runtime) == [(1, {"kind": "completed", "result": "done after all"})]


async def test_a_plain_function_looks_whether_it_is_to_end(session: Session, runtime: FakeRuntime) -> None:
    begun = threading.Event()

    def endless(task: sync.ClientTask) -> str:
        begun.set()
        while not task.cancelled:
            task.progress()
        return "nobody wants it"

    task = await session.start_task(endless, description="Endless")
    await asyncio.to_thread(begun.wait)
    assert await cancel(runtime) == {"cancelled": True}
    assert updates(runtime)[-1][1] == {"kind": "cancelled"}
    assert await task.wait() == "cancelled"


async def test_closing_the_session_cancels_its_tasks(
    client: CopilotClient, session: Session, runtime: FakeRuntime
) -> None:
    async def endless(task: ClientTask) -> None:
        await asyncio.Event().wait()

    def looking(task: sync.ClientTask) -> None:
        while not task.cancelled:
            threading.Event().wait(0.001)
        with pytest.raises(UsageError, match="closed"):
            task.progress("too late")
        seen.set()

    seen, ids = threading.Event(), iter("ab")
    runtime.answers[REGISTER] = lambda _: {
        "task": {**CLIENT_TASK, "id": next(ids)},
        "created": True,
        "reclaimed": False,
    }
    tasks = [await session.start_task(work, description="Work") for work in (endless, looking)]
    await session.close()
    assert [await task.wait() for task in tasks] == ["cancelled", "cancelled"]
    await asyncio.to_thread(seen.wait)
    assert [update["kind"] for _, update in updates(runtime)] == ["cancelled", "cancelled"]
    with pytest.raises(UsageError, match="closed"):
        await session.start_task(endless, description="Work")


async def test_a_lost_connection_cancels_the_tasks(session: Session, runtime: FakeRuntime) -> None:
    async def endless(task: ClientTask) -> None:
        await asyncio.Event().wait()

    task = await session.start_task(endless, description="Work")
    await runtime.drop()
    assert await task.wait() == "cancelled"


async def test_updates_go_on_after_one_that_nobody_waited_for(session: Session, runtime: FakeRuntime) -> None:
    sequences: list[int] = []
    hung = asyncio.Event()

    async def take(params: dict[str, Any]) -> dict[str, Any]:
        if params["sequence"] != len(sequences) + 1:
            expected = {"reason": "sequence_mismatch", "expectedSequence": len(sequences) + 1}
            raise RpcError(-32012, "TASK_CONFLICT", expected)
        sequences.append(params["sequence"])
        if len(sequences) == 1:
            hung.set()
            await asyncio.Event().wait()
        return TAKEN

    async def work(task: ClientTask) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await task.progress("taken, but not answered")
        await task.progress("and another")

    runtime.answers[UPDATE] = take
    task = await session.start_task(work, description="Work")
    await hung.wait()
    assert await task.wait() == "completed"
    assert sequences == [1, 2, 3]


async def test_what_the_runtime_refuses_is_an_error(session: Session, runtime: FakeRuntime) -> None:
    async def work(task: ClientTask) -> None:
        with pytest.raises(RpcError, match="between 0 and 100"):
            await task.progress(percentage=150)

    runtime.answers[UPDATE] = RpcError(-32602, "percentage must be between 0 and 100")
    task = await session.start_task(work, description="Work")
    # Its end is refused, too, and known here all the same.
    assert await task.wait() == "completed"
    runtime.answers[REGISTER] = RpcError(-32013, "TASK_UNSUPPORTED")
    with pytest.raises(RpcError, match="TASK_UNSUPPORTED"):
        await session.start_task(work, description="Work")
    wrong: Any = "work"
    with pytest.raises(UsageError, match="not 'work'"):
        await session.start_task(wrong, description="Work")


def test_the_sync_face_starts_tasks_and_waits_for_them() -> None:
    runtime = FakeRuntime()
    runtime.answers |= {REGISTER: {"task": CLIENT_TASK, "created": True, "reclaimed": False}, UPDATE: TAKEN}
    told: list[sync.ClientTask] = []

    def work(task: sync.ClientTask) -> str:
        told.append(task)
        task.progress("working")
        return "done"

    with sync.CopilotClient.over(runtime.connect) as client:
        session = client.create_session(session_id=SESSION)
        task = session.start_task(work, description="Work")
        assert task.wait() == "completed"
        assert (task.id, task.cancelled) == ("t1", False)
    assert updates(runtime)[-1][1] == {"kind": "completed", "result": "done"}
    with pytest.raises(UsageError, match="ended"):
        told[0].progress("too late")


async def test_a_blocking_task_does_not_block_the_event_loop(session: Session) -> None:
    class Odd:
        async def __call__(self, task: Any) -> None:
            with pytest.raises(UsageError, match="blocks the event loop"):
                task.progress("?")

    task = await session.start_task(Odd(), description="Odd")
    assert await task.wait() == "completed"
