"""Directives in a prompt, for demonstrations and for tests that drive a runtime from outside.

Each line of the prompt that begins with `!` is one; together they make the answer:

    !say TEXT           the model says TEXT; several make a text that is streamed in pieces
    !think TEXT         it thinks TEXT first
    !call NAME JSON     it calls a tool; several are called at once
    !fail STATUS TEXT   the model call fails with that HTTP status
    !delay SECONDS      so much time passes before each piece
    !hold               the answer stays open until the turn is aborted

A prompt without any is answered with a short greeting that quotes it; so are tool results.
"""

from __future__ import annotations

import asyncio

from copilot_sdk.runtime.core.faults import ModelFault, fault_of_status
from copilot_sdk.runtime.core.models.base import ModelRequest
from copilot_sdk.runtime.core.models.scripted import Call, Reply

_QUOTED_CHARACTERS = 200


def obey(request: ModelRequest) -> Reply:
    """The answer that the directives of the last prompt ask for."""
    if request.messages and request.messages[-1].role == "tool":
        return Reply(_after_tools(request))
    prompt = request.prompt
    lines = [line.lstrip() for line in prompt.split("\n")]
    commands = [line[1:].partition(" ") for line in lines if line.startswith("!")]
    if not commands:
        return Reply(["Hello! ", "You said: ", _quote(prompt)])
    said = [argument for name, _, argument in commands if name == "say"]
    failures = [argument for name, _, argument in commands if name == "fail"]
    delays = [argument for name, _, argument in commands if name == "delay"]
    holds = any(name == "hold" for name, _, _ in commands)
    return Reply(
        text=said,
        reasoning=[argument for name, _, argument in commands if name == "think"],
        calls=[_call(argument) for name, _, argument in commands if name == "call"],
        delay=_seconds(delays[0]) if delays else 0.0,
        hold=asyncio.Event() if holds else None,
        hold_after=len(said),
        error=_failure(failures[0]) if failures else None,
    )


def _call(argument: str) -> Call:
    name, _, arguments = argument.partition(" ")
    return Call(name, arguments or "{}")


def _seconds(argument: str) -> float:
    try:
        return max(0.0, float(argument))
    except ValueError:
        return 0.0


def _failure(argument: str) -> ModelFault:
    status, _, message = argument.partition(" ")
    code = int(status) if status.isdecimal() else 500
    return fault_of_status(code, message or f"the model answered with status {code}")


def _after_tools(request: ModelRequest) -> str:
    results: list[str] = []
    for message in reversed(request.messages):
        if message.role != "tool":
            break
        results.append(message.text)
    return "The tools answered: " + "; ".join(_quote(text) for text in reversed(results))


def _quote(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _QUOTED_CHARACTERS else line[:_QUOTED_CHARACTERS] + "..."
