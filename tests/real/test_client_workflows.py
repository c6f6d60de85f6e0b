"""Workflows of an extension in Python, which the CLI starts and runs."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copilot_sdk import Session
from copilot_sdk.errors import InvalidParams
from copilot_sdk.events import SessionExtensionsLoaded, WorkflowRunSettled
from copilot_sdk.providers import ExtensionLauncher, Handlers, Workflows
from copilot_sdk.types import ExtensionLaunchProfile, ExtensionLaunchProviderResolveRequest
from tests.real.support import workflow_extension
from tests.real.support.account import TOKEN, account
from tests.real.support.client_stage import CLI, WAIT_SECONDS, ClientStage, first
from tests.support.model_server import Reply

pytestmark = pytest.mark.parametrize("runtime", [CLI], ids=["cli"])


def launched(_: ExtensionLaunchProviderResolveRequest) -> ExtensionLaunchProfile:
    program = Path(workflow_extension.__file__)
    return ExtensionLaunchProfile(
        executable=sys.executable, args=[str(program)], env={"PYTHONPATH": os.pathsep.join(sys.path)}
    )


@pytest.fixture
async def session(live: ClientStage) -> AsyncIterator[Session]:
    """A session with the extension, of an account that may run workflows."""
    folder = live.work / ".github" / "extensions" / "reviews"
    folder.mkdir(parents=True)
    (folder / "extension.mjs").touch()
    handlers: Handlers = {"extension_launch_provider": ExtensionLauncher(launched)}
    with account() as variables:
        signed_in = {**variables, "COPILOT_GITHUB_TOKEN": TOKEN}
        async with live.serving_client(variables=signed_in, handlers=handlers) as client:
            session = await live.create(client=client, request_extensions=True)
            async with session.events(SessionExtensionsLoaded) as loaded:
                if not any(
                    item.status == "running" for item in (await session.rpc.extensions.list()).extensions
                ):
                    await first(
                        loaded, lambda event: any(e.status == "running" for e in event.data.extensions)
                    )
            yield session


async def run(session: Session, name: str, args: object) -> tuple[str, str]:
    """Runs a workflow until it rests; gives its identifier and its status."""
    async with session.events(WorkflowRunSettled) as settled:
        started = await session.rpc.workflow.run(name=name, args=args)
        event = await first(settled, lambda event: event.data.run_id == started.run_id)
    return started.run_id, event.data.status


async def test_a_workflow_runs_with_agents_progress_and_a_result(live: ClientStage, session: Session) -> None:
    live.script.by_prompt["Read a.py."] = [Reply("It is short.")]
    live.script.by_prompt["Judge it."] = [Reply('{"good": true}')]
    run_id, status = await run(session, "review", {"files": ["a.py", "b.py"]})
    ended = await session.rpc.workflow.get_run(run_id=run_id)
    assert status == "completed", ended
    assert ended.result == {"read": "It is short.", "good": True, "kept": 2}
    progress = await session.rpc.workflow.get_run_progress(run_id=run_id)
    lines = [(line.kind, line.text) for line in progress.records]
    assert lines == [("phase", "Read"), ("phase", "Judge"), ("log", "judged")]
    (listed,) = (await session.rpc.workflow.list_runs()).runs
    assert (listed.workflow_name, listed.description) == ("review", "Reviews files.")


async def test_arguments_that_do_not_fit_the_function_are_refused(session: Session) -> None:
    with pytest.raises(InvalidParams, match="files"):
        await session.rpc.workflow.run(name="review", args={"file": "a.py"})


async def test_a_run_can_be_cancelled(session: Session) -> None:
    async with session.events("session.info", "workflow.run_settled") as events:
        started = await session.rpc.workflow.run(name="endless", args={})
        await first(events, lambda event: event.type == "session.info" and event.data.message == "begun")
        cancelled = await session.rpc.workflow.cancel(run_id=started.run_id, request_timeout=WAIT_SECONDS)
    assert cancelled.status == "cancelled"


async def test_a_run_pauses_and_goes_on_when_it_is_resumed(session: Session) -> None:
    run_id, status = await run(session, "staged", {})
    assert status == "paused"
    async with session.events(WorkflowRunSettled) as settled:
        await session.rpc.workflow.resume(run_id=run_id)
        await first(settled)
    ended = await session.rpc.workflow.get_run(run_id=run_id)
    assert (ended.status, ended.result) == ("completed", 1)


async def test_another_client_than_an_extension_may_not_offer_workflows(live: ClientStage) -> None:
    offered = Workflows([workflow_extension.review]).declarations
    with account() as variables:
        signed_in = {**variables, "COPILOT_GITHUB_TOKEN": TOKEN}
        async with live.serving_client(variables=signed_in) as client:
            session = await live.create(client=client)
            with pytest.raises(InvalidParams, match="Only an extension connection can register workflows"):
                await client.rpc.session.resume(session_id=session.id, workflows=offered)
