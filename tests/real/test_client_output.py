"""Answers of a type of the program's own, on real runtimes."""

from __future__ import annotations

from pydantic import BaseModel, Field

from copilot_sdk._output import TOOL_NAME
from tests.real.support.client_stage import ClientStage
from tests.support.model_server import Reply, ToolCall


class City(BaseModel):
    name: str
    people: int = Field(gt=0)


def submits(people: int) -> Reply:
    return Reply(tool_calls=[ToolCall(TOOL_NAME, {"answer": {"name": "Lisbon", "people": people}})])


async def test_an_answer_that_does_not_fit_is_corrected_in_the_same_turn(live: ClientStage) -> None:
    live.says(submits(-1), submits(567_131), Reply("Never said."))
    session = await live.create()
    assert await session.ask("Where?", City) == City(name="Lisbon", people=567_131)
    assert len(live.model.requests) == 2
    live.says(Reply("Bye."))
    await session.send("Thanks.")
    assert [TOOL_NAME in request.tool_names for request in live.model.requests] == [True, True, False]


async def test_an_answer_that_did_not_come_is_asked_for_once_more(live: ClientStage) -> None:
    live.says(Reply("It is Lisbon."), submits(567_131))
    session = await live.create()
    assert (await session.ask("Where?", City)).name == "Lisbon"
    assert "was not called" in live.model.requests[1].prompt
