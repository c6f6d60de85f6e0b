"""The time limits of a turn, and what their error tells."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from copilot_sdk import CopilotClient, TurnTimeout, UsageError
from copilot_sdk.hooks import Hooks
from copilot_sdk.session import Session
from copilot_sdk.types import UserPromptSubmittedHookInput
from tests.support.fake_runtime import SESSION, FakeRuntime

SHORT = 0.05


async def test_a_slow_turn_times_out_with_its_last_events(session: Session, runtime: FakeRuntime) -> None:
    async def send(params: Any) -> dict[str, str]:
        for number in range(30):
            await runtime.delta(str(number))
        return {"messageId": "m1"}

    runtime.answers["session.send"] = send
    with pytest.raises(TurnTimeout, match=r"did not end within 0\.05 s .*assistant.message_delta") as caught:
        await session.send("go", timeout=SHORT)
    assert [event.data.delta_content for event in caught.value.last_events] == [str(n) for n in range(10, 30)]
    assert (caught.value.limit, caught.value.seconds, caught.value.pending) == ("timeout", SHORT, ())
    assert isinstance(caught.value, TimeoutError)


async def test_the_limit_holds_for_sending_too(session: Session, runtime: FakeRuntime) -> None:
    runtime.answers["session.send"] = lambda _: asyncio.Event().wait()
    turn = session.send("go", timeout=SHORT)
    with pytest.raises(TurnTimeout, match="not accepted yet"):
        await turn
    with pytest.raises(TurnTimeout):
        await turn.accepted()


@pytest.mark.parametrize("limits", [{"timeout": 0}, {"inactivity_timeout": -1}])
async def test_a_limit_is_above_zero(session: Session, limits: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=f"{next(iter(limits))} has to be above zero"):
        session.send("go", **limits)  # type: ignore[arg-type]


async def test_silence_ends_the_wait_for_a_turn(session: Session, runtime: FakeRuntime) -> None:
    turn = session.send("go", inactivity_timeout=SHORT)
    await turn.accepted()
    await runtime.prompt("m1")
    with pytest.raises(
        TurnTimeout, match=r"had no event within 0\.05 s .*pass a longer inactivity_timeout"
    ) as caught:
        await turn
    assert caught.value.limit == "inactivity_timeout"


async def test_a_tool_that_runs_is_no_silence_but_the_whole_limit_holds(
    session: Session, client: CopilotClient, runtime: FakeRuntime
) -> None:
    await runtime.event("tool.execution_start", {"toolCallId": "c1", "toolName": "bash"})
    await runtime.request_permission(request="r7")
    await client.ping()
    turn = session.send("go", inactivity_timeout=SHORT / 5, timeout=SHORT)
    waits = r"waits for tool.execution_start \(bash\), permission.requested \(read\)"
    with pytest.raises(TurnTimeout, match=waits) as caught:
        await turn
    assert caught.value.limit == "timeout"
    assert [(item.kind, item.id) for item in caught.value.pending] == [
        ("tool.execution_start", "c1"),
        ("permission.requested", "r7"),
    ]


async def test_a_hook_that_runs_here_is_no_silence(runtime: FakeRuntime) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def hook(told: UserPromptSubmittedHookInput) -> None:
        entered.set()
        await leave.wait()

    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION, hooks=Hooks(user_prompt_submitted=hook))
        told = {"sessionId": SESSION, "hookType": "userPromptSubmitted", "input": {"prompt": "go"}}
        asked = asyncio.create_task(runtime.peer.request("hooks.invoke", told))
        await entered.wait()
        turn = session.send("go", inactivity_timeout=SHORT / 5, timeout=SHORT)
        with pytest.raises(TurnTimeout) as caught:
            await turn
        assert caught.value.limit == "timeout"
        assert [item.kind for item in caught.value.pending] == ["hooks.invoke"]
        leave.set()
        await asked
