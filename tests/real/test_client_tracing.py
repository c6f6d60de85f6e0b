"""Spans of the client and those of the runtime make one trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot_sdk import Hooks, approve_all
from copilot_sdk.types import PreToolUseHookInput
from tests.real.support.client_stage import CLI, ClientStage, Sightings
from tests.real.support.tools import weather
from tests.support.model_server import Reply, ToolCall
from tests.support.spans import TRACER, Spans, attributes, ids, ids_above, recorded

CALL = ToolCall("weather", {"city": "Rome", "days": 3})


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    with recorded(monkeypatch) as spans:
        yield spans


async def test_what_the_program_does_for_a_prompt_is_below_it(live: ClientStage, spans: Spans) -> None:
    async def look(data: PreToolUseHookInput) -> None:
        """Have nothing to say."""

    live.says(Reply(tool_calls=[CALL]), Reply("Sun."))
    session = await live.client.create_session(
        tools=[weather],
        on_permission=approve_all,
        hooks=Hooks(pre_tool_use=look),
        provider=live.provider,
        model="scripted-model",
    )
    with TRACER.start_as_current_span("the program"):
        await session.send("Rome?")
    prompt = spans.named("session.send")
    turn = spans.named("invoke_agent")
    assert ids_above(prompt) == ids(turn)
    assert ids_above(turn) == ids(spans.named("the program"))
    assert ids_above(spans.named("execute_tool weather")) == ids(prompt)
    assert ids_above(spans.named("permission.requested")) == ids(prompt)
    (hook,) = [span for span in spans.all if attributes(span).get("github.copilot.hook.type") == "preToolUse"]
    assert ids_above(hook) == ids(prompt)


async def test_the_cli_puts_its_own_spans_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spans: Spans
) -> None:
    file = tmp_path / "spans.jsonl"
    monkeypatch.setenv("COPILOT_OTEL_ENABLED", "true")
    monkeypatch.setenv("COPILOT_OTEL_EXPORTER_TYPE", "file")
    monkeypatch.setenv("COPILOT_OTEL_FILE_EXPORTER_PATH", str(file))
    (tmp_path / "stage").mkdir()
    async with ClientStage.open(CLI, tmp_path / "stage", Sightings()) as live:
        live.says(Reply(tool_calls=[CALL]), Reply("Sun."))
        session = await live.create(tools=[weather], on_permission=approve_all)
        await session.send("Rome?")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    theirs = {line["spanId"]: line for line in lines if line["type"] == "span"}
    trace, above = ids_above(spans.named("execute_tool weather")) or ("", "")
    assert theirs[above]["name"].startswith("execute_tool ")
    agent = theirs[theirs[above]["parentSpanId"]]
    assert agent["name"] == "invoke_agent"
    assert (trace, agent["parentSpanId"]) == ids(spans.named("session.send"))
