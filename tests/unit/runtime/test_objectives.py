"""The objective of the autopilot: given, worked towards, limited, kept."""

from __future__ import annotations

import pytest

from copilot_sdk.runtime import Call, Reply, Usage
from tests.unit.runtime.harness import Client, Join, Json, Start

DONE = Reply(calls=[Call("task_complete", {"summary": "All is dug."})])


async def _command(client: Client, text: str) -> Json:
    result: Json = await client.call("session.commands.invoke", name="goal", input=text)
    return result


async def _state(client: Client) -> Json | None:
    state: Json | None = (await client.call("session.autopilotObjective.getState"))["state"]
    return state


async def test_the_agent_is_sent_on_until_it_reaches_the_objective(start: Start, join: Join) -> None:
    client = await join(start([Reply("one"), Reply("two"), Reply("three"), DONE]))
    await client.open(autopilot={"maxContinues": 1})
    assert await _state(client) is None
    given = await _command(client, "Dig.")
    assert (given["kind"], given["displayPrompt"], given["mode"]) == (
        "agent-prompt",
        "Autopilot objective: Dig.",
        "autopilot",
    )
    await client.turn(given["prompt"], agentMode=given["mode"])
    state = await _state(client)
    assert state is not None
    assert (state["status"], state["turnCount"], state["completionSummary"]) == (
        "completed",
        4,
        "All is dug.",
    )
    # The mode was that of the objective: it goes with it.
    assert await client.call("session.mode.get") == "interactive"
    assert "Dig." in client.of("user.message")[1]["transformedContent"]
    told = [(each["operation"], each["status"]) for each in client.of("session.autopilot_objective_changed")]
    assert (told[0], told[-1]) == (("create", "active"), ("update", "completed"))


async def test_an_objective_rests_outside_of_autopilot_mode_and_takes_a_limit_to_go_on(
    start: Start, join: Join
) -> None:
    client = await join(start())
    await client.open()
    await _command(client, "Dig.")
    await client.call("session.mode.set", mode="plan")
    state = await _state(client)
    assert state is not None
    assert (state["status"], state["pauseReason"]) == ("paused", "autopilot_off")
    assert (await _command(client, "--max-ai-credits 2"))["kind"] == "text"
    assert await _state(client) == state
    await client.call("session.mode.set", mode="interactive")
    await _command(client, "--max-ai-credits 2")
    state = await _state(client)
    assert state is not None
    assert (state["status"], state["creditLimit"]["credits"]) == ("active", 2.0)


async def test_an_objective_that_costs_too_much_rests(start: Start, join: Join) -> None:
    client = await join(start([Reply("one", usage=Usage(ai_credits=3.0)), DONE]))
    await client.open()
    await _command(client, "Dig. --max-ai-credits=2.5")
    await client.turn("Go.", agentMode="autopilot")
    state = await _state(client)
    assert state is not None
    assert (state["status"], state["creditCountNanoAiu"]) == ("paused", "3000000000")
    assert state["creditLimit"]["creditsUsed"] == 3.0
    assert client.of("abort") == [{"reason": "autopilot_credit_limit"}]
    assert client.of("session.autopilot_stopped")[0]["reason"] == "aborted"


async def test_an_objective_waits_for_the_user_in_a_session_that_is_taken_up_again(
    start: Start, join: Join
) -> None:
    client = await join(start([Reply("one")]))
    await client.open()
    await client.turn("Hello.")
    await _command(client, "Dig.")
    await client.call("session.destroy")
    await client.call("session.resume")
    state = await _state(client)
    assert state is not None
    assert (state["objective"], state["status"], state["pauseReason"]) == (
        "Dig.",
        "paused",
        "resumed_session",
    )
    await _command(client, "Plant.")
    state = await _state(client)
    assert state is not None
    assert (state["id"], state["objective"]) == (2, "Plant.")


@pytest.mark.parametrize("text", ["{}", "Dig the garden.", '{"version": 1, "nextId": "x"}'])
async def test_a_file_that_holds_no_objective_is_none(start: Start, join: Join, text: str) -> None:
    client = await join(start([Reply("one")]))
    await client.open()
    await client.turn("Hello.")
    await client.call("session.workspaces.writeAutopilotObjective", content=text)
    await client.call("session.destroy")
    await client.call("session.resume")
    assert await _state(client) is None


@pytest.mark.parametrize("limit", ["x", "0", "-1", "inf", "nan", ""])
async def test_a_limit_is_a_number_above_zero(start: Start, join: Join, limit: str) -> None:
    client = await join(start())
    await client.open()
    answer = await _command(client, f"Dig. --max-ai-credits {limit}")
    assert (answer["kind"], "--max-ai-credits" in answer["text"]) == ("text", True)
    assert await _state(client) is None
