"""Spans of OpenTelemetry, where the program uses it; a program that does not pays nothing.

The program that wants spans has imported `opentelemetry.trace` to set up where they go. So nothing is imported here
on its behalf, and without a set-up the spans of OpenTelemetry itself do nothing.

Names and attributes are those of its semantic conventions: `rpc.*` for requests, `gen_ai.*` for tools and turns.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from copilot_sdk.errors import RpcError, describe_exception, mask_secrets

if TYPE_CHECKING:
    from opentelemetry.trace import Span

Attributes: TypeAlias = Mapping[str, str | int | list[str] | None]
Kind: TypeAlias = Literal["internal", "client", "server"]

_NAME = "copilot_sdk"
_HEADERS = ("traceparent", "tracestate")
_innermost: ContextVar[Span | None] = ContextVar("copilot_sdk_span", default=None)


def tracing() -> bool:
    """True if the program uses OpenTelemetry."""
    return "opentelemetry.trace" in sys.modules


class Trace:
    """What the work of a session belongs to: the span in which it was last told to do something.

    The runtime works for a prompt long after the request with it was answered, and calls tools and handlers from tasks
    that know nothing of who sent it.

    Attributes:
        headers: W3C trace headers of that span; empty without one.
        session_id: Identifier of the session, None as long as the runtime has not chosen it.
    """

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self.session_id: str | None = None

    def told(self, wire: Mapping[str, Any]) -> None:
        """The runtime is being told to do something, with these parameters."""
        self.headers = headers_in(wire)
        self.session_id = wire.get("sessionId")


def span(name: str, attributes: Attributes, *, kind: Kind = "internal") -> AbstractContextManager[None]:
    """A span around a piece of work; what the work raises is its error.

    Args:
        name: Name of the span.
        attributes: Its attributes; one that is None is left out.
        kind: `client` for a request to another process, `server` for one of it.
    """
    return _around(name, attributes, kind) if tracing() else nullcontext()


def below(headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Do a piece of work for a span of elsewhere, and not for the one that is current here.

    Args:
        headers: The W3C headers of the span; none for work that belongs to no span.
    """
    return _attached(headers) if tracing() else nullcontext()


def headers() -> dict[str, str]:
    """The W3C headers `traceparent` and `tracestate` of the current span; empty without one."""
    if not tracing():
        return {}
    from opentelemetry.propagate import inject

    carrier: dict[str, str] = {}
    inject(carrier)
    return headers_in(carrier)


def headers_in(members: Mapping[str, Any]) -> dict[str, str]:
    """The W3C headers among some members of JSON data."""
    return {name: members[name] for name in _HEADERS if members.get(name)}


def mark_failed(error: BaseException | str) -> None:
    """Say that what the innermost span of this package stands for has failed, though nothing is raised.

    Args:
        error: What was raised, or a word for the kind of failure.
    """
    if (innermost := _innermost.get()) is not None:
        _fail(innermost, error)


class RequestSpan:
    """The span of a request to another process that nothing waits for: it begins here and ends elsewhere.

    Args:
        name: Name of the span.
        attributes: Gives its attributes; one that is None is left out.
    """

    def __init__(self, name: str, attributes: Callable[[], Attributes]) -> None:
        self._span = _start(name, attributes(), "client") if tracing() else None

    def end(self, error: BaseException | None = None) -> None:
        """End it.

        Args:
            error: What the request failed with.
        """
        if self._span is not None:
            if error is not None:
                _fail(self._span, error)
            self._span.end()


class TurnSpan:
    """The span of a turn: it begins here, ends elsewhere, and is current for pieces of work in between.

    Without OpenTelemetry it does nothing.

    Args:
        session_id: Identifier of the session.
        model: The model that was asked for, if one was.
    """

    def __init__(self, session_id: str, model: str | None = None) -> None:
        self._span: Span | None = None
        if tracing():
            attributes: Attributes = {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.provider.name": "github",
                "gen_ai.conversation.id": session_id,
                "gen_ai.request.model": model,
            }
            self._span = _start("invoke_agent", attributes, "client")

    def current(self) -> AbstractContextManager[None]:
        """Make it the current span for a piece of work, such as sending the prompt."""
        return nullcontext() if self._span is None else _current(self._span)

    def end(
        self,
        error: BaseException | None = None,
        *,
        model: str | None = None,
        finish_reason: str | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cache_read_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """End it; every further call does nothing.

        Args:
            error: What the turn failed with.
            model: The model that answered.
            finish_reason: Why the model stopped, such as `stop`.
            input_tokens: What all model requests of the turn took in, what came from a cache included.
            output_tokens: What the model wrote in all of them, its reasoning included.
            cache_read_tokens: How much of the input came from a cache.
            cache_write_tokens: How much of the input went to a cache.
            reasoning_tokens: How much of the output was reasoning.
        """
        ended, self._span = self._span, None
        if ended is None:
            return
        attributes: Attributes = {
            "gen_ai.response.model": model,
            "gen_ai.response.finish_reasons": None if finish_reason is None else [finish_reason],
            "gen_ai.usage.input_tokens": input_tokens,
            "gen_ai.usage.output_tokens": output_tokens,
            "gen_ai.usage.cache_read.input_tokens": cache_read_tokens,
            "gen_ai.usage.cache_creation.input_tokens": cache_write_tokens,
            "gen_ai.usage.reasoning.output_tokens": reasoning_tokens,
        }
        ended.set_attributes(_given(attributes))
        if error is not None:
            _fail(ended, error)
        ended.end()


@contextmanager
def _around(name: str, attributes: Attributes, kind: Kind) -> Generator[None]:
    started = _start(name, attributes, kind)
    try:
        with _current(started):
            yield
    except BaseException as error:
        _fail(started, error)
        raise
    finally:
        started.end()


@contextmanager
def _attached(headers: Mapping[str, str]) -> Generator[None]:
    from opentelemetry import context
    from opentelemetry.propagate import extract

    token = context.attach(extract(headers, context.Context()))
    try:
        yield
    finally:
        context.detach(token)


def _start(name: str, attributes: Attributes, kind: Kind) -> Span:
    from opentelemetry.trace import SpanKind, get_tracer

    return get_tracer(_NAME).start_span(name, kind=SpanKind[kind.upper()], attributes=_given(attributes))


@contextmanager
def _current(started: Span) -> Generator[None]:
    from opentelemetry.trace import use_span

    token = _innermost.set(started)
    try:
        with use_span(started, record_exception=False, set_status_on_exception=False):
            yield
    finally:
        _innermost.reset(token)


def _given(attributes: Attributes) -> dict[str, str | int | list[str]]:
    return {name: value for name, value in attributes.items() if value is not None}


def _fail(failed: Span, error: BaseException | str) -> None:
    from opentelemetry.trace import StatusCode

    if not failed.is_recording() or isinstance(error, GeneratorExit):
        return
    if isinstance(error, str):
        failed.set_attribute("error.type", error)
        failed.set_status(StatusCode.ERROR)
        return
    module = "" if type(error).__module__ == "builtins" else f"{type(error).__module__}."
    kind = module + type(error).__qualname__
    failed.set_attribute("error.type", kind)
    failed.set_status(StatusCode.ERROR, mask_secrets(describe_exception(error)))
    if isinstance(error, RpcError):
        failed.set_attribute("rpc.response.status_code", str(error.code))
    # Not record_exception, which takes the texts as they are.
    told = {"type": kind, "message": str(error), "stacktrace": "".join(traceback.format_exception(error))}
    failed.add_event("exception", {f"exception.{name}": mask_secrets(text) for name, text in told.items()})
