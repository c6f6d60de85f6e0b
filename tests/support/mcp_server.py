"""A Model Context Protocol server on stdin and stdout with one tool, for tests that need a real one.

    python mcp_server.py [--writes] [--grows]

The tool `echo` gives its argument `text` back. With `--writes` it does not say that it only reads; with
`--grows` a call of it brings the tool `encore`, and the server says that all its lists are others now.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

_ECHO = {
    "name": "echo",
    "description": "Gives the text back.",
    "inputSchema": {
        "type": "object",
        "properties": {"text": {"type": "string", "description": "What to give back."}},
        "required": ["text"],
    },
    "annotations": {"readOnlyHint": "--writes" not in sys.argv},
}

_TOOLS = [_ECHO]


def answer(method: str, params: dict[str, object]) -> dict[str, object] | None:
    """The result of one request; None for a method that this server does not serve."""
    match method:
        case "initialize":
            return {
                "protocolVersion": params.get("protocolVersion"),
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": "echo-server", "version": "1.0.0"},
            }
        case "ping":
            return {}
        case "tools/list":
            return {"tools": _TOOLS}
        case "tools/call":
            arguments = params.get("arguments")
            text = arguments.get("text") if isinstance(arguments, dict) else None
            return {"content": [{"type": "text", "text": str(text)}], "isError": False}
        case _:
            return None


def reply(message: Mapping[str, Any]) -> dict[str, object] | None:
    """What is said to a message; None to a notification."""
    if "id" not in message:
        return None
    said: dict[str, object] = {"jsonrpc": "2.0", "id": message["id"]}
    result = answer(message["method"], message.get("params") or {})
    if result is None:
        said["error"] = {"code": -32601, "message": f"no such method: {message['method']}"}
    else:
        said["result"] = result
    return said


def grow() -> None:
    """Gets a second tool, and says that each list has changed."""
    _TOOLS[1:] = [{**_ECHO, "name": "encore"}]
    for kind in ("tools", "resources", "prompts"):
        told = {"jsonrpc": "2.0", "method": f"notifications/{kind}/list_changed"}
        print(json.dumps(told), flush=True)


def main() -> None:
    """Serves one message a line until the input ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["method"] == "tools/call" and "--grows" in sys.argv:
            grow()
        said = reply(message)
        if said is not None:
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
