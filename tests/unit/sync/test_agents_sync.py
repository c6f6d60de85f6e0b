"""One way over agents without an event loop: the async conversation behind one loop thread."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import UsageError, sync
from copilot_sdk.acp import sync as acp_sync
from copilot_sdk.agents import Done, Permission, Text, Tool
from copilot_sdk.agents._tau import TauSession
from copilot_sdk.agents.sync import Conversation, connect
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.runtime.acp.front import serve
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.synaps import sync as synaps_sync
from copilot_sdk.tau import sync as tau_sync
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair

WRITE = Call("create", {"path": "out.txt", "file_text": "written"})
NATIVE = {
    "copilot": sync.Session,
    "acp": acp_sync.Session,
    "synaps": synaps_sync.Client,
    "tau": TauSession,
}
AGENT = [sys.executable, "-m", "copilot_sdk.runtime", "--synaps-rpc"]


@contextmanager
def talk(kind: str, folder: Path, model: ScriptedModel) -> Iterator[Conversation[Any, Any]]:
    """A conversation of a kind that works in a folder."""
    with ExitStack() as resources:
        if kind == "copilot":
            client = resources.enter_context(sync.CopilotClient.embedded(model))
            yield resources.enter_context(connect("copilot", client=client, working_directory=str(folder)))
        elif kind == "tau":
            daemon = resources.enter_context(tau_sync.embedded(model))
            yield resources.enter_context(connect("tau", client=daemon, cwd=folder))
        elif kind == "acp":
            serving: list[asyncio.Task[None]] = []

            async def serving_one(theirs: Transport) -> None:
                async with Runtime(model=model) as runtime:
                    await serve(runtime, theirs)

            async def opened() -> Transport:
                ours, theirs = memory_pair()
                serving.append(asyncio.create_task(serving_one(theirs)))
                return ours

            yield resources.enter_context(connect("acp", agent=opened, cwd=folder))
        else:
            home = {**os.environ, "COPILOT_HOME": str(folder / "home")}
            agent = synaps_sync.connect(AGENT, env=home, ready_timeout=30)
            yield resources.enter_context(connect("synaps", client=agent))


def threads() -> int:
    return sum(thread.name == "copilot_sdk.sync" for thread in threading.enumerate())


@pytest.mark.parametrize("kind", NATIVE)
def test_a_prompt_is_a_plain_loop_over_the_same_events(kind: str, tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: Reply(f"Hello! You said: {request.prompt}"))
    with talk(kind, tmp_path, model) as agent:
        prompt = agent.prompt("one")
        said = "".join(event.text for event in prompt if isinstance(event, Text))
        assert said == "Hello! You said: one"
        done = prompt.result()
        assert (type(done), done.text, prompt.done) == (Done, said, True)
        assert agent.prompt("two").result().text == "Hello! You said: two"
        agent.abort()
        assert isinstance(agent.native, NATIVE[kind])
        assert threads() == 1
    assert threads() == 0
    assert prompt.result() == done
    with pytest.raises(UsageError, match="not open"):
        agent.prompt("more")


@pytest.mark.parametrize("kind", ["copilot", "acp"])
def test_permissions_are_answered_from_the_loop_over_events(kind: str, tmp_path: Path) -> None:
    made = tmp_path / "out.txt"
    model = ScriptedModel([Reply(calls=[WRITE]), Reply("did"), Reply(calls=[WRITE]), Reply("did not")])
    with talk(kind, tmp_path, model) as agent:
        for event in agent.prompt("write"):
            if isinstance(event, Permission):
                event.allow()
                event.deny()
        assert made.read_text() == "written"
        made.unlink()
        seen = [event.status for event in agent.prompt("again") if isinstance(event, Tool)]
        assert seen[-1] == "failed"
        assert not made.exists()


def test_an_answer_that_comes_after_the_end_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with talk("copilot", tmp_path, ScriptedModel([Reply(calls=[WRITE])])) as agent:
        asked = next(event for event in agent.prompt("write") if isinstance(event, Permission))
    asked.allow()
    assert "denied" in repr(asked)
    assert caplog.records == []
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("kind", ["copilot", "acp"])
def test_a_fork_lives_in_the_same_thread_and_may_end_before(kind: str, tmp_path: Path) -> None:
    model = ScriptedModel(lambda request: Reply(request.prompt))
    with talk(kind, tmp_path, model) as agent:
        agent.prompt("first").result()
        with agent.fork() as fork:
            assert fork.native.id != agent.native.id
            assert fork.prompt("second").result().text == "second"
            assert threads() == 1
        assert agent.prompt("third").result().text == "third"


def test_what_is_beneath_is_the_sync_client_of_the_protocol(tmp_path: Path) -> None:
    model = ScriptedModel([])
    with talk("copilot", tmp_path, model) as agent:
        assert agent.native is agent.native
        assert agent.native.rpc.tasks.list().tasks == []
    with talk("tau", tmp_path, model) as agent:
        told = agent.native.client.rpc.get_session_info(session_id=agent.native.id)
        assert told.info.id == agent.native.id
        agent.native.client.close()
        assert threads() == 1


def test_a_conversation_that_cannot_be_opened_leaves_no_thread() -> None:
    with pytest.raises(UsageError, match="kind has to be one of copilot, acp, synaps, tau"):
        connect("telepathy")  # type: ignore[call-overload]
    client = sync.CopilotClient.embedded()
    with pytest.raises(UsageError):
        connect("copilot", client=client).start()
    assert threads() == 0
