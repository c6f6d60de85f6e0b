"""Many at once: sessions of a client, clients of a runtime, clients of a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk import CopilotClient, tool
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.events import (
    AssistantMessage,
    AssistantMessageDelta,
    SessionEvent,
    SessionIdle,
    UserMessage,
)
from copilot_sdk.runtime import Reply, Runtime, ScriptedModel, embedded
from copilot_sdk.runtime.copilot import reception
from copilot_sdk.runtime.copilot.connection import Connection
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.session import Session
from copilot_sdk.transports.address import Address, connect, listen
from copilot_sdk.transports.base import Transport
from copilot_sdk.types import SessionLifecycleNotification, UserInputRequest, UserInputResponse

# Each of them is a second or two of work, more where others work too.
pytestmark = pytest.mark.timeout(180)

SESSIONS = 200

Join = Callable[[], Awaitable[CopilotClient]]


@pytest.fixture
async def join() -> AsyncIterator[Join]:
    """Opens one more client of a runtime in this process."""
    async with AsyncExitStack() as exits:
        runtime = await exits.enter_async_context(embedded())

        async def connect() -> Transport:
            return runtime.connect()

        yield lambda: exits.enter_async_context(CopilotClient.over(connect))


@pytest.fixture
async def client(join: Join) -> CopilotClient:
    return await join()


async def together(number: int, make: Callable[[int], Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*(make(index) for index in range(number)))


async def test_each_of_200_sessions_gets_its_own_events_all_of_them_and_in_order(
    client: CopilotClient,
) -> None:
    async def play(number: int) -> list[SessionEvent]:
        @tool(skip_permission=True)
        async def own_number() -> int:
            """The number of the session."""
            return number

        session = await client.create_session(tools=[own_number], streaming=True)
        async with session.events() as events:
            answer = await session.send("!call own_number {}")
            assert answer.text == f"The tools answered: {number}"
            kept = (await session.rpc.get_messages()).events
            heard = [await anext(events)]
            while heard[-1].type != "session.idle":
                heard.append(await anext(events))
        deltas = [event.data.delta_content for event in heard if isinstance(event, AssistantMessageDelta)]
        assert "".join(deltas) == answer.text
        lasting = [event.id for event in heard if not event.ephemeral]
        assert lasting == [event.id for event in kept][-len(lasting) :]
        return heard

    heard = await together(SESSIONS, play)
    everything = [event.id for events in heard for event in events]
    assert len(set(everything)) == len(everything)
    assert {tuple(event.type for event in events) for events in heard} == {
        tuple(event.type for event in heard[0])
    }


async def test_200_sessions_may_ask_the_user_at_the_same_time(client: CopilotClient) -> None:
    asked = 0
    all_asked = asyncio.Event()

    async def answer(request: UserInputRequest) -> UserInputResponse:
        nonlocal asked
        asked += 1
        if asked == SESSIONS:
            all_asked.set()
        await all_asked.wait()
        return UserInputResponse(answer=request.question, was_freeform=True)

    async def play(number: int) -> str:
        session = await client.create_session(on_user_input=answer)
        return (await session.send(f'!call ask_user {{"question": "number {number}?"}}')).text

    answers = await together(SESSIONS, play)
    assert all(f"number {number}?" in text for number, text in enumerate(answers))


async def test_what_is_open_when_the_client_closes_ends_for_all_sessions(client: CopilotClient) -> None:
    sessions: list[Session] = await together(SESSIONS, lambda _: client.create_session())
    turns = [session.send("!hold") for session in sessions]
    streams = [session.events() for session in sessions]
    await asyncio.gather(*(turn.accepted() for turn in turns))
    await client.close()
    outcomes = await asyncio.gather(*turns, return_exceptions=True)
    assert {type(outcome).__name__ for outcome in outcomes} == {"ConnectionClosed"}
    for stream in streams:
        async for _ in stream:
            pass


async def test_the_clients_of_a_session_see_the_same_turns_whoever_sends(join: Join) -> None:
    clients = await together(4, lambda _: join())
    first = await clients[0].create_session(streaming=True)
    others = [await client.resume_session(first.id, disable_resume=True) for client in clients[1:]]
    sessions = [first, *others]
    streams = [session.events() for session in sessions]
    turns = [session.send(f"!say {number}") for number, session in enumerate(sessions)]
    assert [(await turn).text for turn in turns] == ["0", "1", "2", "3"]
    heard = [[await anext(stream)] for stream in streams]
    for events, stream in zip(heard, streams, strict=True):
        while sum(isinstance(event, AssistantMessage) for event in events) < len(turns):
            events.append(await anext(stream))
    assert all(events == heard[0] for events in heard)
    assert sum(isinstance(event, UserMessage) for event in heard[0]) == len(turns)


async def test_none_of_10_000_deltas_is_lost_doubled_or_moved_for_any_of_four_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All have the same shape: to hold each of them to the schema would be most of the time.
    monkeypatch.setattr(reception, "Peer", Peer)
    pieces = [f"{number} " for number in range(10_000)]
    where = Address.parse(f"unix:{tmp_path / 'socket'}", listening=True)

    async with AsyncExitStack() as exits:
        model = ScriptedModel([Reply(pieces)])
        runtime = await exits.enter_async_context(Runtime(home=tmp_path, model=model))

        async def serve(transport: Transport) -> None:
            await Connection(runtime, Reception(transport)).serve()

        await exits.enter_async_context(await listen(where, serve))
        client = await exits.enter_async_context(CopilotClient.connect(str(where)))
        session = await client.create_session(streaming=True)
        others = [Listener(await connect(where)) for _ in range(3)]
        for other in others:
            await exits.enter_async_context(other.peer)
            await other.peer.request("session.resume", {"sessionId": session.id})
        events = await exits.enter_async_context(session.events(AssistantMessageDelta, SessionIdle))
        turn = session.send("go")
        heard: list[tuple[str, str]] = []
        while isinstance(event := await anext(events), AssistantMessageDelta):
            heard.append((event.id, event.data.delta_content))
        assert (await turn).text == "".join(pieces)
        for other in others:
            await other.idle.wait()
    assert [text for _, text in heard] == pieces
    assert len({event_id for event_id, _ in heard}) == len(pieces)
    assert all(other.heard == heard for other in others)


class Listener:
    """A client that speaks the wire itself, and hears the deltas of the one session that it joins."""

    def __init__(self, transport: Transport) -> None:
        self.heard: list[tuple[str, str]] = []
        self.idle = asyncio.Event()
        self.peer = Peer(transport, on_notification=self._hear)

    def _hear(self, _: str, params: Mapping[str, Any]) -> None:
        event = params.get("event", {})
        if event.get("type") == "assistant.message_delta":
            self.heard.append((event["id"], event["data"]["deltaContent"]))
        elif event.get("type") == "session.idle":
            self.idle.set()


async def test_a_client_that_leaves_a_session_leaves_it_to_the_others(join: Join) -> None:
    staying, leaving = await join(), await join()
    session = await staying.create_session()
    joined = await leaving.resume_session(session.id, disable_resume=True)
    turn = session.send("!hold")
    await turn.accepted()
    await joined.close()
    await leaving.close()
    await turn.abort()
    assert (await turn).aborted
    assert (await session.send("!say still here")).text == "still here"


async def test_clients_of_one_runtime_use_the_same_names_for_their_own_tools(join: Join) -> None:
    async def play(number: int) -> str:
        @tool(skip_permission=True)
        async def whose() -> str:
            """Who offers this tool."""
            return f"client {number}"

        client = await join()
        sessions = await together(3, lambda _: client.create_session(tools=[whose]))
        answers = await asyncio.gather(*(session.send("!call whose {}") for session in sessions))
        return " ".join(answer.text for answer in answers)

    for number, answers in enumerate(await together(5, play)):
        assert answers.count(f"client {number}") == answers.count("client ") == 3


async def test_every_client_of_a_runtime_hears_how_sessions_come_and_go(join: Join) -> None:
    acting, watching = await join(), await join()
    heard: list[tuple[str, str]] = []
    gone = asyncio.Event()

    async def listen(news: SessionLifecycleNotification) -> None:
        heard.append((news.session_id, news.type))
        if news.type == "session.deleted":
            gone.set()

    watching.on_lifecycle(listen)
    async with await acting.create_session(session_id="watched") as session:
        await session.send("!say hello")
    await acting.delete_session("watched")
    await gone.wait()
    assert {session for session, _ in heard} == {"watched"}
    # Some of it is said twice, as the CLI does.
    told = [kind for _, kind in heard]
    alive = told[: told.index("session.deleted")]
    assert alive[0] == "session.created"
    assert set(alive) == {"session.created", "session.updated"}
    assert set(told[len(alive) :]) == {"session.deleted"}
