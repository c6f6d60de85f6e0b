"""Structured output: an answer of a type of the program's own, which the agent gives by calling a tool."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from copilot_sdk.errors import OutputValidationError, UsageError

if TYPE_CHECKING:
    from copilot_sdk._core import SessionCore
    from copilot_sdk.tools import Tool
    from copilot_sdk.turns import Turn, TurnResult

T = TypeVar("T")

TOOL_NAME = "submit_answer"
_INSTRUCTION = f"Give your answer by calling the tool {TOOL_NAME}, once and at the end."
_REPAIR = f"Your answer did not come: {{problem}} Give it by calling the tool {TOOL_NAME}."


async def ask(
    core: SessionCore,
    output_type: Any,
    prompt: str,
    *,
    first: Callable[[str], Turn],
    send: Callable[[str], Turn],
    repairs: int,
) -> Any:
    """See `Session.ask`.

    Args:
        core: The session.
        output_type: The type of the answer.
        prompt: What to ask.
        first: Sends the prompt, with what is to go with it.
        send: Sends each further one.
        repairs: How many more prompts may be sent for want of an answer.
    """
    if repairs < 0:
        raise UsageError(f"repairs has to be 0 or more, not {repairs}")
    output: _Output[Any] = _Output(output_type)
    async with core.asking, core.answers.lending(output.tool):
        result = await first(f"{prompt}\n\n{_INSTRUCTION}")
        while not output.answers and repairs > 0 and not result.aborted:
            repairs -= 1
            result = await send(_REPAIR.format(problem=_problem(result)))
    if not output.answers:
        raise OutputValidationError(_problem(result), result.text)
    return output.answers[-1]


class _Output(Generic[T]):
    """The tool that takes the answer, and what it was given."""

    def __init__(self, output_type: type[T]) -> None:
        from copilot_sdk.tools import Tool

        self.answers: list[T] = []

        async def submit(answer: Any) -> str:
            self.answers.append(answer)
            return "The answer is in."

        submit.__annotations__ = {"answer": output_type}
        self.tool: Tool[..., Any] = Tool(
            submit,
            name=TOOL_NAME,
            description="Takes the answer to what the user has asked for last, and ends the work on it.",
            skip_permission=True,
            is_terminal=True,
        )
        # What cannot be described to the model is an error of the caller, before anything is sent.
        _ = self.tool.parameters


def _problem(result: TurnResult) -> str:
    """Why a turn has brought no answer."""
    if result.aborted:
        return "the turn was aborted."
    tries = [call for call in result.tool_calls if call.name == TOOL_NAME]
    if not tries:
        return f"the tool {TOOL_NAME} was not called."
    return tries[-1].error or tries[-1].result or "the call failed."
