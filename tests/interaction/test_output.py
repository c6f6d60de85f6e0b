"""Answers of a type of the program's own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from copilot_sdk import CopilotClient, UnsupportedMethod, UsageError, tool
from copilot_sdk._output import TOOL_NAME
from copilot_sdk.errors import MethodNotFound, OutputValidationError
from copilot_sdk.runtime import Call, Reply, ScriptedModel
from copilot_sdk.session import Session
from tests.support.fake_runtime import SESSION, FakeRuntime


class City(BaseModel):
    """A city."""

    name: str
    people: int = Field(gt=0, description="How many live there.")


@dataclass
class Point:
    x: int
    y: int


class Pair(TypedDict):
    left: str
    right: str


def submits(answer: Any) -> Reply:
    return Reply(calls=[Call(TOOL_NAME, {"answer": answer})])


LISBON = {"name": "Lisbon", "people": 567_131}


@pytest.mark.parametrize(
    ("output_type", "given", "expected"),
    [
        (City, LISBON, City(name="Lisbon", people=567_131)),
        (Point, {"x": 1, "y": 2}, Point(1, 2)),
        (Pair, {"left": "a", "right": "b"}, {"left": "a", "right": "b"}),
        (list[int], [1, 2], [1, 2]),
        (Literal["yes", "no"], "yes", "yes"),
        (int, 7, 7),
    ],
)
async def test_the_answer_is_of_the_type_that_was_asked_for(
    output_type: Any, given: Any, expected: Any
) -> None:
    model = ScriptedModel([submits(given)])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        assert await session.ask("Where?", output_type) == expected
    (request,) = model.requests
    assert request.prompt.startswith("Where?")
    (offered,) = (spec for spec in request.tools if spec.name == TOOL_NAME)
    assert list(offered.parameters["properties"]) == ["answer"]  # type: ignore[call-overload]


async def test_the_model_may_correct_an_answer_that_does_not_fit() -> None:
    model = ScriptedModel([submits({"name": "Lisbon", "people": -1}), submits(LISBON)])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        assert (await session.ask("Where?", City)).name == "Lisbon"
    assert "answer.people: Input should be greater than 0" in model.requests[1].messages[-1].text


async def test_a_turn_without_an_answer_is_followed_by_one_more_prompt() -> None:
    model = ScriptedModel([Reply("It is Lisbon."), submits(LISBON)])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        assert (await session.ask("Where?", City)).name == "Lisbon"
    assert "was not called" in model.requests[1].prompt


@pytest.mark.parametrize(("repairs", "prompts"), [(0, 1), (2, 3)])
async def test_an_agent_that_gives_no_answer_is_an_error_that_has_what_it_said(
    repairs: int, prompts: int
) -> None:
    model = ScriptedModel([Reply(f"No {number}.") for number in range(5)])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        with pytest.raises(OutputValidationError, match="was not called") as caught:
            await session.ask("Where?", City, repairs=repairs)
        assert caught.value.text == f"No {prompts - 1}."
    assert len(model.requests) == prompts


async def test_the_error_says_what_did_not_fit_in_the_last_try() -> None:
    model = ScriptedModel([submits({"name": "x"}), Reply("I give up.")])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        with pytest.raises(OutputValidationError, match=r"answer\.people: Field required") as caught:
            await session.ask("Where?", City, repairs=0)
    assert caught.value.text == "I give up."


async def test_other_tools_are_there_meanwhile_and_the_answer_is_not_afterwards() -> None:
    @tool(skip_permission=True)
    def look() -> str:
        """Look."""
        return "Lisbon"

    model = ScriptedModel([Reply(calls=[Call("look")]), submits(LISBON), Reply("Bye.")])
    async with CopilotClient.embedded(model) as client, await client.create_session(tools=[look]) as session:
        await session.ask("Where?", City)
        await session.send("Thanks.")
    offered = [{"look", TOOL_NAME} & {spec.name for spec in request.tools} for request in model.requests]
    assert offered == [{"look", TOOL_NAME}, {"look", TOOL_NAME}, {"look"}]


async def test_two_answers_of_one_session_are_asked_for_one_after_the_other() -> None:
    model = ScriptedModel([submits(LISBON), submits(5)])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        city, number = await asyncio.gather(session.ask("Where?", City), session.ask("How many?", int))
    assert (city.name, number) == ("Lisbon", 5)


async def test_an_aborted_turn_is_not_repaired() -> None:
    hold = asyncio.Event()
    model = ScriptedModel([Reply("Well", hold=hold), submits(LISBON)])
    async with CopilotClient.embedded(model) as client, await client.create_session() as session:
        async with session.events("assistant.turn_start") as started:
            asking = asyncio.create_task(session.ask("Where?", City))
            await anext(started)
            await session.abort()
        with pytest.raises(OutputValidationError, match="aborted"):
            await asking
    assert len(model.requests) == 1


async def test_what_can_go_with_a_prompt_goes_with_every_prompt_that_asks(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.tools.set"] = {}
    asking = asyncio.ensure_future(
        session.ask(
            "Where?",
            City,
            attachments=[{"type": "file", "path": "/a", "displayName": "a"}],  # type: ignore[list-item]
            mode="immediate",
            agent_mode="plan",
            display_prompt="Where is it?",
            request_headers={"x": "y"},
            source="agent-7",
        )
    )
    for number in (1, 2):
        sent = await runtime.asked("session.send", number)
        more = ("mode", "agentMode", "requestHeaders", "source")
        assert [sent[name] for name in more] == ["immediate", "plan", {"x": "y"}, "agent-7"]
        assert sent.get("displayPrompt") == ("Where is it?" if number == 1 else None)
        assert ("attachments" in sent) is (number == 1)
        await runtime.turn(f"m{number}", "Somewhere.")
    with pytest.raises(OutputValidationError):
        await asking


async def test_the_timeline_shows_the_question_without_the_instruction(
    session: Session, runtime: FakeRuntime
) -> None:
    runtime.answers["session.tools.set"] = {}
    asking = asyncio.ensure_future(session.ask("Where?", City, repairs=0))
    sent = await runtime.asked("session.send")
    assert (sent["displayPrompt"], sent["prompt"].splitlines()[0]) == ("Where?", "Where?")
    await runtime.turn("m1", "Somewhere.")
    with pytest.raises(OutputValidationError):
        await asking


async def test_an_old_runtime_cannot_be_asked(session: Session, runtime: FakeRuntime) -> None:
    runtime.answers["session.tools.set"] = MethodNotFound("Unhandled method")
    with pytest.raises(UnsupportedMethod):
        await session.ask("Where?", City)
    assert runtime.count("session.send") == 0


async def test_a_type_that_cannot_be_described_is_refused(session: Session, runtime: FakeRuntime) -> None:
    with pytest.raises(UsageError, match=f"tool {TOOL_NAME}: a parameter cannot be described"):
        await session.ask("Where?", asyncio.Event)
    with pytest.raises(UsageError, match="repairs"):
        await session.ask("Where?", City, repairs=-1)
    assert runtime.count("session.tools.set") == 0


async def test_a_tool_of_the_same_name_is_in_the_way(client: CopilotClient) -> None:
    taken = tool(name=TOOL_NAME)(lambda: "x")
    session = await client.create_session(session_id=SESSION, tools=[taken])
    with pytest.raises(UsageError, match="has a tool of the name"):
        await session.ask("Where?", City)
