from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.engine import (
    CancelReceived,
    Dialect,
    Engine,
    ErrorReceived,
    NotificationReceived,
    RequestReceived,
    ResponseReceived,
    Stray,
    Violation,
)
from copilot_sdk._protocol.messages import JsonText, WireError
from copilot_sdk.errors import ConnectionClosed, UsageError


def wire(**fields: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **fields}).encode()


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_requests_are_numbered_from_one(engine: Engine) -> None:
    assert engine.request("a", {"x": 1}) == (1, b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1}}')
    assert engine.request("b") == (2, b'{"jsonrpc":"2.0","id":2,"method":"b","params":{}}')


def test_what_is_json_text_already_goes_out_as_it_is(engine: Engine) -> None:
    text = JsonText(b'{"x":1}')
    assert engine.request("a", text) == (1, b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1}}')
    assert engine.notify("n", text) == b'{"jsonrpc":"2.0","method":"n","params":{"x":1}}'
    engine.receive(wire(id=5, method="m"))
    assert engine.respond(5, text) == b'{"jsonrpc":"2.0","id":5,"result":{"x":1}}'


def test_an_answer_finds_its_request(engine: Engine) -> None:
    engine.request("a")
    engine.request("b")
    assert engine.receive(wire(id=2, result=[1])) == ResponseReceived(2, "b", [1])
    assert engine.receive(wire(id=1, error={"code": 5, "message": "no"})) == ErrorReceived(
        1, "a", WireError(5, "no")
    )


def test_a_second_answer_is_stray(engine: Engine) -> None:
    engine.request("a")
    engine.receive(wire(id=1, result=None))
    assert engine.receive(wire(id=1, result=None)) == Stray(1)
    assert engine.receive(wire(id=1, error={"code": 5, "message": "no"})) == Stray(1)


def test_an_answer_to_an_unknown_id_is_stray(engine: Engine) -> None:
    assert engine.receive(wire(id="x", result=None)) == Stray("x")


def test_a_request_that_cannot_be_written_is_not_open(engine: Engine) -> None:
    with pytest.raises(UsageError):
        engine.request("a", {"x": object()})
    assert engine.close() == ()


def test_a_cancelled_request_tells_the_other_side_and_is_forgotten(engine: Engine) -> None:
    engine.request("a")
    assert engine.cancel(1) == wire(method="$/cancelRequest", params={"id": 1}).replace(b" ", b"")
    assert engine.receive(wire(id=1, result=None)) == Stray(1)
    with pytest.raises(UsageError, match="no request with the id 1 is open"):
        engine.cancel(1)


def test_a_notification_has_no_id(engine: Engine) -> None:
    assert engine.notify("n", {"x": 1}) == b'{"jsonrpc":"2.0","method":"n","params":{"x":1}}'
    assert engine.receive(wire(method="n", params={"x": 1})) == NotificationReceived("n", {"x": 1})


def test_a_request_of_the_other_side_is_answered_once(engine: Engine) -> None:
    assert engine.receive(wire(id="q", method="m")) == RequestReceived("q", "m", {})
    assert engine.respond("q", {"ok": True}) == b'{"jsonrpc":"2.0","id":"q","result":{"ok":true}}'
    with pytest.raises(UsageError, match="no request with the id 'q' waits for an answer"):
        engine.respond("q", {})
    with pytest.raises(UsageError, match="no request with the id 'q' waits for an answer"):
        engine.respond_error("q", 1, "x")


def test_an_answer_can_be_an_error(engine: Engine) -> None:
    engine.receive(wire(id=3, method="m"))
    assert json.loads(engine.respond_error(3, -32602, "no", [1])) == {
        "jsonrpc": "2.0",
        "id": 3,
        "error": {"code": -32602, "message": "no", "data": [1]},
    }


def test_an_answer_that_cannot_be_written_leaves_the_request_open(engine: Engine) -> None:
    engine.receive(wire(id=3, method="m"))
    with pytest.raises(UsageError, match="the answer to request 3 cannot be written"):
        engine.respond(3, {1, 2})
    assert engine.respond(3, None)


def test_an_unasked_answer_is_refused(engine: Engine) -> None:
    with pytest.raises(UsageError):
        engine.respond(1, None)


def test_the_id_of_an_answered_request_can_come_again(engine: Engine) -> None:
    for _ in range(2):
        assert isinstance(engine.receive(wire(id=1, method="m")), RequestReceived)
        engine.respond(1, None)


def test_the_id_of_an_open_request_cannot(engine: Engine) -> None:
    engine.receive(wire(id=1, method="m"))
    event = engine.receive(wire(id=1, method="m"))
    assert isinstance(event, Violation)
    assert event.reply is not None
    assert json.loads(event.reply)["error"]["code"] == -32600
    assert json.loads(event.reply)["id"] is None


def test_both_sides_may_use_the_same_id(engine: Engine) -> None:
    engine.request("a")
    engine.receive(wire(id=1, method="m"))
    assert engine.receive(wire(id=1, result="theirs")) == ResponseReceived(1, "a", "theirs")
    assert engine.respond(1, "ours")


def test_a_cancellation_by_the_other_side_names_an_open_request(engine: Engine) -> None:
    engine.receive(wire(id=1, method="m"))
    assert engine.receive(wire(method="$/cancelRequest", params={"id": 1})) == CancelReceived(1)
    engine.respond_error(1, -32800, "cancelled")
    assert engine.receive(wire(method="$/cancelRequest", params={"id": 1})) == Stray(1)


@pytest.mark.parametrize("params", [{}, {"id": None}, {"id": 1.5}, {"id": [1]}])
def test_a_cancellation_without_an_id_is_a_violation_without_answer(
    engine: Engine, params: dict[str, Any]
) -> None:
    event = engine.receive(wire(method="$/cancelRequest", params=params))
    assert event == Violation(None, "$/cancelRequest came without the id of a request")


@pytest.mark.parametrize("value", [{}, [1], 1.5, True])
def test_where_a_request_may_have_the_id_null_a_cancellation_still_needs_an_id(value: Any) -> None:
    engine = Engine(Dialect(null_ids=True))
    engine.receive(wire(id=None, method="m"))
    event = engine.receive(wire(method="$/cancelRequest", params={"id": value}))
    assert event == Violation(None, "$/cancelRequest came without the id of a request")
    assert engine.receive(wire(method="$/cancelRequest", params={"id": None})) == CancelReceived(None)


@pytest.mark.parametrize(
    ("data", "code", "answered_id"),
    [
        (b"", -32700, None),
        (b"{", -32700, None),
        (b"[]", -32600, None),
        (b"{}", -32600, None),
        (wire(id=1.5, method="m"), -32600, None),
        (wire(id=9), -32600, None),
        (wire(id=9, method="m", params=[1]), -32602, 9),
    ],
)
def test_what_is_no_message_is_answered_with_an_error(
    engine: Engine, data: bytes, code: int, answered_id: int | None
) -> None:
    event = engine.receive(data)
    assert isinstance(event, Violation)
    assert event.reply is not None
    reply = json.loads(event.reply)
    assert (reply["id"], reply["error"]["code"], reply["error"]["message"]) == (
        answered_id,
        code,
        event.problem,
    )


def test_a_malformed_notification_is_not_answered(engine: Engine) -> None:
    event = engine.receive(wire(method="m", params=[1]))
    assert event == Violation(None, "the params of m have to be an object")


def test_a_malformed_answer_ends_its_request(engine: Engine) -> None:
    engine.request("a")
    event = engine.receive(wire(id=1))
    assert isinstance(event, ErrorReceived)
    assert (event.id, event.method, event.error.code) == (1, "a", -32600)
    assert engine.close() == ()


@pytest.mark.parametrize("member", [b'"result":{"cost":NaN}', b'"error":{"code":-Infinity}'])
def test_an_answer_that_is_json_but_for_a_number_ends_its_request(engine: Engine, member: bytes) -> None:
    engine.request("a")
    event = engine.receive(b'{"jsonrpc":"2.0","id":1,%b}' % member)
    assert isinstance(event, ErrorReceived)
    assert (event.id, event.method, event.error.code) == (1, "a", -32700)
    assert engine.close() == ()


def test_a_complaint_of_the_other_side_is_stray_so_that_two_engines_do_not_complain_forever(
    engine: Engine,
) -> None:
    event = engine.receive(b"{")
    assert isinstance(event, Violation)
    assert event.reply is not None
    assert Engine().receive(event.reply) == Stray(None, WireError(-32700, event.problem))


def test_closing_gives_the_open_ids_and_opens_no_more(engine: Engine) -> None:
    engine.request("a")
    engine.request("b")
    engine.receive(wire(id=1, result=None))
    assert engine.close() == (2,)
    assert engine.close() == ()
    with pytest.raises(ConnectionClosed):
        engine.request("c")
    with pytest.raises(ConnectionClosed):
        engine.notify("c")


def test_requests_of_the_other_side_can_be_answered_after_closing(engine: Engine) -> None:
    engine.receive(wire(id=1, method="m"))
    engine.close()
    assert engine.respond_error(1, -32800, "cancelled")


@given(st.lists(st.sampled_from(["request", "answer", "cancel"]), max_size=30), st.randoms())
def test_each_request_ends_exactly_once(steps: list[str], random: Any) -> None:
    near, far = Engine(), Engine()
    open_ids: dict[int, bytes] = {}
    ended: list[int] = []
    for step in steps:
        if step == "request":
            new_id, data = near.request("m")
            assert isinstance(far.receive(data), RequestReceived)
            open_ids[new_id] = data
        elif open_ids:
            chosen = random.choice(sorted(open_ids))
            del open_ids[chosen]
            if step == "answer":
                assert near.receive(far.respond(chosen, None)) == ResponseReceived(chosen, "m", None)
            else:
                assert far.receive(near.cancel(chosen)) == CancelReceived(chosen)
                assert near.receive(far.respond(chosen, None)) == Stray(chosen)
            ended.append(chosen)
    assert sorted([*ended, *near.close()]) == list(range(1, steps.count("request") + 1))
