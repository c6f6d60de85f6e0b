from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.exchanges import (
    SHUTTING_DOWN,
    Answered,
    Exchange,
    ExchangeEngine,
    Refused,
    ShuttingDown,
    Streamed,
    Violation,
    encode_frame,
    parse_frame,
)
from copilot_sdk._protocol.messages import MalformedMessage
from copilot_sdk.errors import ConnectionClosed, UsageError

MODELS = Exchange("list_models", frozenset({"models"}))
CHAT = Exchange("chat", frozenset({"agent_done", "cancelled"}), streams=True)
COMPACT = Exchange("compact", frozenset({"ok"}), streams=True, silent=True)
SUBSCRIBE = Exchange("subscribe", subscribes=True)


def wire(tag: str, **members: Any) -> bytes:
    return json.dumps({"type": tag, **members}).encode()


@pytest.fixture
def engine() -> ExchangeEngine:
    return ExchangeEngine()


def test_a_request_is_its_tag_and_its_members(engine: ExchangeEngine) -> None:
    assert engine.request(CHAT, {"session_id": "s1"}) == [b'{"type":"chat","session_id":"s1"}']


def test_a_connection_takes_one_request_at_a_time(engine: ExchangeEngine) -> None:
    engine.request(MODELS, {})
    with pytest.raises(UsageError, match="list_models is not answered yet"):
        engine.request(MODELS, {})
    assert engine.receive(wire("models", models=[])) == Answered(MODELS, {"type": "models", "models": []})
    assert engine.idle
    engine.request(MODELS, {})


def test_a_request_that_cannot_be_written_opens_nothing(engine: ExchangeEngine) -> None:
    with pytest.raises(UsageError, match="the frame chat cannot be written"):
        engine.request(CHAT, {"text": object()})
    assert engine.idle


def test_an_error_refuses_a_request_and_leaves_the_connection_usable(engine: ExchangeEngine) -> None:
    engine.request(MODELS, {})
    assert engine.receive(wire("error", message="no")) == Refused(MODELS, "no", shutting_down=False)
    assert engine.idle


def test_an_error_without_a_text_refuses_all_the_same(engine: ExchangeEngine) -> None:
    engine.request(MODELS, {})
    event = engine.receive(wire("error", message=5))
    assert isinstance(event, Refused)
    assert event.message == "the daemon did not say why"


def test_a_chat_streams_until_it_ends(engine: ExchangeEngine) -> None:
    engine.request(CHAT, {})
    for tag in ("stream", "user_message", "session_succeeded"):
        assert engine.receive(wire(tag)) == Streamed({"type": tag})
    assert engine.receive(wire("agent_done")) == Answered(CHAT, {"type": "agent_done"})
    assert engine.idle


def test_after_a_failed_chat_nothing_follows_on_its_connection(engine: ExchangeEngine) -> None:
    engine.request(CHAT, {})
    assert engine.receive(wire("error", message=SHUTTING_DOWN)) == Refused(CHAT, SHUTTING_DOWN, True)
    assert engine.receive(wire("agent_done")) is None
    with pytest.raises(ConnectionClosed, match="chat has failed on it"):
        engine.request(MODELS, {})


@pytest.mark.parametrize("answers", [[], ["ok"], ["stream", "ok"], ["stream"]])
def test_what_is_answered_with_nothing_ends_with_the_probe_behind_it(
    engine: ExchangeEngine, answers: list[str]
) -> None:
    sent = engine.request(COMPACT, {"session_id": "s1"})
    assert sent == [b'{"type":"compact","session_id":"s1"}', b'{"type":"auth_status"}']
    events = [engine.receive(wire(tag)) for tag in answers]
    assert not engine.idle
    assert [event for event in events if event] == [Streamed({"type": "stream"})] * answers.count("stream")
    ended = engine.receive(wire("auth_status", providers=[]))
    assert ended == Answered(COMPACT, {"type": "ok"} if "ok" in answers else None)
    assert engine.idle


def test_a_refusal_waits_for_the_probe_as_well(engine: ExchangeEngine) -> None:
    engine.request(COMPACT, {})
    assert engine.receive(wire("error", message="no such session")) is None
    ended = engine.receive(wire("auth_status", providers=[]))
    assert ended == Refused(COMPACT, "no such session", shutting_down=False)
    engine.request(MODELS, {})
    assert isinstance(engine.receive(wire("models")), Answered)


def test_a_subscription_has_the_connection_for_good(engine: ExchangeEngine) -> None:
    engine.request(SUBSCRIBE, {})
    for tag in ("stream", "agent_done", "error", "ok", "unheard_of"):
        assert engine.receive(wire(tag)) == Streamed({"type": tag})
    with pytest.raises(UsageError):
        engine.request(MODELS, {})


@pytest.mark.parametrize("exchange", [None, MODELS, CHAT, COMPACT, SUBSCRIBE])
def test_the_end_of_the_daemon_ends_every_connection(
    engine: ExchangeEngine, exchange: Exchange | None
) -> None:
    if exchange is not None:
        engine.request(exchange, {})
    assert engine.receive(wire("server_shutdown", restart=True)) == ShuttingDown(restart=True)
    with pytest.raises(ConnectionClosed, match="shutting down"):
        engine.request(MODELS, {})


def test_what_nobody_asked_for_breaks_the_protocol(engine: ExchangeEngine) -> None:
    assert engine.receive(wire("models")) == Violation(
        "models came, and nothing was asked for", {"type": "models"}
    )
    assert not engine.idle


def test_an_answer_to_another_request_breaks_the_protocol(engine: ExchangeEngine) -> None:
    engine.request(MODELS, {})
    assert engine.receive(wire("ok")) == Violation("ok is no answer to list_models", {"type": "ok"})
    with pytest.raises(ConnectionClosed):
        engine.request(MODELS, {})


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[]", b"{}", b'{"type":1}', b"\xff"])
def test_what_is_no_frame_breaks_the_protocol(engine: ExchangeEngine, data: bytes) -> None:
    engine.request(MODELS, {})
    assert isinstance(engine.receive(data), Violation)
    with pytest.raises(MalformedMessage):
        parse_frame(data)


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.booleans())), st.text())
def test_a_frame_survives_the_way_over_the_wire(members: dict[str, Any], tag: str) -> None:
    frame = {**members, "type": tag}
    assert parse_frame(encode_frame(frame)) == (tag, frame)


TAGS = [
    "models",
    "ok",
    "error",
    "stream",
    "agent_done",
    "cancelled",
    "auth_status",
    "server_shutdown",
    "other",
]


@given(st.lists(st.sampled_from([MODELS, CHAT, COMPACT, SUBSCRIBE]) | st.sampled_from(TAGS)))
def test_each_exchange_ends_once_whatever_comes(steps: list[Exchange | str]) -> None:
    engine, opened, ended, over = ExchangeEngine(), 0, 0, False
    for step in steps:
        if isinstance(step, Exchange):
            if engine.idle:
                engine.request(step, {})
                opened += 1
            continue
        event = engine.receive(wire(step, message="m"))
        if over:
            assert event is None
        match event:
            case Answered() | Refused():
                ended += 1
                assert opened == ended
            case Streamed():
                assert opened == ended + 1
            case ShuttingDown() | Violation():
                over = True
            case None:
                pass
        over = over or (not engine.idle and opened == ended)
        assert opened - ended in (0, 1)


@given(st.lists(st.sampled_from(["list_models", "chat", "compact", "compact_live", "refused"])))
def test_answers_find_their_requests_in_order(kinds: list[str]) -> None:
    engine = ExchangeEngine()
    for kind in kinds:
        match kind:
            case "list_models":
                engine.request(MODELS, {})
                assert engine.receive(wire("models")) == Answered(MODELS, {"type": "models"})
            case "refused":
                engine.request(MODELS, {})
                assert engine.receive(wire("error", message="x")) == Refused(MODELS, "x", False)
            case "chat":
                engine.request(CHAT, {})
                assert engine.receive(wire("stream")) == Streamed({"type": "stream"})
                assert engine.receive(wire("cancelled")) == Answered(CHAT, {"type": "cancelled"})
            case _:
                engine.request(COMPACT, {})
                if kind == "compact_live":
                    assert engine.receive(wire("ok")) is None
                frame = {"type": "ok"} if kind == "compact_live" else None
                assert engine.receive(wire("auth_status")) == Answered(COMPACT, frame)
        assert engine.idle
