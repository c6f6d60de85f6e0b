"""A client of the Agent Client Protocol: the handshake, its sessions, and the end."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, cast

import pytest

from copilot_sdk import acp
from copilot_sdk.acp.types import (
    ImageContent,
    Implementation,
    MCPServerHTTP,
    MCPServerStdio,
    SystemPrompt,
    TextContent,
)
from copilot_sdk.errors import (
    ConnectError,
    ConnectionClosed,
    MethodNotFound,
    ProtocolVersionMismatch,
    ResultValidationError,
    RpcError,
    UsageError,
)
from copilot_sdk.frames import Frame
from tests.support.acp_agent import Json, RawAgent, Refusal, connected, raw_agent
from tests.support.raw_peer import step


async def test_the_client_says_what_it_speaks_and_serves() -> None:
    async with connected() as (client, agent):
        told = agent.params("initialize")[0]
        assert told["protocolVersion"] == 1
        assert told["clientCapabilities"] == {}
        assert told["clientInfo"]["name"] == "copilot_sdk"
        assert client.protocol_version == 1
        assert client.agent_info is not None
        assert (client.agent_info.name, client.auth_methods) == ("raw", [])
        assert client.capabilities is not None
        assert client.capabilities.load_session is True


async def test_what_is_given_to_serve_is_announced() -> None:
    async def nothing(*_: object) -> Any:
        raise AssertionError

    options: Any = {
        "files": acp.FolderFiles("/nowhere", read_only=True),
        "terminals": acp.LocalTerminals(),
        "on_url": nothing,
        "client_info": Implementation(name="editor", version="3"),
    }
    async with connected(**options) as (_, agent):
        told = agent.params("initialize")[0]
        assert told["clientCapabilities"] == {
            "fs": {"readTextFile": True, "writeTextFile": False},
            "terminal": True,
            "elicitation": {"url": {}},
        }
        assert told["clientInfo"] == {"name": "editor", "version": "3"}


@pytest.mark.parametrize("version", [0, 2, "2024-11-05", None, True])
async def test_an_agent_of_another_version_is_left(version: object) -> None:
    answers: Any = {"initialize": {"protocolVersion": version}}
    async with raw_agent(answers=answers) as (transport, _):
        with pytest.raises(ProtocolVersionMismatch, match="this SDK speaks 1"):
            await acp.connect(transport).start()
        with pytest.raises(ConnectionClosed):
            await transport.send(b"{}")


async def test_an_agent_that_does_not_start_says_why() -> None:
    with pytest.raises(ConnectError, match="no such program"):
        await acp.connect(["no-such-agent", "--acp"]).start()
    program = "import sys; sys.exit('the licence has run out')"
    with pytest.raises(ConnectError, match="exit code 1") as caught:
        await acp.connect([sys.executable, "-ISc", program]).start()
    assert "the licence has run out" in str(caught.value)


async def test_an_agent_that_stays_silent_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def silent(_: Json) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    async with raw_agent(answers={"initialize": silent}) as (transport, _):
        with pytest.raises(ConnectError, match=r"not ready within 0.01 s"):
            await acp.connect(transport, start_timeout=0.01).start()
    # Whoever starts the client is told.
    assert caplog.text == ""


async def test_an_agent_that_refuses_the_handshake_is_left() -> None:
    async def refuse(_: Json) -> Json:
        raise Refusal(-32603, "not today")

    async with raw_agent(answers={"initialize": refuse}) as (transport, _):
        with pytest.raises(RpcError, match="not today"):
            await acp.connect(transport).start()


def test_options_that_there_are_not_are_refused() -> None:
    with pytest.raises(UsageError, match=r"no option 'on_permision' \(did you mean 'on_permission'"):
        acp.connect(["agent"], on_permision=None)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="start_timeout has to be above zero"):
        acp.connect(["agent"], start_timeout=0)
    for name in ("on_permission", "on_extension_notification", "on_frame"):
        with pytest.raises(UsageError, match=f"{name} has to be a function, not 5"):
            acp.connect(["agent"], **cast("Any", {name: 5}))
    for name, method in {"client_info": "to_wire", "files": "read", "terminals": "create"}.items():
        with pytest.raises(UsageError, match=f"{name} has to have the method {method}, .*; {{}} has not"):
            acp.connect(["agent"], **cast("Any", {name: {}}))
    for agent in ("copilot --acp", None, 5):
        with pytest.raises(UsageError, match=f"agent has to be a command .*, not {agent!r}"):
            acp.connect(agent)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "capability"),
    [
        ("load", "agentCapabilities.loadSession"),
        *((name, f"agentCapabilities.sessionCapabilities.{name}") for name in ("resume", "fork")),
        *((name, f"agentCapabilities.sessionCapabilities.{name}") for name in ("list", "close", "delete")),
    ],
)
@pytest.mark.parametrize("said", [{}, {"loadSession": False, "sessionCapabilities": {"fork": None}}])
async def test_what_the_agent_does_not_offer_is_not_sent(method: str, capability: str, said: Json) -> None:
    async with connected(said) as (client, agent):
        arguments = {"list": (), "close": ("s",), "delete": ("s",)}.get(method, ("s", "/src"))
        call: Any = getattr(client, f"{method}_session{'s' if method == 'list' else ''}")
        with pytest.raises(acp.CapabilityMissing, match=f"does not offer {capability}") as caught:
            await call(*arguments)
        assert (caught.value.method, caught.value.capability) == (f"session/{method}", capability)
        assert isinstance(caught.value, MethodNotFound)
        assert not client.supports(f"session/{method}")
        assert client.supports("session/new")
        assert not client.supports("session/nobody_knows")
        assert agent.methods() == ["initialize"]


async def test_options_that_the_agent_does_not_offer_are_not_sent() -> None:
    async with connected({}) as (client, agent):
        with pytest.raises(acp.CapabilityMissing, match="additional_directories"):
            await client.new_session("/src", additional_directories=["/more"])
        override = SystemPrompt(mode="override", content=[TextContent(text="x")])
        with pytest.raises(acp.CapabilityMissing, match=r"systemPrompt\.mode\.override"):
            await client.new_session("/src", system_prompt=override)
        server = MCPServerHTTP(name="docs", url="http://localhost", headers=[])
        with pytest.raises(acp.CapabilityMissing, match=r"mcpCapabilities\.http"):
            await client.new_session("/src", mcp_servers=[server])
        session = await client.new_session(
            "/src", mcp_servers=[MCPServerStdio(name="s", command="c", args=[], env=[])]
        )
        with pytest.raises(acp.CapabilityMissing, match="content of the type 'image'"):
            session.prompt(["look", ImageContent(data="", mime_type="image/png")])
        assert agent.methods() == ["initialize", "session/new"]


async def test_a_session_is_opened_with_what_was_given() -> None:
    async with connected() as (client, agent):
        session = await client.new_session("/src", additional_directories=["/more"])
        assert (session.id, session.cwd, session.history, session.closed) == ("s", "/src", [], False)
        assert agent.params("session/new") == [
            {"cwd": "/src", "mcpServers": [], "additionalDirectories": ["/more"]}
        ]


async def test_somebody_has_to_sign_in_first() -> None:
    signed_in = False

    async def new(_: Json) -> Json:
        if not signed_in:
            raise Refusal(-32000, "Authentication required")
        return {"sessionId": "s"}

    async def authenticate(params: Json) -> Json:
        nonlocal signed_in
        signed_in = params == {"methodId": "browser"}
        return {}

    answers: Any = {"session/new": new, "authenticate": authenticate, "logout": {}}
    async with connected(answers=answers) as (client, _):
        with pytest.raises(acp.AuthRequired):
            await client.new_session("/src")
        await client.authenticate("browser")
        await client.new_session("/src")
        await client.logout()


async def test_sessions_are_listed_page_by_page() -> None:
    async def pages(params: Json) -> Any:
        number = int(params.get("cursor", 0))
        if number == 2:
            return None
        return {"sessions": [5, {"sessionId": f"s{number}", "cwd": "/"}], "nextCursor": str(number + 1)}

    async with connected(answers={"session/list": pages}) as (client, agent):
        found = await client.list_sessions(cwd="/src")
        assert [session.session_id for session in found] == ["s0", "s1"]
        assert [params.get("cursor") for params in agent.params("session/list")] == [None, "1", "2"]
        assert {params["cwd"] for params in agent.params("session/list")} == {"/src"}


async def test_an_agent_whose_pages_go_in_circles_is_listed_once() -> None:
    page: Json = {"sessions": [], "nextCursor": "again"}
    async with connected(answers={"session/list": page}) as (client, agent):
        assert await client.list_sessions() == []
        assert len(agent.params("session/list")) == 2


@pytest.mark.parametrize("answer", [None, {}, {"sessionId": None}, {"sessionId": ""}])
async def test_a_session_without_an_identifier_is_none(answer: Any) -> None:
    async def new(_: Json) -> Any:
        return answer

    async with connected(answers={"session/new": new}) as (client, _):
        with pytest.raises(ResultValidationError, match="session/new"):
            await client.new_session("/src")


async def replay(agent: RawAgent, session_id: str) -> None:
    for kind, text in (("user_message_chunk", "hi"), ("agent_message_chunk", "hello")):
        await agent.update(session_id, kind, content={"type": "text", "text": text})


def texts(session: acp.Session) -> list[str]:
    return [update.to_wire()["content"]["text"] for update in session.history]


async def test_two_sessions_of_one_identifier_are_none() -> None:
    async with connected(answers={"session/fork": {"sessionId": "s"}}) as (client, agent):
        session = await client.new_session("/src")
        for opening in (client.new_session("/src"), session.fork()):
            with pytest.raises(
                ResultValidationError, match="sessionId: 's' is a session that is open already"
            ):
                await opening
        updates = session.updates()
        await agent.say("still here")
        assert (await anext(updates)).session_update == "agent_message_chunk"


async def test_the_conversation_of_a_loaded_session_is_its_history() -> None:
    async with connected() as (client, agent):

        async def load(_: Json) -> Json:
            await replay(agent, "old")
            return {}

        agent.answers["session/load"] = load
        session = await client.load_session("old", "/src")
        await agent.say("later", "old")
        await agent.ask("_nobody")
        assert texts(session) == ["hi", "hello"]
        with pytest.raises(UsageError, match="open in this client already"):
            await client.load_session("old", "/src")
        await session.close()
        session = await client.resume_session("old", "/src")
        assert session.history == []
        assert agent.params("session/resume") == [{"sessionId": "old", "cwd": "/src", "mcpServers": []}]


async def test_a_session_that_cannot_be_loaded_is_not_open() -> None:
    async def refuse(_: Json) -> Json:
        raise Refusal(-32002, "no such session")

    async with connected(answers={"session/load": refuse}) as (client, agent):
        for _ in range(2):
            with pytest.raises(acp.ResourceNotFound):
                await client.load_session("old", "/src")
        agent.answers["session/load"] = {}
        assert (await client.load_session("old", "/src")).id == "old"


@pytest.mark.parametrize("replays", [True, False])
async def test_a_fork_has_what_the_agent_sends_again(replays: bool) -> None:
    async with connected() as (client, agent):

        async def fork(_: Json) -> Json:
            if replays:
                await replay(agent, "fork")
            return {"sessionId": "fork", "modes": {"currentModeId": "ask", "availableModes": []}}

        agent.answers["session/fork"] = fork
        session = await client.new_session("/src")
        forked = await session.fork()
        assert (forked.id, forked.cwd) == ("fork", "/src")
        assert texts(forked) == (["hi", "hello"] if replays else [])
        assert forked.modes is not None
        assert forked.modes.current_mode_id == "ask"
        assert session.history == []
        assert agent.params("session/fork") == [{"sessionId": "s", "cwd": "/src", "mcpServers": []}]
        assert agent.methods()[-1] == "session/fork"


@pytest.mark.parametrize("how", ["load", "resume"])
async def test_a_fork_that_is_only_stored_is_taken_up(how: Any) -> None:
    async with connected(answers={"session/fork": {"sessionId": "fork"}}) as (client, agent):

        async def load(_: Json) -> Json:
            await replay(agent, "fork")
            return {}

        agent.answers["session/load"] = load
        forked = await client.fork_session("s", "/src", reopen=how)
        assert agent.params(f"session/{how}") == [{"sessionId": "fork", "cwd": "/src", "mcpServers": []}]
        assert texts(forked) == (["hi", "hello"] if how == "load" else [])


async def test_nothing_is_forked_that_could_not_be_taken_up() -> None:
    async with connected({"sessionCapabilities": {"fork": {}}}) as (client, agent):
        with pytest.raises(acp.CapabilityMissing, match="session/load needs"):
            await client.fork_session("s", "/src", reopen="load")
        assert agent.methods() == ["initialize"]


async def test_updates_before_the_session_is_known_are_kept() -> None:
    async with connected() as (client, agent):

        async def new(_: Json) -> Json:
            command = {"name": "plan", "description": "make a plan"}
            await agent.update("s", "available_commands_update", availableCommands=[command])
            await agent.say("for somebody else", "other")
            return {"sessionId": "s"}

        agent.answers["session/new"] = new
        session = await client.new_session("/src")
        assert [update.to_wire()["sessionUpdate"] for update in session.history] == [
            "available_commands_update"
        ]
        assert [command.name for command in session.commands] == ["plan"]


async def test_of_what_nobody_opens_the_newest_updates_are_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("copilot_sdk.acp._sessions.UNCLAIMED_UPDATES", 2)
    async with connected() as (client, agent):
        for text in ("a", "b", "c", "d"):
            await agent.say(text)
        await agent.ask("_nobody")
        session = await client.new_session("/src")
        assert texts(session) == ["c", "d"]
    assert caplog.text.count("not open here are dropped") == 1


async def test_all_updates_can_be_followed_with_their_meta() -> None:
    async with connected() as (client, agent), client.updates() as updates:
        params = {
            "sessionId": "sub",
            "update": {"sessionUpdate": "brand_new", "x": 1},
            "_meta": {"trace": "t"},
        }
        await agent.send(method="session/update", params=params)
        notification = await anext(updates)
        assert (notification.session_id, notification.meta) == ("sub", {"trace": "t"})
        assert notification.to_wire() == params


async def test_no_member_of_an_update_takes_the_place_of_another() -> None:
    async with connected() as (client, agent), client.updates() as updates:
        params = {
            "sessionId": "s",
            "update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "a"}},
            "_meta": {"session_id": "other", "sessionId": "other"},
            "session_id": "other",
            "meta": 1,
            "cls": 2,
        }
        await agent.send(method="session/update", params=params)
        notification = await anext(updates)
        assert (notification.session_id, notification.meta) == ("s", params["_meta"])
        assert notification.to_wire() == params
        await agent.send(method="session/update", params={**params, "_meta": "none"})
        notification = await anext(updates)
        assert (notification.session_id, notification.meta) == ("s", None)
        assert notification.to_wire()["_meta"] == "none"


async def test_the_state_of_a_session_follows_its_updates() -> None:
    option = {"type": "boolean", "id": "yolo", "name": "Yolo", "currentValue": False}
    modes = {"currentModeId": "ask", "availableModes": [{"id": "ask", "name": "Ask"}]}
    opened: Json = {"sessionId": "s", "modes": modes, "configOptions": [option, None]}
    changed = [{**option, "currentValue": True}]
    answers: Any = {"session/new": opened, "session/set_config_option": {"configOptions": ["none", *changed]}}
    async with connected(answers=answers) as (client, agent):
        session = await client.new_session("/src")
        assert [option.to_wire() for option in session.config_options] == [option]
        assert [each.to_wire() for each in await session.set_config_option("yolo", True)] == changed
        await session.set_config_option("model", "large")
        with pytest.raises(UsageError, match="value has to be a text, True or False, not 5"):
            await session.set_config_option("model", 5)  # type: ignore[arg-type]
        assert agent.params("session/set_config_option") == [
            {"sessionId": "s", "configId": "yolo", "type": "boolean", "value": True},
            {"sessionId": "s", "configId": "model", "value": "large"},
        ]
        await session.set_mode("plan")
        assert session.modes is not None
        assert session.modes.current_mode_id == "plan"
        await agent.update("s", "current_mode_update", currentModeId="code")
        await agent.update("s", "config_option_update", configOptions=[5, option])
        await agent.update("s", "session_info_update", title="A title")
        await agent.update("s", "session_info_update", updatedAt="2026-01-01T00:00:00Z")
        await agent.ask("_nobody")
        assert (session.modes.current_mode_id, session.title) == ("code", "A title")
        assert [option.to_wire() for option in session.config_options] == [option]
        await agent.update("s", "session_info_update", title=None)
        await agent.ask("_nobody")
        assert session.title is None


async def test_a_closed_session_is_left_and_can_be_used_no_more() -> None:
    async with connected() as (client, agent):
        async with await client.new_session("/src") as session:
            updates = session.updates()
        await session.close()
        assert agent.params("session/close") == [{"sessionId": "s"}]
        assert [update async for update in updates] == []
        assert session.closed
        for use in (session.prompt, session.set_mode):
            with pytest.raises(UsageError, match="session s is closed"):
                await use("x")
        with pytest.raises(UsageError, match="session s is closed"):
            session.updates()


async def test_an_agent_that_does_not_close_sessions_is_told_to_stop() -> None:
    async def never(_: Json) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    async with connected({}, answers={"session/prompt": never}) as (client, agent):
        session = await client.new_session("/src")
        turn = session.prompt("go on for ever")
        await agent.called("session/prompt")
        await session.close()
        with pytest.raises(ConnectionClosed, match="closed on this side"):
            await turn
        await agent.called("session/cancel")
        quiet = await client.new_session("/src")
        await quiet.close()
        assert agent.methods().count("session/cancel") == 1


async def test_everything_ends_with_the_agent(caplog: pytest.LogCaptureFixture) -> None:
    async def never(_: Json) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    async with connected(answers={"session/prompt": never}) as (client, agent):
        session = await client.new_session("/src")
        updates, everything, turn = session.updates(), client.updates(), session.prompt("hi")
        await agent.called("session/prompt")
        await agent.transport.aclose()
        for wait in (anext(updates), anext(everything), anext(turn), turn):
            with pytest.raises(ConnectionClosed, match="closed on the other side"):
                await wait
        with pytest.raises(ConnectionClosed):
            session.prompt("anybody there?")
        with pytest.raises(ConnectionClosed):
            await client.new_session("/src")
        await session.close()
    assert "the agent is gone" in caplog.text


async def test_closing_the_client_ends_what_waits() -> None:
    async def never(_: Json) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    before = asyncio.all_tasks()
    async with connected(answers={"session/prompt": never, "session/list": never}) as (client, agent):
        session = await client.new_session("/src")
        turn, listing = session.prompt("hi"), asyncio.create_task(client.list_sessions())
        await agent.called("session/list")
        await asyncio.gather(client.close(), client.close())
        for wait in (turn, listing):
            with pytest.raises(ConnectionClosed, match="closed on this side"):
                await wait
        with pytest.raises(UsageError, match="the client is closed"):
            await client.new_session("/src")
        with pytest.raises(UsageError, match="the client is closed"):
            await client.start()
    await step()
    assert asyncio.all_tasks() == before


async def test_a_client_that_was_not_started_says_so() -> None:
    client = acp.connect(["agent"])
    with pytest.raises(UsageError, match="not started"):
        await client.new_session("/src")
    await client.close()


async def test_extension_methods_are_passed_on_whole() -> None:
    told = asyncio.Queue[Any]()

    def answer(method: str, params: Json) -> object:
        if method != "_vendor/add":
            raise MethodNotFound(f"no {method}")
        return params["a"] + params["b"]

    def tell(method: str, params: Json) -> None:
        told.put_nowait((method, params))

    options: Any = {"on_extension_request": answer, "on_extension_notification": told_in_loop(told)}
    async with connected(answers={"_ours/echo": {"x": 1}}, **options) as (client, agent):
        assert (await agent.ask("_vendor/add", a=1, b=2))["result"] == 3
        assert (await agent.ask("_vendor/other"))["error"]["code"] == -32601
        await agent.send(method="_vendor/tell", params={"n": 1})
        assert await told.get() == ("_vendor/tell", {"n": 1})
        assert await client.request("_ours/echo") == {"x": 1}
        await client.notify("_ours/tell", {"n": 2})
        await agent.called("_ours/tell")


def told_in_loop(told: asyncio.Queue[Any]) -> Any:
    async def tell(method: str, params: Json) -> None:
        await told.put((method, params))

    return tell


async def test_nothing_that_is_said_or_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with connected(answers={"authenticate": {}}) as (client, agent):
        session = await client.new_session("/src")
        await agent.update("s", "tool_call", toolCallId=7, title="hunter2")
        await client.rpc.authenticate(method_id="key", meta={"key": "hunter2"})
        await session.prompt("hunter2")
        assert "hunter2" not in repr((client, session))
    assert caplog.records
    assert "hunter2" not in caplog.text


async def test_frames_can_be_watched() -> None:
    frames: list[Frame] = []
    async with connected(on_frame=frames.append) as (client, _):
        await client.new_session("/src")
    assert [frame.direction for frame in frames[:4]] == ["sent", "received", "sent", "received"]
