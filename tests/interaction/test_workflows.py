"""Workflows that the program, as an extension, offers to a session."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from pydantic import BaseModel, Field

from copilot_sdk import CopilotClient, RpcError, UsageError, sync
from copilot_sdk.errors import InvalidParams, RequestCancelled, ResultValidationError
from copilot_sdk.providers import Workflow, WorkflowRun, Workflows, workflow
from copilot_sdk.types import WorkflowDeclaredLimits
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.hang import Hang

LOG, AGENT = "session.workflow.log", "session.workflow.agent"
GET, PUT = "session.workflow.journal.get", "session.workflow.journal.put"
PAUSE = "session.workflow.pauseAtCheckpoint"
RUN = {"sessionId": SESSION, "runId": "r1", "executionToken": "x1"}
OF_RUN = {"sessionId": SESSION, "runId": "r1", "executionToken": "x1"}


class Finding(BaseModel):
    """What was found."""

    file: str
    line: int = Field(gt=0)


@pytest.fixture(autouse=True)
def journal(runtime: FakeRuntime) -> dict[str, Any]:
    """What runs remember."""
    kept: dict[str, Any] = {}

    def get(params: dict[str, Any]) -> dict[str, Any]:
        key = params["key"]
        return {"hit": True, "resultJson": kept[key]} if key in kept else {"hit": False}

    def put(params: dict[str, Any]) -> dict[str, Any]:
        kept[params["key"]] = params["resultJson"]
        return {}

    runtime.answers |= {
        LOG: {},
        GET: get,
        PUT: put,
        PAUSE: lambda params: {"action": "continue" if params["key"] in kept else "pause"},
    }
    return kept


async def execute(runtime: FakeRuntime, name: str, arguments: Any = None) -> Any:
    asked = {**RUN, "name": name, "args": {} if arguments is None else arguments}
    return await runtime.peer.request("workflow.execute", asked)


def told(runtime: FakeRuntime, method: str) -> list[dict[str, Any]]:
    return [params for name, params in runtime.requests if name == method]


def serving(runtime: FakeRuntime, *workflows: Workflow[..., Any]) -> CopilotClient:
    return runtime.client(handlers={"workflow": Workflows(workflows)})


# ------------------------------------------------------------------ declared


@workflow(
    phases={"Read": "All of them", "Judge": "One by one"},
    limits=WorkflowDeclaredLimits(max_total_subagents=3),
)
async def review(files: list[str], run: WorkflowRun, strict: bool = False) -> int:
    """Review files.

    Args:
        files: Their paths.
        strict: True to be strict.
    """
    return len(files)


@workflow(name="plain one", description="Better.", phases=["Only"])
def plain(run: sync.WorkflowRun) -> None:
    """Worse."""


async def test_a_session_that_is_resumed_is_told_of_the_workflows(runtime: FakeRuntime) -> None:
    async with serving(runtime, review, plain) as client:
        await client.resume_session(SESSION, disable_resume=True)
        assert (await runtime.asked("session.resume"))["workflows"] == [
            {
                "name": "review",
                "description": "Review files.",
                "phases": [
                    {"title": "Read", "detail": "All of them"},
                    {"title": "Judge", "detail": "One by one"},
                ],
                "argsSchema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Their paths.",
                        },
                        "strict": {"type": "boolean", "default": False, "description": "True to be strict."},
                    },
                },
                "limits": {"maxTotalSubagents": 3},
            },
            {
                "name": "plain one",
                "description": "Better.",
                "phases": [{"title": "Only"}],
                "argsSchema": {"type": "object", "properties": {}, "additionalProperties": False},
            },
        ]
        await client.create_session(session_id="new")
        assert "workflows" not in await runtime.asked("session.create")
    assert repr(review) == "<Workflow review>"


def test_what_cannot_be_a_workflow_is_refused() -> None:
    wrong: Any = lambda: None  # noqa: E731 - it has no usable name
    with pytest.raises(UsageError, match="is no workflow"):
        Workflows([wrong])
    with pytest.raises(UsageError, match="two workflows have the name 'review'"):
        Workflows([review, review])
    with pytest.raises(UsageError, match="two phases have the title 'A'"):
        workflow(name="w", phases=["A", "A"])(wrong)
    nameless: Any = Finding(file="f", line=1)
    with pytest.raises(UsageError, match="needs a name"):
        Workflow(nameless)

    @workflow
    async def unknowable(thing: threading.Event) -> None: ...

    with pytest.raises(UsageError, match="workflow unknowable"):
        _ = unknowable.declaration


# ----------------------------------------------------------------------- run


async def test_a_run_has_arguments_and_a_result(runtime: FakeRuntime) -> None:
    async with serving(runtime, review, plain):
        assert await execute(runtime, "review", {"files": ["a", "b"]}) == {"result": 2}
        assert await execute(runtime, "plain one") == {}
        with pytest.raises(InvalidParams, match=r"review do not fit: files: Field required"):
            await execute(runtime, "review", {"fils": []})
        with pytest.raises(InvalidParams, match="no workflow has the name 'other'") as caught:
            await execute(runtime, "other")
    assert caught.value.data == {"code": "workflow_not_found", "name": "other"}
    assert await review(["c"], None) == 1  # type: ignore[arg-type]


async def test_a_run_tells_how_far_it_is_has_agents_and_remembers_steps(
    runtime: FakeRuntime, journal: dict[str, Any]
) -> None:
    made: list[object] = []

    @workflow
    async def work(run: WorkflowRun) -> list[Any]:
        def make() -> object:
            made.append(found)
            return found

        await run.phase("Read")
        await asyncio.gather(run.log("one"), run.log("two"))
        said = await run.agent("Look.", label="L", model="m", reasoning_effort="high", agent="explore")
        found = await run.agent("Find.", output=Finding)
        step = [await run.step("k", make) for _ in range(2)]
        return [said, found, *step, run.id, run.session_id, run.aborted]

    async def agent(params: dict[str, Any]) -> dict[str, Any]:
        return {"result": {"file": "f", "line": 3} if "schema" in params["opts"] else "looked"}

    runtime.answers[AGENT] = agent
    async with serving(runtime, work):
        answer = await execute(runtime, "work")
    finding = {"file": "f", "line": 3}
    assert answer == {"result": ["looked", finding, finding, finding, "r1", SESSION, False]}
    assert len(made) == 1
    assert journal == {"k": finding}
    assert [params["lines"] for params in told(runtime, LOG)] == [
        [{"seq": 0, "kind": "phase", "text": "Read"}],
        [{"seq": 1, "kind": "log", "text": "one"}],
        [{"seq": 2, "kind": "log", "text": "two"}],
    ]
    assert all(
        params | OF_RUN == params for params in told(runtime, LOG) + told(runtime, GET) + told(runtime, PUT)
    )
    plain_agent, typed_agent = told(runtime, AGENT)
    assert plain_agent == {
        "sessionId": SESSION,
        "workflowRunId": "r1",
        "executionToken": "x1",
        "prompt": "Look.",
        "opts": {"label": "L", "model": "m", "reasoningEffort": "high", "agent": "explore"},
    }
    assert typed_agent["opts"]["schema"]["required"] == ["file", "line"]


@pytest.mark.parametrize(
    ("said", "got"), [({"result": None}, None), ({}, None), ({"result": {"file": "f", "line": 0}}, "line")]
)
async def test_an_agent_says_nothing_or_what_does_not_fit(runtime: FakeRuntime, said: Any, got: Any) -> None:
    @workflow
    async def work(run: WorkflowRun) -> None:
        if got is None:
            assert await run.agent("Find.", output=Finding) is None
        else:
            with pytest.raises(ResultValidationError, match=got):
                await run.agent("Find.", output=Finding)

    runtime.answers[AGENT] = said
    async with serving(runtime, work):
        assert await execute(runtime, "work") == {}


async def test_a_plain_function_has_the_same_run_without_await(runtime: FakeRuntime) -> None:
    @workflow
    def work(number: int, run: sync.WorkflowRun) -> list[Any]:
        assert threading.current_thread() is not threading.main_thread()
        run.phase("Read")
        run.log("one")
        said = run.agent("Find.", output=Finding)
        return [number, said, run.step("k", lambda: 7), run.id, run.session_id, run.aborted]

    runtime.answers[AGENT] = {"result": {"file": "f", "line": 1}}
    async with serving(runtime, work):
        answer = await execute(runtime, "work", {"number": 1})
    assert answer == {"result": [1, {"file": "f", "line": 1}, 7, "r1", SESSION, False]}


@pytest.mark.parametrize(
    ("outcome", "text"),
    [(ValueError("token=" + 20 * "x"), r"ValueError: token=\*\*\*"), (object(), "Unable to serialize")],
)
async def test_a_function_that_fails_is_an_error_of_the_run(
    runtime: FakeRuntime, outcome: object, text: str
) -> None:
    @workflow
    async def work() -> object:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async with serving(runtime, work):
        with pytest.raises(RpcError, match=text):
            await execute(runtime, "work")


# --------------------------------------------------------------------- abort


async def abort(runtime: FakeRuntime, **changed: str) -> Any:
    return await runtime.peer.request("workflow.abort", {**RUN, **changed})


async def test_an_abort_cancels_an_async_function(runtime: FakeRuntime) -> None:
    begun = asyncio.Event()
    runs: list[WorkflowRun] = []

    @workflow
    async def endless(run: WorkflowRun) -> None:
        runs.append(run)
        begun.set()
        await asyncio.Event().wait()

    async with serving(runtime, endless):
        running = asyncio.create_task(execute(runtime, "endless"))
        await begun.wait()
        assert await abort(runtime, executionToken="another attempt") == {}
        await runtime.peer.request("workflow.abort", {**RUN, "runId": "another run"})
        assert not running.done()
        assert await abort(runtime) == {}
        with pytest.raises(RequestCancelled):
            await running
        assert runs[0].aborted
        with pytest.raises(RequestCancelled, match="r1 was aborted"):
            await runs[0].log("too late")
        assert await abort(runtime) == {}
    assert not told(runtime, LOG)


async def test_an_abort_stops_a_plain_function_at_its_next_call(runtime: FakeRuntime) -> None:
    begun, seen = threading.Event(), threading.Event()

    @workflow
    def endless(run: sync.WorkflowRun) -> None:
        begun.set()
        while not run.aborted:
            run.log("on it")
        with pytest.raises(RequestCancelled):
            run.log("too late")
        seen.set()

    async with serving(runtime, endless):
        running = asyncio.create_task(execute(runtime, "endless"))
        await asyncio.to_thread(begun.wait)
        assert await abort(runtime) == {}
        with pytest.raises(RequestCancelled):
            await running
        assert await asyncio.to_thread(seen.wait, 10)


@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_a_run_pauses_at_a_place_once(runtime: FakeRuntime, journal: dict[str, Any], kind: str) -> None:
    ended = threading.Event()

    @workflow(name="work")
    async def working(run: WorkflowRun) -> str:
        try:
            await run.pause("here")
        finally:
            ended.set()
        return "gone on"

    @workflow(name="work")
    def plainly(run: sync.WorkflowRun) -> str:
        try:
            run.pause("here")
        finally:
            ended.set()
        return "gone on"

    chosen: Workflow[..., Any] = working if kind == "async" else plainly
    async with serving(runtime, chosen):
        running = asyncio.create_task(execute(runtime, "work"))
        await runtime.asked(PAUSE)
        assert not running.done()
        await abort(runtime)
        with pytest.raises(RequestCancelled):
            await running
        assert await asyncio.to_thread(ended.wait, 10)
        journal["here"] = True
        assert await execute(runtime, "work") == {"result": "gone on"}


async def test_closing_the_client_ends_its_runs(runtime: FakeRuntime) -> None:
    work = Hang()

    @workflow
    async def endless() -> None:
        await work.forever()

    async with serving(runtime, endless):
        running = asyncio.create_task(execute(runtime, "endless"))
        await work.begun.wait()
    assert work.ended.is_set()
    with pytest.raises(RpcError):
        await running
