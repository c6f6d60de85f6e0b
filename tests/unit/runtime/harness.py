"""A client for tests: it calls the runtime by wire names and keeps what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, TypeAdapter

from copilot_sdk._generated.copilot.events import decode
from copilot_sdk._generated.copilot.handlers import SERVED
from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk._model import UnknownEvent, UnknownVariant
from copilot_sdk._rpc.peer import Peer
from copilot_sdk._serving import Serving
from copilot_sdk.providers import Handlers, SessionFS
from copilot_sdk.runtime import EmbeddedRuntime, ModelRequest, ScriptedModel
from copilot_sdk.transports.base import Transport
from tests.support.model_server import ModelServer, Script

Json = dict[str, Any]
Start = Callable[..., EmbeddedRuntime]
Join = Callable[[EmbeddedRuntime], Awaitable["Client"]]
Serve = Callable[[Script], ModelServer]
Answer = Callable[[Json], Awaitable[object] | object]

PATIENCE = 10.0


class Client:
    """One client of a runtime. What it gets is checked against the generated types as it comes in."""

    def __init__(self, transport: Transport, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self.events: list[Json] = []
        self.lifecycle: list[Json] = []
        self.telemetry: list[Json] = []
        self.asked: list[tuple[str, Json]] = []
        self.answers: dict[str, Answer] = {}
        self.session_id = ""
        self._read = 0
        self._heard = asyncio.Event()
        self.peer = Peer(transport, on_request=self._answer, on_notification=self._hear)

    async def __aenter__(self) -> Self:
        self.peer.start()
        await self.call("connect", supportedTaskKinds=["agent", "client", "shell"])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.peer.aclose()

    async def call(self, method: str, **params: object) -> Any:
        """Calls a method, for the client's own session unless another one is named."""
        if method.startswith("session.") and method != "session.create" and self.session_id:
            params = {"sessionId": self.session_id, **params}
        result = await self.peer.request(method, params, timeout=self._patience)
        check_result(method, result)
        return result

    def serve(self, handlers: Handlers | None = None, *, session_fs: SessionFS | None = None) -> None:
        """Answers what the runtime asks with handlers of the client."""
        serving = Serving(handlers, session_fs)
        for method in SERVED:
            if (function := serving.find(method, None)) is not None:
                self.answers[method] = function

    def asked_for(self, method: str) -> list[Json]:
        """What the runtime has asked so far with a method."""
        return [params for asked, params in self.asked if asked == method]

    async def open(self, **options: object) -> Json:
        """Creates the client's session."""
        result: Json = await self.call("session.create", **options)
        self.session_id = result["sessionId"]
        return result

    async def send(self, prompt: str, **options: object) -> str:
        """Sends a prompt and returns its id."""
        result = await self.call("session.send", prompt=prompt, **options)
        return str(result["messageId"])

    async def turn(self, prompt: str, **options: object) -> list[Json]:
        """Sends a prompt, waits until the session is idle and returns the events in between."""
        start = len(self.events)
        await self.send(prompt, **options)
        await self.until("session.idle")
        return self.events[start:]

    async def until(self, event_type: str, **members: object) -> Json:
        """Waits for the next event of a type whose data has the given members; each event is seen once."""
        async with asyncio.timeout(self._patience):
            while True:
                while self._read < len(self.events):
                    event = self.events[self._read]
                    self._read += 1
                    if event["type"] == event_type and members.items() <= event["data"].items():
                        return event
                self._heard.clear()
                await self._heard.wait()

    def prompt_event(self, index: int = -1) -> str:
        """The id of the event of a prompt, the newest unless told otherwise."""
        return str([event["id"] for event in self.events if event["type"] == "user.message"][index])

    async def until_asked(self, method: str) -> Json:
        """Waits until the runtime has called a method of the client."""
        async with asyncio.timeout(self._patience):
            while True:
                for asked, params in self.asked:
                    if asked == method:
                        return params
                self._heard.clear()
                await self._heard.wait()

    async def until_dead(self, process_id: int) -> None:
        """Waits until a process that was killed is gone."""
        async with asyncio.timeout(self._patience):
            while is_alive(process_id):
                await self.call("ping")

    def of(self, event_type: str) -> list[Json]:
        """The data of all events of a type so far."""
        return [event["data"] for event in self.events if event["type"] == event_type]

    def _hear(self, method: str, params: Json) -> None:
        if method == "session.event":
            event = params["event"]
            check_event(event)
            self.events.append(event)
        elif method == "session.lifecycle":
            self.lifecycle.append(params)
        elif method == "gitHubTelemetry.event":
            self.telemetry.append(params)
        self._heard.set()

    async def _answer(self, method: str, params: Json) -> object:
        self.asked.append((method, params))
        self._heard.set()
        answer = self.answers[method](params)
        return await answer if isinstance(answer, Awaitable) else answer


def is_folder(path: str) -> bool:
    """Whether there is a folder."""
    return Path(path).is_dir()


def text_at(path: str) -> str:
    """What a file holds."""
    return Path(path).read_text(encoding="utf-8")


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return "zombie" not in Path(f"/proc/{process_id}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def check_event(event: Json) -> None:
    """Fails unless an event fits its generated class."""
    decoded = decode(event)
    assert not isinstance(decoded, UnknownEvent), (event["type"], decoded.problem)
    assert not list(_unknown_variants(decoded)), event


def check_result(method: str, result: object) -> None:
    """Fails unless a result fits the generated class of its method."""
    load = OUTBOUND[method].result
    if load is None:
        assert result is None, method
        return
    decoded = TypeAdapter(load()).validate_python(result)
    assert not list(_unknown_variants(decoded)), (method, result)


def _unknown_variants(value: object) -> list[UnknownVariant]:
    if isinstance(value, UnknownVariant):
        return [value]
    if isinstance(value, BaseModel):
        return [
            found for name in type(value).model_fields for found in _unknown_variants(getattr(value, name))
        ]
    if isinstance(value, list):
        return [found for item in value for found in _unknown_variants(item)]
    if isinstance(value, dict):
        return [found for item in value.values() for found in _unknown_variants(item)]
    return []


def types(events: list[Json], *left_out: str) -> list[str]:
    """The types of events, without some."""
    return [event["type"] for event in events if event["type"] not in left_out]


def tool(name: str, **options: object) -> Mapping[str, object]:
    """The definition of a tool that a client runs."""
    return {"name": name, "description": f"does {name}", "parameters": {"type": "object"}, **options}


def asked_of(runtime: EmbeddedRuntime) -> list[ModelRequest]:
    """The requests that the scripted model of a runtime got."""
    model = runtime.runtime.model
    assert isinstance(model, ScriptedModel)
    return model.requests
