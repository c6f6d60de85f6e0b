"""Encoding and decoding around a call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from copilot_sdk import InvalidParams, MethodNotFound, ResultValidationError, UnsupportedMethod
from copilot_sdk._calls import WireCaller
from copilot_sdk._generated.copilot.methods.server_session import SESSION_GET_LAST_ID
from copilot_sdk._generated.copilot.methods.session import SEND
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import UNSET


class Recorder:
    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.sent: list[Any] = []

    async def request(self, method: str, params: Any, *, timeout: Any) -> Any:
        self.sent.append((method, params, timeout))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def caller(answer: Any, *rest: Any) -> tuple[WireCaller, list[Any]]:
    peer = Recorder(answer)
    return WireCaller(peer, *rest), peer.sent  # type: ignore[arg-type]


async def test_the_session_goes_into_the_params() -> None:
    calls, sent = caller({"messageId": "m1"}, "s1")
    result = await calls.call(SEND, {"prompt": "x", "mode": UNSET, "attachments": None}, 5)
    assert sent == [("session.send", {"sessionId": "s1", "prompt": "x"}, 5)]
    assert result.message_id == "m1"


@pytest.mark.parametrize("answer", [None, {}])
async def test_null_and_an_empty_object_stand_for_each_other(answer: Any) -> None:
    calls, _ = caller(answer)
    assert (await calls.call(SESSION_GET_LAST_ID, {}, UNSET)).session_id is None


async def test_a_result_of_another_kind_is_an_error_with_the_raw_answer() -> None:
    calls, _ = caller(["messageId"], "s1")
    with pytest.raises(ResultValidationError, match=r"session\.send") as caught:
        await calls.call(SEND, {"prompt": "x"}, UNSET)
    assert caught.value.raw == ["messageId"]


@pytest.mark.parametrize(
    ("method", "hints"),
    [
        (
            Method("session.old.get", "session", until="1.0.61", replaced_by="session.new.get"),
            "; it belongs to runtimes until 1.0.61; newer ones have session.new.get in its place",
        ),
        (
            Method("session.new.get", "session", since="1.0.81", replaces="session.old.get"),
            "; it belongs to runtimes since 1.0.81; older ones have session.old.get in its place",
        ),
        (
            Method("session.short.get", "session", since="1.0.61", until="1.0.81"),
            "; it belongs to runtimes since 1.0.61 and runtimes until 1.0.81",
        ),
        (Method("session.plain.get", "session"), ""),
    ],
    ids=lambda value: value.name if isinstance(value, Method) else "",
)
async def test_a_method_that_the_runtime_lacks_is_told_with_what_other_versions_have(
    method: Method[Any], hints: str
) -> None:
    calls, _ = caller(MethodNotFound("Unhandled method", {"more": 1}, method.name), "s1")
    with pytest.raises(UnsupportedMethod) as caught:
        await calls.call(method, {}, UNSET)
    error = caught.value
    assert str(error) == f"Unhandled method{hints} ({method.name}, code -32601)"
    assert error.alternative == (method.replaced_by or method.replaces)
    assert (error.method, error.data) == (method.name, {"more": 1})


@pytest.mark.parametrize("value", [asyncio.Lock(), {"x": asyncio.Lock()}])
async def test_what_has_no_form_in_json_is_refused_before_it_is_sent(value: Any) -> None:
    calls, sent = caller({}, "s1")
    with pytest.raises(InvalidParams, match=r"session\.send"):
        await calls.call(SEND, {"prompt": "x", "unknown": value}, UNSET)
    assert not sent


async def test_a_check_that_fails_stops_the_call() -> None:
    def refuse() -> None:
        raise ValueError("closed")

    calls, sent = caller({}, "s1", refuse)
    with pytest.raises(ValueError, match="closed"):
        await calls.call(SEND, {"prompt": "x"}, UNSET)
    assert not sent
