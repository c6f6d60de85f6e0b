"""Every error that copilot_sdk raises.

::

    CopilotError
    ├── ConnectError                   the other side could not be started or reached
    ├── ConnectionClosed               it was reached and is gone (also a ConnectionError)
    │   └── DaemonShuttingDown         it ends, and says so (tau)
    ├── RequestTimeout                 no answer in time (also a TimeoutError)
    ├── TurnTimeout                    no end of the turn in time (also a TimeoutError)
    ├── ProtocolError                  the peer broke framing or JSON-RPC
    │   ├── ProtocolVersionMismatch    the peer speaks another version of the protocol
    │   └── UnknownFrame               a frame of a kind that its protocol does not let anybody ignore
    ├── RpcError                       the peer answered with an error
    │   ├── ParseError                 -32700
    │   ├── InvalidRequest             -32600
    │   ├── MethodNotFound             -32601
    │   │   └── UnsupportedMethod
    │   ├── InvalidParams              -32602
    │   ├── InternalError              -32603
    │   │   ├── SessionNotFound        -32603 and a text that says so
    │   │   └── CanvasError            -32603 and a code of the canvas's own
    │   ├── RequestCancelled           -32800
    │   ├── AuthenticationRequired     -32001
    │   ├── AuthenticationFailed       -32002
    │   └── AuthenticationNotConfigured -32003
    ├── RequestRefused                 the peer answered with an error that has no code (synaps, tau)
    ├── SessionError                   a turn failed (the event session.error)
    │   ├── NotAuthenticated           nobody is signed in, or the model provider refuses the key
    │   ├── NotAuthorized              who is signed in may not do this
    │   ├── QuotaExceeded              what the account may use is used up
    │   ├── RateLimited                too much in too short a time
    │   ├── ContextLimitExceeded       the conversation is too long for the model
    │   ├── ContentFiltered            the provider refuses what was said
    │   └── ModelCallFailed            any other failure of the model or its provider
    ├── OutputValidationError          no answer of the agent fits the type that was asked for
    ├── ResultValidationError          an answer that does not fit its type
    ├── HandlerError                   a callback of the application raised
    ├── EventBufferOverflow            a subscriber fell too far behind
    └── UsageError                     a bad argument by the caller (also a ValueError)

All of them can be pickled and copied. Their text has passed a filter for credentials; the attributes that
hold what a process printed have too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Self, TypeVar

_QUOTED_CHARACTERS = 200
_STDERR_LINES = 20
_STDERR_CHARACTERS = 2000

_ErrorT = TypeVar("_ErrorT", bound="CopilotError")


class CopilotError(Exception):
    """Base of every error of this package."""

    def __init__(self, message: str) -> None:
        super().__init__(mask_secrets(message))

    def __reduce__(self) -> tuple[Callable[..., CopilotError], tuple[Any, ...]]:
        # The default rebuilds by calling the class with `args`, which hold the finished text here and not
        # what the constructors take.
        return _rebuild, (type(self), self.args, self.__dict__)

    def __copy__(self) -> Self:
        # What several waiters are to raise has to be an exception of its own for each of them: a traceback
        # grows with every raise.
        error = _rebuild(type(self), self.args, self.__dict__)
        error.__cause__ = self.__cause__
        return error


def _rebuild(cls: type[_ErrorT], args: tuple[Any, ...], state: dict[str, Any]) -> _ErrorT:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConnectError(CopilotError):
    """The other side could not be started or reached.

    Attributes:
        stderr: The end of what the process wrote to stderr, empty when there was no process.
    """

    def __init__(self, message: str, *, stderr: str = "") -> None:
        self.stderr = mask_secrets(stderr)
        super().__init__(message + _stderr_note(stderr))


class ConnectionClosed(CopilotError, ConnectionError):
    """The connection ended, by either side; nothing more can be sent or received over it.

    Attributes:
        reason: Why, in words.
        exit_code: How the process ended (negative: killed by that signal), if there was one and it has.
        stderr: The end of what the process wrote to stderr.
    """

    def __init__(self, reason: str, *, exit_code: int | None = None, stderr: str = "") -> None:
        self.reason = mask_secrets(reason)
        self.exit_code = exit_code
        self.stderr = mask_secrets(stderr)
        ending = "" if exit_code is None else f" ({_exit_note(exit_code)})"
        super().__init__(f"connection closed: {reason}{ending}{_stderr_note(stderr)}")


class DaemonShuttingDown(ConnectionClosed):
    """The daemon ends, and has ended the connection for that (tau).

    Attributes:
        restart: True if another one starts in its place, so that connecting again makes sense; None if it did not say.
    """

    def __init__(self, *, restart: bool | None = None) -> None:
        self.restart = restart
        super().__init__("the daemon is shutting down" + (", and starts anew" if restart else ""))


class RequestTimeout(CopilotError, TimeoutError):
    """A request got no answer in time. The other side was told that nobody waits any more.

    Attributes:
        method: The method that was called.
        seconds: How long was waited.
    """

    def __init__(self, method: str, seconds: float) -> None:
        self.method = method
        self.seconds = seconds
        super().__init__(
            f"{method} got no answer within {seconds:g} s; pass a longer timeout, "
            "or check that the other side is still alive"
        )


class TurnTimeout(CopilotError, TimeoutError):
    """A turn did not end in time; it may still be running on the other side.

    Attributes:
        limit: The limit that was passed: `timeout` for the whole turn, or `inactivity_timeout` for silence in it.
        seconds: How long that limit is.
        last_events: The events seen last, oldest first.
        state: What the session was doing, in words.
        pending: What the session waits for, oldest first: tools that run, questions without an answer; see
            `copilot_sdk.turns.PendingRequest`.
    """

    def __init__(
        self,
        seconds: float,
        *,
        limit: str = "timeout",
        last_events: Sequence[Any] = (),
        state: str = "",
        pending: Sequence[Any] = (),
    ) -> None:
        self.limit = limit
        self.seconds = seconds
        self.last_events = tuple(last_events)
        self.state = state
        self.pending = tuple(pending)
        happened = "did not end" if limit == "timeout" else "had no event"
        doing = [state, f"waits for {', '.join(map(str, pending))}" if pending else ""]
        known = "; ".join(filter(None, doing))
        super().__init__(
            f"the turn {happened} within {seconds:g} s{f' ({known})' if known else ''}; pass a longer {limit}, "
            "or abort the turn"
        )


class ProtocolError(CopilotError):
    """The other side sent something that is no frame or no JSON-RPC message.

    Args:
        message: What is wrong.
        offending: The bytes at fault; the text quotes at most the first 200 characters of them.
    """

    def __init__(self, message: str, *, offending: bytes = b"") -> None:
        super().__init__(f"{message}: {_quote(offending)}" if offending else message)


class ProtocolVersionMismatch(ProtocolError):
    """The server speaks a version of the protocol that this SDK does not.

    Attributes:
        server: The version that the server names, None if it names none.
        minimum: The lowest version that is understood here.
        maximum: The highest one.
    """

    def __init__(self, server: int | None, minimum: int, maximum: int) -> None:
        self.server = server
        self.minimum = minimum
        self.maximum = maximum
        here = str(minimum) if minimum == maximum else f"{minimum} to {maximum}"
        there = "names no protocol version" if server is None else f"speaks protocol version {server}"
        older = server is None or server < minimum
        advice = "install a newer server" if older else "install a newer copilot_sdk"
        super().__init__(f"the server {there}, this SDK speaks {here}; {advice}")


class UnknownFrame(ProtocolError):
    """The other side sent a frame of a kind that is not known here, in a protocol where that breaks the connection.

    Attributes:
        kind: The kind, as the frame names it.
        raw: The frame as plain JSON values; not part of the text.
    """

    def __init__(self, kind: str, raw: Any) -> None:
        self.kind = kind
        self.raw = raw
        super().__init__(
            f"a frame of the unknown kind {kind!r} came; the other side may be newer than this SDK"
        )


class RequestRefused(CopilotError):
    """The other side answered a request with an error, in a protocol whose errors are texts without codes.

    Attributes:
        message: What the other side says.
        method: The request that was refused, by its name on the wire.
    """

    def __init__(self, message: str, method: str) -> None:
        self.message = mask_secrets(message)
        self.method = method
        super().__init__(f"{method} was refused: {message}")


class RpcError(CopilotError):
    """The other side answered a request with an error.

    Raised in a handler of inbound requests, it is what the other side gets.

    Attributes:
        code: The JSON-RPC error code.
        message: What the other side says.
        data: Whatever else it sent, as plain JSON values; not part of the text.
        method: The method that was called, if known.
    """

    def __init__(self, code: int, message: str, data: Any = None, method: str | None = None) -> None:
        self.code = code
        self.message = mask_secrets(message)
        self.data = data
        self.method = method
        origin = f"{method}, code {code}" if method else f"code {code}"
        super().__init__(f"{message} ({origin})")

    @classmethod
    def from_wire(cls, error: Mapping[str, Any], method: str | None = None) -> RpcError:
        """Turn the `error` member of an answer into the exception that its code stands for.

        Args:
            error: The wire object; members that are missing or of a wrong type do no harm.
            method: The method that was called.
        """
        code, message, data = error.get("code"), error.get("message"), error.get("data")
        if type(code) is not int:
            code = InternalError.CODE
        if not isinstance(message, str):
            message = "the error came without a message"
        known = _BY_CODE.get(code)
        if known is None:
            return RpcError(code, message, data, method)
        if known is InternalError and "session not found" in message.lower():
            known = SessionNotFound
        return known(message, data, method)


class _CodedError(RpcError):
    CODE: ClassVar[int]

    def __init__(self, message: str, data: Any = None, method: str | None = None) -> None:
        super().__init__(self.CODE, message, data, method)


class ParseError(_CodedError):
    """What was sent is not JSON."""

    CODE = -32700


class InvalidRequest(_CodedError):
    """What was sent is JSON but no JSON-RPC message."""

    CODE = -32600


class MethodNotFound(_CodedError):
    """The other side does not know the method."""

    CODE = -32601


class UnsupportedMethod(MethodNotFound):
    """The connected runtime does not have a method, or has it switched off; its own words are in the text.

    Attributes:
        alternative: Wire name of the method that other versions have in its place, None if there is none.
    """

    def __init__(
        self, message: str, data: Any = None, method: str | None = None, alternative: str | None = None
    ) -> None:
        super().__init__(message, data, method)
        self.alternative = alternative


class InvalidParams(_CodedError):
    """The other side refuses the parameters."""

    CODE = -32602


class InternalError(_CodedError):
    """The other side failed. The Copilot runtime uses this code for nearly every failure."""

    CODE = -32603


class SessionNotFound(InternalError):
    """No session has that id (any more)."""


class CanvasError(InternalError):
    """What a canvas of this program cannot do; raise it in a function of a canvas.

    The model, or whoever uses the canvas, reads the message.

    Attributes:
        canvas_code: What went wrong, in a word for programs.

    Args:
        canvas_code: Such as `board_full`; `canvas_handler_error` is what any other exception is told as.
        message: What went wrong, and what to do.
    """

    def __init__(self, canvas_code: str, message: str) -> None:
        self.canvas_code = canvas_code
        super().__init__(message, {"code": canvas_code, "message": mask_secrets(message)})


class RequestCancelled(_CodedError):
    """The request was cancelled before it was done."""

    CODE = -32800


class AuthenticationRequired(_CodedError):
    """The server wants a connection token before anything else."""

    CODE = -32001


class AuthenticationFailed(_CodedError):
    """The connection token is wrong or missing."""

    CODE = -32002


class AuthenticationNotConfigured(_CodedError):
    """A connection token was given to a server that was started without one."""

    CODE = -32003


_BY_CODE: dict[int, type[_CodedError]] = {
    error.CODE: error
    for error in (
        ParseError,
        InvalidRequest,
        MethodNotFound,
        InvalidParams,
        InternalError,
        RequestCancelled,
        AuthenticationRequired,
        AuthenticationFailed,
        AuthenticationNotConfigured,
    )
}


class SessionError(CopilotError):
    """A turn failed on the other side: the event `session.error`. A subclass tells why, where that is known.

    Attributes:
        message: What the runtime says.
        error_type: Its kind, such as `authentication`, `quota`, `rate_limit` or `query`.
        error_code: A finer code, if there is one.
        status_code: The HTTP status of the model provider, if it was the provider.
        provider_call_id: The provider's id of the failed call.
        service_request_id: The service's id of the failed request.
        url: Where to read or do more about it.
        eligible_for_auto_switch: Whether the runtime could go on with another model.
        stack: The stack trace of the runtime, not part of the text.
        originating_message_id: Identifier of the prompt whose turn failed, if the runtime tells.
        provider_error_type: The kind of error in the provider's own words, such as `invalid_request_error`.
        provider_error_param: What the provider blames.
        remediation: What the user has to do, in the wire's words.
        raw: The whole data of the event.
    """

    def __init__(
        self,
        message: str,
        error_type: str,
        *,
        error_code: str | None = None,
        status_code: int | None = None,
        provider_call_id: str | None = None,
        service_request_id: str | None = None,
        url: str | None = None,
        eligible_for_auto_switch: bool | None = None,
        stack: str | None = None,
        originating_message_id: str | None = None,
        provider_error_type: str | None = None,
        provider_error_param: str | None = None,
        remediation: str | None = None,
        raw: Mapping[str, Any] | None = None,
    ) -> None:
        self.message = mask_secrets(message)
        self.error_type = error_type
        self.error_code = error_code
        self.status_code = status_code
        self.provider_call_id = provider_call_id
        self.service_request_id = service_request_id
        self.url = url
        self.eligible_for_auto_switch = eligible_for_auto_switch
        self.stack = stack
        self.originating_message_id = originating_message_id
        self.provider_error_type = provider_error_type
        self.provider_error_param = provider_error_param
        self.remediation = remediation
        self.raw = dict(raw or {})
        notes = [error_type, error_code or "", f"HTTP {status_code}" if status_code else ""]
        see = f"; see {url}" if url else ""
        super().__init__(f"{message} ({', '.join(filter(None, notes))}){see}")

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> SessionError:
        """Build it from the data of a `session.error` event; members of a wrong type count as missing."""

        def text(name: str) -> str | None:
            value = data.get(name)
            return value if isinstance(value, str) else None

        status, eligible = data.get("statusCode"), data.get("eligibleForAutoSwitch")
        kind = text("errorType") or "unknown"
        codes = {kind, text("errorCode"), text("providerErrorType")}
        known = ContentFiltered if codes & _CONTENT_CODES else _BY_ERROR_TYPE.get(kind, SessionError)
        return known(
            text("message") or "the turn failed without a message",
            kind,
            error_code=text("errorCode"),
            status_code=status if type(status) is int else None,
            provider_call_id=text("providerCallId"),
            service_request_id=text("serviceRequestId"),
            url=text("url"),
            eligible_for_auto_switch=eligible if isinstance(eligible, bool) else None,
            stack=text("stack"),
            originating_message_id=text("originatingMessageId"),
            provider_error_type=text("providerErrorType"),
            provider_error_param=text("providerErrorParam"),
            remediation=text("remediation"),
            raw=data,
        )


class NotAuthenticated(SessionError):
    """Nobody is signed in, or the model provider does not take the key."""


class NotAuthorized(SessionError):
    """Whoever is signed in may not do this."""


class QuotaExceeded(SessionError):
    """What the account may use is used up; `error_code` tells which quota."""


class RateLimited(SessionError):
    """Too much in too short a time; `error_code` tells which limit."""


class ContextLimitExceeded(SessionError):
    """The conversation is too long for the model."""


class ContentFiltered(SessionError):
    """The model provider refuses what was said."""


class ModelCallFailed(SessionError):
    """The model or its provider failed in another way; `status_code` tells more."""


_BY_ERROR_TYPE: dict[str, type[SessionError]] = {
    "authentication": NotAuthenticated,
    "authorization": NotAuthorized,
    "quota": QuotaExceeded,
    "rate_limit": RateLimited,
    "context_limit": ContextLimitExceeded,
    "query": ModelCallFailed,
}
_CONTENT_CODES = {"content_filter", "content_policy", "content_policy_violation"}


class OutputValidationError(CopilotError):
    """The agent gave no answer of the type that was asked for.

    Attributes:
        problem: What did not fit in its last try, or why there was none.
        text: What the agent said instead.
    """

    def __init__(self, problem: str, text: str = "") -> None:
        self.problem = problem
        self.text = text
        super().__init__(f"the agent gave no answer of the type that was asked for: {problem}")


class ResultValidationError(CopilotError):
    """An answer came that does not fit the type of its method.

    Attributes:
        method: The method that was called.
        problems: One sentence for each mismatch.
        raw: The answer as plain JSON values; not part of the text.
    """

    def __init__(self, method: str, problems: Sequence[str], raw: Any) -> None:
        self.method = method
        self.problems = list(problems)
        self.raw = raw
        super().__init__(f"the result of {method} does not fit its type: {'; '.join(self.problems)}")


class HandlerError(CopilotError):
    """A callback of the application raised. The exception itself is the `__cause__`.

    Attributes:
        method: The request, event or hook that the callback was called for.
    """

    def __init__(self, method: str, cause: BaseException) -> None:
        self.method = method
        super().__init__(f"the handler of {method} raised {describe_exception(cause)}")
        self.__cause__ = cause


class EventBufferOverflow(CopilotError):
    """A subscriber took its events more slowly than they came, and its buffer is full.

    Attributes:
        limit: How many events the buffer holds.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"more than {limit} events wait for a subscriber; consume them faster, or ask for a larger buffer"
        )


class UsageError(CopilotError, ValueError):
    """The caller passed a bad argument; the text names it and says what to do."""


def describe_exception(error: BaseException) -> str:
    """Give the type of an exception and its text in one line, as `ValueError: too long`."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def mask_secrets(text: str) -> str:
    """Replace what looks like a credential by `***`."""
    if not text:
        return text
    return _secret_pattern().sub(
        lambda found: f"{found.group('label') or found.group('user') or ''}***", text
    )


@cache
def _secret_pattern() -> re.Pattern[str]:
    # Compiled at the first error, not at import, which nearly every user pays for. Nothing in it may run on over a
    # text from each of many places: texts come from outside, and may be long.
    return re.compile(
        r"""(?ix)
        (?P<label>
            \b(?:bearer|basic)\s+(?=\S{16})
          | (?:token|secret|password|api[_-]?key)[\w-]{0,64}["']?\s*=\s*["']?(?=\S)
          | ["'][\w-]*(?:token|secret|password|api[_-]?key|authorization)["']\s*:\s*["'](?=\S)
        )
        [^\s"',;&]+
        | \b(?:gh[pousr]_|github_pat_|sk-)[\w-]{16,}
        | (?P<user>://[^\s"'/:@]{0,64}:)[^\s"'/@]{1,256}(?=@)
        """
    )


def _quote(data: bytes) -> str:
    text = data[: 4 * _QUOTED_CHARACTERS].decode("utf-8", "replace")
    return repr(text[:_QUOTED_CHARACTERS]) + ("..." if len(text) > _QUOTED_CHARACTERS else "")


def _stderr_note(stderr: str) -> str:
    lines = stderr.strip().splitlines()[-_STDERR_LINES:]
    end = "\n".join(lines)[-_STDERR_CHARACTERS:]
    return f"\nstderr ends with:\n{end}" if end else ""


def _exit_note(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
