"""What a runtime in this process sends is held to the schema, whichever test it runs in."""

from __future__ import annotations

from typing import Any

from copilot_sdk._rpc.peer import Peer
from copilot_sdk.runtime.copilot import reception
from copilot_sdk.transports.memory import memory_pair
from tests.support.strict_peer import FAULTS, Inspector, StrictPeer

DELTA: dict[str, Any] = {
    "id": "1",
    "timestamp": "2026-01-01T00:00:00Z",
    "parentId": None,
    "ephemeral": True,
    "type": "assistant.message_delta",
    "data": {"messageId": "1", "deltaContent": "Hel"},
}
SUBJECT = ("event", "assistant.message_delta")


async def test_what_a_runtime_sends_and_the_schema_forbids_is_kept() -> None:
    async def answer(method: str, _: object) -> object:
        return {"modelId": 7} if method == "session.model.getCurrent" else {}

    ours, theirs = memory_pair()
    async with StrictPeer(theirs, on_request=answer, default_timeout=None) as runtime, Peer(ours) as client:
        await client.request("session.model.getCurrent", {})
        await runtime.notify("session.event", {"sessionId": "1", "event": {**DELTA, "data": {}}})
        await runtime.notify("session.event", {"sessionId": "1", "event": DELTA})
    found = [fault.partition(":")[0] for fault in FAULTS]
    FAULTS.clear()
    assert found == ["result session.model.getCurrent", *2 * [" ".join(SUBJECT)]]


def test_connections_of_the_runtime_are_held_to_the_schema() -> None:
    assert vars(reception)["Peer"] is StrictPeer


def test_a_fault_behind_a_message_of_another_shape_is_found_each_time() -> None:
    inspector = Inspector()
    assert inspector.faults(SUBJECT, DELTA) == []
    assert inspector.faults(SUBJECT, {**DELTA, "data": {"messageId": "2", "deltaContent": "lo"}}) == []
    for data in ({"messageId": "3", "deltaContent": None}, {"messageId": None, "deltaContent": "lo"}):
        for _ in range(2):
            assert inspector.faults(SUBJECT, {**DELTA, "data": data})


def test_a_constant_is_no_text_like_another() -> None:
    inspector = Inspector()
    subject = ("event", "auto_mode_switch.completed")
    event = {**DELTA, "type": subject[1], "data": {"requestId": "1", "response": "yes"}}
    assert inspector.faults(subject, event) == []
    assert inspector.faults(subject, {**event, "data": {"requestId": "1", "response": "maybe"}})
