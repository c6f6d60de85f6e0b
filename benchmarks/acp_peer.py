"""An agent made of the standard library alone, which the clients of both SDKs start: it answers at once.

It imports nothing of either SDK and does as little as it can, so that what is measured is the client. A prompt that is
a number is answered with so many updates.
"""

from __future__ import annotations

import json
import sys

UPDATE = json.dumps(
    {
        "jsonrpc": "2.0",
        "method": "session/update",
        "params": {
            "sessionId": "s",
            "update": {
                "sessionUpdate": "agent_message_chunk",
                "content": {"type": "text", "text": "word "},
                "messageId": "00000000-0000-4000-8000-000000000000",
            },
        },
    },
    separators=(",", ":"),
).encode()
_RESULTS = {
    "initialize": {
        "protocolVersion": 1,
        "agentCapabilities": {"loadSession": True, "sessionCapabilities": {"list": {}}},
        "agentInfo": {"name": "bench", "version": "1"},
    },
    "session/new": {"sessionId": "s"},
    "session/prompt": {"stopReason": "end_turn"},
}


def main() -> None:
    """Serves stdin and stdout until stdin ends."""
    sink = sys.stdout.buffer
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" not in message:
            continue
        method, params = message["method"], message["params"]
        result = _RESULTS.get(method, params)
        if method == "session/prompt":
            text = params["prompt"][0]["text"]
            sink.write((UPDATE + b"\n") * (int(text) if text.isdigit() else 0))
        answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        sink.write(json.dumps(answer, separators=(",", ":")).encode() + b"\n")
        sink.flush()


if __name__ == "__main__":
    main()
