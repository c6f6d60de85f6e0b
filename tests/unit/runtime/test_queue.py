"""The queue of a session, through `session.queue`."""

from __future__ import annotations

import asyncio

import pytest

from copilot_sdk.errors import InvalidParams
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

NOTHING = {"removed": False, "interrupted": False}


@pytest.fixture
async def busy(start: Start, join: Join) -> Client:
    """A client whose turn goes on until its `hold` is set."""
    hold = asyncio.Event()
    client = await join(start([Reply("one", hold=hold), *(Reply("more") for _ in range(9))]))
    client.answers["release"] = lambda _: hold.set()
    await client.open()
    await client.send("First.")
    await client.until("assistant.turn_start")
    return client


async def release(client: Client) -> list[str]:
    """Lets the turn go on and returns what was sent from then on."""
    before = len(client.of("user.message"))
    client.answers["release"]({})
    await client.until("session.idle")
    return [message["content"] for message in client.of("user.message")[before:]]


async def items(client: Client) -> list[Json]:
    waiting: list[Json] = (await client.call("session.queue.pendingItems"))["items"]
    return waiting


async def shown(client: Client) -> list[str]:
    return [item["displayText"] for item in await items(client)]


async def test_messages_are_inserted_where_they_are_wanted(busy: Client) -> None:
    await busy.send("Second.")
    message = {"prompt": "Between.", "displayPrompt": "B", "agentMode": "plan", "source": "skill-x"}
    inserted = await busy.call("session.queue.insertAt", position=0, message=message)
    await busy.call("session.queue.insertAt", position=-5, message={"prompt": "Front."})
    await busy.call("session.queue.insertAt", position=99, message={"prompt": "End."})
    assert await shown(busy) == ["Front.", "B", "Second.", "End."]
    item = (await items(busy))[1]
    assert item == {
        "id": inserted["id"],
        "messageId": item["messageId"],
        "kind": "message",
        "displayText": "B",
        "agentMode": "plan",
        "source": "skill-x",
    }
    assert await release(busy) == ["Front.", "B", "Second.", "End."]


async def test_a_message_of_the_system_cannot_be_inserted(busy: Client) -> None:
    with pytest.raises(InvalidParams, match=r"message\.source"):
        await busy.call("session.queue.insertAt", position=0, message={"prompt": "x", "source": "system"})


async def test_an_inserted_message_starts_a_session_at_rest(start: Start, join: Join) -> None:
    client = await join(start([Reply("done")]))
    await client.open()
    assert await client.call("session.queue.insertAt", position=3, message={"prompt": "go"}) == {"id": "0"}
    await client.until("session.idle")
    assert client.of("user.message")[0]["delivery"] == "idle"


async def test_items_move_and_are_copied_and_removed(busy: Client) -> None:
    for text in ("a", "b", "c"):
        await busy.send(text)
    a, b, _ = (item["id"] for item in await items(busy))
    assert await busy.call("session.queue.moveItem", id=a, toPosition=2) == {"changed": True}
    assert await busy.call("session.queue.moveItem", id=a, toPosition=99) == {"changed": False}
    assert await shown(busy) == ["b", "c", "a"]
    copy = await busy.call("session.queue.duplicateAt", id=b)
    assert await shown(busy) == ["b", "b", "c", "a"]
    first, second, *_ = await items(busy)
    assert (second["id"], second["messageId"] != first["messageId"]) == (copy["id"], True)
    assert await busy.call("session.queue.removeAt", id=b) == {"removed": True}
    assert await release(busy) == ["b", "c", "a"]


async def test_each_change_of_the_queue_is_told_once(busy: Client) -> None:
    await busy.send("a")
    await busy.send("b")
    (item, _) = await items(busy)

    async def told(method: str, **params: object) -> int:
        before = len(busy.of("pending_messages.modified"))
        await busy.call(method, id=item["id"], **params)
        return len(busy.of("pending_messages.modified")) - before

    assert await told("session.queue.moveItem", toPosition=1) == 1
    assert await told("session.queue.moveItem", toPosition=1) == 0
    assert await told("session.queue.updateText", prompt="c") == 1
    assert await told("session.queue.updateText", prompt="c") == 0
    assert await told("session.queue.duplicateAt") == 1
    assert await told("session.queue.sendNow") == 1


async def test_what_a_queued_message_says_can_be_changed(busy: Client) -> None:
    await busy.send("a", displayPrompt="A")
    (item,) = await items(busy)
    changed = await busy.call("session.queue.updateText", id=item["id"], prompt="b", displayPrompt="B")
    assert (changed, await shown(busy)) == ({"updated": True}, ["B"])
    await busy.call("session.queue.updateText", id=item["id"], prompt="c")
    assert await release(busy) == ["c"]


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("moveItem", {"toPosition": 0}),
        ("duplicateAt", {}),
        ("removeAt", {}),
        ("updateText", {"prompt": "x"}),
        ("sendNow", {}),
    ],
)
async def test_an_item_that_is_not_there_is_named(busy: Client, method: str, more: Json) -> None:
    with pytest.raises(InvalidParams, match="unknown queue item id 'nope'"):
        await busy.call(f"session.queue.{method}", id="nope", **more)


async def test_a_command_in_the_queue_moves_but_is_no_message(busy: Client) -> None:
    await busy.send("a")
    queued = (await busy.call("session.commands.enqueue", command="/deploy now"))["queueId"]
    await busy.call("session.queue.moveItem", id=queued, toPosition=0)
    copy = (await busy.call("session.queue.duplicateAt", id=queued))["id"]
    assert [(item["id"], item["kind"]) for item in await items(busy)][:2] == [
        (queued, "command"),
        (copy, "command"),
    ]
    with pytest.raises(InvalidParams, match="'updateText' does not support item kind 'command'"):
        await busy.call("session.queue.updateText", id=queued, prompt="/other")
    with pytest.raises(InvalidParams, match="'sendNow' does not support item kind 'command'"):
        await busy.call("session.queue.sendNow", id=queued)


async def test_the_snapshot_tells_the_order_of_arrival(busy: Client) -> None:
    await busy.send("a")
    await busy.send("b", prepend=True)
    await busy.send("c", mode="immediate")
    snapshot = await busy.call("session.queue.snapshot")
    assert [item["displayText"] for item in snapshot["items"]] == ["b", "a"]
    assert (snapshot["itemOrders"], snapshot["steeringMessageOrders"]) == ([2, 1], [3])
    assert snapshot["steeringMessages"] == ["c"]


async def test_the_newest_of_queue_and_steering_goes_first(busy: Client) -> None:
    await busy.send("queued")
    await busy.send("steering", mode="immediate")
    await busy.call("session.queue.removeMostRecent")
    pending = await busy.call("session.queue.pendingItems")
    assert (pending["steeringMessages"], len(pending["items"])) == ([], 1)


async def test_a_queued_message_is_sent_into_the_running_turn(busy: Client) -> None:
    await busy.send("later")
    await busy.send("now")
    _, now = await items(busy)
    assert await busy.call("session.queue.sendNow", id=now["id"]) == {"steered": True}
    assert await release(busy) == ["now", "later"]
    assert busy.of("user.message")[1]["delivery"] == "steering"


async def test_a_paused_queue_waits(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("done")))
    await client.open()
    await client.call("session.queue.setDrainPaused", paused=True)
    with pytest.raises(InvalidParams, match="already paused"):
        await client.call("session.queue.setDrainPaused", paused=True)
    await client.send("a")
    await client.send("b")
    await client.call("session.queue.process")
    assert await client.call("session.queue.hasPending") == {"hasPending": True}
    assert not client.of("user.message")
    await client.call("session.queue.setDrainPaused", paused=False)
    await client.until("session.idle")
    assert [message["content"] for message in client.of("user.message")] == ["a", "b"]
    assert await client.call("session.queue.hasPending") == {"hasPending": False}


async def test_what_is_sent_now_passes_a_paused_queue(start: Start, join: Join) -> None:
    client = await join(start(lambda _: Reply("done")))
    await client.open()
    await client.call("session.queue.setDrainPaused", paused=True)
    await client.send("a")
    await client.send("b")
    _, b = await items(client)
    await client.call("session.queue.sendNow", id=b["id"])
    await client.until("session.idle")
    assert [message["content"] for message in client.of("user.message")] == ["b"]
    assert await shown(client) == ["a"]


async def test_waiting_messages_are_withdrawn_unless_they_were_changed(busy: Client) -> None:
    kept, gone = await busy.send("a"), await busy.send("b")
    steering = await busy.send("c", mode="immediate")
    item, _ = await items(busy)
    await busy.call("session.queue.updateText", id=item["id"], prompt="changed")

    async def withdraw(message_id: str, expected: str) -> object:
        return await busy.call("session.queue.withdrawMessage", messageId=message_id, expectedPrompt=expected)

    assert await withdraw("nobody", "x") == NOTHING
    assert await withdraw(kept, "a") == await withdraw(kept, "changed") == NOTHING
    assert await withdraw(gone, "other") == NOTHING
    assert await withdraw(gone, "b") == {"removed": True, "interrupted": False}
    assert await withdraw(steering, "c") == {"removed": True, "interrupted": False}
    assert await release(busy) == ["changed"]


async def test_a_message_is_withdrawn_from_its_turn_before_the_answer(start: Start, join: Join) -> None:
    runtime = start([Reply("zero"), Reply("never", hold=asyncio.Event()), Reply("two")])
    client = await join(runtime)
    await client.open()
    await client.turn("Zeroth.")
    message_id = await client.send("First.")
    await client.until("assistant.turn_start")
    pending = await client.call("session.queue.pendingItems")
    assert pending["withdrawableTurnMessageId"] == message_id
    later = await client.send("Second.")
    params = {"messageId": message_id, "expectedPrompt": "First."}
    assert await client.call("session.queue.withdrawMessage", **params) == NOTHING
    await client.call("session.queue.withdrawMessage", messageId=later, expectedPrompt="Second.")
    cut = client.prompt_event()
    done = await client.call("session.queue.withdrawMessage", **params)
    assert done == {"removed": True, "interrupted": True}
    assert (await client.until("session.idle"))["data"]["aborted"] is True
    assert client.of("session.snapshot_rewind")[-1]["upToEventId"] == cut
    await client.turn("After.")
    assert [message.text for message in asked_of(runtime)[-1].messages[1:]] == ["Zeroth.", "zero", "After."]


async def test_a_message_stays_once_the_model_answers(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    client = await join(start([Reply(["a", "b"], hold=hold, hold_after=1)]))
    await client.open(streaming=True)
    message_id = await client.send("First.")
    await client.until("assistant.message_delta")
    assert "withdrawableTurnMessageId" not in await client.call("session.queue.pendingItems")
    params = {"messageId": message_id, "expectedPrompt": "First."}
    assert await client.call("session.queue.withdrawMessage", **params) == NOTHING
    hold.set()
    await client.until("session.idle")


async def test_more_is_said_in_a_steering_message_that_still_waits(busy: Client) -> None:
    message_id = await busy.send("Steer.", mode="immediate")
    more = {"prompt": "more", "displayPrompt": "MORE", "attachments": [], "agentMode": "interactive"}

    async def append(expected: str, **other: object) -> object:
        params = {"messageId": message_id, "expectedPrompt": expected, **more, **other}
        return (await busy.call("session.queue.appendSteering", **params))["updated"]

    assert await append("Wrong.") is False
    assert await append("Steer.", agentMode="plan") is False
    assert await append("Steer.", messageId="nobody") is False
    assert await append("Steer.") is True
    assert await append("Steer.\n\nmore") is True
    withdrawn = {"messageId": message_id, "expectedPrompt": "Steer."}
    assert await busy.call("session.queue.withdrawMessage", **withdrawn) == NOTHING
    assert await release(busy) == ["Steer.\n\nMORE\n\nMORE"]
    assert busy.of("user.message")[1]["transformedContent"] == "Steer.\n\nmore\n\nmore"


async def test_a_notice_that_nobody_needs_any_more_is_taken_back(busy: Client) -> None:
    kind = {"type": "agent_idle", "agentId": "scout", "agentType": "explore", "description": "Looks"}
    await busy.call("session.sendSystemNotification", message="The scout rests.", kind=kind)

    async def consume(**wanted: object) -> object:
        return (await busy.call("session.queue.consumeSystemNotifications", filter=wanted))["removed"]

    assert await consume(agentId="guard") is False
    assert await consume(type="agent_idle", agentId="scout") is True
    assert await consume(agentId="scout") is False
    await release(busy)
    assert busy.of("system.notification") == []
