"""Scenarios about what a session has besides turns: tasks, hooks, plans, servers, agents, its own life."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.real.support.rawrpc import Json
from tests.real.support.stage import Scenario, Stage, items
from tests.support import mcp_server
from tests.support.model_server import Failure, Reply, ToolCall


async def background_tasks(stage: Stage) -> None:
    """Agents under the session: started by the model and by the client, watched, messaged, cancelled."""
    session = await stage.create()
    stage.script.by_prompt["Look around the house"] = [Reply("The house is quiet.")]
    hold = stage.hold()
    stage.script.by_prompt["Guard the door"] = [Reply(["Standing ", "guard."], hold=hold, hold_after=1)]
    look = {
        "description": "Look around",
        "prompt": "Look around the house.",
        "agent_type": "explore",
        "name": "scout",
    }
    guard = {"description": "Guard", "prompt": "Guard the door.", "agent_type": "task", "name": "guard"}
    stage.said += [look, guard, "The house is quiet.", "Standing guard."]
    one, two = ToolCall("task", {**look, "mode": "sync"}), ToolCall("task", {**guard, "mode": "background"})
    await stage.turn(session, "Send a scout.", Reply(tool_calls=[one]), Reply("It is quiet."))
    start = await stage.send(session, "Post a guard.", Reply(tool_calls=[two]), Reply("The guard stands."))
    await stage.event(session, "assistant.turn_end", after=start)
    target: Json = {"sessionId": session}
    listed = await stage.call("session.tasks.list", target)
    for task in items(listed, "tasks"):
        named: Json = {**target, "id": task["id"]}
        await stage.call("session.tasks.getProgress", named)
        await stage.call("session.tasks.promoteToBackground", named)
    for method in ("refresh", "getCurrentPromotable", "promoteCurrentToBackground"):
        await stage.call(f"session.tasks.{method}", target)
    for task in items(listed, "tasks"):
        await stage.call("session.tasks.sendMessage", {**target, "id": task["id"], "message": "All well?"})
    hold.set()
    await stage.call("session.tasks.waitForPending", target)
    await started_by_the_client(stage, session)


async def started_by_the_client(stage: Stage, session: str) -> None:
    """A task that the client starts, cancels and removes."""
    stage.script.by_prompt["Sweep the yard"] = [Reply(["Sweep", "ing."], hold=stage.hold(), hold_after=1)]
    agent: Json = {
        "agentType": "task",
        "prompt": "Sweep the yard.",
        "name": "sweeper",
        "description": "Sweep",
    }
    await stage.call("session.tasks.startAgent", {"sessionId": session, **agent})
    for task in items(await stage.call("session.tasks.list", {"sessionId": session}), "tasks"):
        named: Json = {"sessionId": session, "id": task["id"]}
        await stage.call("session.tasks.getProgress", named)
        await stage.call("session.tasks.cancel", named)
        await stage.call("session.tasks.remove", named)
    await stage.call("session.tasks.list", {"sessionId": session})


async def questions(stage: Stage) -> None:
    """Questions to the user: from the model, and from the client through the session."""
    session = await stage.create(requestUserInput=True, requestElicitation=True)
    ask = ToolCall("ask_user", {"question": "Which colour?", "choices": ["blue", "red"]})
    await stage.turn(session, "Ask me.", Reply(tool_calls=[ask]), Reply("Blue it is."))
    schema = {
        "type": "object",
        "properties": {"way": {"type": "string", "title": "Way"}},
        "required": ["way"],
    }
    await stage.call(
        "session.ui.elicitation", {"sessionId": session, "message": "Which way?", "requestedSchema": schema}
    )
    await stage.call("session.ui.ephemeralQuery", {"sessionId": session, "question": "What was it?"})


async def hooks(stage: Stage) -> None:
    """Every hook that can be provoked offline, with an answer to each."""
    stage.hook_outputs.update(
        sessionStart={"additionalContext": "Context of the start."},
        userPromptSubmitted={"modifiedPrompt": "A prompt that the hook wrote."},
        preToolUse={"permissionDecision": "allow", "additionalContext": "Context before the tool."},
        postToolUse={"additionalContext": "Context after the tool."},
        errorOccurred={"errorHandling": "abort", "userNotification": "It broke."},
    )
    stage.said.append(stage.hook_outputs)
    session = await stage.create(hooks=True)
    view = ToolCall("view", {"path": str(stage.folder)})
    missing = ToolCall("view", {"path": str(stage.folder / "missing.txt")})
    await stage.turn(
        session, "Look twice.", Reply(tool_calls=[view]), Reply(tool_calls=[missing]), Reply("Looked.")
    )
    stage.hook_outputs["preToolUse"] = {
        "permissionDecision": "ask",
        "permissionDecisionReason": "The hook asks.",
    }
    await stage.turn(session, "Ask first.", Reply(tool_calls=[view]), Reply("Asked."))
    stage.hook_outputs["preToolUse"] = {
        "permissionDecision": "deny",
        "permissionDecisionReason": "The hook denies.",
    }
    await stage.turn(session, "Be denied.", Reply(tool_calls=[view]), Reply("Denied."))
    await stage.turn(session, "Break.", Failure(400, "The scripted model refuses."))
    await stage.call("session.destroy", {"sessionId": session})


async def plan_mode(stage: Stage) -> None:
    """A turn in plan mode that leaves it, and the plan's own methods."""
    session = await stage.create(requestExitPlanMode=True)
    target: Json = {"sessionId": session}
    await stage.call("session.mode.set", {**target, "mode": "plan"})
    await stage.call("session.mode.get", target)
    await stage.call("session.plan.update", {**target, "content": "# Plan\n\n1. Dig.\n2. Plant.\n"})
    await stage.call("session.plan.read", target)
    done = ToolCall("exit_plan_mode", {"summary": "Dig, then plant."})
    await stage.turn(
        session, "Plan a garden.", Reply(tool_calls=[done]), Reply("On to it."), agentMode="plan"
    )
    await stage.call("session.mode.set", {**target, "mode": "autopilot"})
    await stage.call("session.mode.set", {**target, "mode": "interactive"})
    await stage.call("session.plan.delete", target)


async def compaction(stage: Stage) -> None:
    """A history that is compacted, read, and cut."""
    session = await stage.create()
    target: Json = {"sessionId": session}
    for number in ("one", "two", "three"):
        await stage.turn(session, f"Tell story {number}.", Reply(f"Story {number} is told."))
    summary = Reply("Three stories were told: one, two and three.")
    stage.script.answers.append(summary)
    stage.said.append(summary.text)
    await stage.call("session.history.compact", target, timeout=60.0)
    await stage.call("session.history.summarizeForHandoff", target)
    read = await stage.call("session.eventLog.read", {**target, "max": 5})
    tail = await stage.call("session.eventLog.tail", target)
    await stage.call("session.eventLog.read", {**target, "cursor": tail.get("cursor"), "max": 5})
    await stage.turn(session, "And a fourth?", Reply("Story four is told."))
    events = items(await stage.call("session.getMessages", target), "events") or items(read, "events")
    asked = [event for event in events if event["type"] == "user.message"]
    if asked:
        await stage.call("session.history.truncate", {**target, "eventId": asked[-1]["id"]})
        await stage.call("sessions.fork", {**target, "name": "Forked"})


async def mcp_servers(stage: Stage) -> None:
    """A server of tools that works, one that does not start, and their switches."""
    server = {
        "type": "stdio",
        "command": sys.executable,
        "args": [str(Path(mcp_server.__file__))],
        "tools": ["*"],
    }
    missing = {"type": "stdio", "command": str(stage.folder / "no-such-server"), "args": [], "tools": ["*"]}
    stage.said.append(mcp_server.answer("tools/list", {}))
    session = await stage.create(mcpServers={"echo": server, "missing": missing})
    call = ToolCall("echo-echo", {"text": "Hello from the server."})
    await stage.turn(session, "Call the server.", Reply(tool_calls=[call]), Reply("It answered."))
    named: Json = {"sessionId": session, "serverName": "echo"}
    for method in ("listTools", "isServerRunning", "stopServer"):
        await stage.call(f"session.mcp.{method}", named)
    for method in ("startServer", "restartServer"):
        await stage.call(f"session.mcp.{method}", {**named, "config": server})
    for method in ("list", "disable", "enable", "reload", "list"):
        await stage.call(f"session.mcp.{method}", named)


async def commands_and_canvases(stage: Stage) -> None:
    """Slash commands and canvases that the client brings."""
    canvas: Json = {
        "id": "board",
        "displayName": "Board",
        "description": "A board of notes.",
        "actions": [{"name": "add", "description": "Adds a note."}],
    }
    session = await stage.create(
        commands=[{"name": "deploy", "description": "Deploys the project."}],
        canvases=[canvas],
        requestCanvasRenderer=True,
        requestExtensions=True,
        extensionInfo={"source": "tests", "name": "board-maker"},
    )
    target: Json = {"sessionId": session}
    await stage.call(
        "session.commands.list", {**target, "includeBuiltins": True, "includeClientCommands": True}
    )
    await stage.call("session.commands.invoke", {**target, "name": "deploy", "input": "now"})
    await stage.call("session.commands.execute", {**target, "commandName": "deploy", "args": "now"})
    await stage.call("session.commands.enqueue", {**target, "command": "/deploy"})
    for known in items(await stage.call("session.canvas.list", target), "canvases"):
        opened: Json = {**target, "canvasId": known["canvasId"], "instanceId": "board-1"}
        await stage.call("session.canvas.open", {**opened, "extensionId": known.get("extensionId")})
        await stage.call("session.canvas.listOpen", target)
        action: Json = {
            **target,
            "instanceId": "board-1",
            "actionName": "add",
            "input": {"note": "Buy milk."},
        }
        await stage.call("session.canvas.action.invoke", action)
        await stage.call("session.canvas.close", {**target, "instanceId": "board-1"})


async def agents_and_skills(stage: Stage) -> None:
    """An agent and a skill of the client's own, and sections of the system message that it rewrites."""
    skill = stage.folder / "skills" / "gardening" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: gardening\ndescription: How to garden.\n---\n\nDig first, then plant.\n")
    stage.said += ["Dig first, then plant.", "How to garden."]
    gardener: Json = {
        "name": "gardener",
        "displayName": "Gardener",
        "description": "Gardens.",
        "prompt": "You garden.",
    }
    session = await stage.create(
        customAgents=[gardener],
        skillDirectories=[str(stage.folder / "skills")],
        systemMessage={"mode": "customize", "sections": {"tone": {"action": "transform"}}},
    )
    target: Json = {"sessionId": session}
    for method in ("agent.list", "skills.list", "skills.ensureLoaded"):
        await stage.call(f"session.{method}", target)
    use = ToolCall("skill", {"skill": "gardening"})
    await stage.turn(session, "Use the skill.", Reply(tool_calls=[use]), Reply("Dug."))
    for method in ("skills.getInvoked", "skills.reload"):
        await stage.call(f"session.{method}", target)
    for method in ("disable", "enable"):
        await stage.call(f"session.skills.{method}", {**target, "name": "gardening"})
    await stage.call("session.agent.select", {**target, "name": "gardener"})
    await stage.call("session.agent.getCurrent", target)
    await stage.turn(session, "As the gardener.", Reply("Planted."))
    await stage.call("session.agent.deselect", target)
    stage.script.by_prompt["Rake the leaves"] = [Reply("Raked.")]
    rake = {"description": "Rake", "prompt": "Rake the leaves.", "agent_type": "gardener", "name": "raker"}
    await stage.turn(session, "Delegate.", Reply(tool_calls=[ToolCall("task", rake)]), Reply("Delegated."))


async def resume(stage: Stage) -> None:
    """A session that is named, left, found again, resumed and deleted."""
    session = await stage.create()
    target: Json = {"sessionId": session}
    await stage.turn(session, "Remember the number seven.", Reply("Seven is remembered."))
    await stage.call("session.name.set", {**target, "name": "The number seven"})
    await stage.call("session.log", {**target, "message": "A note in the log.", "level": "info"})
    await stage.call("session.detach", target)
    for method in ("session.list", "session.getLastId", "sessions.list", "sessions.getSizes"):
        await stage.call(method)
    await stage.call("session.resume", {**stage.session_options(), **target, "continuePendingWork": True})
    await stage.turn(session, "Which number?", Reply("Seven."))
    for method in (
        "session.getMessages",
        "session.getMetadata",
        "session.setForeground",
        "sessions.getEventFilePath",
    ):
        await stage.call(method, target)
    await stage.call("session.getForeground")
    await stage.call("session.destroy", target)
    await stage.call("session.delete", target)
    await stage.call("session.resume", target)


SESSION_SCENARIOS: tuple[Scenario, ...] = (
    background_tasks,
    questions,
    hooks,
    plan_mode,
    compaction,
    mcp_servers,
    commands_and_canvases,
    agents_and_skills,
    resume,
)
