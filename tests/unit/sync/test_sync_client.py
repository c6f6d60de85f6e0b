"""The sync face: the async client behind one loop thread."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from copilot_sdk import (
    ConnectionClosed,
    Hooks,
    InvalidParams,
    SessionError,
    UsageError,
    approve_all,
    approve_once,
    tool,
)
from copilot_sdk.elicitation import FormValue, accept
from copilot_sdk.events import AssistantMessageDelta, SessionEvent, SessionIdle
from copilot_sdk.options import SessionOptions
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.sync import CopilotClient
from copilot_sdk.types import (
    ElicitationRequestedData,
    PermissionDecision,
    PermissionRequest,
    UIElicitationResponse,
)


@pytest.fixture
def client() -> Iterator[CopilotClient]:
    with CopilotClient.embedded() as client:
        yield client


def test_a_turn_is_a_plain_loop_over_typed_events(client: CopilotClient) -> None:
    with client.create_session(streaming=True) as session:
        events = list(session.send("!say Good \n!say morning"))

    text = "".join(event.data.delta_content for event in events if isinstance(event, AssistantMessageDelta))
    assert text == "Good morning"
    assert isinstance(events[-1], SessionIdle)


def test_send_and_wait_returns_the_last_message(client: CopilotClient) -> None:
    with client.create_session() as session:
        message = session.send("!say yes").result()

    assert message.text == "yes"


def test_the_same_options_create_a_session_and_resume_it(client: CopilotClient) -> None:
    options: SessionOptions = {"streaming": True, "on_permission": approve_all}
    with client.create_session(session_id="again", **options) as session:
        session.send("!say yes").result()
    with client.resume_session("again", **options) as session:
        turn = session.send('!call bash {"command": "echo allowed"}').result()

    assert "allowed" in turn.text


def test_an_unknown_option_is_refused_as_by_the_async_client(client: CopilotClient) -> None:
    with pytest.raises(InvalidParams, match=r"no option 'modle' \(did you mean 'model'"):
        client.create_session(modle="m")  # type: ignore[call-arg]


def test_a_failed_turn_raises(client: CopilotClient) -> None:
    with client.create_session() as session, pytest.raises(SessionError):
        session.send("!fail 400 no such model").result()


def test_every_method_of_the_wire_is_called_without_await(client: CopilotClient) -> None:
    with client.create_session() as session:
        assert session.rpc.tasks.list().tasks == []
        assert client.rpc.ping(message="x").message == "pong: x"


def test_the_user_fills_in_a_form_and_hooks_look_in() -> None:
    class Trip(BaseModel):
        town: str

    told: list[str] = []
    values: Iterator[FormValue] = iter([True, "red", "Ann"])

    def fill_in(request: ElicitationRequestedData) -> UIElicitationResponse:
        return accept(Trip(town="Rome") if request.message == "Where?" else {"value": next(values)})

    hooks = Hooks(user_prompt_submitted=lambda data: told.append(data.prompt))
    with CopilotClient.embedded() as client:
        with client.create_session(on_elicitation=fill_in, hooks=hooks) as session:
            session.send("!say yes").result()
            assert session.elicit("Where?", Trip) == Trip(town="Rome")
            assert session.confirm("Sure?") is True
            assert session.select("Which?", ["blue", "red"]) == "red"
            assert session.input("Who?") == "Ann"
    assert told == ["!say yes"]


def test_a_plain_permission_callback_may_use_the_session_itself() -> None:
    model = ScriptedModel([Reply(calls=[Call("now")]), Reply("done")])
    modes: list[str] = []
    threads: set[str] = set()

    @tool
    def now() -> str:
        """The time."""
        return "noon"

    with CopilotClient.embedded(model) as client:

        def decide(request: PermissionRequest) -> PermissionDecision:
            threads.add(threading.current_thread().name)
            modes.append(session.rpc.mode.get())
            return approve_once()

        with client.create_session(tools=[now], on_permission=decide) as session:
            message = session.send("What time is it?").result()

    assert message.text == "done"
    assert modes == ["interactive"]
    assert "copilot_sdk.sync" not in threads


def test_a_callback_gets_the_events_it_asked_for(client: CopilotClient) -> None:
    seen: list[str] = []
    idle = threading.Event()

    def note(event: SessionIdle) -> None:
        seen.append(event.type)
        idle.set()

    with client.create_session() as session:
        session.on(SessionIdle, note)
        session.send("!say hello")
        assert idle.wait(10)

    assert seen == ["session.idle"]


def test_a_callback_for_all_events_may_use_the_client_and_sees_the_first_one(client: CopilotClient) -> None:
    seen: list[str] = []
    idle = threading.Event()

    def note(event: SessionEvent) -> None:
        assert client.ping().message
        seen.append(event.type)
        if event.type == "session.idle":
            idle.set()

    with client.create_session(on_event=note) as session:
        session.send("!say hello")
        assert idle.wait(10)

    assert seen[0] == "session.start"


def test_a_subscription_is_an_iterator_that_can_be_closed(client: CopilotClient) -> None:
    with client.create_session() as session, session.events(SessionIdle) as events:
        session.send("!say hello").result()
        assert next(events).type == "session.idle"
        events.close()
        assert list(events) == []


def test_leaving_a_turn_early_leaves_the_session_usable(client: CopilotClient) -> None:
    with client.create_session(streaming=True) as session:
        for _ in session.send("!say one"):
            break
        message = session.send("!say two").result()

    assert message.text == "two"


def test_a_client_that_is_not_started_says_so() -> None:
    client = CopilotClient.embedded()

    with pytest.raises(UsageError, match="not started"):
        client.ping()


def test_a_call_from_the_clients_own_loop_is_refused_instead_of_waiting_for_itself(
    client: CopilotClient,
) -> None:
    refused: list[Exception] = []

    async def decide(request: PermissionRequest) -> PermissionDecision:
        try:
            client.ping()
        except UsageError as error:
            refused.append(error)
        return approve_once()

    with client.create_session(on_permission=decide) as session:
        session.send('!call bash {"command": "true"}').result()

    assert len(refused) == 1


def test_closing_ends_the_thread_and_may_be_repeated() -> None:
    client = CopilotClient.embedded()
    client.start()
    client.close()
    client.close()

    assert "copilot_sdk.sync" not in {thread.name for thread in threading.enumerate()}


def test_a_callback_may_close_the_client() -> None:
    closed = threading.Event()
    client = CopilotClient.embedded()

    @tool(skip_permission=True)
    def leave() -> None:
        """Leave."""
        client.close()
        closed.set()

    client.start()
    turn = client.create_session(tools=[leave]).send("!call leave {}")

    assert closed.wait(10)
    with pytest.raises(ConnectionClosed):
        turn.result()


def test_a_tool_that_blocks_does_not_hold_up_closing() -> None:
    release, began, ended = threading.Event(), threading.Event(), threading.Event()

    @tool(skip_permission=True)
    def block() -> None:
        """Block."""
        began.set()
        release.wait(30)
        ended.set()

    with CopilotClient.embedded() as client:
        turn = client.create_session(tools=[block]).send("!call block {}")
        assert began.wait(10)
    held_up = ended.is_set()
    release.set()

    assert not held_up
    assert ended.wait(10)
    with pytest.raises(ConnectionClosed):
        turn.result()


def test_a_tool_that_calls_sys_exit_leaves_the_client_usable(client: CopilotClient) -> None:
    @tool(skip_permission=True)
    async def leave() -> None:
        """Leave."""
        sys.exit(3)

    with client.create_session(tools=[leave]) as session:
        message = session.send("!call leave {}").result()

    assert "SystemExit" in message.text


def test_what_came_of_a_turn_is_known_after_the_client_was_closed() -> None:
    with CopilotClient.embedded() as client:
        session = client.create_session()
        whole = session.send("!say Done.")
        whole.result()
        broken = session.send("!hold")
        broken.accepted()

    assert whole.result().text == "Done."
    with pytest.raises(ConnectionClosed, match="the session was closed before the turn ended"):
        broken.result()


def test_after_the_end_of_the_client_everything_can_still_be_closed() -> None:
    client = CopilotClient.embedded()
    client.start()
    session = client.create_session()
    unsubscribe = session.on("*", print)
    events = session.events()
    turn = session.send("!say hello")
    next(turn)
    client.close()

    unsubscribe()
    events.close()
    session.close()
    del turn
    with pytest.raises(UsageError, match="was closed"):
        session.send("!say hello")


def test_a_forgotten_client_does_not_hold_up_the_end_of_the_program() -> None:
    program = """
from copilot_sdk.sync import CopilotClient
client = CopilotClient.embedded()
client.start()
turn = client.create_session().send("!hold")
next(turn)
print(client.rpc.ping().message)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=True)

    assert done.stdout.startswith(b"pong")
    assert done.stderr == b""


def test_it_works_inside_a_running_event_loop() -> None:
    async def main() -> str:
        with CopilotClient.embedded() as client:
            return client.ping("from a coroutine").message

    assert asyncio.run(main()) == "pong: from a coroutine"
