"""An agent of the Agent Client Protocol as plain JSON-RPC objects, to see what a client really sends."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from copilot_sdk import acp
from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports.memory import MemoryTransport, memory_pair

Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = Callable[[Json], Awaitable[Any]] | Json

EVERYTHING: Json = {
    "loadSession": True,
    "promptCapabilities": {"image": True, "audio": True, "embeddedContext": True},
    "mcpCapabilities": {"http": True, "sse": True, "acp": True},
    "sessionCapabilities": {
        name: {} for name in ("list", "delete", "resume", "close", "fork", "additionalDirectories")
    },
    "auth": {"logout": {}, "status": {}},
    "providers": {},
}
OPTIONS = [
    {"optionId": "yes", "name": "Allow", "kind": "allow_once"},
    {"optionId": "always", "name": "Always allow", "kind": "allow_always"},
    {"optionId": "no", "name": "Reject", "kind": "reject_once"},
]


class Refusal(Exception):
    """What an agent answers instead of a result."""

    def __init__(self, code: int, message: str = "no") -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message}


async def _unknown(_: Json) -> Json:
    raise Refusal(-32601, "Method not found")


class RawAgent:
    """Answers requests as it was told to, and notes all that comes.

    Args:
        transport: The connection.
        capabilities: What it says that it can do.
        answers: For a method the result, or what gives it.
    """

    def __init__(
        self, transport: MemoryTransport, capabilities: Json | None = None, **answers: Answer
    ) -> None:
        self.transport = transport
        self.received: list[Json] = []
        self.arrived = asyncio.Condition()
        self.answers: dict[str, Answer] = {
            "initialize": {
                "protocolVersion": 1,
                "agentCapabilities": EVERYTHING if capabilities is None else capabilities,
                "agentInfo": {"name": "raw", "version": "1"},
            },
            "session/new": {"sessionId": "s"},
            "session/prompt": {"stopReason": "end_turn"},
            **{f"session/{name}": {} for name in ("load", "resume", "close", "delete", "set_mode")},
            **answers,
        }
        self._ids = itertools.count()
        self._asked: dict[int, asyncio.Future[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def methods(self) -> list[str]:
        """What was asked and told, in order."""
        return [message["method"] for message in self.received if "method" in message]

    def params(self, method: str) -> list[Json]:
        """The params of all calls of a method."""
        return [message["params"] for message in self.received if message.get("method") == method]

    async def called(self, method: str, times: int = 1) -> None:
        """Wait until a method was called so many times."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.methods().count(method) >= times)

    async def send(self, **fields: Any) -> None:
        await self.transport.send(json.dumps({"jsonrpc": "2.0", **fields}).encode())

    async def update(self, session_id: str = "s", kind: str = "agent_message_chunk", **update: Any) -> None:
        """Tell of a session."""
        params = {"sessionId": session_id, "update": {"sessionUpdate": kind, **update}}
        await self.send(method="session/update", params=params)

    async def say(self, text: str, session_id: str = "s") -> None:
        await self.update(session_id, content={"type": "text", "text": text})

    async def ask(self, method: str, /, **params: Any) -> Json:
        """Send a request and give the answer, with its `result` or `error`."""
        number = next(self._ids)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        await self.send(id=number, method=method, params=params)
        answered: Json = await answer
        return answered

    async def ask_permission(self, session_id: str = "s", **call: Any) -> Json:
        """Ask for permission and give the outcome."""
        call = {"toolCallId": "c", **call}
        answer = await self.ask(
            "session/request_permission", sessionId=session_id, toolCall=call, options=OPTIONS
        )
        outcome: Json = answer["result"]["outcome"]
        return outcome

    async def serve(self) -> None:
        try:
            while True:
                message = json.loads(await self.transport.receive())
                async with self.arrived:
                    self.received.append(message)
                    self.arrived.notify_all()
                if "method" not in message:
                    self._asked.pop(message["id"]).set_result(message)
                elif "id" in message:
                    task = asyncio.create_task(self._answer(message))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
        except ConnectionClosed:
            pass
        finally:
            for task in self._tasks:
                task.cancel()

    async def _answer(self, message: Json) -> None:
        answer = self.answers.get(message["method"], _unknown)
        try:
            result = answer if isinstance(answer, dict) else await answer(message["params"])
        except Refusal as refusal:
            await self.send(id=message["id"], error=refusal.error)
        else:
            await self.send(id=message["id"], result=result)


@asynccontextmanager
async def raw_agent(
    capabilities: Json | None = None, *, answers: dict[str, Answer] | None = None
) -> AsyncIterator[tuple[MemoryTransport, RawAgent]]:
    """A raw agent, and the client's end of its connection."""
    near, far = memory_pair()
    agent = RawAgent(far, capabilities, **(answers or {}))
    serving = asyncio.create_task(agent.serve())
    try:
        yield near, agent
    finally:
        await far.aclose()
        await serving


@asynccontextmanager
async def connected(
    capabilities: Json | None = None, *, answers: dict[str, Answer] | None = None, **options: Any
) -> AsyncIterator[tuple[acp.Client, RawAgent]]:
    """A client of a raw agent."""
    async with (
        raw_agent(capabilities, answers=answers) as (transport, agent),
        acp.connect(transport, **options) as client,
    ):
        yield client, agent
