"""What type checkers know of the client of synaps; nothing runs here."""

from __future__ import annotations

from typing import assert_type

from copilot_sdk import synaps
from copilot_sdk._subscriptions import EventStream
from copilot_sdk.synaps import sync
from copilot_sdk.synaps.events import RuntimeEvent, SynapsEvent, TextDelta, ToolcallInput, UnknownVariant
from copilot_sdk.synaps.types import CompactResponse, GetStateResponse, Message, PromptResponse, TurnUsage
from copilot_sdk.sync import EventStream as SyncEventStream


async def a_turn_is_typed(client: synaps.Client) -> None:
    turn = client.prompt("hi", attachments=["notes.txt"])
    result = await turn
    assert_type(result, synaps.TurnResult)
    assert_type(result.usage, TurnUsage | None)
    assert_type(result.response, PromptResponse)
    async for event in turn:
        match event:
            case TextDelta(delta=text):
                assert_type(text, str)
            case ToolcallInput(tool_id=call):
                assert_type(call, str)
            case UnknownVariant():
                pass
            case _:
                pass


async def commands_are_typed(client: synaps.Client) -> None:
    assert_type(await client.compact(), CompactResponse)
    assert_type(await client.rpc.get_state(request_timeout=None), GetStateResponse)
    assert_type(await client.messages(), list[Message])
    assert_type(client.events(), EventStream[SynapsEvent])
    assert_type(client.events(RuntimeEvent), EventStream[RuntimeEvent])
    await client.set_model(5)  # type: ignore[arg-type]
    await client.rpc.prompt(text="hi")  # type: ignore[call-arg]


def the_sync_face_is_typed_alike() -> None:
    with sync.connect() as client:
        turn = client.follow_up("go on")
        assert_type(turn.result(), synaps.TurnResult)
        for event in turn:
            assert_type(event, SynapsEvent)
        assert_type(client.rpc.get_state(), GetStateResponse)
        assert_type(client.events(RuntimeEvent), SyncEventStream[RuntimeEvent])
