"""What the wire APIs of model providers have in common: a request body, and an answer that comes in payloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import Completed, ModelEvent, ModelRequest

Json = dict[str, object]

_ERROR_TYPES = {
    "authentication_error": "authentication",
    "permission_error": "authentication",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "insufficient_quota": "quota",
}
_FOR_GOOD = frozenset({"authentication", "quota"})


class Answer(Protocol):
    """One answer while it comes in."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        ...

    def take(self, payload: Mapping[str, object]) -> Iterable[ModelEvent]:
        """Takes in one payload of a streamed answer.

        Raises:
            ModelFault: It tells of an error.
        """
        ...

    def take_whole(self, payload: Mapping[str, object]) -> Iterable[ModelEvent]:
        """Takes in an answer that comes in one piece.

        Raises:
            ModelFault: It tells of an error.
        """
        ...

    def completed(self) -> Completed:
        """What there is to say at the end."""
        ...


class Wire(Protocol):
    """One wire API."""

    @property
    def path(self) -> str:
        """Where it is served, below the address of the provider."""
        ...

    @property
    def always_streams(self) -> bool:
        """Whether it is asked for streamed answers only."""
        ...

    def body(self, request: ModelRequest, model: str, *, stream: bool, max_output_tokens: int | None) -> Json:
        """The body of a request.

        Args:
            request: What is asked.
            model: The id of the model as the provider knows it.
            stream: Whether the answer is to come in pieces.
            max_output_tokens: The longest answer; None leaves it to the provider.
        """
        ...

    def answer(self) -> Answer:
        """A new answer, of which nothing is there yet."""
        ...


def count(source: object, name: str) -> int:
    """A count in an object that may be missing."""
    value = source.get(name) if is_object(source) else None
    return int(value) if isinstance(value, int | float) else 0


def text(source: Mapping[str, object], name: str) -> str:
    """A text in an object; "" where it is missing or something else."""
    value = source.get(name)
    return value if isinstance(value, str) else ""


def fault_in_stream(error: object) -> ModelFault:
    """The fault that an error in the middle of an answer stands for."""
    if not is_object(error):
        return ModelFault(f"the model provider broke off its answer: {error}", retryable=True)
    code = text(error, "code") or text(error, "type")
    kind = _ERROR_TYPES.get(code, "query")
    message = text(error, "message") or code or "the model provider broke off its answer"
    return ModelFault(message, error_type=kind, code=code or None, retryable=kind not in _FOR_GOOD)
