"""Creating and resuming sessions: what is sent, what is refused before, what comes early."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from copilot_sdk import (
    ConnectionClosed,
    CopilotClient,
    InvalidParams,
    ProtocolError,
    RequestTimeout,
    ResultValidationError,
    RpcError,
    SessionNotFound,
    UsageError,
    approve_all,
    tool,
)
from copilot_sdk.errors import InternalError
from copilot_sdk.events import SessionEvent
from copilot_sdk.options import SessionOptions
from tests.support.fake_runtime import SESSION, FakeRuntime


@tool
def lookup(word: str) -> str:
    """Look a word up."""
    return word


def nothing_was_sent(runtime: FakeRuntime) -> bool:
    return [method for method, _ in runtime.requests] == ["connect"]


async def test_options_go_out_under_their_wire_names(client: CopilotClient, runtime: FakeRuntime) -> None:
    session = await client.create_session(
        session_id=SESSION,
        tools=[lookup],
        on_permission=approve_all,
        on_user_input=lambda request: None,  # type: ignore[arg-type,return-value]
        model="m",
        working_directory="/w",
    )
    sent = await runtime.asked("session.create")
    assert sent == {
        "sessionId": SESSION,
        "model": "m",
        "workingDirectory": "/w",
        "requestPermission": True,
        "requestUserInput": True,
        "tools": [
            {
                "name": "lookup",
                "description": "Look a word up.",
                "parameters": {
                    "type": "object",
                    "properties": {"word": {"type": "string"}},
                    "required": ["word"],
                    "additionalProperties": False,
                },
            }
        ],
    }
    assert (session.id, session.workspace_path) == (SESSION, "/work")
    assert session.capabilities is not None


async def test_without_handlers_the_runtime_is_told_not_to_ask(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    session = await client.create_session()
    sent = await runtime.asked("session.create")
    assert sent == {"sessionId": session.id, "requestPermission": False}


async def test_every_session_gets_an_identifier_of_its_own(client: CopilotClient) -> None:
    first, second = await client.create_session(), await client.create_session()
    assert first.id != second.id


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"modle": "m"}, "'modle'"),
        ({"model": 5}, "model"),
        ({"streaming": "maybe"}, "streaming"),
        ({"provider": {"baseUrl": 7}}, "provider.baseUrl"),
        ({"request_permission": True}, "'request_permission'"),
        ({"request_user_input": True}, "'request_user_input'"),
    ],
)
async def test_a_wrong_option_is_named_before_anything_is_sent(
    client: CopilotClient, runtime: FakeRuntime, options: dict[str, Any], named: str
) -> None:
    for call in (client.create_session(**options), client.resume_session(SESSION, **options)):
        with pytest.raises(InvalidParams) as caught:
            await call
        assert caught.value.method in {"session.create", "session.resume"}
        assert caught.value.method in str(caught.value)
        assert named in str(caught.value)
    assert nothing_was_sent(runtime)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"modle": "m"}, "session.create has no option 'modle' (did you mean 'model' or 'models'?)"),
        ({"mcpServers": {}}, "session.create has no option 'mcpServers' (did you mean 'mcp_servers'"),
        ({"on_permision": approve_all}, "'on_permision' (did you mean 'on_permission'?)"),
        ({"temperature": 1, "zzz": 2}, "session.create has no option 'temperature', 'zzz'"),
        ({"disable_resume": True}, "session.create has no option 'disable_resume' (session.resume has it)"),
    ],
)
async def test_an_unknown_option_is_told_with_what_may_have_been_meant(
    client: CopilotClient, runtime: FakeRuntime, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidParams) as caught:
        await client.create_session(**options)
    assert said in str(caught.value)
    with pytest.raises(InvalidParams, match=r"'trust_working_directory' \(session.create has it\)"):
        await client.resume_session(SESSION, trust_working_directory="user")  # type: ignore[call-arg]
    assert nothing_was_sent(runtime)


async def test_the_same_options_create_a_session_and_resume_it(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    options: SessionOptions = {"model": "m", "tools": [lookup], "on_permission": approve_all}
    async with await client.create_session(session_id=SESSION, **options):
        pass
    async with await client.resume_session(SESSION, **options):
        pass
    created = await runtime.asked("session.create")
    assert (created["model"], created["requestPermission"]) == ("m", True)
    assert [tool["name"] for tool in created["tools"]] == ["lookup"]
    assert await runtime.asked("session.resume") == created
    assert options == {"model": "m", "tools": [lookup], "on_permission": approve_all}


async def test_a_callback_that_is_none_is_left_out(client: CopilotClient, runtime: FakeRuntime) -> None:
    await client.create_session(
        session_id=None, on_permission=None, hooks=None, system_message_transforms=None, handlers=None
    )
    sent = await runtime.asked("session.create")
    assert sent.keys() == {"sessionId", "requestPermission"}
    assert sent["requestPermission"] is False


async def test_a_wrong_argument_of_a_method_is_named_before_anything_is_sent(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    with pytest.raises(InvalidParams, match=r"ping: message") as caught:
        await client.ping(message=5)  # type: ignore[arg-type]
    assert caught.value.method == "ping"
    assert nothing_was_sent(runtime)


async def test_what_is_no_tool_and_no_function_is_refused(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    def plain() -> None: ...

    with pytest.raises(UsageError, match="@tool"):
        await client.create_session(tools=[plain])  # type: ignore[list-item]
    with pytest.raises(UsageError, match="two tools have the name 'lookup'"):
        await client.create_session(tools=[lookup, lookup])
    with pytest.raises(UsageError, match="on_permission has to be a function, not 'yes'"):
        await client.create_session(on_permission="yes")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="on_user_input has to be a function, not 5"):
        await client.resume_session(SESSION, on_user_input=5)  # type: ignore[arg-type]
    assert nothing_was_sent(runtime)


async def test_a_session_is_open_once_in_a_client(client: CopilotClient, runtime: FakeRuntime) -> None:
    first = await client.create_session(session_id=SESSION)
    with pytest.raises(UsageError, match="open in this client already"):
        await client.resume_session(SESSION)
    assert runtime.count("session.resume") == 0
    await first.close()
    again = await client.resume_session(SESSION)
    assert again.id == SESSION


async def test_an_unknown_session_cannot_be_resumed(client: CopilotClient, runtime: FakeRuntime) -> None:
    runtime.answers["session.resume"] = InternalError(
        "Request session.resume failed with message: Session not found: s9"
    )
    with pytest.raises(SessionNotFound, match="s9"):
        await client.resume_session("s9")
    runtime.answers["session.resume"] = runtime._opened
    await client.resume_session("s9")


async def test_events_that_come_before_the_session_is_there_reach_its_tools(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    async def create(params: dict[str, Any]) -> dict[str, Any]:
        await runtime.request_tool("lookup", {"word": "early"})
        return {"sessionId": params["sessionId"]}

    runtime.answers["session.create"] = create
    await client.create_session(session_id=SESSION, tools=[lookup])
    assert await runtime.tool_answer() == "early"


async def test_a_session_that_the_runtime_names_keeps_its_first_events(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    async def create(params: dict[str, Any]) -> dict[str, Any]:
        assert "sessionId" not in params
        for session in ("cloud-7", "elsewhere"):
            await runtime.request_tool("lookup", {"word": session}, session=session)
        return {"sessionId": "cloud-7"}

    runtime.answers["session.create"] = create
    session = await client.create_session(tools=[lookup], cloud={"repository": {"owner": "o", "name": "n"}})  # type: ignore[arg-type]
    assert session.id == "cloud-7"
    assert (await runtime.asked("session.tools.handlePendingToolCall"))["sessionId"] == "cloud-7"
    await session.send("go").accepted()
    assert (await runtime.asked("session.send"))["sessionId"] == "cloud-7"
    await client.ping()
    assert runtime.count("session.tools.handlePendingToolCall") == 1


async def test_a_callback_gets_the_events_from_the_first_one_on(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    seen: list[str] = []
    last = asyncio.Event()

    def note(event: SessionEvent) -> None:
        seen.append(event.type)
        if event.type == "session.idle":
            last.set()

    async def open_late(params: Mapping[str, Any]) -> dict[str, Any]:
        await runtime.event("session.start")
        await runtime.event("session.skills_loaded")
        return {"sessionId": SESSION}

    runtime.answers |= {"session.create": open_late, "session.resume": open_late}
    for opening in (
        client.create_session(session_id=SESSION, on_event=note),
        client.resume_session(SESSION, on_event=note),
    ):
        async with await opening:
            await runtime.event("session.idle")
            await last.wait()
        assert seen == ["session.start", "session.skills_loaded", "session.idle"]
        seen.clear()
        last.clear()
    for method in ("session.create", "session.resume"):
        assert "onEvent" not in await runtime.asked(method)


async def test_the_first_events_of_a_session_that_the_runtime_names_reach_its_callback(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def name(_: object) -> dict[str, Any]:
        await runtime.event("session.start", session="cloud-7")
        return {"sessionId": "cloud-7"}

    runtime.answers["session.create"] = name

    async def note(event: SessionEvent) -> None:
        await seen.put(event.type)

    await client.create_session(on_event=note, cloud={"repository": {"owner": "o", "name": "n"}})  # type: ignore[arg-type]
    assert await seen.get() == "session.start"


async def test_the_callback_of_a_session_that_could_not_be_created_ends(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    runtime.answers["session.create"] = InternalError("no")
    before = asyncio.all_tasks()
    with pytest.raises(InternalError):
        await client.create_session(on_event=print)
    assert asyncio.all_tasks() == before
    with pytest.raises(UsageError, match="on_event has to be a function"):
        await client.create_session(on_event="print")  # type: ignore[arg-type]


async def test_a_runtime_cannot_give_one_identifier_to_two_sessions(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await client.create_session(session_id=SESSION)
    runtime.answers["session.create"] = {"sessionId": SESSION}
    with pytest.raises(ProtocolError, match="identifier of an open session"):
        await client.create_session(session_id="other")


async def test_a_session_whose_result_cannot_be_read_is_left_again(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    runtime.answers["session.create"] = {"sessionId": 5}
    with pytest.raises(ResultValidationError, match="sessionId"):
        await client.create_session(session_id=SESSION)
    assert (await runtime.asked("session.destroy"))["sessionId"] == SESSION


async def test_a_runtime_that_does_not_answer_is_waited_for_in_vain_for_a_limited_time(
    runtime: FakeRuntime,
) -> None:
    runtime.answers["session.create"] = lambda _: asyncio.Event().wait()
    async with runtime.client(request_timeout=0.02) as client:
        with pytest.raises(RequestTimeout, match=r"session\.create"):
            await client.create_session(session_id=SESSION)
        runtime.answers["session.create"] = runtime._opened
        await client.create_session(session_id=SESSION)


async def test_a_cancelled_creation_frees_the_identifier(client: CopilotClient, runtime: FakeRuntime) -> None:
    runtime.answers["session.create"] = lambda _: asyncio.Event().wait()
    creating = asyncio.create_task(client.create_session(session_id=SESSION))
    await runtime.asked("session.create")
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    runtime.answers["session.create"] = runtime._opened
    await client.create_session(session_id=SESSION)


async def test_a_lost_connection_ends_the_creation(client: CopilotClient, runtime: FakeRuntime) -> None:
    runtime.answers["session.create"] = lambda _: asyncio.Event().wait()
    creating = asyncio.create_task(client.create_session())
    await runtime.asked("session.create")
    await runtime.drop()
    with pytest.raises(ConnectionClosed):
        await creating
    with pytest.raises(ConnectionClosed):
        await client.create_session()


async def test_a_deleted_session_is_closed(client: CopilotClient, runtime: FakeRuntime) -> None:
    session = await client.create_session(session_id=SESSION)
    stream = session.events()
    runtime.answers["session.delete"] = {"success": True}
    await client.delete_session(SESSION)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    with pytest.raises(UsageError, match="is closed"):
        session.send("go")
    assert runtime.count("session.destroy") == 0
    await client.create_session(session_id=SESSION)


async def test_a_session_that_cannot_be_deleted_stays_open(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    session = await client.create_session(session_id=SESSION)
    runtime.answers["session.delete"] = {"success": False, "error": "it is in use"}
    with pytest.raises(RpcError, match="it is in use"):
        await client.delete_session(SESSION)
    await session.send("go").accepted()


async def test_a_session_tells_how_its_log_was_repaired(client: CopilotClient, runtime: FakeRuntime) -> None:
    report = {"plannedBackupPath": "/b", "invalidLineNumbers": [4], "sessionStartMoved": False}
    runtime.answers["session.resume"] = {"sessionId": "old", "transcriptRecovery": report}
    repaired = await client.resume_session("old", allow_transcript_recovery=True)
    assert repaired.transcript_recovery is not None
    assert repaired.transcript_recovery.to_wire() == report
    assert (await client.create_session()).transcript_recovery is None


async def test_changed_capabilities_are_merged(client: CopilotClient, runtime: FakeRuntime) -> None:
    session = await client.create_session(session_id=SESSION)
    await runtime.event("capabilities.changed", {"ui": {"elicitation": True, "canvases": True}})
    await runtime.event("capabilities.changed", {"ui": {"canvases": False}})
    await client.ping()
    assert session.capabilities is not None
    assert session.capabilities.to_wire() == {"ui": {"elicitation": True, "canvases": False}}
