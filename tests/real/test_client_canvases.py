"""Canvases of the client, on the CLI."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError, Session, approve_all
from copilot_sdk.errors import CanvasError
from copilot_sdk.events import ToolExecutionComplete
from copilot_sdk.providers import Canvas, Canvases, CanvasInstance
from copilot_sdk.types import CanvasProviderOpenResult
from tests.real.support.client_stage import ClientStage, first, listening, turn
from tests.real.support.stage import MODEL_ID
from tests.support.model_server import Reply, ToolCall


@dataclass
class Board:
    """A canvas that remembers its calls."""

    calls: list[str] = field(default_factory=list)

    def open(self, panel: CanvasInstance, size: int = 3) -> CanvasProviderOpenResult:
        """Shows the board.

        Args:
            size: Rows and columns.
        """
        self.calls.append(f"open {panel.instance_id} {size}")
        return CanvasProviderOpenResult(title=f"Board {panel.instance_id}", status=f"{size} by {size}")

    async def close(self, panel: CanvasInstance) -> None:
        self.calls.append(f"close {panel.instance_id}")

    async def draw(self, panel: CanvasInstance, x: int, y: int = 0) -> dict[str, int]:
        """Draws a dot."""
        self.calls.append(f"draw {panel.instance_id} {x} {y}")
        if x > 9:
            raise CanvasError("off_board", "There is no such column.")
        return {"x": x, "y": y}

    def wipe(self) -> None:
        """Removes all dots."""
        self.calls.append("wipe")

    @property
    def canvases(self) -> Canvases:
        return Canvases(
            [
                Canvas(
                    "board",
                    display_name="Board",
                    description="A board to draw on.",
                    open=self.open,
                    close=self.close,
                    actions={"draw": self.draw, "wipe": self.wipe},
                )
            ]
        )


async def opened(live: ClientStage, board: Board, **options: Any) -> Session:
    session = await live.client.create_session(
        model=MODEL_ID,
        provider=live.provider,
        on_permission=approve_all,
        handlers={"canvas": board.canvases},
        **options,
    )
    session.on("*", live.sightings.count)
    return session


async def test_a_canvas_is_opened_used_and_closed(live: ClientStage) -> None:
    board = Board()
    session = await opened(live, board)
    assert session.capabilities is not None
    assert session.capabilities.ui is not None
    assert session.capabilities.ui.canvases
    panel = await session.rpc.canvas.open(canvas_id="board", instance_id="i1", input={"size": 5})
    assert (panel.instance_id, panel.title, panel.status) == ("i1", "Board i1", "5 by 5")
    assert [canvas.title for canvas in session.open_canvases] == ["Board i1"]
    drawn = await session.rpc.canvas.action.invoke(instance_id="i1", action_name="draw", input={"x": 1})
    assert drawn.result == {"x": 1, "y": 0}
    await session.rpc.canvas.action.invoke(instance_id="i1", action_name="wipe")
    await session.rpc.canvas.close(instance_id="i1")
    assert session.open_canvases == []
    assert board.calls == ["open i1 5", "draw i1 1 0", "wipe", "close i1"]


async def test_the_caller_reads_what_the_canvas_says_of_a_failure(live: ClientStage) -> None:
    session = await opened(live, Board())
    with pytest.raises(RpcError, match="size"):
        await session.rpc.canvas.open(canvas_id="board", instance_id="i1", input={"size": "huge"})
    await session.rpc.canvas.open(canvas_id="board", instance_id="i1")
    with pytest.raises(RpcError, match="There is no such column"):
        await session.rpc.canvas.action.invoke(instance_id="i1", action_name="draw", input={"x": 10})
    with pytest.raises(RpcError, match="fly"):
        await session.rpc.canvas.action.invoke(instance_id="i1", action_name="fly")


async def test_the_model_opens_a_canvas_and_acts_on_it(live: ClientStage) -> None:
    board = Board()
    session = await opened(live, board)
    act = {"instanceId": "mine", "actionName": "draw"}
    live.says(
        Reply(tool_calls=[ToolCall("open_canvas", {"canvasId": "board", "instanceId": "mine", "input": {}})]),
        Reply(tool_calls=[ToolCall("invoke_canvas_action", {**act, "input": {"x": 2, "y": 4}})]),
        Reply(tool_calls=[ToolCall("invoke_canvas_action", {**act, "input": {"x": 10}})]),
        Reply(
            tool_calls=[
                ToolCall("invoke_canvas_action", {"instanceId": "mine", "actionName": "wipe", "input": None})
            ]
        ),
        Reply("Drawn."),
    )
    outcomes = [e.data for e in await turn(session, "Draw.") if isinstance(e, ToolExecutionComplete)]
    assert [outcome.success for outcome in outcomes] == [True, True, False, True]
    assert outcomes[2].error is not None
    assert "There is no such column" in outcomes[2].error.message
    assert board.calls == ["open mine 3", "draw mine 2 4", "draw mine 10 0", "wipe"]
    assert "A board to draw on." in json.dumps(live.model.requests[0].body)


async def test_the_model_has_no_canvas_where_nobody_shows_it(live: ClientStage) -> None:
    board = Board()
    session = await opened(live, board, request_canvas_renderer=False)
    live.says(Reply("Hello."))
    await turn(session, "Hello.")
    assert "open_canvas" not in json.dumps(live.model.requests[0].body)


async def test_a_resumed_session_opens_its_canvases_again(live: ClientStage) -> None:
    first_board, second_board = Board(), Board()
    session = await opened(live, first_board)
    live.says(Reply("Hello."))
    await turn(session, "Hello.")
    await session.rpc.canvas.open(canvas_id="board", instance_id="i1", input={"size": 5})
    await session.close()
    again = await live.client.resume_session(
        session.id, provider=live.provider, handlers={"canvas": second_board.canvases}
    )
    async with again.events("session.canvas.opened") as events:
        if not again.open_canvases:
            await first(events)
    assert [canvas.title for canvas in again.open_canvases] == ["Board i1"]
    assert second_board.calls == ["open i1 5"]
    assert first_board.calls == ["open i1 5"]


async def test_a_client_that_joins_knows_the_canvases_of_others(live: ClientStage) -> None:
    board = Board()
    async with listening(live) as address:
        async with CopilotClient.connect(address) as one, CopilotClient.connect(address) as other:
            session = await one.create_session(
                model=MODEL_ID, provider=live.provider, handlers={"canvas": board.canvases}
            )
            await session.rpc.canvas.open(canvas_id="board", instance_id="i1")
            joined = await other.resume_session(session.id)
            assert [canvas.instance_id for canvas in joined.open_canvases] == ["i1"]
            async with joined.events("session.canvas.closed") as closed:
                await session.rpc.canvas.close(instance_id="i1")
                await first(closed)
            assert joined.open_canvases == []
