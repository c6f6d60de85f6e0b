"""One runtime that plays scenarios, and what it did in each of them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.real.support.rawrpc import Json, WireError
from tests.real.support.stage import Stage
from tests.support.model_server import text_of

if TYPE_CHECKING:
    from tests.real.differential.scenario import Scenario

SCENARIO_SECONDS = 30.0
CALL_SECONDS = 20.0


@dataclass(eq=False)
class Take:
    """What one runtime did in one scenario; everything in its order, and as it was on the wire.

    Attributes:
        replies: The outcome of each call by its method.
        methods: What was answered with a result, to the scenario or to who answers requests beside it.
        events: The events of each session, in the order in which the sessions were made.
        requests: What the client was asked.
        notifications: What the client was told besides events.
        notes: What the scenario found beside the wire.
        names: What stands for the strings that are different on each run.
        failure: Why the scenario did not reach its end.
    """

    replies: list[tuple[str, object]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    events: dict[str, list[Json]] = field(default_factory=dict)
    requests: list[tuple[str, object]] = field(default_factory=list)
    notifications: list[tuple[str, object]] = field(default_factory=list)
    notes: list[tuple[str, object]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    failure: BaseException | None = None


@dataclass(eq=False)
class Actor(Stage):
    """A runtime on a stage; what the scenario itself calls is kept, and not what is answered meanwhile."""

    take: Take = field(default_factory=Take)
    _scenario: asyncio.Task[object] | None = None
    _sends: int = 0

    async def play(self, scenario: Scenario) -> Take:
        """Plays a scenario from its beginning to its end, or to its failure."""
        self.begin(scenario.name)
        self.take, self._sends = Take(), 0
        self.take.names.update(self._lasting_names())
        self._scenario = asyncio.current_task()
        frames, asked = len(self.client.frames), len(self.model.requests)
        try:
            async with asyncio.timeout(SCENARIO_SECONDS):
                await scenario.play(self)
        except (WireError, TimeoutError, AssertionError, LookupError, ValueError) as error:
            self.take.failure = error
        self._collect(frames, asked)
        await self._clear_away()
        return self.take

    async def call(self, method: str, params: Json | None = None, *, timeout: float = CALL_SECONDS) -> Json:
        """Calls a method; an error or a silence is an outcome like others and gives an empty result."""
        outcome = await self._outcome(method, params, timeout)
        if asyncio.current_task() is self._scenario:
            self.take.replies.append((method, outcome))
            if method == "session.send" and "messageId" in outcome:
                self._sends += 1
                self.take.names[str(outcome["messageId"])] = f"<message {self._sends}>"
        return {} if "error" in outcome else outcome

    async def _outcome(self, method: str, params: Json | None, timeout: float) -> Json:
        try:
            result = await self.client.request(method, params, timeout=timeout)
        except WireError as error:
            return {"error": {"code": error.error.get("code")}}
        except TimeoutError:
            return {"error": "silence"}
        self.take.methods.add(method)
        return result if isinstance(result, dict) else {} if result is None else {"result": result}

    async def create(self, **options: object) -> str:
        """Creates a session whose model is the scripted one; returns its id."""
        result = await self.call("session.create", {**self.session_options(), **options})
        return self.knows(str(result["sessionId"]))

    async def of(self, session: str, method: str, /, **params: object) -> Json:
        """Calls a method of a session, named without its first word."""
        return await self.call(f"session.{method}", {"sessionId": session, **params})

    def knows(self, session_id: str) -> str:
        """Has the events of a session kept; returns its id."""
        if session_id not in self.take.events:
            self.take.events[session_id] = []
            self.take.names[session_id] = f"<session {len(self.take.events)}>"
        return session_id

    def note(self, label: str, value: object) -> None:
        """Keeps something that the scenario has found beside the wire."""
        self.take.notes.append((label, value))

    def _lasting_names(self) -> dict[str, str]:
        url = self.model.base_url
        return {
            url: "<model>",
            url.removeprefix("http://").removesuffix("/v1"): "<model host>",
            str(self.folder): "<folder>",
            str(self.folder.parent / "home"): "<home>",
            str(self.folder.parent): "<stage>",
        }

    def _collect(self, frames: int, asked: int) -> None:
        for frame in self.client.frames[frames:]:
            if not isinstance(frame.payload, dict):
                continue
            if frame.kind == "event":
                if (session := str(frame.payload["sessionId"])) in self.take.events:
                    self.take.events[session].append(frame.payload["event"])
            elif frame.kind == "request":
                self.take.requests.append((frame.method, frame.payload))
            elif frame.kind == "notification":
                self.take.notifications.append((frame.method, frame.payload))
        for request in self.model.requests[asked:]:
            spoken = [m for m in request.messages if m["role"] in {"assistant", "tool"}]
            told = [{"role": m["role"], "text": text_of(m), "calls": m.get("tool_calls")} for m in spoken]
            self.note("model asked", {"after": told, "path": request.path, "stream": request.stream})

    async def _clear_away(self) -> None:
        for hold in self.holds:
            hold.set()
        self._scenario = None
        for session in self.take.events:
            with suppress(WireError, TimeoutError):
                await self.client.request("session.destroy", {"sessionId": session}, timeout=CALL_SECONDS)
