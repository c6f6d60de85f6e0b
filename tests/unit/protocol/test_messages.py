from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_sdk._protocol.messages import (
    ErrorResponse,
    MalformedMessage,
    Message,
    Notification,
    Request,
    Response,
    WireError,
    encode,
    parse,
)
from copilot_sdk.errors import UsageError

NO_MESSAGE = WireError(-32603, "the error came without a message")

text = st.text(st.characters())
ids = st.integers() | text
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=15,
)
objects = st.dictionaries(text, json_values, max_size=4)
wire_errors = st.builds(WireError, st.integers(), text, json_values)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Request, ids, text, objects),
    st.builds(Notification, text, objects),
    st.builds(Response, ids, json_values),
    st.builds(ErrorResponse, ids | st.none(), wire_errors),
)


@given(messages)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert parse(encode(message)) == message


@given(messages)
def test_what_is_written_is_json_rpc_for_everybody(message: Message) -> None:
    fields = json.loads(encode(message))
    assert fields["jsonrpc"] == "2.0"


def test_messages_are_written_without_spaces_and_in_utf_8() -> None:
    data = encode(Request(1, "ping", {"message": "ünï", "n": [1, None]}))
    assert data == '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"message":"ünï","n":[1,null]}}'.encode()


def test_an_error_without_data_has_no_data_on_the_wire() -> None:
    data = encode(ErrorResponse(None, WireError(-32700, "no")))
    assert data == b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}'


def test_a_lone_surrogate_survives_both_ways() -> None:
    message = Response("a", {"half": "\ud83d", "whole": "\U0001f600"})
    data = encode(message)
    assert data.isascii()
    assert parse(data) == message
    assert parse(b'{"jsonrpc":"2.0","id":1,"result":"\\udc00"}') == Response(1, "\udc00")


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"x": object()}, "the parameters of ping cannot be written as JSON: Object of type object"),
        ({"x": float("nan")}, "cannot be written as JSON"),
        ({"x": {1, 2}}, "cannot be written as JSON: Object of type set"),
        ({(1, 2): 1}, "cannot be written as JSON: keys must be"),
    ],
)
def test_what_has_no_form_in_json_is_refused_by_name(params: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        encode(Request(1, "ping", params))


def test_a_value_that_holds_itself_is_refused() -> None:
    ring: dict[str, Any] = {}
    ring["ring"] = ring
    with pytest.raises(UsageError, match="the answer to request 7 cannot be written as JSON"):
        encode(Response(7, ring))


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        ({"id": 0, "method": "m"}, Request(0, "m", {})),
        ({"id": -1, "method": "m", "params": None}, Request(-1, "m", {})),
        ({"id": 2**40, "method": "m", "params": {"a": 1}}, Request(2**40, "m", {"a": 1})),
        ({"id": "", "method": ""}, Request("", "", {})),
        ({"method": "m"}, Notification("m", {})),
        ({"id": 1, "result": None}, Response(1, None)),
        ({"id": 1, "result": 5, "error": None}, Response(1, 5)),
        ({"id": 1, "result": 5, "more": True}, Response(1, 5)),
        ({"id": 1, "result": 5, "error": {"code": 2, "message": "m"}}, ErrorResponse(1, WireError(2, "m"))),
        ({"error": {"code": 2, "message": "m", "data": 0}}, ErrorResponse(None, WireError(2, "m", 0))),
        (
            {"id": 1, "error": "boom"},
            ErrorResponse(1, WireError(-32603, "the error is not an object", "boom")),
        ),
        ({"id": 1, "error": {}}, ErrorResponse(1, NO_MESSAGE)),
        ({"id": 1, "error": {"code": 1.5, "message": []}}, ErrorResponse(1, NO_MESSAGE)),
    ],
)
def test_the_kinds_of_messages_are_told_apart(wire: dict[str, Any], message: Message) -> None:
    assert parse(json.dumps({"jsonrpc": "2.0", **wire}).encode()) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"jsonrpc":"2.0","method":"m"} x',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","method":"m"}',
        b'{"jsonrpc":"2.0","method":"\xff"}',
        b'{"jsonrpc":"2.0","method":"m","params":{"x":NaN}}',
        b'{"jsonrpc":"2.0","method":"m","params":{"x":-Infinity}}',
        b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"m"}',
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_what_is_not_json_is_a_parse_error(data: bytes) -> None:
    with pytest.raises(MalformedMessage, match="the text is not JSON") as caught:
        parse(data)
    assert (caught.value.code, caught.value.request_id, caught.value.wants_answer) == (-32700, None, True)


@pytest.mark.parametrize(
    "data",
    [
        b"5",
        b"null",
        b'"x"',
        b'[{"jsonrpc":"2.0","method":"m"}]',
        b"{}",
        b'{"method":"m"}',
        b'{"jsonrpc":"1.0","method":"m"}',
        b'{"jsonrpc":2.0,"method":"m"}',
        b'{"jsonrpc":"2.0","method":5}',
        b'{"jsonrpc":"2.0","method":"m","id":null}',
        b'{"jsonrpc":"2.0","method":"m","id":1.0}',
        b'{"jsonrpc":"2.0","method":"m","id":true}',
        b'{"jsonrpc":"2.0","method":"m","id":{}}',
        b'{"jsonrpc":"2.0","result":1}',
        b'{"jsonrpc":"2.0","id":null,"result":1}',
        b'{"jsonrpc":"2.0","id":[],"error":{"code":1,"message":"m"}}',
    ],
)
def test_json_that_is_no_message_is_an_invalid_request(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(data)
    assert (caught.value.code, caught.value.request_id, caught.value.reply_to) == (-32600, None, None)


def test_params_by_position_are_refused_under_the_id_of_the_request() -> None:
    with pytest.raises(MalformedMessage, match="the params of m have to be an object") as caught:
        parse(b'{"jsonrpc":"2.0","method":"m","id":7,"params":[1]}')
    assert (caught.value.code, caught.value.request_id, caught.value.wants_answer) == (-32602, 7, True)
    with pytest.raises(MalformedMessage) as caught:
        parse(b'{"jsonrpc":"2.0","method":"m","params":[1]}')
    assert not caught.value.wants_answer


@pytest.mark.parametrize("data", [b'{"jsonrpc":"2.0","id":7}', b'{"jsonrpc":"1.0","id":7,"result":1}'])
def test_a_malformed_answer_still_tells_what_it_answers(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(data)
    assert (caught.value.code, caught.value.reply_to) == (-32600, 7)


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    with suppress(MalformedMessage):
        parse(data)
