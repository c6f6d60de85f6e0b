"""The client of synaps against an agent that says what a test wants."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import synaps
from copilot_sdk.errors import (
    ConnectError,
    ConnectionClosed,
    EventBufferOverflow,
    InvalidParams,
    ProtocolVersionMismatch,
    RequestRefused,
    RequestTimeout,
    TurnTimeout,
    UsageError,
)
from copilot_sdk.synaps.events import (
    AgentEndEvent,
    AutoTurnResponse,
    ErrorEvent,
    RuntimeEvent,
    TextDelta,
    UnknownVariant,
)
from copilot_sdk.synaps.types import Attachment, TurnProviderFailed
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from tests.support.synaps import END, READY, RawAgent, raw_agent, said


async def test_a_turn_gives_its_events_and_its_result() -> None:
    async with raw_agent() as (client, agent):
        assert (client.session_id, client.model) == ("s1", "m")
        turn = client.prompt("hi")
        command = await agent.receive()
        assert command == {"type": "prompt", "id": turn.name, "message": "hi", "attachments": []}
        await agent.send(said("Hel"), said("lo"), END)
        await agent.answer(turn.name, "prompt", ok=True)
        events = [event async for event in turn]
        assert [type(event) for event in events] == [TextDelta, TextDelta, AgentEndEvent]
        result = await turn
        assert (result.text, result.cancelled, result.response.ok) == ("Hello", False, True)
        assert result.usage is not None
        assert result.usage.input_tokens == 3


async def test_a_follow_up_is_a_turn_too_and_its_text_comes_in_pieces() -> None:
    async with raw_agent() as (client, agent):
        turn = client.follow_up("go on")
        assert await agent.receive() == {"type": "follow_up", "id": turn.name, "message": "go on"}
        await agent.send(said("a"), said("b"), END)
        await agent.answer(turn.name, "prompt", ok=True)
        assert [piece async for piece in turn.text()] == ["a", "b"]


async def test_another_version_of_the_protocol_is_refused() -> None:
    near, far = memory_pair()
    await RawAgent(far).send({**READY, "protocol_version": 2})
    with pytest.raises(ProtocolVersionMismatch) as caught:
        await synaps.connect(transport=near).start()
    assert caught.value.server == 2
    with pytest.raises(ConnectionClosed):
        await far.receive()


async def test_an_agent_that_is_not_ready_in_time_is_given_up() -> None:
    near, far = memory_pair()
    with pytest.raises(ConnectError, match=r"not ready within 0\.01 s"):
        await synaps.connect(transport=near, ready_timeout=0.01).start()
    with pytest.raises(ConnectionClosed):
        await far.receive()


async def test_an_agent_that_ends_before_it_is_ready_is_gone() -> None:
    near, far = memory_pair()
    await far.aclose()
    with pytest.raises(ConnectionClosed):
        await synaps.connect(transport=near).start()


async def test_a_turn_that_fails_tells_why() -> None:
    async with raw_agent() as (client, agent):
        turn = client.prompt("hi")
        name = await agent.expect("prompt")
        await agent.send(said("Hm"), {"type": "error", "id": name, "message": "overloaded"}, END)
        outcome = {"kind": "provider_failed", "code": "overloaded", "correlation_id": "turn-1-1"}
        await agent.answer(name, "prompt", ok=False, error="overloaded", outcome=outcome)
        with pytest.raises(synaps.TurnFailed, match="overloaded") as caught:
            await turn
        assert isinstance(caught.value.outcome, TurnProviderFailed)
        assert [type(await anext(turn)) for _ in range(3)] == [TextDelta, ErrorEvent, AgentEndEvent]
        with pytest.raises(synaps.TurnFailed):
            await anext(turn)


async def test_a_prompt_that_is_refused_shows_by_the_next_frame_which_the_client_asks_for() -> None:
    async with raw_agent() as (client, agent):
        turn = client.prompt("hi")
        name = await agent.expect("prompt")
        await agent.send({"type": "error", "id": name, "message": "context head is unverified"})
        probe = await agent.expect("get_state")
        assert not turn.done
        await agent.answer(probe, "get_state", streaming=False, model="m", session_id="s1", message_count=0)
        with pytest.raises(RequestRefused, match="prompt was refused: context head is unverified"):
            await turn


async def test_a_second_prompt_is_refused_and_the_first_goes_on() -> None:
    async with raw_agent() as (client, agent):
        first, second = client.prompt("one"), client.prompt("two")
        names = [await agent.expect("prompt"), await agent.expect("prompt")]
        await agent.send({"type": "error", "id": names[1], "message": "another prompt is in flight"})
        with pytest.raises(RequestRefused, match="in flight"):
            await second
        await agent.send(said("x"), END)
        await agent.answer(names[0], "prompt", ok=True)
        assert (await first).text == "x"


async def test_turns_of_the_agent_itself_are_told_outside_of_those_of_the_client() -> None:
    payload = {
        "id": "123e4567-e89b-42d3-a456-426614174000", "source": "cron", "severity": "low", "content_type": "alert",
        "text": "t", "timestamp": "2026-01-02T03:04:05Z", "formatted": "<event>t</event>",
    }  # fmt: skip
    async with raw_agent() as (client, agent):
        events = client.events()
        wanted = client.events(RuntimeEvent, AutoTurnResponse)
        await agent.send({"type": "event", "payload": payload}, said("by myself"))
        assert isinstance(await anext(events), RuntimeEvent)
        assert isinstance(await anext(events), TextDelta)
        turn = client.prompt("hi")
        name = await agent.expect("prompt")
        await agent.send(said("!"), END)
        await agent.answer("auto:1", "auto_turn", ok=True)
        await agent.send(said("mine"), END)
        await agent.answer(name, "prompt", ok=True)
        assert (await turn).text == "mine"
        assert isinstance(await anext(wanted), RuntimeEvent)
        ended = await anext(wanted)
        assert isinstance(ended, AutoTurnResponse)
        assert ended.id == "auto:1"


async def test_what_is_unknown_is_kept_and_what_is_no_frame_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with raw_agent() as (client, agent):
        events = client.events()
        await agent.transport.send(b"a line of a log")
        await agent.send({"type": "weather", "wind": 12})
        event = await anext(events)
        assert isinstance(event, UnknownVariant)
        assert event.raw == {"type": "weather", "wind": 12}
        assert "sent no frame" in caplog.text
        assert "a line of" not in caplog.text


async def test_an_abort_ends_the_turn_whatever_comes_first() -> None:
    async with raw_agent() as (client, agent):
        turn = client.prompt("hi")
        name = await agent.expect("prompt")
        aborting = asyncio.create_task(turn.abort())
        abort = await agent.expect("abort")
        await agent.answer(abort, "abort", ok=True)
        await agent.send(END)
        await agent.answer(name, "prompt", ok=True, cancelled=True)
        await aborting
        assert (await turn).cancelled
        await turn.abort()


async def test_a_turn_that_takes_too_long_is_told_with_what_it_did() -> None:
    async with raw_agent() as (client, agent):
        turn = client.prompt("hi", timeout=0.05)
        await agent.expect("prompt")
        await agent.send(said("x"))
        with pytest.raises(TurnTimeout, match="last event text_delta"):
            await turn


async def test_a_command_without_an_answer_times_out() -> None:
    async with raw_agent(request_timeout=0.01) as (client, agent):
        with pytest.raises(RequestTimeout, match="get_state got no answer"):
            await client.state()
        name = await agent.expect("get_state")
        await agent.answer(name, "get_state")
        with pytest.raises(UsageError, match="timeout"):
            await client.rpc.get_state(request_timeout=0)


async def test_a_command_that_is_refused_is_named() -> None:
    async with raw_agent() as (client, agent):
        compacting = asyncio.create_task(client.compact())
        name = await agent.expect("compact")
        await agent.send({"type": "error", "id": name, "message": "nothing to compact"})
        with pytest.raises(RequestRefused) as caught:
            await compacting
        assert (caught.value.method, caught.value.message) == ("compact", "nothing to compact")


async def test_an_argument_that_does_not_fit_is_not_sent() -> None:
    async with raw_agent() as (client, agent):
        with pytest.raises(InvalidParams, match=r"set_model: model"):
            await client.set_model(5)  # type: ignore[arg-type]
        asking = asyncio.create_task(client.state())
        assert await agent.expect("get_state")
        asking.cancel()


async def test_a_message_that_is_longer_than_a_line_may_be_is_not_sent() -> None:
    async with raw_agent() as (client, _):
        with pytest.raises(UsageError, match="prompt has 1048"):
            await client.prompt("x" * 1024 * 1024)


async def test_attachments_are_checked_before_anything_is_sent(tmp_path: Path) -> None:
    async with raw_agent() as (client, agent):
        with pytest.raises(UsageError, match=r"attachments\[0\]: gone.txt cannot be read"):
            await client.prompt("look", attachments=[tmp_path / "gone.txt"])
        with pytest.raises(UsageError, match="8 files, not 9"):
            client.prompt("look", attachments=["a"] * 9)
        with pytest.raises(UsageError, match="list of files"):
            client.prompt("look", attachments="a")
        notes = tmp_path / "notes.txt"
        notes.write_text("x")
        turn = client.prompt("", attachments=[Attachment(path=str(notes), name="n")])
        command = await agent.receive()
        assert command["attachments"] == [{"path": str(notes), "name": "n"}]
        disclosed = {"count": 1, "message": "sent"}
        await agent.answer(turn.name, "attachments.disclosure", **disclosed)
        assert (await anext(turn)).type == "response"
        await agent.answer(turn.name, "prompt", ok=True)
        await turn


async def test_an_agent_that_goes_away_ends_all_that_waits() -> None:
    async with raw_agent() as (client, agent):
        turn, events = client.prompt("hi"), client.events()
        await agent.expect("prompt")
        asking = asyncio.create_task(client.state())
        await agent.expect("get_state")
        await agent.transport.aclose()
        for waiting in (turn, asking, anext(events)):
            with pytest.raises(ConnectionClosed):
                await waiting
        assert client.closed
        with pytest.raises(ConnectionClosed, match="closed on the other side"):
            client.prompt("again")


async def test_a_reader_that_is_too_slow_is_told() -> None:
    async with raw_agent() as (client, agent):
        turn = client.prompt("hi", buffer=1)
        name = await agent.expect("prompt")
        await agent.send(said("a"), said("b"), END)
        await agent.answer(name, "prompt", ok=True)
        assert (await turn).text == "ab"
        await anext(turn)
        with pytest.raises(EventBufferOverflow):
            await anext(turn)


async def test_leaving_stops_what_runs_and_lets_the_agent_end() -> None:
    near, far = memory_pair()
    agent = RawAgent(far)
    await agent.send(READY)

    async def end() -> list[str]:
        names = [await agent.expect("prompt"), await agent.expect("abort")]
        await agent.answer(names[1], "abort", ok=True)
        await agent.expect("shutdown")
        await far.aclose()
        return names

    ending = asyncio.create_task(end())
    async with synaps.connect(transport=near) as client:
        turn = client.prompt("hi")
        await asyncio.sleep(0)
    await ending
    with pytest.raises(ConnectionClosed):
        await turn
    with pytest.raises(UsageError, match="closed"):
        await client.state()
    await client.close()


async def test_a_turn_that_nobody_waits_for_is_logged_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "copilot_sdk.synaps")
    async with raw_agent() as (client, agent):
        client.prompt("hi")
        name = await agent.expect("prompt")
        await agent.answer(name, "prompt", ok=False, error="lost")
        asking = asyncio.create_task(client.state())
        await agent.expect("get_state")
        asking.cancel()
    assert "nobody has waited for it: the turn failed: lost" in caplog.text


async def test_a_client_that_is_not_open_says_so() -> None:
    client = synaps.connect(transport=memory_pair()[0])
    with pytest.raises(UsageError, match="not started"):
        client.prompt("hi")
    with pytest.raises(UsageError, match="no options"):
        synaps.connect(model="m", transport=memory_pair()[0])
    async with raw_agent() as (opened, _):
        with pytest.raises(UsageError, match="started before"):
            await opened.start()
        with pytest.raises(UsageError, match="UnknownVariant"):
            opened.events(UnknownVariant)
        with pytest.raises(UsageError, match="timeout"):
            opened.prompt("hi", timeout=0)
    await client.close()
    with pytest.raises(UsageError, match="the client was closed"):
        await client.start()


async def test_a_client_that_is_closed_while_it_starts_leaves_nothing_open() -> None:
    near, far = memory_pair()
    reached, going = asyncio.Event(), asyncio.Event()

    async def way() -> Transport:
        reached.set()
        await going.wait()
        return near

    client = synaps.Client(way, request_timeout=1, ready_timeout=1, shutdown_timeout=1)
    starting = asyncio.create_task(client.start())
    await reached.wait()
    await client.close()
    going.set()
    with pytest.raises(UsageError, match="the client was closed"):
        await starting
    with pytest.raises(ConnectionClosed):
        await far.receive()


async def test_a_list_that_does_not_fit_has_the_items_that_do() -> None:
    async with raw_agent() as (client, agent):
        answers: list[tuple[str, dict[str, Any], list[str]]] = [
            ("get_messages", {"messages": [5, {"role": "user"}]}, ["user"]),
            ("get_messages", {}, []),
            ("get_messages", {"messages": None}, []),
        ]
        for command, body, roles in answers:
            asking = asyncio.create_task(client.messages())
            await agent.answer(await agent.expect(command), command, **body)
            assert [message.role for message in await asking] == roles


async def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match="no such program"):
        await synaps.connect([str(tmp_path / "synaps"), "rpc"]).start()
    with pytest.raises(UsageError, match=r"command has to be a list .* \['synaps', 'rpc'\]"):
        synaps.connect("synaps rpc")
    with pytest.raises(UsageError, match=r"command\[1\] has to be a text or a path, not int"):
        await synaps.connect([sys.executable, 5]).start()  # type: ignore[list-item]


PROGRAM = """
import json, sys
ready = {"type": "ready", "session_id": " ".join(sys.argv[1:]), "model": "m", "protocol_version": 1}
print(json.dumps(ready), flush=True)
sys.stdin.read()
"""


async def test_options_of_the_session_are_flags_of_the_command() -> None:
    client = synaps.connect(
        [sys.executable, "-ISc", PROGRAM, "rpc"],
        continue_session="abc", system="Be brief.", model="m", profile="p", shutdown_timeout=0.1,
    )  # fmt: skip
    async with client:
        assert client.session_id == "rpc --continue abc --system Be brief. --model m --profile p"
