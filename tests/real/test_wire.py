"""The CLI speaks the wire that the package is written for."""

from __future__ import annotations

import pytest

from tests.real.support.cli import VERSION
from tests.real.support.rawrpc import WireError
from tests.real.support.stage import Stage
from tests.support.model_server import Reply, ToolCall


async def test_the_cli_speaks_protocol_version_three(stage: Stage) -> None:
    result = await stage.client.request("connect")
    assert isinstance(result, dict)
    assert (result["protocolVersion"], result["version"]) == (3, VERSION)


async def test_a_turn_streams_its_deltas_and_ends_idle(stage: Stage) -> None:
    session = await stage.create()
    await stage.turn(session, "Say hello.", Reply(["Hel", "lo."]))
    events = [
        f.payload["event"] for f in stage.client.frames if f.kind == "event" and isinstance(f.payload, dict)
    ]
    deltas = [event["data"]["deltaContent"] for event in events if event["type"] == "assistant.message_delta"]
    assert deltas == ["Hel", "lo."]
    assert events[-1]["type"] == "session.idle"


async def test_a_tool_of_the_client_is_run_after_its_permission(stage: Stage) -> None:
    stage.tools["weather"] = lambda arguments: f"Sun in {arguments['city']}."
    tool = {"name": "weather", "description": "Weather.", "parameters": {"type": "object", "properties": {}}}
    session = await stage.create(tools=[tool])
    call = ToolCall("weather", {"city": "Rome"})
    await stage.turn(session, "Rome?", Reply(tool_calls=[call]), Reply("Sun."))
    second = stage.model.requests[1]
    assert second.messages[-1]["role"] == "tool"
    assert second.messages[-1]["content"] == "Sun in Rome."


async def test_an_unknown_session_is_refused_by_its_id(stage: Stage) -> None:
    with pytest.raises(WireError, match="Session not found for sessionId: nobody"):
        await stage.client.request("session.model.getCurrent", {"sessionId": "nobody"})
