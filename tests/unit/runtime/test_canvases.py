"""Canvases that clients provide."""

from __future__ import annotations

import asyncio
import re

import pytest

from copilot_sdk.errors import InternalError, RpcError
from copilot_sdk.providers import Canvas, Canvases, CanvasInstance
from copilot_sdk.runtime import Call, Reply
from copilot_sdk.types import CanvasProviderOpenResult
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, types

OPEN, CLOSE, ACT = "canvas.open", "canvas.close", "canvas.action.invoke"


def show(panel: CanvasInstance, size: int = 3) -> CanvasProviderOpenResult:
    return CanvasProviderOpenResult(title=f"Board {panel.instance_id}", status=f"{size} by {size}")


def draw(x: int) -> Json:
    if x > 9:
        raise ValueError("off the board")
    return {"x": x}


BOARD = Canvas(
    "board", display_name="Board", description="A board to <draw> on.", open=show, actions={"draw": draw}
)
CHART = Canvas("chart", display_name="Chart", description="A chart.", open=lambda: None)


def offer(client: Client, *canvases: Canvas, **options: object) -> Json:
    provider = Canvases(canvases)
    client.serve({"canvas": provider})
    declared = [canvas.to_wire() for canvas in provider.declarations]
    return {"canvases": declared, "requestCanvasRenderer": True, **options}


async def test_a_canvas_is_opened_used_and_closed(start: Start, join: Join) -> None:
    client = await join(start())
    created = await client.open(**offer(client, BOARD, CHART))
    assert created["capabilities"]["ui"]["canvases"] is True
    listed = (await client.call("session.canvas.list"))["canvases"]
    assert [(canvas["extensionId"], canvas["canvasId"]) for canvas in listed] == [
        ("connection:1", "board"),
        ("connection:1", "chart"),
    ]
    panel = await client.call("session.canvas.open", canvasId="board", instanceId="i1", input={"size": 5})
    assert (panel["title"], panel["status"], panel["input"]) == ("Board i1", "5 by 5", {"size": 5})
    assert client.of("session.canvas.opened") == [panel]
    assert (await client.call("session.canvas.listOpen"))["openCanvases"] == [panel]
    acted = await client.call(
        "session.canvas.action.invoke", instanceId="i1", actionName="draw", input={"x": 1}
    )
    assert acted == {"result": {"x": 1}}
    await client.call("session.canvas.close", instanceId="i1")
    assert (await client.call("session.canvas.listOpen"))["openCanvases"] == []
    assert types(client.events) == [
        *(
            "session.start",
            "session.managed_settings_resolved",
            "session.canvas.opened",
            "session.canvas.recorded",
        ),
        *("session.canvas.closed", "session.canvas.removed"),
    ]
    ids = {"extensionId": "connection:1", "canvasId": "board", "instanceId": "i1"}
    folder = {"workingDirectory": client.of("session.start")[0]["context"]["cwd"]}
    asked = {**ids, "sessionId": client.session_id, "session": folder}
    assert client.asked == [
        (OPEN, {**asked, "input": {"size": 5}}),
        (ACT, {**asked, "actionName": "draw", "input": {"x": 1}}),
        (CLOSE, asked),
    ]


async def test_a_panel_that_is_opened_again_is_brought_to_the_front(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(**offer(client, BOARD, CHART))
    await client.call("session.canvas.open", canvasId="board", instanceId="i1")
    again = await client.call("session.canvas.open", canvasId="board", instanceId="i1", input={"size": 6})
    assert (await client.call("session.canvas.listOpen"))["openCanvases"] == [again]
    assert len(client.of("session.canvas.recorded")) == 1
    # A canvas with an input is given one.
    assert client.asked_for(OPEN)[0]["input"] == {}
    await client.call("session.canvas.open", canvasId="chart", instanceId="i2")
    assert "input" not in client.asked_for(OPEN)[2]


@pytest.mark.parametrize("answer", [{}, 5, None])
async def test_a_panel_of_which_nothing_is_shown_has_the_name_of_its_canvas(
    start: Start, join: Join, answer: object
) -> None:
    client = await join(start())
    await client.open(**offer(client, BOARD))
    client.answers[OPEN] = lambda _: answer
    panel = await client.call("session.canvas.open", canvasId="board", instanceId="i1")
    assert panel["title"] == "Board"


@pytest.mark.parametrize(
    ("method", "params", "problem"),
    [
        ("open", {"canvasId": "nope", "instanceId": "i2"}, 'No canvas "nope" is registered.'),
        ("open", {"canvasId": "chart", "instanceId": "i1"}, '"i1" is already owned by a different canvas'),
        ("open", {"canvasId": "board", "instanceId": ""}, 'Invalid canvas instance ID "".'),
        (
            "open",
            {"canvasId": "board", "instanceId": "i2", "extensionId": "other"},
            'Canvas "other/board" is not registered.',
        ),
        ("open", {"canvasId": "board", "instanceId": "i2", "input": {"size": "x"}}, "size"),
        ("close", {"instanceId": "zz"}, 'Canvas instance "zz" is not open.'),
        (
            "action.invoke",
            {"instanceId": "i1", "actionName": "fly"},
            'Unknown action "fly" on canvas "board". Known actions: [draw].',
        ),
        (
            "action.invoke",
            {"instanceId": "zz", "actionName": "draw"},
            '"zz" is not open. Currently open instances: ["i1"].',
        ),
        ("action.invoke", {"instanceId": "i1", "actionName": "draw", "input": {"x": 10}}, "off the board"),
    ],
)
async def test_what_cannot_be_done_is_told(
    start: Start, join: Join, method: str, params: Json, problem: str
) -> None:
    client = await join(start())
    await client.open(**offer(client, BOARD, CHART))
    await client.call("session.canvas.open", canvasId="board", instanceId="i1")
    with pytest.raises(RpcError, match=re.escape(problem)):
        await client.call(f"session.canvas.{method}", **params)


async def test_a_panel_is_closed_whatever_its_client_says(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(**offer(client, BOARD))

    def refuse(_: Json) -> Json:
        raise InternalError("will not close")

    client.answers[CLOSE] = refuse
    await client.call("session.canvas.open", canvasId="board", instanceId="i1")
    await client.call("session.canvas.close", instanceId="i1")
    assert (await client.call("session.canvas.listOpen"))["openCanvases"] == []


async def test_a_client_that_says_nothing_is_given_up_on(start: Start, join: Join) -> None:
    client = await join(start(provider_seconds=0.01))
    await client.open(**offer(client, BOARD))
    client.answers[OPEN] = lambda _: asyncio.Event().wait()
    with pytest.raises(RpcError, match="no answer within"):
        await client.call("session.canvas.open", canvasId="board", instanceId="i1")


async def test_the_model_opens_a_canvas_and_acts_on_it(start: Start, join: Join) -> None:
    act = {"instanceId": "m", "actionName": "draw"}
    calls = [
        Call("list_canvas_capabilities", {"canvasId": "board"}),
        Call("list_canvas_capabilities", {"canvasId": "nope"}),
        Call("open_canvas", {"canvasId": "board", "instanceId": "m", "input": {"size": 2}}),
        Call("open_canvas", {"canvasId": "board"}),
        Call("invoke_canvas_action", {**act, "input": {"x": 1}}),
        Call("invoke_canvas_action", {**act, "input": {"x": 10}}),
    ]
    runtime = start([*(Reply(calls=[call]) for call in calls), Reply("done")])
    client = await join(runtime)
    await client.open(**offer(client, BOARD))
    await client.call("session.permissions.setApproveAll", enabled=True)
    await client.turn("draw")
    (tool,) = [tool for tool in asked_of(runtime)[0].tools if tool.name == "open_canvas"]
    assert "<id>board</id>" in tool.description
    assert "A board to &lt;draw&gt; on." in tool.description
    outcomes = client.of("tool.execution_complete")
    assert [outcome["success"] for outcome in outcomes] == [True, False, True, False, True, False]
    assert '"displayName": "Board"' in outcomes[0]["result"]["content"]
    assert '"title": "Board m"' in outcomes[2]["result"]["content"]
    told = asked_of(runtime)[-1].messages[-1].text
    failure = "Request session.canvas.action.invoke failed with message: ValueError: off the board"
    assert told == f"Canvas operation failed: {failure}"
    assert outcomes[5]["error"]["message"] == failure


async def test_the_model_has_no_canvas_where_nobody_shows_it(start: Start, join: Join) -> None:
    runtime = start([Reply("hi")])
    client = await join(runtime)
    await client.open(**offer(client, BOARD, requestCanvasRenderer=False))
    await client.turn("go")
    assert not [tool.name for tool in asked_of(runtime)[0].tools if "canvas" in tool.name]


async def test_a_resumed_session_opens_its_canvases_again(start: Start, join: Join) -> None:
    client = await join(start([Reply("hi")]))
    options = offer(client, BOARD, CHART, canvasProvider={"id": "mine", "name": "Mine"})
    await client.open(**options)
    await client.turn("go")
    for canvas, instance in (("board", "i1"), ("chart", "i2"), ("chart", "i3")):
        await client.call("session.canvas.open", canvasId=canvas, instanceId=instance)
    await client.call("session.canvas.close", instanceId="i3")
    await client.call("session.destroy")
    resumed = await client.call("session.resume", canvases=[])
    assert "openCanvases" not in resumed
    await client.call("session.destroy")
    client.events.clear()
    client._read = 0
    await client.call("session.resume", **options)
    for _ in range(2):
        await client.until("session.canvas.opened")
    panels = (await client.call("session.canvas.listOpen"))["openCanvases"]
    assert [(panel["instanceId"], panel["extensionName"]) for panel in panels] == [
        ("i1", "Mine"),
        ("i2", "Mine"),
    ]
    told = types(client.events, "session.managed_settings_resolved")
    assert told[:2] == ["session.resume", "session.canvas.registry_changed"]
    assert not client.of("session.canvas.recorded")


async def test_canvases_come_and_go_with_their_client(start: Start, join: Join) -> None:
    runtime = start()
    one, two = await join(runtime), await join(runtime)
    await one.open()
    two.session_id = one.session_id
    await two.call("session.resume", **offer(two, BOARD))
    assert one.of("capabilities.changed") == [{"ui": {"canvases": True}}]
    (changed,) = one.of("session.canvas.registry_changed")
    assert [canvas["canvasId"] for canvas in changed["canvases"]] == ["board"]
    await one.call("session.canvas.open", canvasId="board", instanceId="i1")
    joined = await one.call("session.resume", requestCanvasRenderer=True)
    assert [panel["instanceId"] for panel in joined["openCanvases"]] == ["i1"]
    await two.peer.aclose()
    await one.until("session.canvas.unavailable", instanceId="i1")
    await one.until("session.canvas.registry_changed", canvases=[])
    with pytest.raises(RpcError, match=r'"i1" cannot be reached: its owning provider "connection:2"'):
        await one.call("session.canvas.action.invoke", instanceId="i1", actionName="draw", input={"x": 1})
    await one.call("session.canvas.close", instanceId="i1")
    await one.until("session.canvas.removed", instanceId="i1")


async def test_of_canvases_with_the_same_id_one_is_named(start: Start, join: Join) -> None:
    runtime = start()
    one, two = await join(runtime), await join(runtime)
    await one.open(**offer(one, BOARD))
    two.session_id = one.session_id
    await two.call("session.resume", **offer(two, BOARD))
    with pytest.raises(RpcError, match="registered by connection:1, connection:2"):
        await one.call("session.canvas.open", canvasId="board", instanceId="i1")
    await one.call("session.canvas.open", canvasId="board", instanceId="i1", extensionId="connection:2")
    assert two.asked_for(OPEN)


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["board", "board"], 'Canvas "connection:1/board" was declared more than once.'),
        ([""], "Canvas contributions must include an id."),
    ],
)
async def test_canvases_are_told_apart_by_their_ids(
    start: Start, join: Join, ids: list[str], problem: str
) -> None:
    client = await join(start())
    with pytest.raises(RpcError, match=problem):
        await client.open(canvases=[{"id": name, "displayName": "x", "description": "y"} for name in ids])
