"""A runtime that misbehaves in one way: `python peer.py FAULT JOURNAL ...`, started by a client as its CLI.

Apart from that it is like the Copilot CLI 1.0.102. It imports nothing of any SDK. The journal is a file of JSON lines:
its process id, the events that it sent, and what it was told in answer to them.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

Message = dict[str, Any]
VERSION = "1.0.102"
TIME = "2026-01-02T03:04:05.678Z"
TOOL_ANSWER = "session.tools.handlePendingToolCall"
PERMISSION_ANSWER = "session.permissions.handlePendingPermissionRequest"
FLOOD = 1000
LARGE = 64 * 1024 * 1024


class Peer:
    """Reads and writes frames, and does what a healthy runtime does."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, fault: str, journal: Path) -> None:
        self.source = source
        self.sink = sink
        self.fault = fault
        self.journal = journal
        self.recording = True
        self.turns = 0
        self.events = 0
        self.requests = 0
        self.held: list[Message] = []
        self.session_id = ""

    def note(self, **entry: Any) -> None:
        with self.journal.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry) + "\n")

    def read(self) -> Message:
        length = 0
        while line := self.source.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            sys.exit(0)
        message: Message = json.loads(self.source.read(length))
        return message

    def write(self, data: bytes) -> None:
        self.sink.write(data)
        self.sink.flush()

    def send(self, **message: Any) -> None:
        self.write(framed({"jsonrpc": "2.0", **message}))

    def reply(self, request: Message, result: Any) -> None:
        self.send(id=request["id"], result=result)

    def event(self, kind: str, data: Any, **members: Any) -> Message:
        event = self.new_event(kind, data, **members)
        self.send_event(event)
        return event

    def new_event(self, kind: str, data: Any, **members: Any) -> Message:
        self.events += 1
        number = f"00000000-0000-4000-8000-{self.events:012d}"
        return {"type": kind, "id": number, "timestamp": TIME, "parentId": None, "data": data, **members}

    def send_event(self, event: Message) -> None:
        if self.recording:
            self.note(sent=event["id"], type=event["type"])
        self.send(method="session.event", params={"sessionId": self.session_id, "event": event})

    def ask(self, method: str, **params: Any) -> None:
        """Sends a request and waits for its answer."""
        self.requests += 1
        number = f"request-{self.requests}"
        self.send(id=number, method=method, params={"sessionId": self.session_id, **params})
        while (message := self.read()).get("id") != number or "method" in message:
            self.take(message)
        code = (message.get("error") or {}).get("code")
        self.note(asked=method, answer="a result" if code is None else code)

    def until(self, method: str) -> Message:
        """Serves until a request of that method was answered."""
        while True:
            message = self.read()
            self.take(message)
            if message.get("method") == method:
                return message

    def take(self, message: Message) -> None:
        method = message.get("method")
        if method is None or "id" not in message:
            return
        params = message.get("params") or {}
        match method:
            case "connect":
                CONNECT.get(self.fault, connect)(self, message)
            case "ping":
                PING.get(self.fault, ping)(self, message)
            case "session.create":
                self.session_id = params["sessionId"]
                self.reply(message, {"sessionId": self.session_id, "workspacePath": None})
                if self.fault in {"stops-reading", "stop-deaf"}:
                    signal.pause()
            case "session.send":
                self.turns += 1
                TURN.get(self.fault, turn)(self, Turn(self, message))
            case "session.sendAndWait":
                error = {"code": -32601, "message": f"Unhandled method {method}"}
                self.send(id=message["id"], error=error)
            case "session.metadata.activity":
                self.reply(message, {"hasActiveWork": False, "abortable": False})
            case _:
                if method in {TOOL_ANSWER, PERMISSION_ANSWER}:
                    self.note(told=method, params=params)
                self.reply(message, {"success": True})


class Turn:
    """One turn, in pieces."""

    def __init__(self, peer: Peer, request: Message) -> None:
        self.peer = peer
        self.request = request
        self.message_id = f"10000000-0000-4000-8000-{peer.turns:012d}"

    def accept(self) -> None:
        self.peer.reply(self.request, {"messageId": self.message_id})

    def begin(self) -> None:
        data = {"content": "Go.", "messageId": self.message_id, "delivery": "idle", "turnId": "0"}
        self.peer.event("user.message", data)
        self.peer.event("assistant.turn_start", {"turnId": "0"})

    def say(self, content: str) -> None:
        self.peer.event("assistant.message", self.message(content))

    def message(self, content: str) -> Message:
        return {"messageId": "message", "originatingMessageId": self.message_id, "content": content}

    def end(self) -> None:
        self.peer.event("assistant.turn_end", {"turnId": "0"})
        self.idle()

    def idle(self, **members: Any) -> None:
        self.peer.event("session.idle", {"mode": "interactive"}, ephemeral=True, **members)

    def answer(self) -> None:
        self.say(f"answer {self.peer.turns}")
        self.end()

    def tool(self) -> str:
        request_id = f"tool-{self.peer.turns}"
        data = {
            "requestId": request_id,
            "sessionId": self.peer.session_id,
            "toolCallId": f"call-{self.peer.turns}",
            "toolName": "work",
            "arguments": {},
        }
        self.peer.event("external_tool.requested", data)
        return request_id

    def permission(self, **request: Any) -> None:
        self.peer.event("permission.requested", {"requestId": "permission-1", "permissionRequest": request})


def framed(message: Message, *, before: bytes = b"", after: bytes = b"") -> bytes:
    body = json.dumps(message).encode()
    return b"%bContent-Length: %d\r\n%b\r\n%b" % (before, len(body), after, body)


def connect(peer: Peer, request: Message) -> None:
    peer.reply(request, {"ok": True, "protocolVersion": 3, "version": VERSION})


def ping(peer: Peer, request: Message) -> None:
    message = request["params"].get("message", "")
    peer.reply(request, {"message": f"pong: {message}", "timestamp": TIME, "protocolVersion": 3})


def turn(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.answer()


# ------------------------------------------------------------ the connection


def dies_in_turn(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    sys.stderr.write("fatal: the model is on strike\n")
    sys.exit(3)


def dies_in_frame(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    peer.write(b'Content-Length: 1000\r\n\r\n{"jsonrpc"')
    sys.exit(0)


def closes_stdout(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    os.close(peer.sink.fileno())
    peer.source.read()
    os._exit(0)


def between(data: bytes, *, readable: bool = True) -> Callable[[Peer, Turn], None]:
    """A turn with something else in the middle of it; the rest counts only if it can be told apart."""

    def play(peer: Peer, turn: Turn) -> None:
        turn.accept()
        turn.begin()
        peer.recording = readable
        peer.write(data)
        turn.answer()

    return play


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def extra_headers(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    event = peer.new_event("assistant.intent", {"intent": "To look around"})
    peer.note(sent=event["id"], type=event["type"])
    params = {"sessionId": peer.session_id, "event": event}
    peer.write(
        framed(
            {"jsonrpc": "2.0", "method": "session.event", "params": params},
            before=b"X-Trace: 1\r\n",
            after=b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n",
        )
    )
    turn.answer()


def single_bytes(peer: Peer, turn: Turn) -> None:
    whole = peer.write

    def in_pieces(data: bytes) -> None:
        for position in range(len(data)):
            whole(data[position : position + 1])

    peer.write = in_pieces  # type: ignore[method-assign]
    turn.accept()
    turn.begin()
    turn.answer()


def large_frame(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.say("x" * LARGE)
    turn.end()


# ------------------------------------------------------------------- replies


def connect_error(peer: Peer, request: Message) -> None:
    peer.send(id=request["id"], error={"code": -32603, "message": "not today"})


def connect_version(peer: Peer, request: Message) -> None:
    peer.reply(request, {"ok": True, "protocolVersion": 99, "version": VERSION})


def dies_of_request(peer: Peer, request: Message) -> None:
    sys.stderr.write("no licence\n")
    sys.exit(1)


def connect_silent(peer: Peer, request: Message) -> None:
    pass


def late_ping(peer: Peer, request: Message) -> None:
    if request["params"].get("message") == "late":
        peer.held.append(request)
    else:
        ping(peer, request)


def late_reply(peer: Peer, turn: Turn) -> None:
    for request in peer.held:
        ping(peer, request)
    turn.accept()
    turn.begin()
    turn.answer()


def reversed_pings(peer: Peer, request: Message) -> None:
    peer.held.append(request)
    if len(peer.held) == 3:
        for held in reversed(peer.held):
            ping(peer, held)
        peer.held.clear()


def unknown_reply(peer: Peer, turn: Turn) -> None:
    peer.send(id=987654, result={})
    peer.send(id="nobody", error={"code": -32603, "message": "for nobody"})
    turn.accept()
    turn.begin()
    turn.answer()


def double_reply(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.accept()
    turn.begin()
    turn.answer()


def empty_reply(peer: Peer, turn: Turn) -> None:
    peer.send(id=turn.request["id"])


# -------------------------------------------------------------------- events


def with_event(kind: str, data: Any, **members: Any) -> Callable[[Peer, Turn], None]:
    """A turn with one event more."""

    def play(peer: Peer, turn: Turn) -> None:
        turn.accept()
        turn.begin()
        peer.event(kind, data, **members)
        turn.answer()

    return play


def no_data(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    event = peer.new_event("assistant.intent", None)
    del event["data"]
    peer.send_event(event)
    turn.answer()


def malformed_answer(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    peer.event("assistant.message", {**turn.message("answer 1"), "messageId": 12})
    turn.end()


def malformed_idle(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.say("answer 1")
    peer.event("session.idle", {"mode": 5, "aborted": "no"}, ephemeral=True)


def sub_agent_idle(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.idle(agentId="agent-1")
    turn.answer()


def earlier_idle(peer: Peer, turn: Turn) -> None:
    turn.accept()
    if peer.turns == 1:
        turn.begin()
        turn.say("answer 1")
        return
    turn.idle()
    turn.begin()
    turn.answer()


def second_idle(peer: Peer, turn: Turn) -> None:
    turn.accept()
    if peer.turns == 2:
        turn.idle()
    turn.begin()
    turn.answer()


def no_idle(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.say("answer 1")


def unfinished(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    peer.event("assistant.intent", {"intent": "To go on for ever"})


def every_event_twice(peer: Peer, turn: Turn) -> None:
    once = peer.send_event

    def twice(event: Message) -> None:
        once(event)
        once(event)

    peer.send_event = twice  # type: ignore[method-assign]
    turn.accept()
    turn.begin()
    turn.answer()


def late_events(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.answer()
    for _ in range(3):
        peer.event("assistant.intent", {"intent": "To go on"})


def early_events(peer: Peer, turn: Turn) -> None:
    turn.begin()
    turn.accept()
    turn.answer()


def flood(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    for _ in range(FLOOD):
        peer.event("assistant.intent", {"intent": "To go on"})
    turn.answer()


# ------------------------------------------------------------------ requests


def asks(method: str, **params: Any) -> Callable[[Peer, Turn], None]:
    """A turn that needs the answer to a request of the runtime."""

    def play(peer: Peer, turn: Turn) -> None:
        turn.accept()
        turn.begin()
        peer.ask(method, **params)
        turn.answer()

    return play


def calls_tool(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    turn.tool()
    peer.event("assistant.intent", {"intent": "To wait for the tool"})
    peer.until(TOOL_ANSWER)
    turn.answer()


def gives_tool_up(peer: Peer, turn: Turn) -> None:
    turn.accept()
    turn.begin()
    request_id = turn.tool()
    peer.ask("unknown.method")
    peer.event("external_tool.completed", {"requestId": request_id}, ephemeral=True)
    turn.answer()


def permission(**request: Any) -> Callable[[Peer, Turn], None]:
    """A turn that needs a permission."""

    def play(peer: Peer, turn: Turn) -> None:
        turn.accept()
        turn.begin()
        turn.permission(**request)
        peer.event("assistant.intent", {"intent": "To wait for the permission"})
        peer.until(PERMISSION_ANSWER)
        turn.answer()

    return play


url_permission = permission(kind="url", intention="To read", url="https://example.com")

CONNECT: dict[str, Callable[[Peer, Message], None]] = {
    "connect-error": connect_error,
    "connect-version": connect_version,
    "connect-exit": dies_of_request,
    "connect-silent": connect_silent,
}
PING: dict[str, Callable[[Peer, Message], None]] = {
    "dies-in-call": dies_of_request,
    "late-reply": late_ping,
    "reversed-replies": reversed_pings,
}
TURN: dict[str, Callable[[Peer, Turn], None]] = {
    "dies-in-turn": dies_in_turn,
    "dies-in-frame": dies_in_frame,
    "dies-with-tool": calls_tool,
    "closes-stdout": closes_stdout,
    "stray-line": between(b"INFO the server is warming up\n", readable=False),
    "no-length": between(b"X-Trace: 1\r\n\r\n", readable=False),
    "broken-json": between(frame(b'{"jsonrpc": "2.0", "method": ')),
    "no-utf8": between(frame(b'{"jsonrpc": "2.0", "method": "\xff\xfe"}')),
    "no-object": between(frame(b"[7]")),
    "no-params": between(frame(b'{"jsonrpc": "2.0", "method": "session.event", "params": {"sessionId": 7}}')),
    "extra-headers": extra_headers,
    "single-bytes": single_bytes,
    "large-frame": large_frame,
    "late-reply": late_reply,
    "unknown-reply": unknown_reply,
    "double-reply": double_reply,
    "empty-reply": empty_reply,
    "unknown-event": with_event("weather.changed", {"to": "rain"}),
    "unknown-enum": with_event("session.mode_changed", {"previousMode": "plan", "newMode": "dreaming"}),
    "wrong-type": with_event("assistant.intent", {"intent": 7}),
    "null-member": with_event("assistant.intent", {"intent": None}),
    "missing-member": with_event("assistant.intent", {}),
    "no-data": no_data,
    "no-uuid": with_event("assistant.intent", {"intent": "To look around"}, id="event-seven"),
    "bad-time": with_event("assistant.intent", {"intent": "To look around"}, timestamp="at noon"),
    "malformed-answer": malformed_answer,
    "malformed-idle": malformed_idle,
    "sub-agent-idle": sub_agent_idle,
    "earlier-idle": earlier_idle,
    "second-idle": second_idle,
    "no-idle": no_idle,
    "unfinished": unfinished,
    "every-event-twice": every_event_twice,
    "late-events": late_events,
    "early-events": early_events,
    "slow-consumer": flood,
    "unknown-method": asks("unknown.method"),
    "unknown-hook": asks("hooks.invoke", hookType="fullMoon", input={}),
    "no-user-input": asks("userInput.request", question="Which one?"),
    "unknown-permission": permission(kind="teleport", destination="Mars"),
    "tool-raises": calls_tool,
    "tool-blocks": calls_tool,
    "tool-never-returns": calls_tool,
    "tool-cancels": calls_tool,
    "tool-given-up": gives_tool_up,
    "permission-raises": url_permission,
    "permission-blocks": url_permission,
    "permission-never-returns": url_permission,
    "permission-cancels": url_permission,
}


if __name__ == "__main__":
    peer = Peer(sys.stdin.buffer, sys.stdout.buffer, sys.argv[1], Path(sys.argv[2]))
    peer.note(pid=os.getpid())
    while True:
        peer.take(peer.read())
