"""What the agent may do, and what it asks the user."""

from __future__ import annotations

from copilot_sdk import approve_once, reject
from copilot_sdk.events import (
    PermissionCompleted,
    PermissionRequested,
    UserInputCompleted,
    UserInputRequested,
)
from copilot_sdk.types import UserInputRequest, UserInputResponse
from tests.real.support.client_stage import ClientStage, turn
from tests.real.support.tools import ROME, Policy, tool_texts, weather
from tests.support.model_server import Reply, ToolCall


async def test_an_approved_tool_runs_and_asks_again_next_time(live: ClientStage) -> None:
    policy = Policy(approve_once)
    live.says(Reply(tool_calls=[ROME]), Reply(tool_calls=[ROME]), Reply("Sun."))
    session = await live.create(tools=[weather], on_permission=policy)
    events = await turn(session, "Rome?")
    assert tool_texts(live.model.requests[-1]) == ["Sun in Rome for 1 days."] * 2
    assert [request.kind for request in policy.asked] == ["custom-tool", "custom-tool"]
    asked = [event.data.request_id for event in events if isinstance(event, PermissionRequested)]
    answered = [event.data.request_id for event in events if isinstance(event, PermissionCompleted)]
    assert asked == answered
    assert len(set(asked)) == 2


async def test_a_rejection_with_feedback_lets_the_model_go_on(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ROME]), Reply("Then not."))
    session = await live.create(tools=[weather], on_permission=Policy(lambda: reject("Take Oslo instead.")))
    answer = await session.send_and_wait("Rome?")
    assert answer is not None
    assert answer.data.content == "Then not."
    (told,) = tool_texts(live.model.requests[1])
    assert "Take Oslo instead." in told


async def test_a_rejection_without_a_word_ends_the_turn(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ROME]))
    session = await live.create(tools=[weather], on_permission=Policy(reject))
    events = await turn(session, "Rome?")
    assert events[-1].type == "session.idle"
    assert len(live.model.requests) == 1


async def test_without_a_policy_what_needs_permission_is_denied_unasked(live: ClientStage) -> None:
    live.says(Reply(tool_calls=[ToolCall("bash", {"command": "touch mark", "description": "Touch"})]))
    live.says(Reply("I may not."))
    session = await live.create()
    events = await turn(session, "Touch a file.")
    assert not [event for event in events if isinstance(event, PermissionRequested)]
    assert not (live.work / "mark").exists()
    assert len(live.model.requests) == 2


async def test_a_shell_command_runs_once_it_is_approved(live: ClientStage) -> None:
    policy = Policy(approve_once)
    live.says(Reply(tool_calls=[ToolCall("bash", {"command": "echo word > mark", "description": "Write"})]))
    live.says(Reply("Written."))
    session = await live.create(on_permission=policy)
    await turn(session, "Write a file.")
    assert (live.work / "mark").read_text() == "word\n"
    assert {request.kind for request in policy.asked} == {"shell"}
    assert "echo word > mark" in str(policy.asked[0].to_wire())


async def test_a_file_is_read_once_it_is_approved(live: ClientStage) -> None:
    path = live.work / "poem.txt"
    path.write_text("Roses are red.\n")
    policy = Policy(approve_once)
    live.says(Reply(tool_calls=[ToolCall("view", {"path": str(path)})]), Reply("Read."))
    session = await live.create(on_permission=policy)
    await turn(session, "Read the poem.")
    assert {request.kind for request in policy.asked} == {"read"}
    (text,) = tool_texts(live.model.requests[1])
    assert "Roses are red." in text


async def test_a_question_of_the_agent_is_answered_by_the_user(live: ClientStage) -> None:
    questions = []

    def answer(request: UserInputRequest) -> UserInputResponse:
        questions.append((request.question, request.choices))
        return UserInputResponse(answer="blue", was_freeform=False)

    live.says(Reply(tool_calls=[ToolCall("ask_user", {"question": "Which?", "choices": ["blue", "red"]})]))
    live.says(Reply("Blue it is."))
    session = await live.create(on_user_input=answer)
    events = await turn(session, "Ask me.")
    assert questions == [("Which?", ["blue", "red"])]
    (told,) = tool_texts(live.model.requests[1])
    assert "blue" in told
    (asked,) = (event for event in events if isinstance(event, UserInputRequested))
    (completed,) = (event for event in events if isinstance(event, UserInputCompleted))
    assert completed.data.request_id == asked.data.request_id
