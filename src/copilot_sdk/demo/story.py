"""What is said in the demo: the prompts, and the script that the embedded runtime's model plays."""

from __future__ import annotations

import re

from copilot_sdk.runtime import Call, ModelRequest, Reply, ScriptedModel

GREETING = "Say hello in one sentence."
QUESTION = "What will the weather be in Lisbon tomorrow? Use the tool."
TASK = "Count the vowels in 'background'."

_HELLO = "Hello! I am an agent behind a typed Python client: every event you see here is an object."
_WEATHER = "Tomorrow Lisbon will be sunny with 24 degrees; take your sunglasses."


def scripted_model() -> ScriptedModel:
    """A model that knows the demo's three prompts."""
    return ScriptedModel(_reply)


def _reply(request: ModelRequest) -> Reply:
    if request.messages and request.messages[-1].role == "tool":
        return Reply(_words(_WEATHER))
    if TASK in request.prompt:
        return Reply("There are three vowels: a, o and u.")
    if QUESTION in request.prompt:
        return Reply("Let me look.", calls=[Call("forecast", {"city": "Lisbon", "days": 1})])
    return Reply(_words(_HELLO))


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)
