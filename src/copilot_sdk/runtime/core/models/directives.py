"""Directives in a prompt, for demonstrations and for tests that drive a runtime from outside.

Each line of the prompt that begins with `!` is one; together they make the answer:

    !say TEXT           the model says TEXT; several make a text that is streamed in pieces
    !think TEXT         it thinks TEXT first
    !call NAME JSON     it calls a tool; several are called at once
    !fail STATUS TEXT   the model call fails with that HTTP status
    !hold               the answer stays open until the turn is aborted

A prompt without any is answered with a short greeting that quotes it; so are tool results.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from copilot_sdk._model.json_values import is_array, is_object, objects_in, texts_in
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
    holds = any(name == "hold" for name, _, _ in commands)
    return Reply(
        text=said,
        reasoning=[argument for name, _, argument in commands if name == "think"],
        calls=[_call(argument) for name, _, argument in commands if name == "call"],
        hold=asyncio.Event() if holds else None,
        hold_after=len(said),
        error=_failure(failures[0]) if failures else None,
    )


def from_file(script: object) -> Callable[[ModelRequest], Reply]:
    """Makes a script of the JSON that `--script FILE` names.

    The file holds a list of answers, used up in order by the requests; each is an object with any of `text` and
    `reasoning` (a string or a list of pieces), `calls` (objects with `name` and `arguments`), `finishReason`,
    and `error` (an object with `status` and `message`). After the last one directives are obeyed.

    Raises:
        ValueError: The JSON has another shape.
    """
    entries = objects_in(script)
    if not is_array(script) or len(entries) != len(script):
        raise ValueError("a script is a JSON list of objects, one for each answer")
    replies = iter([_reply(entry) for entry in entries])
    return lambda request: next(replies, None) or obey(request)


def _reply(entry: dict[str, object]) -> Reply:
    error = entry.get("error")
    failure = f"{error.get('status', 500)} {error.get('message', '')}" if is_object(error) else None
    return Reply(
        text=_text(entry.get("text", "")),
        reasoning=_text(entry.get("reasoning", "")),
        calls=[_scripted_call(call) for call in objects_in(entry.get("calls"))],
        finish_reason=str(entry.get("finishReason", "")),
        error=None if failure is None else _failure(failure),
    )


def _text(value: object) -> str | list[str]:
    return texts_in(value) if is_array(value) else str(value)


def _scripted_call(call: dict[str, object]) -> Call:
    if "name" not in call:
        raise ValueError("an entry of `calls` is an object with `name` and `arguments`")
    arguments = call.get("arguments")
    if isinstance(arguments, str):
        return Call(str(call["name"]), arguments)
    return Call(str(call["name"]), arguments if is_object(arguments) else {})


def _call(argument: str) -> Call:
    name, _, arguments = argument.partition(" ")
    return Call(name, arguments or "{}")


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
