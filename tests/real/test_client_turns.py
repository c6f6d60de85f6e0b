"""A turn through the public client: its events, its end, its errors."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from copilot_sdk import NotAuthenticated, SessionError, tool
from copilot_sdk.attachments import blob, directory, file
from copilot_sdk.events import (
    Abort,
    AssistantMessage,
    AssistantMessageDelta,
    AssistantReasoningDelta,
    AssistantUsage,
    SessionEvent,
    SessionIdle,
    UserMessage,
)
from copilot_sdk.hooks import Hooks
from copilot_sdk.types import UserPromptSubmittedHookInput, UserPromptSubmittedHookOutput
from tests.real.support.client_stage import WAIT_SECONDS, ClientStage, first, turn
from tests.real.support.stage import MODEL_ID
from tests.support.model_server import Failure, Reply, ToolCall, Usage

ORDER = [
    "user.message",
    "system.message",
    "assistant.turn_start",
    "assistant.reasoning_delta",
    "assistant.message_start",
    "assistant.message_delta",
    "assistant.usage",
    "assistant.message",
    "assistant.turn_end",
    "session.idle",
]


async def test_the_events_of_a_turn_come_in_the_order_of_its_steps(live: ClientStage) -> None:
    live.says(Reply(["Hel", "lo", "."], reasoning=["A greeting ", "is asked for."]))
    session = await live.create()
    types = [event.type for event in await turn(session, "Say hello.")]
    assert set(ORDER) <= set(types)
    firsts = [types.index(kind) for kind in ORDER]
    assert all(before < after for before, after in pairwise(firsts)), types
    assert types[-1] == "session.idle"
    assert types.count("session.idle") == 1


async def test_the_deltas_of_a_message_are_its_text_in_pieces(live: ClientStage) -> None:
    live.says(Reply(["Hel", "lo, ", "été 🎉"], reasoning=["Think ", "first."]))
    session = await live.create()
    events = await turn(session, "Say hello.")
    deltas = [event for event in events if isinstance(event, AssistantMessageDelta)]
    (message,) = (event for event in events if isinstance(event, AssistantMessage))
    assert [delta.data.delta_content for delta in deltas] == ["Hel", "lo, ", "été 🎉"]
    assert message.data.content == "Hello, été 🎉"
    assert {delta.data.message_id for delta in deltas} == {message.data.message_id}
    thoughts = [event for event in events if isinstance(event, AssistantReasoningDelta)]
    assert "".join(thought.data.delta_content for thought in thoughts) == "Think first."


async def test_a_session_that_does_not_stream_gets_the_message_whole(live: ClientStage) -> None:
    live.says(Reply("Hello."))
    session = await live.create(streaming=False)
    events = await turn(session, "Say hello.")
    assert not [event for event in events if isinstance(event, AssistantMessageDelta)]
    assert [event.data.content for event in events if isinstance(event, AssistantMessage)] == ["Hello."]


async def test_usage_is_what_the_model_reported(live: ClientStage) -> None:
    live.says(Reply("Hello.", usage=Usage(prompt_tokens=120, completion_tokens=7, cached_tokens=100)))
    session = await live.create()
    (usage,) = (event for event in await turn(session, "Hi.") if isinstance(event, AssistantUsage))
    data = usage.data
    assert (data.input_tokens, data.output_tokens, data.cache_read_tokens) == (120, 7, 100)


async def test_the_answer_is_the_last_message_of_the_turn(live: ClientStage) -> None:
    live.says(Reply("Hello there."), Reply("And again."))
    session = await live.create()
    one = await session.send("Say hello.")
    two = await session.send("Once more.")
    assert (one.text, two.text) == ("Hello there.", "And again.")
    said = [message.get("content") for message in live.model.requests[1].messages]
    assert "Hello there." in said


async def test_prompts_that_come_during_a_turn_follow_it_and_end_in_one_idle(live: ClientStage) -> None:
    hold = live.hold()
    live.says(Reply(["One", "."], hold=hold, hold_after=1), Reply("Two."), Reply("Three."))
    session = await live.create()
    async with session.events() as events:
        first_id = await session.send("First.").accepted()
        await first(events, lambda event: event.type == "assistant.message_delta")
        more = [await session.send("Second.").accepted(), await session.send("Third.").accepted()]
        hold.set()
        seen: list[SessionEvent] = []
        while not seen or seen[-1].type != "session.idle":
            seen.append(await first(events))
    assert [event.data.content for event in seen if isinstance(event, AssistantMessage)] == [
        "One.",
        "Two.",
        "Three.",
    ]
    prompts = [event for event in seen if isinstance(event, UserMessage)]
    assert [event.data.content for event in prompts] == ["Second.", "Third."]
    assert len({first_id, *more}) == 3


async def test_each_prompt_of_a_queue_gets_its_own_answer(live: ClientStage) -> None:
    hold = live.hold()
    live.says(Reply(["One", "."], hold=hold, hold_after=1), Reply("Two."), Reply("Three."))
    session = await live.create()
    one = session.send("First.")
    assert await anext(one.text()) == "One"
    two, three = session.send("Second."), session.send("Third.")
    await three.accepted()
    hold.set()
    assert [(await turn).text for turn in (one, two, three)] == ["One.", "Two.", "Three."]
    assert [event.type async for event in two if event.type in {"user.message", "session.idle"}] == [
        "user.message"
    ]
    assert (await three).usage.total.calls == 1


async def test_a_steering_prompt_ends_with_the_turn_that_it_joined(live: ClientStage) -> None:
    go = asyncio.Event()

    @tool(skip_permission=True)
    async def wait() -> str:
        """Wait for a sign."""
        await go.wait()
        return "done"

    live.says(Reply("Waiting.", tool_calls=[ToolCall("wait")]), Reply("Steered."))
    session = await live.create(tools=[wait])
    async with session.events("external_tool.requested") as asked:
        first_turn = session.send("First.")
        await first(asked)
        second = session.send("Another way.", mode="immediate")
        await second.accepted()
        go.set()
    results = await asyncio.gather(first_turn, second)
    assert [result.text for result in results] == ["Steered.", "Steered."]
    assert [(call.name, call.success) for call in results[0].tool_calls] == [("wait", True)]


async def test_an_answer_that_was_cut_off_and_went_on_is_whole(live: ClientStage) -> None:
    live.says(Reply(["Once ", "upon"], finish_reason="length"), Reply([" a time", "."]))
    session = await live.create()
    result = await session.send("Tell.")
    assert result.text == "Once upon a time."
    assert result.usage.total.calls == 2


async def test_prompts_that_an_abort_drops_are_over_too(live: ClientStage) -> None:
    live.says(Reply(["Talk ", "without end."], hold=live.hold(), hold_after=1))
    session = await live.create()
    running = session.send("Talk.")
    assert await anext(running.text()) == "Talk "
    queued = session.send("More.")
    await queued.accepted()
    await running.abort()
    result = await running
    assert (result.aborted, result.text) == (True, "Talk ")
    assert (await queued).aborted


async def test_cancelling_who_waits_can_stop_the_turn(live: ClientStage) -> None:
    live.says(Reply(["Talk ", "without end."], hold=live.hold(), hold_after=1))
    session = await live.create()
    turn_of_ours = session.send("Talk.", abort_on_cancel=True)
    assert await anext(turn_of_ours.text()) == "Talk "
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await turn_of_ours
    assert (await turn_of_ours).aborted


async def test_a_prompt_that_a_hook_blocks_is_over(live: ClientStage) -> None:
    def block(told: UserPromptSubmittedHookInput) -> UserPromptSubmittedHookOutput:
        return UserPromptSubmittedHookOutput.model_validate({"decision": "block", "reason": "Not that."})

    session = await live.client.create_session(
        model=MODEL_ID, provider=live.provider, hooks=Hooks(user_prompt_submitted=block)
    )
    result = await session.send("Do it.", timeout=WAIT_SECONDS)
    assert (result.text, result.messages) == ("", ())


async def test_a_refused_key_is_an_error_of_its_own_kind(live: ClientStage) -> None:
    live.says(*[Failure(401, "Who are you?")] * 3)
    session = await live.create()
    with pytest.raises(NotAuthenticated):
        await session.send("Go on.", timeout=WAIT_SECONDS)


async def test_an_aborted_turn_is_over_and_the_session_goes_on(live: ClientStage) -> None:
    live.says(Reply(["Talk ", "without ", "end."], hold=live.hold(), hold_after=1))
    session = await live.create()
    events = []
    async for event in session.send("Talk."):
        events.append(event)
        if isinstance(event, AssistantMessageDelta):
            await session.abort()
    (abort,) = (number for number, event in enumerate(events) if isinstance(event, Abort))
    assert not [event for event in events[abort:] if isinstance(event, AssistantMessageDelta)]
    idle = events[-1]
    assert isinstance(idle, SessionIdle)
    assert idle.data.aborted is True
    live.says(Reply("Here again."))
    answer = await session.send("Still there?")
    assert answer.text == "Here again."


async def test_a_refusal_of_the_model_is_an_error_of_the_turn(live: ClientStage) -> None:
    live.says(Failure(400, "The scripted model refuses."))
    session = await live.create()
    with pytest.raises(SessionError, match="The scripted model refuses") as caught:
        await session.send("Go on.")
    assert (caught.value.error_type, caught.value.status_code) == ("query", 400)
    assert caught.value.raw["message"]
    live.says(Reply("Better."))
    answer = await session.send("And now?")
    assert answer.text == "Better."


async def test_a_busy_model_is_asked_again(live: ClientStage) -> None:
    live.says(Failure(429, "The scripted model is busy.", {"retry-after": "0"}), Reply("Back again."))
    session = await live.create()
    answer = await session.send("Are you there?")
    assert answer.text == "Back again."
    assert len(live.model.requests) == 2


async def test_the_log_says_who_a_prompt_comes_from(live: ClientStage) -> None:
    session = await live.create()
    async with session.events(UserMessage) as messages:
        for source in ("system", "agent-7", "command-x", "schedule-1"):
            live.says(Reply(f"Done, {source}."))
            assert (await session.send("Go.", source=source)).text == f"Done, {source}."
            assert (await first(messages)).data.source == source


async def test_files_folders_and_images_go_with_a_prompt(live: ClientStage) -> None:
    note = live.work / "note.txt"
    note.write_text("one\ntwo\n")
    live.says(Reply("Seen."))
    session = await live.create()
    async with session.events(UserMessage) as prompts:
        attached = [file(note, lines=(1, 2)), directory(live.work), blob(b"GIF89a", "image/gif")]
        await session.send("Look at these.", attachments=attached)
        sent = await first(prompts)
    assert [item.type for item in sent.data.attachments or []] == ["file", "directory", "blob"]
