"""Turns of a runtime that the test plays."""

from __future__ import annotations

from typing import Any

from copilot_sdk.session import Session
from copilot_sdk.turns import Turn
from tests.support.fake_runtime import FakeRuntime


async def types(turn: Turn) -> list[str]:
    return [event.type async for event in turn]


async def begun(session: Session, runtime: FakeRuntime, name: str = "m1", **options: Any) -> Turn:
    """A turn whose prompt the runtime has taken up."""
    turn = session.send("go", **options)
    assert await turn.accepted() == name
    await runtime.prompt(name)
    return turn
