"""What goes wrong inside the runtime and is told to whoever asked."""

from __future__ import annotations

import re

_TRANSIENT = frozenset({408, 409, 429})
_TOO_LONG_CODE = "context_length_exceeded"
_TOO_LONG = re.compile(r"prompt is too long|exceeds the context window", re.IGNORECASE)


class RuntimeFault(Exception):
    """A request that cannot be served; the text is meant for the caller."""


class InvalidInput(RuntimeFault):
    """A request that is answered with the code of JSON-RPC for parameters that are invalid."""


class SessionNotFound(RuntimeFault):
    """No session has the given id, neither live nor stored."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        super().__init__(f"Session not found for sessionId: {session_id}")


class Rejected(Exception):
    """The user turned down what the agent wanted to do, and said no more: the agent stops."""


class OutOfCredits(Exception):
    """The session has used up its AI credits, and nobody has raised the limit."""


class ModelFault(Exception):
    """A model call that failed.

    Attributes:
        message: What went wrong, in words.
        error_type: The category that `session.error` reports.
        code: What the provider calls the error, such as `user_weekly_rate_limited`.
        status: The HTTP status of the answer, if there was one.
        retry_after: How many seconds the provider asks to wait before the next try.
        retryable: Whether the same call may work a moment later.
    """

    def __init__(
        self,
        message: str,
        *,
        error_type: str = "query",
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
    ) -> None:
        self.message = message
        self.error_type = error_type
        self.code = code
        self.status = status
        self.retry_after = retry_after
        passing = status is not None and (status in _TRANSIENT or status >= 500)
        self.retryable = passing if retryable is None else retryable
        super().__init__(message)

    def __str__(self) -> str:
        return self.message

    @property
    def too_long(self) -> bool:
        """Whether the provider turned the conversation down because it is too long."""
        if self.status is None:
            return False
        return self.status == 413 or self.code == _TOO_LONG_CODE or bool(_TOO_LONG.search(self.message))


def fault_of_status(
    status: int, message: str, *, code: str | None = None, retry_after: float | None = None
) -> ModelFault:
    """The fault that an HTTP error status of a model provider stands for."""
    categories = {401: "authentication", 403: "authorization", 402: "quota", 429: "rate_limit"}
    return ModelFault(
        message,
        error_type=categories.get(status, "query"),
        code=code,
        status=status,
        retry_after=retry_after,
    )
