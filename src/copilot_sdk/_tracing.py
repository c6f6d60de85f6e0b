"""Spans of OpenTelemetry, where the program uses it; a program that does not pays nothing.

The program that wants spans has imported `opentelemetry.trace` to set up where they go. So nothing is imported here
on its behalf, and without a set-up the spans of OpenTelemetry itself do nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

_NAME = "copilot_sdk"


def tracing() -> bool:
    """True if the program uses OpenTelemetry."""
    return "opentelemetry.trace" in sys.modules


@contextmanager
def span(
    name: str,
    attributes: Mapping[str, str | None],
    *,
    client: bool = False,
    parent: Mapping[str, str] | None = None,
) -> Generator[Any]:
    """A span around a piece of work; what the work raises is its error.

    Args:
        name: Name of the span.
        attributes: Its attributes; one that is None is left out.
        client: True for a request to another process.
        parent: W3C trace headers of the span above; the current one when left out or empty.
    """
    from opentelemetry import trace
    from opentelemetry.propagate import extract

    with trace.get_tracer(_NAME).start_as_current_span(
        name,
        context=extract(parent) if parent else None,
        kind=trace.SpanKind.CLIENT if client else trace.SpanKind.INTERNAL,
        attributes={key: value for key, value in attributes.items() if value is not None},
    ) as started:
        yield started


def headers() -> dict[str, str]:
    """The W3C headers `traceparent` and `tracestate` of the current span; empty without one."""
    if not tracing():
        return {}
    from opentelemetry.propagate import inject

    carrier: dict[str, str] = {}
    inject(carrier)
    return {name: carrier[name] for name in ("traceparent", "tracestate") if name in carrier}
