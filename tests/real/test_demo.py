"""The demo with a real CLI, offline: the model server plays the embedded runtime's part."""

from __future__ import annotations

import subprocess
import sys

from copilot_sdk.demo.story import GREETING, QUESTION, TASK
from tests.real.support.cli import installed_cli
from tests.support.model_server import ChatRequest, ModelServer, Reply, ToolCall


def play(request: ChatRequest) -> Reply:
    if request.messages[-1].get("role") == "tool":
        return Reply("It will be sunny.")
    if TASK in request.prompt:
        return Reply("There are three vowels.")
    if QUESTION in request.prompt:
        return Reply(tool_calls=[ToolCall("forecast", {"city": "Lisbon", "days": 1})])
    return Reply("Hello from the model server." if GREETING in request.prompt else "Noted.")


def test_the_demo_runs_on_the_real_cli() -> None:
    with ModelServer(play) as model:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "copilot_sdk.demo", "--runtime", "copilot"),
                *(
                    "--cli-path",
                    str(installed_cli()),
                    "--base-url",
                    model.base_url,
                    "--model",
                    "scripted-model",
                ),
            ],
            check=False,
            capture_output=True,
            text=True,
            timeout=50,
        )

    assert done.returncode == 0, done.stderr
    for sign in ("Hello from the model server.", "tool called forecast", "It will be sunny.", "three vowels"):
        assert sign in done.stdout
