"""The CLI on a stage: a scripted model behind it, in front of it a client that answers what it is asked."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.real.support.cli import installed_cli
from tests.real.support.rawrpc import Json, RawClient, WireError
from tests.support.model_server import Answer, ChatRequest, ModelServer, Reply

FLAGS = ("--headless", "--no-auto-update", "--log-level", "none", "--stdio")
MODEL_ID = "scripted-model"
UNSCRIPTED = "Nothing is left to do."


@dataclass(eq=False)
class ModelScript:
    """Answers taken in order, except for those that wait for the prompt that they belong to."""

    answers: list[Answer] = field(default_factory=list)
    by_prompt: dict[str, list[Answer]] = field(default_factory=dict)

    def __call__(self, request: ChatRequest) -> Answer:
        """Chooses the answer to one request of the CLI."""
        for part, answers in self.by_prompt.items():
            if answers and any(
                part in str(m.get("content")) for m in request.messages if m["role"] == "user"
            ):
                return answers.pop(0)
        return self.answers.pop(0) if self.answers else Reply(UNSCRIPTED)


@dataclass(eq=False)
class Stage:
    """One CLI process with its model; `said` collects every text that is ours and not the vendor's."""

    folder: Path
    script: ModelScript = field(default_factory=ModelScript)
    tools: dict[str, Callable[[Json], object]] = field(default_factory=dict)
    decisions: list[Json] = field(default_factory=list)
    hook_outputs: dict[str, Json] = field(default_factory=dict)
    request_handlers: dict[str, Callable[[str, Json], object]] = field(default_factory=dict)
    said: list[object] = field(default_factory=lambda: [UNSCRIPTED])
    holds: list[threading.Event] = field(default_factory=list)
    client: RawClient = field(init=False)
    model: ModelServer = field(init=False)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, environment: Mapping[str, str] = os.environ, command: Sequence[str] = ()
    ) -> AsyncIterator[Self]:
        """Starts the model server and the CLI, or what `command` starts, in `folder`; stops both at the end."""
        stage = cls(folder)
        with ModelServer(stage.script, models=[MODEL_ID]) as stage.model:
            stage.client = await RawClient.start(
                [*(command or [str(installed_cli())]), *FLAGS],
                env=environment,
                cwd=str(folder),
                on_request=stage.answer_request,
                on_event=stage.answer_event,
            )
            try:
                yield stage
            finally:
                for hold in stage.holds:
                    hold.set()
                await stage.client.close()

    def begin(self, scenario: str) -> None:
        """Clears what the scenario before left behind, and labels all frames from here on."""
        self.client.scenario = scenario
        for leftover in (self.script.answers, self.decisions):
            leftover.clear()
        for table in (self.script.by_prompt, self.tools, self.hook_outputs):
            table.clear()

    def hold(self) -> threading.Event:
        """An event for a reply that is held open; it is set at the end of the stage at the latest."""
        self.holds.append(threading.Event())
        return self.holds[-1]

    async def call(self, method: str, params: Json | None = None, *, timeout: float = 30.0) -> Json:
        """Sends a request; an error or a silence is recorded and gives an empty result."""
        self.said.append(params)
        try:
            result = await self.client.request(method, params, timeout=timeout)
        except (WireError, TimeoutError):
            return {}
        return result if isinstance(result, dict) else {}

    async def create(self, **options: object) -> str:
        """Creates a session whose model is the scripted one; returns its id."""
        self.said.append(options)
        result = await self.client.request("session.create", {**self.session_options(), **options})
        assert isinstance(result, dict)
        return str(result["sessionId"])

    def session_options(self) -> Json:
        """What each session is created or resumed with."""
        return {
            "model": MODEL_ID,
            "streaming": True,
            "requestPermission": True,
            "provider": {
                "type": "openai",
                "baseUrl": self.model.base_url,
                "apiKey": "no-secret",
                "wireApi": "completions",
            },
        }

    async def turn(self, session_id: str, prompt: str, *answers: Answer, **options: object) -> None:
        """Sends a prompt that the model meets with these answers, and waits until the session is idle."""
        start = await self.send(session_id, prompt, *answers, **options)
        await self.idle(session_id, after=start)

    async def send(self, session_id: str, prompt: str, *answers: Answer, **options: object) -> int:
        """Sends a prompt; returns the number of frames that had come in before."""
        self.said += [answer_texts(answer) for answer in answers]
        self.script.answers += answers
        start = len(self.client.frames)
        await self.call("session.send", {"sessionId": session_id, "prompt": prompt, **options})
        return start

    async def idle(self, session_id: str, *, after: int, timeout: float = 60.0) -> None:
        """Waits for the end of the turn that began after that many frames."""
        await self.event(session_id, "session.idle", after=after, timeout=timeout)

    async def event(self, session_id: str, kind: str, *, after: int = 0, timeout: float = 60.0) -> Json:
        """Waits for an event of the session itself (not of an agent under it) and returns its data."""
        found = await self.client.event(
            session_id, lambda e: e["type"] == kind and "agentId" not in e, after=after, timeout=timeout
        )
        data = found["data"]
        assert isinstance(data, dict)
        return data

    async def answer_request(self, method: str, params: Json) -> object:
        """Answers what the CLI asks in a request; `request_handlers` go by the first word of its method."""
        if handler := self.request_handlers.get(method.partition(".")[0]):
            return handler(method, params)
        match method:
            case "userInput.request":
                return {"answer": "blue", "wasFreeform": False}
            case "exitPlanMode.request":
                return {"approved": True, "selectedAction": "interactive"}
            case "hooks.invoke":
                return {"output": self.hook_outputs.get(str(params["hookType"]))}
            case "systemMessage.transform":
                return {"sections": params["sections"]}
            case "canvas.open":
                return {"title": "Board", "url": "http://127.0.0.1/board", "status": "open"}
            case _:
                return {}

    async def answer_event(self, session_id: str, event: Json) -> None:
        """Answers the events that wait for a client."""
        data = event["data"]
        assert isinstance(data, dict)
        replies: dict[object, tuple[str, Callable[[Json], Json]]] = {
            "permission.requested": ("session.permissions.handlePendingPermissionRequest", self._decide),
            "external_tool.requested": ("session.tools.handlePendingToolCall", self._run_tool),
            "elicitation.requested": ("session.ui.handlePendingElicitation", _fill_in),
            "command.execute": ("session.commands.handlePendingCommand", lambda data: {}),
            "command.queued": (
                "session.commands.respondToQueuedCommand",
                lambda data: {"result": {"handled": True}},
            ),
        }
        if event["type"] not in replies or data.get("resolvedByHook"):
            return
        method, reply = replies[event["type"]]
        await self.call(method, {"sessionId": session_id, "requestId": data["requestId"], **reply(data)})

    def _decide(self, data: Json) -> Json:
        return {"result": self.decisions.pop(0) if self.decisions else {"kind": "approve-once"}}

    def _run_tool(self, data: Json) -> Json:
        arguments = data.get("arguments")
        try:
            return {
                "result": self.tools[str(data["toolName"])](arguments if isinstance(arguments, dict) else {})
            }
        except ValueError as error:
            return {"error": str(error)}


def _fill_in(data: Json) -> Json:
    schema = data.get("requestedSchema")
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return {"result": {"action": "accept", "content": dict.fromkeys(properties, "north")}}


def answer_texts(answer: Answer) -> list[object]:
    """Everything that a scripted answer makes the model say, chunks and whole texts."""
    if not isinstance(answer, Reply):
        return [answer.message]
    texts: list[object] = [call.arguments for call in answer.tool_calls]
    for part in (answer.text, answer.reasoning):
        texts += [part] if isinstance(part, str) else [*part, "".join(part)]
    return texts


def items(result: Json, key: str) -> list[Json]:
    """The objects in a list of a result."""
    found = result.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


Scenario = Callable[[Stage], Awaitable[None]]
