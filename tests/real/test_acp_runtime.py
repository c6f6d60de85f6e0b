"""The reference runtime as an agent beside the CLI as one: the same prompts, and what is told of them."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.acp._stdio import spawn
from tests.real.support.cli import installed_cli
from tests.real.support.provider import provider_environment
from tests.real.support.stage import MODEL_ID
from tests.support.acp_wire import Refused, WireClient, speaking
from tests.support.model_server import Answer, Failure, ModelServer, Reply, ToolCall

MODES = "https://agentclientprotocol.com/protocol/session-modes#"
COMMANDS: Mapping[str, Sequence[str]] = {
    "cli": [str(installed_cli()), "--acp"],
    "reference": [sys.executable, "-m", "copilot_sdk.runtime", "--acp"],
}


@asynccontextmanager
async def agent(name: str, folder: Path, answers: Sequence[Answer]) -> AsyncIterator[WireClient]:
    """An agent with a model that answers so, and a client that decides on permissions by their kind."""
    with ModelServer(list(answers), models=[MODEL_ID]) as server:
        environment = provider_environment(server, folder / "home", MODEL_ID)
        client = WireClient(await spawn(COMMANDS[name], env=environment, cwd=folder))
        async with speaking(client):
            yield client


def decide(params: Mapping[str, Any]) -> object:
    """Refuses commands whose title says so, and allows all else."""
    kind = "reject_once" if "refuse" in params["toolCall"]["title"] else "allow_once"
    chosen = next(option["optionId"] for option in params["options"] if option["kind"] == kind)
    return {"outcome": {"outcome": "selected", "optionId": chosen}}


def answers(folder: Path) -> list[Answer]:
    """What the model says to the prompts of `play`."""
    path = str(folder / "a.txt")
    command = f"echo one; until test -e {folder}/gate; do sleep 0.01; done; echo two"
    return [
        Reply(
            reasoning=["Let me ", "see."],
            text="Looking.",
            tool_calls=[
                ToolCall("view", {"path": path}),
                ToolCall("bash", {"command": "true", "description": "Runs"}),
            ],
        ),
        Reply(tool_calls=[ToolCall("edit", {"path": path, "old_str": "alpha", "new_str": "beta"})]),
        Reply(["All ", "done."]),
        Reply(tool_calls=[ToolCall("bash", {"command": "false", "description": "To refuse"})]),
        Failure(400, "a bad request"),
        Reply(tool_calls=[ToolCall("bash", {"command": command, "description": "Prints"})]),
        Reply("Printed."),
    ]


async def play(name: str, folder: Path) -> list[object]:
    """Plays the same on an agent, and gives what a client can see of it, without ids, times and figures."""
    seen: list[object] = []
    async with agent(name, folder, answers(folder)) as client:
        client.answers["session/request_permission"] = decide
        opened = await client.call("session/new", {"cwd": str(folder), "mcpServers": []})
        session_id = opened["sessionId"]
        seen.append([mode["id"] for mode in opened["modes"]["availableModes"]])
        for text in ("Look", "Refuse", "Fail"):
            client.updates.clear()
            prompt = [{"type": "text", "text": text}]
            answer = await client.call("session/prompt", {"sessionId": session_id, "prompt": prompt})
            seen += [text, *told(client, folder), answer["stopReason"], answer["usage"]]
        seen.append(await printed(client, session_id, (folder / "gate").touch))
        for method, params in {
            "session/set_mode": {"modeId": f"{MODES}plan"},
            "session/set_config_option": {"configId": "mode", "value": f"{MODES}agent"},
            "session/list": {},
        }.items():
            client.updates.clear()
            await client.call(method, {"sessionId": session_id, **params})
            modes = [update["currentModeId"] for update in client.told("current_mode_update")]
            seen.append((method, modes))
        for method, params in {
            "session/set_mode": {"modeId": "nope"},
            "session/set_config_option": {"configId": "nope", "value": "nope"},
            "no/such": {},
        }.items():
            with pytest.raises(Refused) as refused:
                await client.call(method, {"sessionId": session_id, **params})
            seen.append((method, refused.value.code))
        await client.call("session/close", {"sessionId": session_id})
        client.updates.clear()
        await client.call("session/load", {"sessionId": session_id, "cwd": str(folder), "mcpServers": []})
        seen += ["Again", *told(client, folder)]
    return seen


async def printed(client: WireClient, session_id: str, go_on: Callable[[], None]) -> list[str]:
    """What is told of the output of a command while it runs; one that waits after its first line."""
    client.updates.clear()

    def shown() -> list[str]:
        updates = (update for update in client.told("tool_call_update") if "status" not in update)
        return [content["content"]["text"] for update in updates for content in update.get("content", ())]

    prompt = {"sessionId": session_id, "prompt": [{"type": "text", "text": "Print"}]}
    working = client.start("session/prompt", prompt)
    await client.until(shown)
    go_on()
    await working
    # The CLI may tell the same twice.
    return list(dict.fromkeys(shown()))


def told(client: WireClient, folder: Path) -> list[object]:
    """The updates, as far as both agents tell the same: the ends of calls in no order, and of long titles the start."""
    shown: list[object] = []
    ends: list[str] = []
    for update in client.told():
        match update["sessionUpdate"]:
            case "tool_call":
                members = {name: update.get(name) for name in ("kind", "status", "content", "rawInput")}
                places = [place["path"] for place in update.get("locations", ())]
                shown.append({**members, "title": update["title"].split()[0], "places": places})
            case "tool_call_update" if update.get("status") in ("completed", "failed"):
                ends.append(f"{update['toolCallId']} {update['status']}")
            case "agent_message_chunk" | "user_message_chunk" as kind:
                shown.append([kind, update["content"]["text"]])
            case "session_info_update":
                shown.append(update["title"])
            case _:
                continue
    seen: list[object] = json.loads(json.dumps([*shown, sorted(ends)]).replace(str(folder), "FOLDER"))
    return seen


async def test_both_agents_tell_the_same(tmp_path: Path) -> None:
    for name in COMMANDS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("alpha\n")
    cli, reference = [await play(name, tmp_path / name) for name in COMMANDS]
    assert reference == cli
