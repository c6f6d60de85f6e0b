"""Canvases made of functions, and which of them are open in a session."""

from __future__ import annotations

import asyncio
import copy
import functools
import pickle
import threading
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from copilot_sdk import CopilotClient, RpcError, UsageError
from copilot_sdk.errors import CanvasError, MethodNotFound
from copilot_sdk.providers import Canvas, Canvases, CanvasInstance
from copilot_sdk.types import CanvasProviderOpenResult
from tests.support.fake_runtime import OPENED, SESSION, FakeRuntime

PANEL = {
    "sessionId": SESSION,
    "extensionId": "x",
    "canvasId": "board",
    "instanceId": "i1",
    "session": {"workingDirectory": "/work"},
}
OPEN = {"instanceId": "i1", "extensionId": "x", "canvasId": "board", "title": "Board"}
LIST_OPEN = "session.canvas.listOpen"


class Dot(BaseModel):
    x: int
    y: int = 0


@dataclass
class Board:
    """What the functions of the canvas have done."""

    dots: list[Dot]
    panels: list[CanvasInstance]
    ended: asyncio.Event

    def open(self, panel: CanvasInstance, size: int = 3) -> CanvasProviderOpenResult | None:
        """Shows the board.

        Args:
            size: Rows and columns.
        """
        assert threading.current_thread() is not threading.main_thread()
        self.panels.append(panel)
        return (
            CanvasProviderOpenResult(title=f"Board of {size}", url="http://127.0.0.1/board") if size else None
        )

    async def close(self, panel: CanvasInstance) -> None:
        self.panels.remove(panel)

    async def draw(
        self, dot: Dot, color: Annotated[str, Field(description="Its color")] = "red"
    ) -> list[Dot]:
        """Draws a dot."""
        self.dots.append(dot)
        return self.dots

    async def wait(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    def fail(self, how: str) -> Any:
        match how:
            case "full":
                raise CanvasError("board_full", "The board is full; wipe it.")
            case "busy":
                raise RpcError(-32000, "busy", {"retry": True})
            case "json":
                return {"a": object()}
            case "usage":
                raise UsageError("a bad argument deep down")
            case _:
                raise ValueError("Authorization: Bearer ghp_0123456789abcdefghijklmnopqrstuvwxyzAB")


@pytest.fixture
def board() -> Board:
    return Board([], [], asyncio.Event())


def canvases_of(board: Board) -> Canvases:
    return Canvases(
        [
            Canvas(
                "board",
                display_name="Board",
                description="A board to draw on.",
                open=board.open,
                close=board.close,
                actions={"draw": board.draw, "wait": board.wait, "fail": board.fail},
            ),
            Canvas("plain", display_name="Plain", description="Nothing.", open=lambda: None),
            Canvas("odd", display_name="Odd", description="Broken.", open=lambda: "a title"),  # type: ignore[arg-type,return-value]
        ]
    )


async def act(runtime: FakeRuntime, action: str, /, **rest: Any) -> Any:
    return await runtime.peer.request("canvas.action.invoke", {**PANEL, "actionName": action, **rest})


# ------------------------------------------------------------------ what is declared


@pytest.mark.parametrize("method", ["session.create", "session.resume"])
async def test_a_session_is_told_of_the_canvases(runtime: FakeRuntime, board: Board, method: str) -> None:
    async with runtime.client() as client:
        handlers: Any = {"canvas": canvases_of(board)}
        if method == "session.create":
            await client.create_session(session_id=SESSION, handlers=handlers)
        else:
            await client.resume_session(SESSION, handlers=handlers)
        told = await runtime.asked(method)
    assert told["requestCanvasRenderer"] is True
    declared, plain, _ = told["canvases"]
    assert (declared["id"], declared["displayName"]) == ("board", "Board")
    assert declared["description"] == "A board to draw on."
    size = {"type": "integer", "default": 3, "description": "Rows and columns."}
    assert declared["inputSchema"]["properties"] == {"size": size}
    draw, wait, _ = declared["actions"]
    assert (draw["name"], draw["description"]) == ("draw", "Draws a dot.")
    assert draw["inputSchema"]["required"] == ["dot"]
    assert draw["inputSchema"]["properties"]["color"]["description"] == "Its color"
    assert wait == {"name": "wait"}
    assert plain == {"id": "plain", "displayName": "Plain", "description": "Nothing.", "actions": []}


async def test_the_canvases_of_a_client_are_those_of_all_its_sessions(
    runtime: FakeRuntime, board: Board
) -> None:
    own = Canvases([Canvas("own", display_name="Own", description="Mine.", open=lambda: None)])
    async with runtime.client(handlers={"canvas": canvases_of(board)}) as client:
        await client.create_session(session_id="a")
        await client.create_session(session_id="b", handlers={"canvas": own}, request_canvas_renderer=False)
        told, told_own = await runtime.asked("session.create"), await runtime.asked("session.create", 2)
    assert [canvas["id"] for canvas in told["canvases"]] == ["board", "plain", "odd"]
    assert [canvas["id"] for canvas in told_own["canvases"]] == ["own"]
    assert told_own["requestCanvasRenderer"] is False


async def test_what_cannot_be_a_canvas_is_refused_before_anything_is_sent(
    client: CopilotClient, runtime: FakeRuntime, board: Board
) -> None:
    def canvas(**given: Any) -> Canvas:
        return Canvas(**{"id": "x", "display_name": "X", "description": "X.", "open": lambda: None, **given})

    for given, complaint in (
        ({"id": ""}, "id"),
        ({"open": None}, "canvas x: open"),
        ({"close": "no"}, "canvas x: close"),
        ({"actions": {"draw": 5}}, "canvas x: action draw"),
    ):
        with pytest.raises(UsageError, match=complaint):
            canvas(**given)
    with pytest.raises(UsageError, match="two canvases have the id 'x'"):
        Canvases([canvas(), canvas()])
    unclear = Canvases([canvas(actions={"draw": lambda *dots: None})])
    with pytest.raises(UsageError, match="canvas x: action draw: parameter 'dots'"):
        await client.create_session(handlers={"canvas": unclear})
    with pytest.raises(UsageError, match="canvases are given twice"):
        await client.create_session(handlers={"canvas": canvases_of(board)}, canvases=[])
    assert runtime.count("session.create") == 0


# ------------------------------------------------------------------ what is asked


async def test_a_canvas_is_opened_used_and_closed(
    client: CopilotClient, runtime: FakeRuntime, board: Board
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    opened = await runtime.peer.request("canvas.open", {**PANEL, "input": {"size": 5}})
    assert opened == {"title": "Board of 5", "url": "http://127.0.0.1/board"}
    assert board.panels == [CanvasInstance(SESSION, "board", "i1", "x", "/work")]
    assert await act(runtime, "draw", input={"dot": {"x": 1}}) == [{"x": 1, "y": 0}]
    assert await runtime.peer.request("canvas.close", PANEL) is None
    assert board.panels == []


@pytest.mark.parametrize("given", [{}, {"input": None}, {"input": {}}])
async def test_no_input_means_the_defaults(
    client: CopilotClient, runtime: FakeRuntime, board: Board, given: Any
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    assert (await runtime.peer.request("canvas.open", {**PANEL, **given}))["title"] == "Board of 3"
    assert await runtime.peer.request("canvas.open", {**PANEL, "canvasId": "plain", **given}) == {}


async def test_a_canvas_that_shows_nothing_and_ignores_its_closing_may_do_so(
    client: CopilotClient, runtime: FakeRuntime, board: Board
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    assert await runtime.peer.request("canvas.open", {**PANEL, "input": {"size": 0}}) == {}
    assert await runtime.peer.request("canvas.close", {**PANEL, "canvasId": "plain"}) is None


def test_panels_are_the_same_by_their_identifiers() -> None:
    panel = CanvasInstance(SESSION, "board", "i1", "x", "/work")
    assert {panel: 1}[CanvasInstance(SESSION, "board", "i1", "y")] == 1
    assert panel != CanvasInstance(SESSION, "board", "i2", "x", "/work")


# ------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize(
    ("how", "code", "message", "data"),
    [
        (
            "full",
            -32603,
            "The board is full; wipe it.",
            {"code": "board_full", "message": "The board is full; wipe it."},
        ),
        ("busy", -32000, "busy", {"retry": True}),
    ],
)
async def test_an_error_of_the_canvas_is_told_as_it_is(
    client: CopilotClient, runtime: FakeRuntime, board: Board, how: str, code: int, message: str, data: Any
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    with pytest.raises(RpcError) as failed:
        await act(runtime, "fail", input={"how": how})
    assert (failed.value.code, failed.value.message, failed.value.data) == (code, message, data)


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"actionName": "fail", "input": {"how": "raise"}},
            "canvas_handler_error",
            "ValueError: Authorization",
        ),
        ({"actionName": "fail", "input": {"how": "usage"}}, "canvas_handler_error", "a bad argument"),
        ({"actionName": "fail", "input": {"how": "json"}}, "canvas_handler_error", "has no JSON"),
        (
            {"actionName": "draw", "input": {"dot": {"x": "far"}}},
            "canvas_handler_error",
            r"the input does not fit: dot\.x",
        ),
        ({"actionName": "draw", "input": "a dot"}, "canvas_handler_error", "the input does not fit"),
        ({"actionName": "fly"}, "canvas_action_no_handler", "no action 'fly'"),
        ({"actionName": "draw", "canvasId": "other"}, "canvas_handler_unset", "no canvas 'other'"),
    ],
)
async def test_what_fails_is_told_with_a_code(
    client: CopilotClient, runtime: FakeRuntime, board: Board, params: Any, code: str, message: str
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    with pytest.raises(RpcError, match=message) as failed:
        await runtime.peer.request("canvas.action.invoke", {**PANEL, **params})
    assert failed.value.code == -32603
    assert failed.value.data == {"code": code, "message": failed.value.message}
    assert "ghp_" not in str(failed.value)
    assert board.dots == []


async def test_what_a_function_raises_is_logged_with_its_traceback(
    client: CopilotClient, runtime: FakeRuntime, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    with pytest.raises(RpcError):
        await act(runtime, "fail", input={"how": "raise"})
    (record,) = caplog.records
    assert (record.name, record.exc_info is not None) == ("copilot_sdk.callbacks", True)
    assert "canvas board: action fail raised ValueError" in record.message


@pytest.mark.parametrize(
    ("method", "params", "message"),
    [
        ("canvas.open", {"canvasId": "odd"}, "CanvasProviderOpenResult or None"),
        ("canvas.open", {"input": {"size": "huge"}}, "size"),
        ("canvas.open", {"canvasId": "none"}, "no canvas"),
        ("canvas.close", {}, "not in list"),
        ("canvas.close", {"canvasId": "none"}, "no canvas"),
    ],
)
async def test_opening_and_closing_can_fail_too(
    client: CopilotClient, runtime: FakeRuntime, board: Board, method: str, params: Any, message: str
) -> None:
    await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    with pytest.raises(RpcError, match=message) as failed:
        await runtime.peer.request(method, {**PANEL, **params})
    assert failed.value.data["code"].startswith("canvas_handler_")


async def test_an_action_under_way_is_cancelled_and_answered_when_the_session_is_closed(
    client: CopilotClient, runtime: FakeRuntime, board: Board
) -> None:
    session = await client.create_session(session_id=SESSION, handlers={"canvas": canvases_of(board)})
    waiting = asyncio.create_task(act(runtime, "wait"))
    await runtime.peer.request("canvas.open", PANEL)
    await session.close()
    with pytest.raises(RpcError) as cancelled:
        await waiting
    assert cancelled.value.code == -32800
    assert board.ended.is_set()


def test_an_error_of_a_canvas_shows_no_secret_and_can_be_copied() -> None:
    error = CanvasError("no_access", "password=hunter2hunter2")
    again = pickle.loads(pickle.dumps(error))
    for found in (error, again, copy.copy(error)):
        assert (found.code, found.canvas_code) == (-32603, "no_access")
        assert found.data == {"code": "no_access", "message": "password=***"}
        assert "hunter2" not in repr(found) + str(found)


# ------------------------------------------------------------------ which are open


async def test_the_open_canvases_follow_the_events(client: CopilotClient, runtime: FakeRuntime) -> None:
    session = await client.create_session(session_id=SESSION)
    assert session.open_canvases == []
    await runtime.event("session.canvas.opened", OPEN)
    await runtime.event("session.canvas.opened", {**OPEN, "instanceId": "i2", "title": "Second"})
    await runtime.event("session.canvas.opened", {**OPEN, "title": "First"})
    await client.ping()
    assert [(canvas.instance_id, canvas.title) for canvas in session.open_canvases] == [
        ("i1", "First"),
        ("i2", "Second"),
    ]
    await runtime.event("session.canvas.closed", OPEN)
    await runtime.event("session.canvas.closed", {**OPEN, "instanceId": "never opened"})
    await runtime.event("session.canvas.closed", {"instanceId": None})
    await runtime.event("session.canvas.opened", None)
    await runtime.event("session.canvas.opened", [1])
    await client.ping()
    assert [canvas.instance_id for canvas in session.open_canvases] == ["i2"]


def resuming(runtime: FakeRuntime, **result: Any) -> None:
    ui = {"elicitation": False, "canvases": True}
    runtime.answers["session.resume"] = {
        **OPENED,
        "sessionId": SESSION,
        "capabilities": {"ui": ui},
        **result,
    }


async def test_a_resumed_session_knows_what_the_runtime_tells_of_it(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    resuming(runtime, openCanvases=[OPEN])
    session = await client.resume_session(SESSION)
    assert [canvas.title for canvas in session.open_canvases] == ["Board"]
    assert runtime.count(LIST_OPEN) == 0


async def test_a_resumed_session_asks_what_the_runtime_does_not_tell(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    async def listed(params: Any) -> Any:
        """The first two were listed before they were closed and opened anew."""
        await runtime.event("session.canvas.closed", OPEN)
        await runtime.event("session.canvas.opened", {**OPEN, "instanceId": "i2", "title": "New"})
        return {"openCanvases": [OPEN, *({**OPEN, "instanceId": f"i{n}", "title": "Old"} for n in (2, 3))]}

    resuming(runtime)
    runtime.answers[LIST_OPEN] = listed
    session = await client.resume_session(SESSION)
    titles = {canvas.instance_id: canvas.title for canvas in session.open_canvases}
    assert titles == {"i2": "New", "i3": "Old"}


@pytest.mark.parametrize("refusal", [MethodNotFound("Unhandled method"), RpcError(-32603, "no canvases")])
async def test_a_session_is_resumed_although_its_canvases_cannot_be_listed(
    client: CopilotClient, runtime: FakeRuntime, refusal: Exception
) -> None:
    resuming(runtime)
    runtime.answers[LIST_OPEN] = refusal
    session = await client.resume_session(SESSION)
    assert session.open_canvases == []
    await runtime.event("session.canvas.opened", OPEN)
    await client.ping()
    assert len(session.open_canvases) == 1


@pytest.mark.parametrize("capabilities", [None, {}, {"ui": {"canvases": False}}])
async def test_nobody_is_asked_for_canvases_that_nobody_shows(
    client: CopilotClient, runtime: FakeRuntime, capabilities: Any
) -> None:
    resuming(runtime, capabilities=capabilities)
    await client.resume_session(SESSION)
    assert runtime.count(LIST_OPEN) == 0


def test_a_function_of_a_canvas_may_be_a_partial() -> None:
    def show(title: str, size: int) -> CanvasProviderOpenResult:
        return CanvasProviderOpenResult(title=title)

    canvas = Canvas("b", display_name="B", description="B.", open=functools.partial(show, title="T"))
    schema = canvas.declaration.input_schema
    assert schema is not None
    assert list(schema["properties"]) == ["size"]
    assert repr(canvas) == "<Canvas b>"
