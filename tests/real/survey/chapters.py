"""Chapters of the survey whose methods need something that is under way: each has a CLI of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event
from uuid import uuid4

from copilot_sdk import Session
from copilot_sdk.types import CustomAgentConfig, MCPServerConfigStdio
from tests.real.support.client_stage import first
from tests.real.support.rawrpc import Json
from tests.real.support.stage import items
from tests.real.survey.play import Act, Chapter
from tests.support import mcp_server
from tests.support.model_server import Reply

LATER = "1h"
FAR = 4_102_444_800_000  # the first day of 2100, in milliseconds


async def well_equipped(act: Act) -> Session:
    """A session with a turn behind it, and with all that the arguments name."""
    skill = act.stage.folder / "skills" / "gardening" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: gardening\ndescription: How to garden.\n---\n\nDig first, then plant.\n")
    server = MCPServerConfigStdio(command=sys.executable, args=[str(Path(mcp_server.__file__))], tools=["*"])
    session = await act.stage.create(
        mcp_servers={"echo": server},
        custom_agents=[CustomAgentConfig(name="gardener", description="Gardens.", prompt="You garden.")],
        skill_directories=[str(skill.parent.parent)],
    )
    act.stage.says(Reply("Ready."))
    await session.send("Be surveyed.")
    return session


async def held_turn(act: Act, session: Session) -> Event:
    """A turn that has begun to answer and goes on when the event that this returns is set."""
    hold = act.stage.hold()
    act.stage.says(Reply(["Hel", "lo."], hold=hold, hold_after=1))
    async with session.events("assistant.message_delta") as deltas:
        await act.call("session.send", session, prompt="Say hello.")
        await first(deltas)
    return hold


async def tasks(act: Act) -> None:
    """An agent in the background, from its start to its end, and a task that the client runs."""
    await act.call("connect", supportedTaskKinds=["agent", "shell", "client"])
    session = await act.stage.create()
    act.stage.script.by_prompt["Guard the door"] = [
        Reply(["Stand", "ing."], hold=act.stage.hold(), hold_after=1)
    ]
    guard: Json = {"agentType": "task", "prompt": "Guard the door.", "name": "guard", "description": "Guards"}
    started = await act.call("session.tasks.startAgent", session, **guard)
    task: Json = {"id": started["agentId"]}
    await act.call("session.tasks.list", session)
    await act.call("session.tasks.getProgress", session, **task)
    await act.call("session.tasks.getCurrentPromotable", session)
    await act.call("session.tasks.promoteToBackground", session, **task)
    await act.call("session.tasks.promoteCurrentToBackground", session)
    await act.call("session.tasks.sendMessage", session, **task, message="All well?")
    await act.call("sessions.findByTaskId", taskId=task["id"])
    await act.call("session.tasks.cancel", session, **task)
    await act.call("session.tasks.remove", session, **task)
    await act.call("session.tasks.waitForPending", session)
    own: Json = {"type": "client", "clientTaskId": "own", "description": "A task of the client."}
    await act.call("session.tasks.register", session, **own, cancellable=True)
    (registered,) = items(await act.call("session.tasks.list", session), "tasks")
    update: Json = {"sequence": 1, "update": {"kind": "completed"}}
    await act.call("session.tasks.update", session, id=registered["id"], **update)


async def schedules(act: Act) -> None:
    """Prompts that are sent later, of each kind."""
    session = await act.stage.create()
    prompt: Json = {"prompt": "Water the garden."}
    await act.call("session.schedule.add", session, interval=LATER, **prompt)
    await act.call("session.schedule.addAt", session, at=FAR, **prompt)
    await act.call("session.schedule.addCron", session, cron="0 9 * * 1", **prompt)
    await act.call("session.schedule.addSelfPaced", session, **prompt)
    entries = items(await act.call("session.schedule.list", session), "entries")
    await act.call("session.schedule.hasSelfPaced", session)
    await act.call("session.schedule.rearmSelfPaced", session, id=entries[-1]["id"], at=FAR)
    await act.call("session.schedule.stop", session, id=entries[0]["id"])
    await act.call("session.schedule.hydrate", session)


async def queue(act: Act) -> None:
    """Prompts that wait while a turn is under way: read, moved, changed, sent, withdrawn."""
    session = await act.stage.create()
    hold = await held_turn(act, session)
    sent = await act.call("session.send", session, prompt="First.", mode="enqueue")
    await act.call("session.queue.insertAt", session, position=1, message={"prompt": "Second."})
    await act.call("session.queue.hasPending", session)
    await act.call("session.queue.snapshot", session)
    waiting = items(await act.call("session.queue.pendingItems", session), "items")
    item: Json = {"id": waiting[0]["id"]}
    await act.call("session.queue.duplicateAt", session, **item)
    await act.call("session.queue.moveItem", session, **item, toPosition=1)
    await act.call("session.queue.updateText", session, **item, prompt="Changed.")
    await act.call("session.queue.removeAt", session, **item)
    await act.call("session.queue.insertAt", session, position=0, message={"prompt": "Third."})
    (third, *_) = items(await act.call("session.queue.pendingItems", session), "items")
    await act.call("session.queue.sendNow", session, id=third["id"])
    message: Json = {"messageId": sent["messageId"], "expectedPrompt": "First."}
    more: Json = {"agentMode": "interactive", "prompt": "More.", "displayPrompt": "More.", "attachments": []}
    await act.call("session.queue.appendSteering", session, **message, **more)
    await act.call("session.queue.withdrawMessage", session, **message)
    await act.call("session.queue.removeMostRecent", session)
    await act.call("session.queue.clear", session)
    await act.call("session.interruptMainTurn", session)
    await act.call("session.abort", session)
    hold.set()


async def history(act: Act) -> None:
    """A conversation that is forked, compacted, handed over, rewound and cut."""
    session = await act.stage.create(enable_file_change_tracking=True)
    for number in ("one", "two", "three"):
        act.stage.says(Reply(f"Story {number} is told."))
        await session.send(f"Tell story {number}.")
    points = items(await act.call("session.history.listRewindPoints", session), "points")
    event = points[-1]["eventId"]
    await act.call("session.history.previewRewind", session, eventId=event)
    await act.call("sessions.fork", sessionId=session.id, name="Forked")
    await act.call("session.history.rewind", session, eventId=event, mode="conversation")
    messages = items(await act.call("session.getMessages", session), "events")
    asked = [message for message in messages if message["type"] == "user.message"]
    await act.call("session.history.truncate", session, eventId=asked[-1]["id"])
    act.stage.says(Reply("Stories were told."))
    await act.call("session.history.compact", session)
    await act.call("session.history.summarizeForHandoff", session)


async def plugins(act: Act) -> None:
    """A marketplace in a folder, and a plugin from it: for the server, then for the session."""
    market = act.stage.folder / "market"
    plugin = market / "plugins" / "rake"
    (market / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin" / "plugin.json").write_text('{"name": "rake", "version": "1.0.0"}')
    (market / ".claude-plugin" / "marketplace.json").write_text(
        '{"name": "tools", "owner": {"name": "Tests"}, "plugins": [{"name": "rake", "source": "./plugins/rake"}]}'
    )
    session = await act.stage.create()
    for scope, target in (("", None), ("session.", session)):
        prefix = f"{scope}plugins."
        await act.call(f"{prefix}marketplaces.add", target, source=str(market))
        await act.call(f"{prefix}marketplaces.browse", target, name="tools")
        await act.call(f"{prefix}marketplaces.refresh", target, name="tools")
        await act.call(f"{prefix}install", target, source="rake@tools")
        await act.call(f"{prefix}list", target)
        await act.call(f"{prefix}disable", target, names=["rake@tools"])
        await act.call(f"{prefix}enable", target, names=["rake@tools"])
        await act.call(f"{prefix}update", target, name="rake@tools")
        await act.call(f"{prefix}uninstall", target, name="rake@tools")
        await act.call(f"{prefix}marketplaces.remove", target, name="tools")


async def providers(act: Act) -> None:
    """Providers by name, as a session without the single provider takes them."""
    named: Json = {
        "name": "scripted",
        "type": "openai",
        "baseUrl": act.stage.model.base_url,
        "apiKey": "none",
    }
    model: Json = {"id": "one", "provider": "scripted"}
    session = await act.stage.client.create_session()
    await act.call("session.provider.add", session, providers=[named], models=[model])
    await act.call("session.provider.sync", session, providers=[named], models=[model])
    await act.call("session.model.list", session)
    await act.call("session.model.switchTo", session, modelId="scripted/one")
    await act.call("session.provider.getEndpoint", session)
    await act.call("session.provider.withdraw", session, models=["scripted/one"])


async def before_sessions(act: Act) -> None:
    """What a host says before the first session."""
    path = str(act.stage.folder)
    await act.call("llmInference.setProvider")
    await act.call("plugins.builtin.set", paths=[])
    await act.call("registerExtensionLaunchProvider")
    state: Json = {"initialCwd": path, "sessionStatePath": f"{path}/state", "conventions": "posix"}
    await act.call("sessionFs.setProvider", **state)


async def searches(act: Act) -> None:
    """Listings that ask for a number first."""
    number = await act.call("gitHubOwners.nextRequestId")
    await act.call("gitHubOwners.list", requestId=number["requestId"], authInfo={})
    number = await act.call("mcp.registry.allocateRequestId")
    await act.call("mcp.registry.search", requestId=number["requestId"], authInfo={}, limit=1)


async def servers(act: Act) -> None:
    """A server of tools that is stopped and started; much else makes the CLI connect to its servers again."""
    session = await well_equipped(act)
    for method in ("stopServer", "startServer", "restartServer"):
        await act.call(f"session.mcp.{method}", session, serverName="echo")


async def workspaces(act: Act) -> None:
    """A file of the session's own from its making to its end."""
    session = await act.stage.create()
    await act.call("session.workspaces.createDirectory", session, path="notes")
    await act.call("session.workspaces.createFile", session, path="notes/one.md", content="A note.")
    await act.call("session.workspaces.readFile", session, path="notes/one.md")
    await act.call("session.workspaces.statFile", session, path="notes/one.md")
    await act.call(
        "session.workspaces.renamePath", session, source="notes/one.md", destination="notes/two.md"
    )
    await act.call("session.workspaces.removePath", session, path="notes/two.md")


async def repositories(act: Act) -> None:
    """A repository that names a remote."""
    git = act.stage.work / ".git"
    for name in ("objects", "refs"):
        (git / name).mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text('[remote "origin"]\n\turl = https://github.com/owner/name.git\n')
    path = str(act.stage.work)
    await act.call("git.currentBranchRemote", cwd=path)
    await act.call("git.reposFromRemotes", gitRoot=path)
    await act.call("git.workingDirectoryContext", cwd=path)
    await act.call("gitHubRepository.atPath", path=path)


async def shell(act: Act) -> None:
    """A command that is killed."""
    session = await act.stage.create()
    started = await act.call("session.shell.exec", session, command="sleep 60")
    await act.call("session.shell.kill", session, processId=started["processId"])


async def model_families(act: Act) -> None:
    """A family of models that is leased and given back."""
    family: Json = {"registry": "azureml", "name": "phi"}
    lease = await act.call("azureMl.acquireFamily", **family)
    await act.call("azureMl.releaseFamily", **family, leaseId=lease["leaseId"])


async def host(act: Act) -> None:
    """A host that listens on this machine, and a session that it shows and hides."""
    session = await act.stage.create()
    host: Json = {"hostId": str(uuid4())}
    await act.call("host.start", **host, localServer={})
    await act.call("host.publishSession", **host, sessionId=session.id)
    await act.call("host.listSessions", **host)
    await act.call("host.unpublishSession", **host, sessionId=session.id)
    await act.call("host.dispose", **host)


async def endings(act: Act) -> None:
    """Each way to end a session."""
    for method in ("session.suspend", "session.destroy", "session.detach", "session.shutdown"):
        session = await act.stage.create()
        act.stage.says(Reply("Hello."))
        await session.send("Hi.")
        await act.call(method, session)
        if method == "session.detach":
            await act.call("session.resume", sessionId=session.id)
            await act.call("session.delete", sessionId=session.id)
    for method in ("sessions.releaseLock", "sessions.close", "sessions.delete"):
        session = await act.stage.create()
        await act.call(method, sessionId=session.id)


async def shutdown(act: Act) -> None:
    """The end of a runtime."""
    await act.call("runtime.shutdown")


CHAPTERS: tuple[Chapter, ...] = (
    tasks,
    schedules,
    queue,
    history,
    plugins,
    providers,
    before_sessions,
    searches,
    servers,
    workspaces,
    repositories,
    shell,
    model_families,
    host,
    endings,
    shutdown,
)
