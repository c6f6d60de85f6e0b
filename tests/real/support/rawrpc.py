"""The smallest JSON-RPC client that can talk to the CLI: standard library only, and it keeps every frame.

It shares no code with the package, so that what it records is evidence of the wire, not of our reading of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Self

Json = dict[str, object]
RequestHandler = Callable[[str, Json], Awaitable[object]]
EventHandler = Callable[[str, Json], Awaitable[None]]
Predicate = Callable[[Json], bool]

_STOP_SECONDS = 10.0


class WireError(Exception):
    """The other side answered a request with an error."""

    def __init__(self, method: str, error: Json) -> None:
        super().__init__(f"{method}: {error.get('code')} {error.get('message')}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Frame:
    """One inbound message; `kind` is event, notification, request, result or error."""

    scenario: str
    kind: str
    method: str
    payload: object


@dataclass(eq=False)
class RawClient:
    """A CLI child process and the frames that it sent, in order, each under the scenario of its time."""

    process: asyncio.subprocess.Process
    on_request: RequestHandler
    on_event: EventHandler
    frames: list[Frame] = field(default_factory=list)
    scenario: str = ""
    _pending: dict[int, tuple[str, asyncio.Future[object]]] = field(default_factory=dict)
    _ids: count[int] = field(default_factory=lambda: count(1))
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        on_request: RequestHandler,
        on_event: EventHandler,
    ) -> Self:
        """Starts the command with its stdin and stdout as the connection."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, env=dict(env), cwd=cwd
        )
        client = cls(process, on_request, on_event)
        client._spawn(client._read())
        return client

    async def request(self, method: str, params: Json | None = None, *, timeout: float = 30.0) -> object:
        """Sends a request and returns its result.

        Raises:
            WireError: The CLI answered with an error.
            TimeoutError: No answer within `timeout` seconds.
        """
        number = next(self._ids)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._pending[number] = (method, future)
        try:
            await self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
            async with asyncio.timeout(timeout):
                return await future
        finally:
            self._pending.pop(number, None)

    async def event(
        self, session_id: str, wanted: Predicate, *, after: int = 0, timeout: float = 60.0
    ) -> Json:
        """Waits for the first event of a session that is wanted, from frame number `after` on.

        Raises:
            TimeoutError: It did not come within `timeout` seconds.
        """
        position = after
        async with asyncio.timeout(timeout), self._arrived:
            while True:
                for frame in self.frames[position:]:
                    if frame.kind == "event" and isinstance(frame.payload, dict):
                        event = frame.payload["event"]
                        if frame.payload["sessionId"] == session_id and wanted(event):
                            return dict(event)
                position = len(self.frames)
                await self._arrived.wait()

    async def close(self) -> None:
        """Ends the child by end of input, and by force where that does not help."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        assert isinstance(task, asyncio.Task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, message: Json) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await self.process.stdin.drain()

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while header := await self.process.stdout.readline():
            name, _, value = header.partition(b":")
            if name.lower() != b"content-length":
                continue
            await self.process.stdout.readuntil(b"\r\n")
            await self._receive(json.loads(await self.process.stdout.readexactly(int(value))))

    async def _receive(self, message: Json) -> None:
        method = message.get("method")
        if method is None:
            self._settle(message)
        else:
            params = message.get("params")
            assert isinstance(method, str)
            assert isinstance(params, dict)
            self._dispatch(method, params, message.get("id"))
        async with self._arrived:
            self._arrived.notify_all()

    def _keep(self, kind: str, method: str, payload: object) -> None:
        self.frames.append(Frame(self.scenario, kind, method, payload))

    def _settle(self, message: Json) -> None:
        number = message.get("id")
        if not isinstance(number, int) or number not in self._pending:
            return
        method, future = self._pending[number]
        error = message.get("error")
        if isinstance(error, dict):
            self._keep("error", method, error)
            if not future.done():
                future.set_exception(WireError(method, error))
        else:
            self._keep("result", method, message.get("result"))
            if not future.done():
                future.set_result(message.get("result"))

    def _dispatch(self, method: str, params: Json, number: object) -> None:
        if method == "session.event":
            self._keep("event", method, params)
            event = params["event"]
            assert isinstance(event, dict)
            self._spawn(self.on_event(str(params["sessionId"]), event))
        elif number is None:
            self._keep("notification", method, params)
        else:
            self._keep("request", method, params)
            self._spawn(self._answer(number, method, params))

    async def _answer(self, number: object, method: str, params: Json) -> None:
        reply: Json = {"jsonrpc": "2.0", "id": number}
        try:
            reply["result"] = await self.on_request(method, params)
        except Exception as error:  # noqa: BLE001 - the CLI stands still until each request is answered
            reply["error"] = {"code": -32603, "message": str(error)}
        await self._send(reply)
