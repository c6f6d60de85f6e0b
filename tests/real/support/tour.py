"""What the tours of the official SDKs have in common: the runtimes that they go through, and what the model says.

The model goes by the prompt and not by the order of the requests, so that a tour in another process can be met too.
"""

from __future__ import annotations

import sysconfig
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.real.support.cli import installed_cli
from tests.support.model_server import ChatRequest, Reply, ToolCall, text_of

STREAMED = ("Hello ", "from ", "the ", "model.")
SUMMARY = "They said hello."
SMALL_MODEL = "small-model"

Step = Callable[[ChatRequest], Reply]


@dataclass(frozen=True, slots=True)
class TouredRuntime:
    """A runtime that the tours go through.

    Attributes:
        name: What the tests call it.
        program: Finds the one path that a client is given.
    """

    name: str
    program: Callable[[], Path]


def installed_runtime() -> Path:
    """The executable that the package installs."""
    return Path(sysconfig.get_path("scripts")) / "copilot-runtime"


TOURED = (TouredRuntime("cli", installed_cli), TouredRuntime("copilot-runtime", installed_runtime))


def play(request: ChatRequest) -> Reply:
    """What the model answers: the step of the prompt that so many answers have gone before."""
    users = [number for number, message in enumerate(request.messages) if message["role"] == "user"]
    last = text_of(request.messages[users[-1]])
    steps = next((steps for prompt, steps in STEPS.items() if prompt in last), (says(SUMMARY),))
    done = sum(message["role"] == "assistant" for message in request.messages[users[-1] :])
    return steps[min(done, len(steps) - 1)](request)


def says(text: str | Sequence[str]) -> Step:
    """Says a text."""
    return lambda request: Reply(text)


def calls(name: str, /, **arguments: object) -> Step:
    """Calls a tool."""
    return lambda request: Reply(tool_calls=[ToolCall(name, arguments)])


def repeats(request: ChatRequest) -> Reply:
    """Says what the last tool has said."""
    return Reply(f"I heard: {text_of(request.messages[-1])}")


def remembers(request: ChatRequest) -> Reply:
    """Says what it was asked so far."""
    asked = [text_of(message) for message in request.messages if message["role"] == "user"]
    return Reply(f"I was asked: {' '.join(asked)}")


def knows_itself(request: ChatRequest) -> Reply:
    """Says under which name it was asked for."""
    return Reply(f"I am {request.body['model']}.")


def never_ends(request: ChatRequest) -> Reply:
    """Begins to speak, and stops only when nobody listens any more."""
    return Reply(STREAMED, hold=threading.Event(), hold_after=1)


def shell(command: str) -> Step:
    """Runs a shell command."""
    return calls("bash", command=command, description="Something small")


STEPS: dict[str, tuple[Step, ...]] = {
    "Say hello.": (says(STREAMED),),
    "How many live in Lisbon?": (calls("population", city="Lisbon"), repeats),
    "Break the tool.": (calls("population", city="nowhere"), repeats),
    "Run what is allowed.": (shell("echo allowed > allowed.txt"), repeats),
    "Run what is forbidden.": (shell("echo forbidden > forbidden.txt"), repeats),
    "Ask for a color.": (
        calls("ask_user", question="Which color?", choices=["red", "blue"], allow_freeform=True),
        repeats,
    ),
    "Call the workshop.": (calls("workshop-echo", text="from far"), repeats),
    "Have the vowels counted.": (
        calls(
            "task",
            agent_type="counter",
            name="vowels",
            description="Count vowels",
            prompt="Count the vowels in banana.",
            mode="sync",
        ),
        repeats,
    ),
    "Count the vowels in banana.": (says("There are three."),),
    "What did I ask?": (remembers,),
    "Who are you?": (knows_itself,),
    "Talk without end.": (never_ends,),
    "Plan a garden.": (calls("exit_plan_mode", summary="Dig, then plant."), repeats),
    "Call both.": (
        lambda request: Reply(tool_calls=[ToolCall("first_tool"), ToolCall("second_tool")]),
        lambda request: Reply(
            " and ".join(text_of(m) for m in request.messages if m["role"] == "tool"),
        ),
    ),
}
"""What the model does for each prompt of the tours, answer by answer."""
