"""A runtime made of the standard library alone, which both SDKs start as their CLI: it answers at once.

It imports nothing of either SDK and does as little as it can, so that what is measured is the client.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from typing import Any, BinaryIO

VERSION = "1.0.61"
NEWER = {"session.sendAndWait"}
DIE = "die"
TASKS: list[dict[str, Any]] = [
    {
        "type": "agent",
        "id": f"agent-{number}",
        "toolCallId": f"call-{number}",
        "description": "Look for the places that read the configuration",
        "status": "running",
        "startedAt": "2026-01-02T03:04:05.678Z",
        "agentType": "explore",
        "prompt": "Find every place where the configuration is read, and say which of them write it back.",
        "executionMode": "background",
        "activeTimeMs": 1234,
    }
    for number in range(2)
] + [
    {
        "type": "shell",
        "id": "shell-1",
        "description": "Run the tests",
        "status": "completed",
        "startedAt": "2026-01-02T03:04:05.678Z",
        "completedAt": "2026-01-02T03:05:06.789Z",
        "command": "pytest -q",
        "attachmentMode": "detached",
        "pid": 4321,
    }
]

event_numbers = count()
message_numbers = count()


def main() -> None:
    """Serves stdin and stdout until stdin ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (message := read_frame(source)) is not None:
        method, params = message["method"], message.get("params") or {}
        if "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"]}
            if method in NEWER:
                write_frame(sink, {**answer, "error": {"code": -32601, "message": "Method not found"}})
                sink.flush()
                continue
            result = result_of(method, params)
            write_frame(sink, {**answer, "result": result})
            if method == "session.send":
                stream_turn(sink, params["sessionId"], result["messageId"], int(params["prompt"]))
            sink.flush()


def read_frame(source: BinaryIO) -> dict[str, Any] | None:
    length = None
    while line := source.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if length is None:
        return None
    message: dict[str, Any] = json.loads(source.read(length))
    return message


def write_frame(sink: BinaryIO, message: dict[str, Any]) -> None:
    body = json.dumps(message, separators=(",", ":")).encode()
    sink.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def result_of(method: str, params: dict[str, Any]) -> dict[str, Any]:
    match method:
        case "connect":
            return {"ok": True, "protocolVersion": 3, "version": VERSION}
        case "ping" if params.get("message") == DIE:
            sys.exit(1)
        case "ping":
            message = f"pong: {params.get('message', '')}"
            return {"message": message, "timestamp": "2026-01-02T03:04:05.678Z", "protocolVersion": 3}
        case "session.create":
            return {"sessionId": params["sessionId"], "workspacePath": None}
        case "session.tasks.list":
            return {"tasks": TASKS}
        case "session.send":
            return {"messageId": f"prompt-{next(message_numbers)}"}
        case _:
            return {"success": True}


def stream_turn(sink: BinaryIO, session_id: str, prompt_id: str, deltas: int) -> None:
    """Sends the events of a turn that streams so many deltas: four more than there are deltas."""
    turn = {"turnId": "0", "originatingMessageId": prompt_id}
    send_event(sink, session_id, "user.message", {"content": str(deltas), "messageId": prompt_id})
    send_event(sink, session_id, "assistant.turn_start", turn)
    for number in range(deltas):
        data = {"messageId": "message-1", "deltaContent": f"word {number} "}
        send_event(sink, session_id, "assistant.message_delta", data)
    answer = {"messageId": "message-1", "content": "All that was said.", "originatingMessageId": prompt_id}
    send_event(sink, session_id, "assistant.message", answer)
    send_event(sink, session_id, "session.idle", {})


def send_event(sink: BinaryIO, session_id: str, kind: str, data: dict[str, Any]) -> None:
    event = {
        "type": kind,
        "data": data,
        "ephemeral": True,
        "id": f"00000000-0000-4000-8000-{next(event_numbers):012d}",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "parentId": None,
    }
    params = {"sessionId": session_id, "event": event}
    write_frame(sink, {"jsonrpc": "2.0", "method": "session.event", "params": params})


if __name__ == "__main__":
    main()
