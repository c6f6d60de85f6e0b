from __future__ import annotations

import asyncio
from typing import Any

import pytest

from copilot_sdk._rpc.inbound import wire_error
from copilot_sdk._rpc.peer import Peer
from copilot_sdk.errors import HandlerError, InvalidParams, RpcError, UsageError
from copilot_sdk.transports.memory import memory_pair
from tests.support.raw_peer import step, wired

FAILED = "HandlerError: the handler of m raised OSError: x"


class Gated:
    """A handler that waits for its gate, and remembers what happened to it."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.begun: list[int] = []
        self.cancelled: list[int] = []

    async def __call__(self, method: str, params: dict[str, Any]) -> object:
        self.begun.append(params["n"])
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(params["n"])
            raise
        return params["n"]


async def test_the_result_of_the_handler_is_the_answer() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return {"method": method, "params": params}

    async with wired(handler) as (_, wire):
        await wire.send(id="q1", method="hooks.invoke", params={"a": 1})
        assert await wire.receive() == {"id": "q1", "result": {"method": "hooks.invoke", "params": {"a": 1}}}


async def test_without_a_handler_every_method_is_unknown() -> None:
    async with wired() as (_, wire):
        await wire.request(1, "hooks.invoke")
        assert await wire.receive() == {
            "id": 1,
            "error": {"code": -32601, "message": "Unhandled method hooks.invoke"},
        }


@pytest.mark.parametrize(
    ("error", "wire"),
    [
        (RpcError(-32050, "strange", {"a": 1}), {"code": -32050, "message": "strange", "data": {"a": 1}}),
        (InvalidParams("n is missing", None, "m"), {"code": -32602, "message": "n is missing"}),
        (UsageError("n has to be positive"), {"code": -32602, "message": "n has to be positive"}),
        (asyncio.CancelledError(), {"code": -32800, "message": "the request was cancelled"}),
        (ValueError("no idea"), {"code": -32603, "message": "ValueError: no idea"}),
        (ValueError("no Bearer 0123456789abcdef"), {"code": -32603, "message": "ValueError: no Bearer ***"}),
        (pytest.fail.Exception("not here"), {"code": -32603, "message": "Failed: not here"}),
        (KeyError(), {"code": -32603, "message": "KeyError"}),
        (HandlerError("m", OSError("x")), {"code": -32603, "message": FAILED}),
        (RpcError(-32050, "odd", object()), {"code": -32050, "message": "odd"}),
    ],
)  # fmt: skip
async def test_what_the_handler_raises_is_the_answer(error: BaseException, wire: dict[str, Any]) -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        raise error

    async with wired(handler) as (peer, far):
        await far.request(1)
        assert await far.receive() == {"id": 1, "error": wire}
        assert not peer.closed


async def test_an_unexpected_exception_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        raise ValueError("no idea")

    async with wired(handler) as (_, wire):
        await wire.request(1, token="hush")
        assert "Traceback" not in str(await wire.receive())
    assert "the handler of m raised ValueError: no idea" in caplog.text
    assert "Traceback" in caplog.text
    assert "hush" not in caplog.text


async def test_an_expected_error_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        raise InvalidParams("no")

    async with wired(handler) as (_, wire):
        await wire.request(1)
        await wire.receive()
    assert caplog.text == ""


async def test_a_result_that_is_no_json_is_an_internal_error() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return {1, 2}

    async with wired(handler) as (_, wire):
        await wire.request(1)
        answer = await wire.receive()
        assert (answer["id"], answer["error"]["code"]) == (1, -32603)
        assert "cannot be written as JSON" in answer["error"]["message"]


async def test_a_slow_handler_holds_up_nobody() -> None:
    handler = Gated()
    async with wired(handler) as (peer, wire):
        await wire.request(1, n=1)
        asking = asyncio.create_task(peer.request("ours"))
        seen = await wire.receive()
        await wire.send(id=seen["id"], result="theirs")
        assert await asking == "theirs"
        await wire.request(2, n=2)
        await wire.settled()
        assert handler.begun == [1, 2]
        handler.gate.set()
        assert [(await wire.receive())["id"] for _ in range(2)] == [1, 2]


async def test_a_handler_may_ask_the_other_side() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return await peer.request("counter-question")

    async with wired(handler) as (peer, wire):
        await wire.request(7)
        question = await wire.receive()
        await wire.send(id=question["id"], result="because")
        assert await wire.receive() == {"id": 7, "result": "because"}


async def test_a_cancelled_request_is_answered_as_cancelled() -> None:
    handler = Gated()
    async with wired(handler) as (_, wire):
        await wire.request(1, n=1)
        await wire.settled()
        await wire.cancel(1)
        assert await wire.receive() == {
            "id": 1,
            "error": {"code": -32800, "message": "the request was cancelled"},
        }
        assert handler.cancelled == [1]


async def test_a_request_cancelled_before_its_handler_began_is_answered_too() -> None:
    handler = Gated()
    async with wired(handler) as (_, wire):
        await wire.request(1, n=1)
        await wire.cancel(1)
        assert (await wire.receive())["error"]["code"] == -32800
        assert handler.begun == []


async def test_a_cancellation_that_comes_too_late_changes_nothing() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return "done"

    async with wired(handler) as (peer, wire):
        await wire.request(1)
        assert await wire.receive() == {"id": 1, "result": "done"}
        await wire.cancel(1)
        await wire.cancel(99)
        await wire.settled()
        assert not peer.closed


async def test_a_cancellation_while_the_answer_waits_for_room_does_not_swallow_it() -> None:
    async def handler(method: str, params: dict[str, Any]) -> object:
        return "done"

    async with wired(handler, buffer=1) as (peer, wire):
        blocker = asyncio.create_task(peer.notify("fills the buffer"))
        await step()
        await wire.request(1)
        await step()
        await wire.cancel(1)
        await step()
        assert (await wire.receive())["method"] == "fills the buffer"
        assert await wire.receive() == {"id": 1, "result": "done"}
        await blocker


async def test_a_handler_that_swallows_its_cancellation_answers_all_the_same() -> None:
    begun = asyncio.Event()

    async def handler(method: str, params: dict[str, Any]) -> object:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "anyway"
        return "never"

    async with wired(handler) as (_, wire):
        await wire.request(1)
        await begun.wait()
        await wire.cancel(1)
        assert await wire.receive() == {"id": 1, "result": "anyway"}


async def test_only_so_many_handlers_run_and_the_others_wait_their_turn() -> None:
    handler = Gated()
    async with wired(handler, max_inbound=2) as (_, wire):
        for number in range(5):
            await wire.request(number, n=number)
        await wire.settled()
        assert handler.begun == [0, 1]
        handler.gate.set()
        assert sorted([(await wire.receive())["result"] for _ in range(5)]) == [0, 1, 2, 3, 4]
        assert handler.begun == [0, 1, 2, 3, 4]


async def test_requests_beyond_the_queue_are_answered_with_an_error() -> None:
    handler = Gated()
    async with wired(handler, max_inbound=1, max_queued=1) as (_, wire):
        for number in range(3):
            await wire.request(number, n=number)
        refused = await wire.receive()
        assert (refused["id"], refused["error"]["code"]) == (2, -32000)
        handler.gate.set()
        assert [(await wire.receive())["id"] for _ in range(2)] == [0, 1]


async def test_a_request_that_waits_its_turn_can_be_cancelled() -> None:
    handler = Gated()
    async with wired(handler, max_inbound=1) as (_, wire):
        for number in range(3):
            await wire.request(number, n=number)
        await wire.cancel(1)
        assert (await wire.receive())["error"]["code"] == -32800
        handler.gate.set()
        assert [(await wire.receive())["id"] for _ in range(2)] == [0, 2]
        assert handler.begun == [0, 2]


def test_there_is_at_least_one_handler_at_a_time() -> None:
    with pytest.raises(UsageError, match="max_inbound has to be 1 or more, not 0"):
        Peer(memory_pair()[0], max_inbound=0)


async def test_notifications_are_handed_over_in_order_and_before_the_next_message() -> None:
    seen: list[Any] = []

    async def handler(method: str, params: dict[str, Any]) -> object:
        return list(seen)

    async with wired(handler, on_notification=lambda method, params: seen.append((method, params["n"]))) as (
        _,
        wire,
    ):
        for number in range(3):
            await wire.send(method="n", params={"n": number})
        await wire.request(1)
        await wire.send(method="n", params={"n": 3})
        assert (await wire.receive())["result"][:3] == [["n", 0], ["n", 1], ["n", 2]]
        await wire.settled()
        assert seen == [("n", 0), ("n", 1), ("n", 2), ("n", 3)]


async def test_a_notification_handler_that_raises_is_logged_and_the_next_one_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[str] = []

    def on_notification(method: str, params: dict[str, Any]) -> None:
        seen.append(method)
        raise ValueError("no idea")

    async with wired(on_notification=on_notification) as (peer, wire):
        await wire.send(method="a", params={"token": "hush"})
        await wire.send(method="b")
        await wire.settled()
        assert seen == ["a", "b"]
        assert not peer.closed
    assert "the handler of a raised" in caplog.text
    assert "hush" not in caplog.text


async def test_notifications_nobody_wants_are_dropped() -> None:
    async with wired() as (peer, wire):
        await wire.send(method="a")
        await wire.settled()
        assert not peer.closed


def test_an_error_from_the_other_side_is_passed_on_with_its_code() -> None:
    error = wire_error(
        RpcError.from_wire({"code": -32603, "message": "Session not found: s", "data": 5}, "x")
    )
    assert (error.code, error.message, error.data) == (-32603, "Session not found: s", 5)
