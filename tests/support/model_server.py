"""A scripted model on loopback that speaks chat completions, responses and messages, each at its own path.

    with ModelServer([Reply("hello")]) as server:
        ...  # point a client at server.base_url
    assert server.requests[0].prompt == "hi"

The script is a list of answers, used up in order, or a function from the request to an answer. A request
beyond the end of the list is refused with status 400, which no client retries.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from itertools import count
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Self

from tests.support.model_wires import Frames, wire_of

_HOLD_POLL_SECONDS = 0.02
_DEAD_CONNECTION_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the model asks for; `arguments` that are a string are sent as they are, JSON or not."""

    name: str
    arguments: Mapping[str, object] | str = field(default_factory=dict)
    id: str = ""

    def arguments_text(self) -> str:
        """The arguments as they stand on the wire."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(dict(self.arguments))


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one answer."""

    prompt_tokens: int = 10
    completion_tokens: int = 5
    cached_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer.

    Attributes:
        text: What the model says: one string, or the chunks it is streamed in.
        reasoning: What the model thinks before it speaks, in the same two shapes.
        tool_calls: The tools that it calls, all in one message.
        finish_reason: Defaults to "tool_calls" where there are any, else to "stop".
        usage: The token counts that are reported.
        hold: Keeps the answer open until it is set, the client goes away or the server closes.
        hold_after: How many chunks of a streamed answer leave before `hold` is waited for.
    """

    text: str | Sequence[str] = ""
    reasoning: str | Sequence[str] = ()
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str = ""
    usage: Usage = Usage()
    hold: threading.Event | None = None
    hold_after: int = 0

    @property
    def final_reason(self) -> str:
        """The finish reason that is sent."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer with an error status."""

    status: int
    message: str = "scripted failure"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request for a completion, as it came in: numbered from 1, header names in lower case."""

    number: int
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]

    @property
    def stream(self) -> bool:
        """Whether the client asked for server-sent events."""
        return self.body.get("stream") is True

    @property
    def messages(self) -> list[dict[str, object]]:
        """The conversation that the client sent: its `messages`, or the `input` of the responses API."""
        return _objects(self.body.get("messages", self.body.get("input")))

    @property
    def tool_names(self) -> list[str]:
        """The names of the functions on offer."""
        functions = [tool.get("function", tool) for tool in _objects(self.body.get("tools"))]
        return [str(function.get("name")) for function in functions if isinstance(function, dict)]

    @property
    def prompt(self) -> str:
        """The text of the last user message, "" where there is none."""
        return next((text_of(m) for m in reversed(self.messages) if m.get("role") == "user"), "")


Answer = Reply | Failure
Script = Iterable[Answer] | Callable[[ChatRequest], Answer]


def text_of(message: Mapping[str, object]) -> str:
    """The text of a chat message whose content is a string or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in _objects(content))


class ModelServer:
    """Serves a script until it is closed; use it as a context manager."""

    def __init__(
        self,
        script: Script,
        *,
        models: Sequence[str] = ("scripted-model",),
        documents: Mapping[str, object] | None = None,
        tokens: Sequence[str] | None = None,
    ) -> None:
        """Binds a free port on 127.0.0.1.

        Args:
            script: What to answer, in order or by request.
            models: The ids that `GET /models` lists.
            documents: What `GET` answers at other paths, or at that one.
            tokens: The only tokens that are let in; None lets everybody in.
        """
        self.models = tuple(models)
        self.documents = dict(documents or {})
        self.tokens = tokens
        self.fetched: list[tuple[str, str]] = []
        self.requests: list[ChatRequest] = []
        self.closing = threading.Event()
        self._choose = script if callable(script) else _in_order(script)
        self._lock = threading.Lock()
        self._http = _HTTPServer(self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_HOLD_POLL_SECONDS,), name="model-server", daemon=True
        )

    @property
    def base_url(self) -> str:
        """The address that a client is given, without a trailing slash."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/v1"

    def receive(
        self, path: str, headers: Mapping[str, str], body: Mapping[str, object]
    ) -> tuple[ChatRequest, Answer]:
        """Records a request and takes the answer that the script holds for it."""
        with self._lock:
            request = ChatRequest(len(self.requests) + 1, path, headers, body)
            self.requests.append(request)
            return request, self._choose(request)

    @property
    def open_connections(self) -> int:
        """How many clients are connected."""
        return len(self._http.connections)

    def wait_until_quiet(self, *, timeout: float) -> None:
        """Waits until no client is connected.

        Raises:
            TimeoutError: One still is after `timeout` seconds.
        """
        with self._http.changed:
            if not self._http.changed.wait_for(lambda: not self._http.connections, timeout):
                raise TimeoutError(f"{self.open_connections} clients of the model server did not leave")

    def close(self) -> None:
        """Ends every open answer and frees the port; closing twice does no harm."""
        self.closing.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.end_connections()
        self._http.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self._http.failures:
            raise ExceptionGroup("requests that the model server could not answer", self._http.failures)


class _HTTPServer(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, model: ModelServer) -> None:
        self.model = model
        self.connections: set[object] = set()
        self.changed = threading.Condition()
        self.failures: list[Exception] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        with self.changed:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        super().shutdown_request(request)
        with self.changed:
            self.connections.discard(request)
            self.changed.notify_all()

    def end_connections(self) -> None:
        """Wakes each handler that still reads or writes, so that its thread can be joined."""
        with self.changed:
            for connection in self.connections:
                if isinstance(connection, socket.socket):
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keeps what went wrong, unless it is a client that went away: many tests are about those."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.failures.append(error)


class _Handler(BaseHTTPRequestHandler):
    timeout = _DEAD_CONNECTION_SECONDS

    @property
    def model(self) -> ModelServer:
        assert isinstance(self.server, _HTTPServer)
        return self.server.model

    def _is_let_in(self) -> bool:
        tokens, sent = self.model.tokens, self.headers.get("authorization", "")
        if tokens is None or sent.removeprefix("Bearer ") in tokens:
            return True
        self._send_json(401, {"message": "Bad credentials"})
        return False

    def do_GET(self) -> None:
        self.model.fetched.append((self.path, self.headers.get("authorization", "")))
        if not self._is_let_in():
            return None
        if (document := self.model.documents.get(self.path)) is not None:
            return self._send_json(200, document)
        if self.path.rpartition("/")[2] != "models":
            return self._send_json(404, _error(f"no such path: {self.path}"))
        listed = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.model.models]
        return self._send_json(200, {"object": "list", "data": listed})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        raw = self.rfile.read(length)
        if len(raw) < length:
            raise ConnectionAbortedError("the client left in the middle of its request")
        wire = wire_of(self.path)
        if wire is None:
            return self._send_json(404, _error(f"no such path: {self.path}"))
        if not self._is_let_in():
            return None
        headers = {name.lower(): value for name, value in self.headers.items()}
        request, answer = self.model.receive(self.path, headers, json.loads(raw))
        if isinstance(answer, Failure):
            return self._send_json(answer.status, _error(answer.message), answer.headers)
        model = request.body.get("model")
        if request.stream:
            return self._stream(answer, wire.frames(answer, request.number, model))
        self._wait(answer)
        return self._send_json(200, wire.whole(answer, request.number, model))

    def _stream(self, reply: Reply, frames: Frames) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"".join(frames.head))
        for index, frame in enumerate(frames.pieces):
            if index == reply.hold_after:
                self._wait(reply)
            self.wfile.write(frame)
        if len(frames.pieces) <= reply.hold_after:
            self._wait(reply)
        self.wfile.write(b"".join(frames.tail))

    def _wait(self, reply: Reply) -> None:
        hold, closing = reply.hold, self.model.closing
        while hold is not None and not hold.wait(_HOLD_POLL_SECONDS):
            if closing.is_set() or _hung_up(self.connection):
                raise ConnectionAbortedError("the answer that was held open is no longer wanted")

    def _send_json(self, status: int, payload: object, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(payload).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps stderr clean."""


def _hung_up(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(_DEAD_CONNECTION_SECONDS)


def _in_order(answers: Iterable[Answer]) -> Callable[[ChatRequest], Answer]:
    remaining = iter(answers)
    served = count()

    def choose(request: ChatRequest) -> Answer:
        number = next(served)
        return next(remaining, Failure(400, f"the script of the model server ended after {number} answers"))

    return choose


def _objects(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _error(message: str) -> dict[str, object]:
    return {"error": {"message": message, "type": "scripted"}}
