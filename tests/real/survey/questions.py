"""Chapters of the survey in which a session waits for its client: the client answers with the method for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from copilot_sdk import Session, tool
from copilot_sdk.permissions import approve_all
from copilot_sdk.types import CanvasActionDeclaration, CanvasDeclaration, ExtensionInfo
from tests.real.support.client_stage import first
from tests.real.support.rawrpc import Json
from tests.real.support.stage import items
from tests.real.survey.play import Act, Chapter
from tests.support.model_server import Reply, ToolCall

BOARD = CanvasDeclaration(
    id="board",
    display_name="Board",
    description="A board of notes.",
    actions=[CanvasActionDeclaration(name="add", description="Adds a note.")],
)


async def never(*_: object) -> Any:
    """A handler that leaves the answer to the chapter."""
    await asyncio.Event().wait()


@tool
async def ponder() -> str:
    """Takes its time."""
    return str(await never())


@asynccontextmanager
async def asked(act: Act, session: Session, kind: str, call: ToolCall) -> AsyncIterator[str]:
    """The id of the request that comes when the model makes a call; the turn is over at the end."""
    act.stage.says(Reply(tool_calls=[call]), Reply("Done."))
    async with session.events(kind) as requests, session.events("session.idle") as idle:
        await session.send("Do it.").accepted()
        yield (await first(requests)).data.request_id
        await first(idle)


async def permissions(act: Act) -> None:
    """A command that needs permission, four times: the sandbox's ways to grant it, and the plain one."""
    session = await act.stage.create(on_permission=never)
    touch = ToolCall("bash", {"command": "touch here", "description": "Touch"})
    for method in ("session.sandbox.grantPathForRequest", "session.sandbox.disableForSession"):
        async with asked(act, session, "permission.requested", touch) as request:
            await act.call("session.permissions.pendingRequests", session)
            await act.call(method, session, requestId=request)
            granted: Json = {"requestId": request, "result": {"kind": "approve-once"}}
            await act.call("session.permissions.handlePendingPermissionRequest", session, **granted)


async def tools(act: Act) -> None:
    """A tool of the client that does not come to an end by itself."""
    session = await act.stage.create(tools=[ponder], on_permission=approve_all)
    async with asked(act, session, "external_tool.requested", ToolCall("ponder")) as request:
        await act.call("session.tools.listPendingRequests", session)
        await act.call("session.history.clearContext", session, prompt="Begin anew.")
        await act.call("session.tools.handlePendingToolCall", session, requestId=request, result="Done.")


async def questions(act: Act) -> None:
    """A question of the model to the user."""
    session = await act.stage.create(on_user_input=never)
    ask = ToolCall("ask_user", {"question": "Which colour?", "choices": ["blue", "red"]})
    async with asked(act, session, "user_input.requested", ask) as request:
        answer: Json = {"answer": "blue", "wasFreeform": False}
        await act.call("session.ui.handlePendingUserInput", session, requestId=request, response=answer)


async def forms(act: Act) -> None:
    """A form for the user, which the client asks for and fills in."""
    session = await act.stage.create()
    await act.call("session.resume", sessionId=session.id, requestElicitation=True)
    schema: Json = {"type": "object", "properties": {"way": {"type": "string"}}, "required": ["way"]}
    form: Json = {"message": "Which way?", "requestedSchema": schema}
    async with session.events("elicitation.requested") as requests:
        filling = asyncio.create_task(act.call("session.ui.elicitation", session, **form))
        request = (await first(requests)).data.request_id
        filled: Json = {"action": "accept", "content": {"way": "north"}}
        await act.call("session.ui.handlePendingElicitation", session, requestId=request, result=filled)
        await filling


async def canvases(act: Act) -> None:
    """A canvas of the client, and a command of its own."""
    session = await act.stage.create(
        canvases=[BOARD],
        request_canvas_renderer=True,
        request_extensions=True,
        extension_info=ExtensionInfo(source="tests", name="board-maker"),
    )
    await act.call("session.canvas.list", session)
    board: Json = {"canvasId": "board", "instanceId": "board-1"}
    await act.call("session.canvas.open", session, **board)
    await act.call("session.canvas.action.invoke", session, instanceId="board-1", actionName="add")
    await act.call("session.canvas.close", session, instanceId="board-1")
    deploy: Json = {"name": "deploy", "description": "Deploys the project."}
    await act.call("session.resume", sessionId=session.id, commands=[deploy])
    async with session.events("command.execute") as commands:
        executing = asyncio.create_task(
            act.call("session.commands.execute", session, commandName="deploy", args="")
        )
        request = (await first(commands)).data.request_id
        await act.call("session.commands.handlePendingCommand", session, requestId=request)
        await executing


async def detached(act: Act) -> None:
    """A command of the model that runs on by itself."""
    session = await act.stage.create(on_permission=approve_all)
    sleep: Json = {"command": "sleep 60", "description": "Sleep", "mode": "async", "detach": True}
    act.stage.says(Reply(tool_calls=[ToolCall("bash", sleep)]), Reply("It sleeps."))
    await session.send("Sleep.")
    (task,) = items(await act.call("session.tasks.list", session), "tasks")
    await act.call("session.tasks.readOutput", session, id=task["id"])
    await act.call("session.tasks.cancel", session, id=task["id"])


async def login(act: Act) -> None:
    """A login that waits for a browser, and is given up."""
    session = await act.stage.create()
    begun = await act.call("session.accounts.login.begin", session, kind="githubDotCom")
    flow: Json = {"flowId": begun["flowId"]}
    advancing = asyncio.create_task(act.call("session.accounts.login.advance", session, **flow))
    await act.call("session.accounts.login.cancel", session, **flow)
    await advancing
    begun = await act.call("session.accounts.login.begin", session, kind="proxima")
    await act.call("session.accounts.login.advance", session, flowId=begun["flowId"], input="octocat.ghe.com")


QUESTIONS: tuple[Chapter, ...] = (permissions, tools, questions, forms, canvases, detached, login)
