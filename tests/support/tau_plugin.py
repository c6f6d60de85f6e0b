"""A plugin of tau for tests, as a program: `python tau_plugin.py SETTINGS`, with a JSON object.

opening     what it says first, in place of registering; null for nothing
tools       the names of its tools, all if left out
hooks       what it answers to each hook; null for nothing, "die" ends it
leaves      whether it ends when nobody needs it
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

SETTINGS: dict[str, Any] = json.loads(sys.argv[1])
TOOLS = ("heard", "echo", "ask", "slow", "die", "pid", "picture", "stop", "broken")

heard: list[dict[str, Any]] = []
asking: dict[str, str] = {}


def say(kind: str, **members: Any) -> None:
    sys.stdout.write(json.dumps({"type": kind, **members}) + "\n")
    sys.stdout.flush()


def answer(call: str, text: str, **members: Any) -> None:
    content = [{"type": "text", "text": text}, *members.pop("more", ())]
    say("tool_result", tool_call_id=call, content=content, is_error=members.pop("is_error", False), **members)


def register() -> None:
    chosen = SETTINGS.get("tools", TOOLS)
    tools = [
        {
            "name": name,
            "description": f"Does {name}.",
            "parameters": {"type": "object", "properties": {}},
            "prompt_snippet": f"Use {name} well.",
            "prompt_guidelines": ["Be brief."],
        }
        for name in chosen
    ]
    say("register", name="helper", tools=tools, hooks=list(SETTINGS.get("hooks", {})))


def run(call: str, name: str, arguments: Any) -> None:
    match name:
        case "heard":
            answer(call, json.dumps(heard))
        case "echo":
            say("output_delta", tool_call_id=call, text="thinking\n")
            answer(call, json.dumps(arguments), summary="an echo", is_error=bool(arguments.get("fails")))
        case "ask":
            asking[call] = call
            say("server_request", request_id=call, request=arguments)
        case "die":
            sys.exit(3)
        case "pid":
            answer(call, str(os.getpid()))
        case "picture":
            answer(call, "Look:", more=[{"type": "image", "data": "AA==", "mime_type": "image/png"}])
        case "stop":
            note = {"type": "emit_info_message", "target_session_id": arguments["note_to"], "text": "Enough."}
            actions = [note, {"type": "stop_agent_loop", "reason": "all is said"}]
            answer(call, "stopping", post_persist_actions=actions)
        case "broken":
            say("tool_result", tool_call_id=call)
        case _:
            # Is answered when it is cancelled.
            return


def hook(name: str) -> None:
    result = SETTINGS["hooks"][name]
    if result == "die":
        sys.exit(3)
    if result is not None:
        say("hook_result", **result)


def take(frame: dict[str, Any]) -> None:
    match frame["type"]:
        case "tool_call":
            run(frame["tool_call_id"], frame["name"], frame["arguments"])
        case "cancel_tool_call":
            answer(frame["tool_call_id"], "cancelled")
        case "hook":
            hook(frame["name"])
        case "session_start":
            hook("session_start")
        case "server_response":
            if asking.pop(frame["request_id"], None) is not None:
                answer(frame["request_id"], json.dumps(frame["response"]))
        case "idle" if SETTINGS.get("leaves"):
            sys.exit(0)
        case _:
            return


def main() -> None:
    if "opening" not in SETTINGS:
        register()
    elif SETTINGS["opening"] is not None:
        say(**SETTINGS["opening"])
    for request in SETTINGS.get("asks", ()):
        say("server_request", request_id="unasked", request=request)
    for line in sys.stdin:
        frame = json.loads(line)
        heard.append(frame)
        take(frame)


main()
