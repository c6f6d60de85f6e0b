"""Scenarios that bring out what no published schema says: the model's side of a turn, and odd answers."""

from __future__ import annotations

import struct
import zlib

from tests.real.support.rawrpc import Json
from tests.real.support.stage import Scenario, Stage
from tests.support.model_server import Failure, Reply, ToolCall


async def model_recoveries(stage: Stage) -> None:
    """Errors of the model that pass: of the service, of credentials, of length, and answers without a word."""
    session = await stage.create()
    await stage.turn(session, "Broken once.", Failure(500, "The scripted model broke."), Reply("Back again."))
    await stage.turn(session, "Unknown once.", Failure(401, "Who is asking?"), Reply("Known again."))
    long = Failure(400, "maximum context length exceeded")
    await stage.turn(session, "Too much.", long, Reply("All was said."), Reply("Shorter now."))
    await stage.turn(session, "Say nothing.", Reply(""), Reply("Something after all."))
    quiet = await stage.create(streaming=False)
    look = ToolCall("view", {"path": str(stage.folder)})
    await stage.turn(quiet, "Look.", Reply("I look.", reasoning="A look.", tool_calls=[look]), Reply("Seen."))


async def broken_off(stage: Stage) -> None:
    """Turns that the client aborts while a tool runs, and while the model speaks."""
    session = await stage.create()
    sleep = ToolCall("bash", {"command": "sleep 30", "description": "Sleep"})
    start = await stage.send(session, "Sleep.", Reply(tool_calls=[sleep]))
    await stage.event(session, "tool.execution_start", after=start)
    await stage.call("session.abort", {"sessionId": session})
    await stage.idle(session, after=start)
    reply = Reply(["One ", "two."], hold=stage.hold(), hold_after=1)
    start = await stage.send(session, "Count.", reply)
    await stage.event(session, "assistant.message_delta", after=start)
    await stage.call("session.abort", {"sessionId": session})
    await stage.idle(session, after=start)


async def images_and_pages(stage: Stage) -> None:
    """An image that is attached and one that is viewed, a long output, a page that is out of reach."""
    picture = stage.folder / "dot.png"
    picture.write_bytes(dot())
    session = await stage.create()
    attached = {"type": "file", "path": str(picture), "displayName": "dot.png"}
    view = ToolCall("view", {"path": str(picture)})
    await stage.turn(
        session, "Look at it.", Reply(tool_calls=[view]), Reply("A dot."), attachments=[attached]
    )
    count = ToolCall("bash", {"command": "seq 1 20000", "description": "Count"})
    fetch = ToolCall("web_fetch", {"url": "http://127.0.0.1:9/"})
    await stage.turn(session, "Count and fetch.", Reply(tool_calls=[count, fetch]), Reply("Done."))


def dot() -> bytes:
    """A PNG image of one black pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


async def odd_answers(stage: Stage) -> None:
    """Calls whose answers are not, or not always, what the published schema promises."""
    session = await stage.create(requestUserInput=True)
    target: Json = {"sessionId": session}
    for method in ("agent.getCurrent", "schedule.hydrate"):
        await stage.call(f"session.{method}", target)
    account = {"type": "hmac", "host": "https://github.com", "hmac": "no-secret"}
    await stage.call("session.gitHubAuth.logoutUser", {**target, "authInfo": account})
    limits: Json = {"promptTokenLimit": 100_000, "outputTokenLimit": 8_000}
    await stage.call("session.metadata.contextInfo", {**target, **limits})
    await stage.call("session.accounts.get", {**target, "query": {"kind": "activeAccount"}})
    await stage.call("session.tools.getBuiltinDescriptors", target)
    await stage.call("session.remote.enable", {**target, "mode": "off"})
    await stage.call("session.plugins.reload", {**target, "reloadCustomAgents": True})
    await stage.call("session.customizations.reload", target)
    await stage.call("skills.getDiscoveryPaths", {"skillDirectories": [str(stage.folder)]})
    ask = ToolCall("ask_user", {"question": "Which colour?"})
    todo = ToolCall(
        "sql", {"description": "Todo", "query": "INSERT INTO todos (id, title) VALUES ('a', 'Dig')"}
    )
    await stage.turn(session, "Ask me.", Reply(tool_calls=[ask, todo]), Reply("Blue it is."))
    await stage.call("session.plan.readSqlTodosWithDependencies", target)


ODD_SCENARIOS: tuple[Scenario, ...] = (model_recoveries, broken_off, images_and_pages, odd_answers)
