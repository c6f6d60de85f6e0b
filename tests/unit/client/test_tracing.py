"""Spans that last longer than a block, and what is paid for spans that nobody wants."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan

from copilot_sdk import SessionError, _tracing
from copilot_sdk._tracing import TurnSpan, below, headers, mark_failed, span
from tests.support.spans import TRACER, Spans, recorded


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    with recorded(monkeypatch) as spans:
        yield spans


def only(spans: Spans) -> ReadableSpan:
    (found,) = spans.all
    return found


def test_the_span_of_a_turn_ends_with_what_it_used(spans: Spans) -> None:
    turn = TurnSpan("s1", "gpt-5")
    assert not spans.all
    turn.end(
        model="gpt-5-mini",
        finish_reason="stop",
        input_tokens=20,
        output_tokens=10,
        cache_read_tokens=3,
        cache_write_tokens=4,
        reasoning_tokens=0,
    )
    found = only(spans)
    assert (found.name, found.kind) == ("invoke_agent", trace.SpanKind.CLIENT)
    assert found.status.status_code is trace.StatusCode.UNSET
    assert dict(found.attributes or {}) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "github",
        "gen_ai.conversation.id": "s1",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.response.model": "gpt-5-mini",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.cache_creation.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 0,
    }


def test_what_is_not_known_of_a_turn_is_left_out(spans: Spans) -> None:
    TurnSpan("s1").end()
    assert dict(only(spans).attributes or {}).keys() == {
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.conversation.id",
    }


def test_the_span_of_a_turn_is_current_for_pieces_of_work_and_below_the_callers(
    spans: Spans,
) -> None:
    with TRACER.start_as_current_span("the program") as program:
        turn = TurnSpan("s1")
        assert trace.get_current_span() is program
    for _ in range(2):
        with turn.current(), span("piece", {}):
            pass
        assert not trace.get_current_span().is_recording()
    turn.end()
    _, *pieces, last = spans.all
    assert last.parent == program.get_span_context()
    assert [piece.parent for piece in pieces] == 2 * [last.get_span_context()]


def test_a_turn_that_fails_says_so_in_its_span(spans: Spans) -> None:
    turn = TurnSpan("s1")
    with pytest.raises(SessionError), turn.current():
        raise SessionError("no more", "quota")
    turn.end(SessionError("no more", "quota"), input_tokens=5)
    found = only(spans)
    assert found.status.status_code is trace.StatusCode.ERROR
    assert (found.attributes or {})["error.type"] == "copilot_sdk.errors.SessionError"
    assert (found.attributes or {})["gen_ai.usage.input_tokens"] == 5


def test_the_span_of_a_turn_ends_once(spans: Spans) -> None:
    turn = TurnSpan("s1")
    turn.end(input_tokens=1)
    turn.end(input_tokens=2)
    with turn.current():
        assert not trace.get_current_span().is_recording()
    assert (only(spans).attributes or {})["gen_ai.usage.input_tokens"] == 1


def test_work_for_no_span_is_below_none(spans: Spans) -> None:
    with TRACER.start_as_current_span("the program"):
        with below({}):
            assert headers() == {}
        with below({"traceparent": f"00-{1:032x}-{2:016x}-01", "tracestate": "a=b"}):
            assert headers() == {"traceparent": f"00-{1:032x}-{2:016x}-01", "tracestate": "a=b"}


def test_a_failure_marks_spans_of_this_package_alone(spans: Spans) -> None:
    with TRACER.start_as_current_span("the program"):
        mark_failed(ValueError("no"))
        with span("ours", {}):
            with TRACER.start_as_current_span("inside"):
                mark_failed(ValueError("no"))
    failed = {found.name: found.status.status_code for found in spans.all}
    assert failed == {
        "the program": trace.StatusCode.UNSET,
        "inside": trace.StatusCode.UNSET,
        "ours": trace.StatusCode.ERROR,
    }


def test_nothing_happens_where_the_program_does_not_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tracing, "tracing", lambda: False)
    turn = TurnSpan("s1")
    with turn.current(), span("piece", {}), below({"traceparent": "x"}):
        mark_failed(ValueError("no"))
        assert headers() == {}
    turn.end(ValueError("no"), input_tokens=1)


def test_a_program_without_opentelemetry_does_not_get_it() -> None:
    program = """
import asyncio, sys
from copilot_sdk import CopilotClient, Hooks, approve_all, tool

@tool
def double(number: int) -> int:
    return 2 * number

async def main() -> None:
    async with CopilotClient.embedded() as client:
        hooks = Hooks(pre_tool_use=lambda data: None)
        async with await client.create_session(tools=[double], on_permission=approve_all, hooks=hooks) as session:
            message = await session.send('!call double {"number": 21}')
            assert "42" in message.text

asyncio.run(main())
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
