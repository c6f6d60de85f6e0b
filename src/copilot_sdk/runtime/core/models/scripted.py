"""A model without a model: it plays a script, offline and always the same.

ScriptedModel([Reply("Let me look.", calls=[Call("view", {"path": "a.py"})]), Reply("It prints hello.")])
ScriptedModel(lambda request: Reply(f"You said {request.prompt}"))
ScriptedModel()     # obeys the directives of the prompt, see `directives`
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Self

from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import (
    Completed,
    ModelEvent,
    ModelInfo,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
    estimate_tokens,
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call in a script; `arguments` given as a string are sent as they are, valid JSON or not."""

    name: str
    arguments: Mapping[str, object] | str = field(default_factory=dict[str, object])
    id: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a script.

    Attributes:
        text: What the model says: one string, or the pieces it is streamed in.
        reasoning: What it thinks before it speaks, in the same two shapes.
        calls: The tools it calls, all in one message.
        finish_reason: "tool_calls" where there are any, else "stop", unless given.
        usage: Token counts; estimated from the texts unless given.
        delay: How many seconds pass before each piece, and before an answer without any.
        hold: Keeps the answer open until it is set.
        hold_after: How many pieces leave before `hold` is waited for.
        error: The call fails with this, after the pieces before it.
    """

    text: str | Sequence[str] = ""
    reasoning: str | Sequence[str] = ()
    calls: Sequence[Call] = ()
    finish_reason: str = ""
    usage: Usage | None = None
    delay: float = 0.0
    hold: asyncio.Event | None = None
    hold_after: int = 0
    error: ModelFault | None = None


Script = Iterable[Reply] | Callable[[ModelRequest], Reply]


class ScriptedModel:
    """Plays a script; keeps the requests it got, oldest first."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        models: Sequence[str] = ("scripted",),
        keep_requests: bool = True,
    ) -> None:
        """Prepares the script.

        Args:
            script: Answers in order, or a function of the request; None obeys the directives in the prompt. A
                request beyond the end of a list fails and is not tried again.
            models: The ids that the catalogue lists.
            keep_requests: False for a model that serves for long and whose requests nobody reads.
        """
        self.requests: list[ModelRequest] = []
        self._keeps_requests = keep_requests
        self._models = tuple(models)
        self._choose = _chooser(script)
        self._calls = count(1)
        self._said: deque[Reply] = deque()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, keep_requests: bool = True) -> Self:
        """A model that plays a script in a file: TOML, or JSON of the same shape; see `script_file`.

        Args:
            path: The file.
            keep_requests: As for a model without a file.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no script; the text says where.
        """
        from copilot_sdk.runtime.core.models.directives import obey
        from copilot_sdk.runtime.core.models.script_file import ScriptFile

        script = ScriptFile.read(Path(path))
        replies = iter([entry.reply() for entry in script.replies])
        return cls(
            lambda request: next(replies, None) or obey(request),
            models=script.models,
            keep_requests=keep_requests,
        )

    def says(self, *replies: Reply | str) -> None:
        """Adds answers, which are played before what is left of the script.

        Args:
            replies: The answers; a string is one with this text.
        """
        self._said += [Reply(reply) if isinstance(reply, str) else reply for reply in replies]

    async def respond(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Plays the next answer."""
        if self._keeps_requests:
            self.requests.append(request)
        reply = self._said.popleft() if self._said else self._choose(request)
        pieces: list[ModelEvent] = [ReasoningDelta(text) for text in _pieces(reply.reasoning)]
        pieces += [TextDelta(text) for text in _pieces(reply.text)]
        for number, piece in enumerate(pieces):
            if number == reply.hold_after:
                await _wait(reply)
            # A streamed answer leaves room for others before each piece, as one that comes over a wire does.
            await asyncio.sleep(reply.delay)
            yield piece
        if not pieces:
            await asyncio.sleep(reply.delay)
        if len(pieces) <= reply.hold_after:
            await _wait(reply)
        if reply.error is not None:
            raise reply.error
        end = self._end(request, reply)
        for call in end.tool_calls:
            yield ToolCallDelta(call.id, call.name, call.arguments)
        yield end

    def _end(self, request: ModelRequest, reply: Reply) -> Completed:
        number = next(self._calls)
        calls = tuple(
            ToolCall(call.id or f"call_{number}_{index}", call.name, _arguments(call))
            for index, call in enumerate(reply.calls)
        )
        return Completed(
            tool_calls=calls,
            finish_reason=reply.finish_reason or ("tool_calls" if calls else "stop"),
            usage=reply.usage or _estimate(request, reply),
            call_id=f"scripted-{number}",
        )

    async def catalogue(self) -> Sequence[ModelInfo]:
        """The models named at construction."""
        return [ModelInfo(name, name) for name in self._models]

    async def aclose(self) -> None:
        """Nothing is held."""


def _chooser(script: Script | None) -> Callable[[ModelRequest], Reply]:
    if script is None:
        from copilot_sdk.runtime.core.models.directives import obey

        return obey
    if callable(script):
        return script
    remaining = iter(script)
    served = count()

    def choose(_: ModelRequest) -> Reply:
        number = next(served)
        ended = ModelFault(f"the script of the model ended after {number} replies", status=400)
        return next(remaining, Reply(error=ended))

    return choose


def _pieces(text: str | Sequence[str]) -> Sequence[str]:
    if isinstance(text, str):
        return (text,) if text else ()
    return text


def _arguments(call: Call) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(dict(call.arguments))


async def _wait(reply: Reply) -> None:
    if reply.hold is not None:
        await reply.hold.wait()


def _estimate(request: ModelRequest, reply: Reply) -> Usage:
    said = "".join(_pieces(reply.text)) + "".join(_arguments(call) for call in reply.calls)
    thought = "".join(_pieces(reply.reasoning))
    return Usage(
        input_tokens=sum(estimate_tokens(message.text) for message in request.messages),
        output_tokens=estimate_tokens(said + thought),
        reasoning_tokens=estimate_tokens(thought),
    )
