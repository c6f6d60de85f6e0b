"""Agents that are written on the base class, from the side of a client that knows nothing but JSON."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from copilot_sdk._generated.acp.types import (
    AgentCapabilities,
    CancelNotification,
    ElicitationAccept,
    ElicitationSchema,
    ForkSessionRequest,
    ForkSessionResponse,
    LoadSessionRequest,
    LoadSessionResponse,
    PromptCapabilities,
    PromptRequest,
    PromptResponse,
    StringPropertySchema,
)
from copilot_sdk.acp.agent import Agent, serve
from copilot_sdk.acp.errors import CapabilityMissing, ResourceNotFound
from copilot_sdk.errors import UsageError
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from tests.support.acp_wire import EVERYTHING, Refused, WireClient, wire_client

DONE = PromptResponse(stop_reason="end_turn")


class Echo(Agent):
    """Says what it is told."""

    name = "echo"

    async def prompt(self, params: PromptRequest) -> PromptResponse:
        session = self.session(params.session_id)
        for block in params.prompt:
            await session.say(block, message_id="m1")
        return DONE


@asynccontextmanager
async def client_of(agent: Agent, capabilities: dict[str, Any] | None = None) -> AsyncGenerator[WireClient]:
    async def run(transport: Transport) -> None:
        await serve(agent, transport)

    async with wire_client(run, capabilities, kind=WireClient) as client:
        yield client


async def opened(client: WireClient) -> str:
    result = await client.call("session/new", {"cwd": "/", "mcpServers": []})
    return str(result["sessionId"])


def saying(session_id: str, text: str = "Hello") -> dict[str, Any]:
    return {"sessionId": session_id, "prompt": [{"type": "text", "text": text}]}


async def test_an_agent_answers_a_prompt_after_its_updates() -> None:
    async with client_of(Echo()) as client:
        session_id = await opened(client)
        assert await client.call("session/prompt", saying(session_id)) == {"stopReason": "end_turn"}
        assert client.updates == [
            (
                session_id,
                {
                    "sessionUpdate": "agent_message_chunk",
                    "content": {"type": "text", "text": "Hello"},
                    "messageId": "m1",
                },
            )
        ]


async def test_what_is_offered_follows_from_what_is_overridden() -> None:
    class Forking(Echo):
        title = "Echo that forks"
        version = "3"

        async def fork_session(self, params: ForkSessionRequest) -> ForkSessionResponse:
            return ForkSessionResponse(session_id=self.open_session(params.cwd).id)

        async def load_session(self, params: Any) -> Any:
            return {}

        def capabilities(self) -> AgentCapabilities:
            told = super().capabilities()
            told.prompt_capabilities = PromptCapabilities(image=True)
            return told

    async with client_of(Forking()) as client:
        answer = await client.call("initialize", {"protocolVersion": 99})
        assert answer["protocolVersion"] == 1
        assert answer["agentInfo"] == {"name": "echo", "title": "Echo that forks", "version": "3"}
        assert answer["agentCapabilities"] == {
            "loadSession": True,
            "promptCapabilities": {"image": True},
            "sessionCapabilities": {"fork": {}, "close": {}},
        }
        forked = await client.call("session/fork", {"sessionId": "s", "cwd": "/"})
        await client.call("session/prompt", saying(forked["sessionId"]))
        assert client.said() == "Hello"


async def test_a_request_that_is_not_served_is_refused() -> None:
    async with client_of(Echo()) as client:
        for method in ("session/list", "session/fork", "_vendor/thing", "no/such"):
            with pytest.raises(Refused) as refused:
                await client.call(method, {})
            assert (refused.value.code, refused.value.data) == (-32601, {"method": method})
        await client.notify("_vendor/thing", {})
        await client.notify("$/nothing", {})
        with pytest.raises(Refused) as refused:
            await client.call("session/prompt", saying("nobody"))
        assert (refused.value.code, refused.value.data) == (-32002, {"sessionId": "nobody"})


async def test_what_a_method_raises_is_a_short_error_for_the_client_and_a_traceback_for_the_author(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Agent):
        async def prompt(self, params: PromptRequest) -> PromptResponse:
            raise ValueError("the oven is cold")

    async with client_of(Broken()) as client:
        session_id = await opened(client)
        with pytest.raises(Refused, match="-32603 ValueError: the oven is cold"):
            await client.call("session/prompt", saying(session_id))
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.exc_info is not None


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        ({}, "CapabilityMissing: the client does not offer clientCapabilities.fs.readTextFile"),
        ({"fs": {"readTextFile": True}}, "ResourceNotFound: no such file"),
    ],
)
async def test_a_call_of_the_agent_that_fails_is_no_answer_about_its_own_request(
    offered: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    class Reading(Agent):
        async def prompt(self, params: PromptRequest) -> PromptResponse:
            await self.session(params.session_id).read_text_file("/x")
            return DONE

    def nothing(_: object) -> Any:
        raise Refused({"code": -32002, "message": "no such file"})

    async with client_of(Reading(), offered) as client:
        client.answers["fs/read_text_file"] = nothing
        session_id = await opened(client)
        with pytest.raises(Refused, match=f"-32603 {why}"):
            await client.call("session/prompt", saying(session_id))
    assert "the handler of session/prompt raised" in caplog.text


async def test_who_names_no_mcp_servers_has_none() -> None:
    class Loading(Echo):
        async def load_session(self, params: LoadSessionRequest) -> LoadSessionResponse:
            assert params.mcp_servers == []
            return LoadSessionResponse()

    async with client_of(Loading()) as client:
        assert await client.call("session/new", {"cwd": "/"})
        assert await client.call("session/load", {"cwd": "/", "sessionId": "s", "mcpServers": None}) == {}
        assert await client.call("session/load", {"cwd": "/", "sessionId": "s"}) == {}


class Slow(Agent):
    """Works until it is cancelled; what it does then is for subclasses."""

    def __init__(self) -> None:
        self.at_work = asyncio.Event()
        self.heard: list[str] = []

    async def prompt(self, params: PromptRequest) -> PromptResponse:
        self.at_work.set()
        try:
            await asyncio.Event().wait()
        finally:
            await self.session(params.session_id).say("Stopping.")
        return DONE

    async def cancel(self, params: CancelNotification) -> None:
        self.heard.append(params.session_id)


async def test_a_prompt_that_is_cancelled_ends_with_cancelled_after_its_last_update() -> None:
    agent = Slow()
    async with client_of(agent) as client:
        session_id = await opened(client)
        prompt = client.start("session/prompt", saying(session_id))
        await agent.at_work.wait()
        await client.notify("session/cancel", {"sessionId": session_id})
        assert await prompt == {"stopReason": "cancelled"}
        assert client.said() == "Stopping."
        assert agent.heard == [session_id]


async def test_a_cancellation_right_behind_the_prompt_is_not_lost() -> None:
    async with client_of(Slow()) as client:
        session_id = await opened(client)
        prompt = client.start("session/prompt", saying(session_id))
        await asyncio.sleep(0)
        await client.notify("session/cancel", {"sessionId": session_id})
        assert await prompt == {"stopReason": "cancelled"}


async def test_a_cancellation_without_a_prompt_does_nothing() -> None:
    async with client_of(Echo()) as client:
        session_id = await opened(client)
        await client.notify("session/cancel", {"sessionId": session_id})
        assert await client.call("session/prompt", saying(session_id)) == {"stopReason": "end_turn"}


@pytest.mark.parametrize("outcome", ["raises", "answers"])
async def test_a_cancelled_prompt_is_never_an_error(outcome: str, caplog: pytest.LogCaptureFixture) -> None:
    class Stubborn(Slow):
        async def prompt(self, params: PromptRequest) -> PromptResponse:
            try:
                return await super().prompt(params)
            except asyncio.CancelledError:
                if outcome == "raises":
                    raise ValueError("in the middle of it") from None
                return PromptResponse.model_validate(
                    {
                        "stopReason": "end_turn",
                        "usage": {"totalTokens": 3, "inputTokens": 1, "outputTokens": 2},
                    }
                )

    agent = Stubborn()
    async with client_of(agent) as client:
        session_id = await opened(client)
        prompt = client.start("session/prompt", saying(session_id))
        await agent.at_work.wait()
        await client.notify("session/cancel", {"sessionId": session_id})
        answer = await prompt
        assert answer["stopReason"] == "cancelled"
        assert ("usage" in answer) is (outcome == "answers")
        assert any("in the middle of it" in text for text in caplog.messages) is (outcome == "raises")


async def test_a_second_prompt_cancels_the_first_and_waits_for_its_end() -> None:
    agent = Slow()
    async with client_of(agent) as client:
        session_id = await opened(client)
        first = client.start("session/prompt", saying(session_id))
        await agent.at_work.wait()
        agent.at_work.clear()
        second = client.start("session/prompt", saying(session_id))
        assert await first == {"stopReason": "cancelled"}
        await agent.at_work.wait()
        assert client.said() == "Stopping."
        await client.call("session/close", {"sessionId": session_id})
        assert await second == {"stopReason": "cancelled"}
        assert agent.sessions == {}


async def test_the_end_of_the_connection_ends_the_work() -> None:
    agent = Slow()
    async with client_of(agent) as client:
        session_id = await opened(client)
        prompt = client.start("session/prompt", saying(session_id))
        await agent.at_work.wait()
    await asyncio.wait({prompt})
    assert prompt.cancelled()


class Worker(Agent):
    """Uses all that a client offers."""

    async def prompt(self, params: PromptRequest) -> PromptResponse:
        session = self.session(params.session_id)
        await session.think("Hm.")
        await session.plan({"Read": "in_progress", "Write": "pending"})
        async with session.tool_call(
            "Rewrites notes", kind="edit", name="rewrite", locations=["/n.txt"], raw_input={"by": 1}
        ) as call:
            permission = await call.ask_permission("Rewrite the notes", kind="edit")
            if not permission:
                await call.fail("The user does not want that.")
                return PromptResponse(stop_reason="refusal")
            assert not permission.always
            text = await session.read_text_file("/n.txt", line=1, limit=2)
            await session.write_text_file("/n.txt", text.upper())
            async with session.terminal("wc", ["-c"], cwd="/", env={"A": "b"}) as terminal:
                ended = await terminal.wait()
                shown = await terminal.output()
            await call.show(f"{shown.output} {ended.exit_code}")
        form = ElicitationSchema(properties={"name": StringPropertySchema()}, required=["name"])
        entered = await session.ask_form("Who are you?", form)
        assert isinstance(entered, ElicitationAccept)
        assert entered.content is not None
        await session.repeat_user("Hi.")
        await session.say(f"Hello {entered.content['name']}")
        assert await self.request("_vendor/sum", {"of": [1, 2]}) == 3
        await self.notify("_vendor/done", {"well": True})
        return DONE


def offer_everything(client: WireClient) -> None:
    client.answers = {
        "session/request_permission": lambda _: {
            "outcome": {"outcome": "selected", "optionId": "allow_once"}
        },
        "fs/read_text_file": lambda _: {"content": "one\ntwo"},
        "fs/write_text_file": lambda _: {},
        "terminal/create": lambda _: {"terminalId": "t1"},
        "terminal/wait_for_exit": lambda _: {"exitCode": 0},
        "terminal/output": lambda _: {"output": "7", "truncated": False},
        "terminal/release": lambda _: {},
        "elicitation/create": lambda _: {"action": "accept", "content": {"name": "Ada"}},
        "_vendor/sum": lambda params: sum(params["of"]),
    }


async def test_an_agent_uses_what_its_client_offers() -> None:
    async with client_of(Worker(), EVERYTHING) as client:
        offer_everything(client)
        session_id = await opened(client)
        assert await client.call("session/prompt", saying(session_id)) == {"stopReason": "end_turn"}
        call, *others = client.told("tool_call")
        assert not others
        assert call["status"] == "in_progress"
        assert (call["kind"], call["name"], call["rawInput"]) == ("edit", "rewrite", {"by": 1})
        assert call["locations"] == [{"path": "/n.txt"}]
        shown, completed = client.told("tool_call_update")
        assert shown["content"] == [{"type": "content", "content": {"type": "text", "text": "7 0"}}]
        assert completed["status"] == "completed"
        assert {update["toolCallId"] for update in (shown, completed)} == {call["toolCallId"]}
        assert [entry["status"] for entry in client.told("plan")[0]["entries"]] == ["in_progress", "pending"]
        asked = dict(client.asked)
        assert asked["session/request_permission"]["toolCall"]["toolCallId"] == call["toolCallId"]
        assert asked["fs/read_text_file"] == {
            "sessionId": session_id,
            "path": "/n.txt",
            "line": 1,
            "limit": 2,
        }
        assert asked["fs/write_text_file"]["content"] == "ONE\nTWO"
        assert asked["terminal/create"]["env"] == [{"name": "A", "value": "b"}]
        assert asked["terminal/release"]["terminalId"] == "t1"
        assert asked["elicitation/create"]["sessionId"] == session_id
        assert client.said() == "Hello Ada"
        assert client.told("user_message_chunk")[0]["content"]["text"] == "Hi."
        await client.until(lambda: client.notified)
        assert client.notified == [("_vendor/done", {"well": True})]


@pytest.mark.parametrize(
    "outcome",
    [
        {"outcome": "cancelled"},
        {"outcome": "from the future"},
        {"outcome": "selected", "optionId": "reject_once"},
        {"outcome": "selected", "optionId": "allow_what_nobody_offered"},
    ],
    ids=str,
)
async def test_what_is_no_choice_of_the_user_is_no_permission(outcome: dict[str, Any]) -> None:
    async with client_of(Worker(), EVERYTHING) as client:
        offer_everything(client)
        client.answers["session/request_permission"] = lambda _: {"outcome": outcome}
        session_id = await opened(client)
        assert await client.call("session/prompt", saying(session_id)) == {"stopReason": "refusal"}
        assert [update["status"] for update in client.told("tool_call_update")] == ["failed"]


async def test_a_tool_call_that_raises_has_failed() -> None:
    class Clumsy(Agent):
        async def prompt(self, params: PromptRequest) -> PromptResponse:
            with pytest.raises(ResourceNotFound):
                async with self.session(params.session_id).tool_call("Falls"):
                    self.session("nobody")
            return DONE

    async with client_of(Clumsy()) as client:
        await client.call("session/prompt", saying(await opened(client)))
        assert [update["status"] for update in client.told("tool_call_update")] == ["failed"]


async def test_nothing_is_asked_of_a_client_that_does_not_offer_it() -> None:
    class Asking(Agent):
        async def prompt(self, params: PromptRequest) -> PromptResponse:
            session = self.session(params.session_id)
            with pytest.raises(CapabilityMissing, match=r"clientCapabilities\.fs\.readTextFile"):
                await session.read_text_file("/x")
            with pytest.raises(CapabilityMissing, match=r"clientCapabilities\.terminal"):
                async with session.terminal("ls"):
                    pass
            with pytest.raises(CapabilityMissing, match=r"clientCapabilities\.elicitation\.form"):
                await session.ask_form("?", ElicitationSchema(properties={}))
            await session.say("Nothing.")
            return DONE

    offered = {"fs": {"readTextFile": False}, "terminal": False, "elicitation": {"url": {}}}
    async with client_of(Asking(), offered) as client:
        await client.call("session/prompt", saying(await opened(client)))
        assert (client.asked, client.said()) == ([], "Nothing.")


async def test_extensions_of_the_client_reach_the_agent() -> None:
    class Extended(Echo):
        def __init__(self) -> None:
            self.heard = asyncio.Event()

        async def extension_request(self, method: str, params: dict[str, Any]) -> Any:
            return {"method": method, **params}

        async def extension_notification(self, method: str, params: dict[str, Any]) -> None:
            self.heard.set()

    agent = Extended()
    async with client_of(agent) as client:
        assert await client.call("_vendor/ask", {"a": 1}) == {"method": "_vendor/ask", "a": 1}
        await client.notify("_vendor/tell", {})
        await agent.heard.wait()


async def test_one_agent_serves_one_client_and_one_without_a_client_says_so() -> None:
    agent = Echo()
    with pytest.raises(UsageError, match="serves no client"):
        await agent.request("_vendor/ask")
    async with client_of(agent):
        with pytest.raises(UsageError, match="serves a client already"):
            await serve(agent, memory_pair()[0])
        with pytest.raises(UsageError, match="begins with an underscore"):
            await agent.notify("vendor/tell")
