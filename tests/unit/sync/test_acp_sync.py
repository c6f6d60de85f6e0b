"""The sync face of the client of the Agent Client Protocol: the async client behind one loop thread."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.acp import CapabilityMissing, sync
from copilot_sdk.acp.permissions import approve_once
from copilot_sdk.acp.types import AgentMessageChunk, RequestPermissionRequest
from copilot_sdk.errors import UsageError
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from tests.support.acp_agent import Json, RawAgent


async def talk(agent: RawAgent, params: Json) -> Json:
    text = params["prompt"][0]["text"]
    if text == "may I?":
        text = (await agent.ask_permission())["outcome"]
    await agent.say(text)
    return {"stopReason": "end_turn"}


@pytest.fixture
def client() -> Iterator[sync.Client]:
    serving: list[asyncio.Task[None]] = []

    async def opened() -> Transport:
        near, far = memory_pair()
        agent = RawAgent(far)
        agent.answers |= {
            "session/prompt": lambda params: talk(agent, params),
            "session/fork": {"sessionId": "fork"},
            "session/list": {"sessions": []},
            "_x/y": {"z": 1},
        }
        serving.append(asyncio.create_task(agent.serve()))
        return near

    def decide(_: RequestPermissionRequest) -> Any:
        assert made.list_sessions() == []
        return approve_once()

    with sync.Client(opened, on_permission=decide) as made:
        yield made


def test_whoever_is_interrupted_in_a_loop_may_go_on(
    client: sync.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(work: Coroutine[Any, Any, Any]) -> None:
        work.close()
        raise KeyboardInterrupt

    turn = client.new_session("/src").prompt("hello")
    with monkeypatch.context() as patched:
        patched.setattr(client._portal, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(turn)
    assert [type(update) for update in turn] == [AgentMessageChunk]


def test_a_turn_is_a_plain_loop_over_typed_updates(client: sync.Client) -> None:
    with client.new_session("/src") as session, session.updates(AgentMessageChunk) as updates:
        turn = session.prompt("hello")
        assert [type(update) for update in turn] == [AgentMessageChunk]
        assert turn.result().stop_reason == "end_turn"
        assert turn.done
        turn.cancel()
        assert "".join(session.prompt("bye").text()) == "bye"
        assert next(updates).message_id is None
    assert session.closed


def test_a_plain_callback_may_use_the_client_itself(client: sync.Client) -> None:
    session = client.new_session("/src")
    assert "".join(session.prompt("may I?").text()) == "selected"


def test_every_method_of_the_wire_is_called_without_await(client: sync.Client) -> None:
    assert client.rpc.session.list().sessions == []
    assert client.request("_x/y") == {"z": 1}
    client.notify("_x/z")
    assert (client.protocol_version, client.supports("session/fork"), client.auth_methods) == (1, True, [])
    assert client.capabilities is not None
    session = client.new_session("/src")
    assert (session.id, session.cwd, session.history, session.commands) == ("s", "/src", [], [])
    assert (session.modes, session.config_options, session.title) == (None, [], None)
    session.set_mode("plan")
    session.cancel()
    assert session.fork().id == "fork"
    assert client.load_session("old", "/src").id == "old"
    assert client.resume_session("older", "/src").id == "older"
    client.close_session("s")
    client.delete_session("s")
    with pytest.raises(CapabilityMissing):
        session.fork(additional_directories=["/more"], system_prompt=object())  # type: ignore[arg-type]


def test_a_closed_client_says_so(client: sync.Client) -> None:
    client.close()
    client.close()
    with pytest.raises(UsageError, match="not open"):
        client.new_session("/src")


@pytest.mark.parametrize("module", ["copilot_sdk.acp", "copilot_sdk.acp.sync"])
def test_importing_the_package_loads_next_to_nothing(module: str) -> None:
    source = str(Path(sync.__file__).parents[3])
    program = f"import json, sys; sys.path.insert(0, {source!r}); import {module}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"asyncio", "pydantic", "typing"} & {*json.loads(done.stdout)}
