"""A client of the Agent Client Protocol made of JSON alone, which holds all that an agent sends to the schema.

async with wire_client(agent) as client:
    session_id = (await client.call("session/new", {...}))["sessionId"]
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from typing import Any, TypeVar

from jsonschema import Draft7Validator

from copilot_sdk.errors import ConnectionClosed
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.memory import memory_pair
from tests.support.schema_files import Document, opened, read_documents

Answer = Callable[[Mapping[str, Any]], Any]

EVERYTHING: dict[str, Any] = {
    "fs": {"readTextFile": True, "writeTextFile": True},
    "terminal": True,
    "elicitation": {"form": {}, "url": {}},
    "session": {"compaction": {}},
}
"""All that a client may offer, as far as agents make use of it."""


ClientT = TypeVar("ClientT", bound="WireClient")


class Refused(Exception):
    """The agent answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")
        super().__init__(f"{self.code} {self.message}")


class WireClient:
    """The client's side of a connection.

    Attributes:
        arrived: What came, in order: the methods of what was asked and told, and `answer to METHOD`.
        updates: The updates that came, in order, with their sessions.
        asked: The requests that came, in order.
        notified: The other notifications that came, in order.
        answers: What answers requests, by method: functions of the params, plain or async.
        faults: What came and does not fit the schema.
    """

    serving: asyncio.Future[None]

    def __init__(self, transport: Transport) -> None:
        self.arrived: list[str] = []
        self.updates: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.notified: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, Answer] = {}
        self.faults: list[str] = []
        self._transport = transport
        self._numbers = count()
        self._open: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._more = asyncio.Event()

    def start(self, method: str, params: Mapping[str, Any]) -> asyncio.Task[Any]:
        """Sends a request, once the task runs; the task gives its result."""
        return asyncio.create_task(self.call(method, params))

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Sends a request and gives its result; raises `Refused` for an error."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[number] = method, answer
        await self.send({"id": number, "method": method, "params": dict(params)})
        return await answer

    async def notify(self, method: str, params: Mapping[str, Any]) -> None:
        """Sends a notification."""
        await self.send({"method": method, "params": dict(params)})

    async def send(self, message: Mapping[str, Any]) -> None:
        """Sends anything."""
        await self._transport.send(json.dumps({"jsonrpc": "2.0", **message}).encode())

    async def served(self) -> None:
        """Waits until the agent has ended."""
        await asyncio.wait({self.serving})

    async def until(self, wanted: Callable[[], object]) -> None:
        """Waits until something is so, looking again with each message."""
        while not wanted():
            self._more.clear()
            await self._more.wait()

    def told(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The updates that came, all or those of one kind."""
        return [update for _, update in self.updates if kind in (None, update["sessionUpdate"])]

    def said(self) -> str:
        """What the agent said, all together."""
        return "".join(update["content"].get("text", "") for update in self.told("agent_message_chunk"))

    async def read(self) -> None:
        """Takes what comes until the connection ends."""
        try:
            while True:
                self._take(json.loads(await self._transport.receive()))
                self._more.set()
        except ConnectionClosed:
            for _, answer in self._open.values():
                answer.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            self._take_answer(message)
            return
        method, params = message["method"], message["params"]
        self.arrived.append(method)
        self._check("params", method, params)
        if "id" in message:
            self.asked.append((method, params))
            task = asyncio.create_task(self._answer(message["id"], method, params))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif method == "session/update":
            self.updates.append((params["sessionId"], params["update"]))
        else:
            self.notified.append((method, params))

    def _take_answer(self, message: dict[str, Any]) -> None:
        method, answer = self._open.pop(message["id"])
        self.arrived.append(f"answer to {method}")
        if "error" in message:
            answer.set_exception(Refused(message["error"]))
            return
        self._check("result", method, message["result"])
        answer.set_result(message["result"])

    async def _answer(self, number: Any, method: str, params: dict[str, Any]) -> None:
        answer = self.answers.get(method)
        if answer is None:
            await self.send({"id": number, "error": {"code": -32601, "message": "Method not found"}})
            return
        try:
            given = answer(params)
            result = await given if isinstance(given, Awaitable) else given
        except Refused as error:
            refusal = {"code": error.code, "message": error.message}
            await self.send({"id": number, "error": refusal})
        else:
            await self.send({"id": number, "result": result})

    def _check(self, kind: str, method: str, value: Any) -> None:
        if method.startswith(("_", "$")) or method == "session/set_model":
            return
        self.faults += [f"{kind} of {method}: {fault}" for fault in problems(kind, method, value)]

    async def aclose(self) -> None:
        """Ends the connection."""
        await self._transport.aclose()
        for task in set(self._answering):
            task.cancel()


@asynccontextmanager
async def wire_client(
    serve: Callable[[Transport], Awaitable[None]],
    capabilities: Mapping[str, Any] | None = None,
    *,
    kind: type[ClientT],
) -> AsyncGenerator[ClientT]:
    """Opens a connection to an agent and says `initialize`; at the end all that came has to fit the schema.

    Args:
        serve: Serves the agent over a transport.
        capabilities: What the client offers.
        kind: The class of the client.
    """
    ours, theirs = memory_pair()
    client = kind(ours)
    serving = client.serving = asyncio.ensure_future(serve(theirs))
    try:
        async with speaking(client, capabilities):
            yield client
    finally:
        await asyncio.wait({serving})
    serving.result()
    assert not client.faults, "\n".join(client.faults)


@asynccontextmanager
async def speaking(client: WireClient, capabilities: Mapping[str, Any] | None = None) -> AsyncGenerator[None]:
    """Has a client say `initialize` and take what comes."""
    reading = asyncio.create_task(client.read())
    try:
        await client.call("initialize", {"protocolVersion": 1, "clientCapabilities": capabilities or {}})
        yield
    finally:
        await client.aclose()
        await asyncio.wait({reading})
    reading.result()


def problems(kind: str, method: str, value: Any) -> list[str]:
    """What the schema does not allow in the `params` or the `result` of a method; unknown members are faults, too."""
    validator = _validators().get((kind, method))
    if validator is None:
        return ["is not in the schema"]
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


@cache
def _validators() -> Mapping[tuple[str, str], Draft7Validator]:
    (document,) = read_documents("acp").values()
    closed = _closed({**document, "definitions": opened(document["definitions"])})
    found: dict[tuple[str, str], Draft7Validator] = {}
    for name, definition in document["definitions"].items():
        if method := definition.get("x-method"):
            kind = "result" if name.endswith("Response") else "params"
            found[kind, method] = Draft7Validator({**closed, "$ref": f"#/definitions/{name}"})
    return found


def _closed(node: Any) -> Document:
    """The schema with objects that have no other members than those that are named."""
    if isinstance(node, Mapping):
        shut = {"additionalProperties": False} if "properties" in node and "type" in node else {}
        return {**shut, **{name: _closed(member) for name, member in node.items()}}
    return [_closed(item) for item in node] if isinstance(node, list) else node  # type: ignore[return-value]
