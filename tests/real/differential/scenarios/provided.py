"""What a client does for a runtime: it keeps files, sends requests to models, brings plugins and extensions."""

from __future__ import annotations

import asyncio
import json

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.support.session_files import FileKeeper
from tests.support.model_server import Reply, ToolCall

PROVIDED = Area("What a client does for a runtime")


AGENTS = known(
    "Where there are plugins the CLI tells of agents, though there are none.",
    "event session.custom_agents_updated: cli only",
)
FILES = known(
    "Which files a session has besides, and when it reads and writes them, is the affair of each runtime.",
    "request sessionFs.*",
)


@PROVIDED.scenario(AGENTS)
async def plugins_and_extensions_of_the_host(actor: Actor) -> None:
    """Before the first session a client names plugins that come with it, and says that it starts extensions."""
    plugin = actor.folder / "spade"
    (plugin / "skills" / "digging").mkdir(parents=True)
    (plugin / "plugin.json").write_text('{"name": "spade", "version": "1.0.0"}')
    (plugin / "skills" / "digging" / "SKILL.md").write_text(
        "---\nname: digging\ndescription: How to dig.\n---\n\nDig deep.\n"
    )
    await actor.call("plugins.builtin.set", {"paths": [str(plugin)]})
    await actor.call("registerExtensionLaunchProvider")
    session = await actor.create()
    await actor.of(session, "skills.ensureLoaded")
    await actor.of(session, "skills.list")
    await actor.of(session, "plugins.list")


@PROVIDED.scenario(
    AGENTS,
    FILES,
    known(
        "The CLI does not find in the database of a client what its own tool has written there.",
        "reply session.plan.readSqlTodos /rows/a: ours only",
    ),
    known(
        "A session whose files a client keeps is resumed without its folder by the CLI.",
        "event session.resume /data/context: ours only",
    ),
    known(
        "The CLI says an empty intention before it asks the model, and which hooks it skips.",
        "event assistant.intent: cli only",
        "event session.warning: cli only",
        sometimes=True,
    ),
)
async def files_that_the_client_keeps(actor: Actor) -> None:
    """A turn and another one after a resume, with the files of the session in the hands of the client."""
    actor.request_handlers["sessionFs"] = FileKeeper(actor.folder / "kept").answer
    keeping: Json = {
        "initialCwd": str(actor.folder),
        "sessionStatePath": "/session-state",
        "conventions": "posix",
    }
    await actor.call("sessionFs.setProvider", {**keeping, "capabilities": {"sqlite": True}})
    session = await actor.create()
    insert = {"description": "Todo", "query": "INSERT INTO todos (id, title) VALUES ('a', 'Dig')"}
    await actor.turn(
        session, "Keep a list.", Reply(tool_calls=[ToolCall("sql", insert, "call-1")]), Reply("Kept.")
    )
    await actor.of(session, "plan.update", content="# Plan\n")
    await actor.of(session, "workspaces.createFile", path="note.md", content="A note.\n")
    for method in ("workspaces.listFiles", "plan.read", "plan.delete", "plan.readSqlTodos"):
        await actor.of(session, method)
    await actor.of(session, "detach")
    await actor.of(session, "resume", **actor.session_options())
    await actor.turn(session, "And again.", Reply("Still kept."))
    (note,) = (actor.folder / "kept").rglob("note.md")
    actor.note("kept", note.read_text())


@PROVIDED.scenario(
    AGENTS,
    FILES,
    known(
        "The request is that of the HTTP client of each runtime, and says what each one does.",
        "request llmInference.httpRequestStart /headers/*",
        "request llmInference.httpRequestStart /agentInvocationId: cli only",
        "request llmInference.httpRequestChunk /data: value",
        "request llmInference.httpRequestChunk /cancel: cli only",
    ),
    known(
        "When a session gets its title is chance.",
        "event session.title_changed: ours only",
        "request llmInference.*: order",
        sometimes=True,
    ),
)
async def requests_that_the_client_sends(actor: Actor) -> None:
    """The client answers requests to the model itself: with a stream, and with a refusal."""
    delta = {"index": 0, "delta": {"content": "From the client."}, "finish_reason": "stop"}
    spoken = json.dumps({"id": "c-1", "object": "chat.completion.chunk", "choices": [delta]})
    answers = [
        (200, "text/event-stream", f"data: {spoken}\n\ndata: [DONE]\n\n"),
        (400, "application/json", '{"error": {"message": "The client refuses."}}'),
    ]

    async def answer(request: object) -> None:
        status, kind, body = answers.pop(0)
        head: Json = {"requestId": request, "status": status, "headers": {"content-type": [kind]}}
        actor.note("head", await actor.call("llmInference.httpResponseStart", head))
        chunk: Json = {"requestId": request, "data": body, "end": True}
        actor.note("body", await actor.call("llmInference.httpResponseChunk", chunk))

    async with asyncio.TaskGroup() as answering:

        def take(method: str, params: Json) -> Json:
            if method == "llmInference.httpRequestChunk" and params.get("end"):
                answering.create_task(answer(params["requestId"]))
            return {}

        actor.request_handlers["llmInference"] = take
        await actor.call("llmInference.setProvider")
        session = await actor.create()
        await actor.turn(session, "Say something.")
        await actor.turn(session, "And again.")
    await actor.call("llmInference.httpResponseStart", {"requestId": "none", "status": 200, "headers": {}})
    await actor.call("llmInference.httpResponseChunk", {"requestId": "none", "data": "", "end": True})
