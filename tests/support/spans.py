"""Spans of OpenTelemetry, kept in memory for the time of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

_PROVIDER = TracerProvider()
TRACER = _PROVIDER.get_tracer("test")


class Spans:
    """What has ended so far."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.all if span.name == name]
        return found

    def clear(self) -> None:
        self._exporter.clear()


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    """Make this the program's set-up of OpenTelemetry."""
    exporter = InMemorySpanExporter()
    _PROVIDER.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: _PROVIDER)
    yield Spans(exporter)
    exporter.shutdown()


def ids(span: ReadableSpan) -> tuple[str, str]:
    """The ids of a trace and of the span in it."""
    return _ids(span.get_span_context())


def ids_above(span: ReadableSpan) -> tuple[str, str] | None:
    """The same of the span above, None if there is none."""
    return None if span.parent is None else _ids(span.parent)


def _ids(context: trace.SpanContext | None) -> tuple[str, str]:
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
