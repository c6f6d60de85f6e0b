"""Spans: one for each request, with the headers that let the runtime's spans belong to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from copilot_sdk import CopilotClient, MethodNotFound
from tests.support.fake_runtime import FakeRuntime

PROVIDER = TracerProvider()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    PROVIDER.add_span_processor(processor)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: PROVIDER)
    yield exporter
    exporter.shutdown()


def named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [span for span in exporter.get_finished_spans() if span.name == name]
    return found


def traceparent(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


async def test_a_request_has_a_span_below_the_callers(
    runtime: FakeRuntime, client: CopilotClient, spans: InMemorySpanExporter
) -> None:
    with trace.get_tracer("test").start_as_current_span("the program") as above:
        await client.ping()
    span = named(spans, "ping")
    assert span.parent is not None
    assert span.parent.span_id == above.get_span_context().span_id
    assert span.kind is trace.SpanKind.CLIENT
    assert dict(span.attributes or {}) == {"rpc.system": "jsonrpc", "rpc.method": "ping"}


async def test_the_runtime_gets_the_headers_of_the_span_of_a_prompt(
    runtime: FakeRuntime, client: CopilotClient, spans: InMemorySpanExporter
) -> None:
    session = await client.create_session()
    await session.send("x").accepted()
    for method in ("session.create", "session.send"):
        (params,) = [sent for name, sent in runtime.requests if name == method]
        assert params["traceparent"] == traceparent(named(spans, method))
    attributes = named(spans, "session.send").attributes
    assert attributes is not None
    assert attributes["gen_ai.conversation.id"] == session.id


async def test_what_the_runtime_refuses_is_the_error_of_its_span(
    client: CopilotClient, spans: InMemorySpanExporter
) -> None:
    with pytest.raises(MethodNotFound):
        await client.models()
    span = named(spans, "models.list")
    assert span.status.status_code is trace.StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]
