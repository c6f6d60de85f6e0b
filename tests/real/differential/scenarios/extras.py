"""What clients bring along: commands, canvases, hooks, agents, skills, servers of tools, plugins."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.support.stage import items
from tests.support import mcp_server
from tests.support.mcp_http_server import MCPHTTPServer
from tests.support.model_server import Failure, Reply, ToolCall

EXTRAS = Area("Commands, hooks, agents, skills, servers, plugins")


@EXTRAS.scenario(
    known(
        "The CLI has commands for its own screen.",
        "reply commands.list /commands*",
        "reply session.commands.list /commands*",
    ),
    known(
        "Handles mean nothing to anybody but who gave them.",
        "reply session.eventLog.registerInterest /handle: value",
    ),
    known(
        "The CLI takes an answer to a command that nobody has asked for.",
        "reply session.commands.handlePendingCommand /success: value",
    ),
    known(
        "The end of a command that nobody serves is told by the CLI.",
        "event command.completed: cli only",
        sometimes=True,
    ),
)
async def commands_of_the_client(actor: Actor) -> None:
    """A slash command is listed, and run in each way."""
    session = await actor.create(commands=[{"name": "deploy", "description": "Deploys."}])
    await actor.of(session, "commands.list", includeClientCommands=True)
    await actor.of(session, "commands.list", includeBuiltins=True)
    await actor.of(session, "commands.invoke", name="deploy", input="now")
    await actor.of(session, "commands.execute", commandName="deploy", args="now")
    await actor.of(session, "commands.execute", commandName="nothing", args="")
    await actor.of(session, "eventLog.registerInterest", eventType="command.queued")
    start = len(actor.client.frames)
    await actor.of(session, "commands.enqueue", command="/deploy later")
    await actor.idle(session, after=start)
    await actor.of(session, "commands.handlePendingCommand", requestId="no-request")
    await actor.of(session, "commands.respondToQueuedCommand", requestId="no", result={"handled": False})
    await actor.call("commands.list")


@EXTRAS.scenario(
    known(
        "Handles mean nothing to anybody but who gave them.",
        "reply session.ui.registerDirectAutoModeSwitchHandler /handle: value",
    ),
)
async def forms_for_the_user(actor: Actor) -> None:
    """The client asks the user through the session, and answers what nobody has asked."""
    session = await actor.create(requestElicitation=True)
    way = {"type": "string", "title": "Way"}
    schema = {"type": "object", "properties": {"way": way}, "required": ["way"]}
    await actor.of(session, "ui.elicitation", message="Which way?", requestedSchema=schema)
    actor.script.answers.append(Reply("Nothing yet."))
    await actor.of(session, "ui.ephemeralQuery", question="What was it?")
    request: Json = {"requestId": "no-request"}
    answer = {"answer": "yes", "wasFreeform": True}
    await actor.of(session, "ui.handlePendingUserInput", **request, response=answer)
    await actor.of(session, "ui.handlePendingElicitation", **request, result={"action": "cancel"})
    await actor.of(session, "ui.handlePendingSampling", **request)
    await actor.of(session, "ui.handlePendingAutoModeSwitch", **request, response="no")
    await actor.of(session, "ui.handlePendingExitPlanMode", **request, response={"approved": False})
    await actor.of(session, "ui.registerDirectAutoModeSwitchHandler")
    await actor.of(session, "ui.unregisterDirectAutoModeSwitchHandler", handle="no-handle")


@EXTRAS.scenario(
    known(
        "Canvases are tools as well in the CLI.",
        "event session.tools_updated: cli only",
        "event session.extensions_loaded: cli only",
        sometimes=True,
    ),
)
async def canvases_of_the_client(actor: Actor) -> None:
    """A canvas is listed, opened, acted on and closed."""
    canvas: Json = {
        "id": "board",
        "displayName": "Board",
        "description": "A board of notes.",
        "actions": [{"name": "add", "description": "Adds a note."}],
    }
    session = await actor.create(
        canvases=[canvas],
        requestCanvasRenderer=True,
        requestExtensions=True,
        extensionInfo={"source": "tests", "name": "board-maker"},
    )
    for found in items(await actor.of(session, "canvas.list"), "canvases"):
        which: Json = {"canvasId": found["canvasId"], "instanceId": "board-1"}
        await actor.of(session, "canvas.open", **which, extensionId=found.get("extensionId"))
        await actor.of(session, "canvas.listOpen")
        note = {"note": "Buy milk."}
        await actor.of(session, "canvas.action.invoke", instanceId="board-1", actionName="add", input=note)
        await actor.of(session, "canvas.close", instanceId="board-1")
    await actor.of(session, "canvas.close", instanceId="no-canvas")


@EXTRAS.scenario(
    known(
        "What built-in tools answer is worded by each runtime, and the CLI adds what it has measured.",
        "request hooks.invoke /input/error: value",
        "request hooks.invoke /input/toolResult/*",
        "event hook.start /data/input/error: value",
        "event hook.start /data/input/toolResult/*",
    ),
    known(
        "The CLI gives a call a new id where an earlier one had the same.",
        "note model asked /after/*/calls/*",
    ),
    known(
        "The CLI says in `hook.end` what it made of the answer, and not who asks for a permission.",
        "event hook.end /data/output: cli only",
        "event permission.requested /data/ownerSessionId: ours only",
    ),
    known(
        "Hooks of one step run at once.",
        "event hook.*: order",
        sometimes=True,
    ),
)
async def hooks_that_answer(actor: Actor) -> None:
    """Each hook that can be provoked, with an answer: more context, another prompt, a question, a denial."""
    actor.hook_outputs.update(
        sessionStart={"additionalContext": "Context of the start."},
        userPromptSubmitted={"modifiedPrompt": "A prompt that the hook wrote."},
        preToolUse={"permissionDecision": "allow", "additionalContext": "Context before the tool."},
        postToolUse={"additionalContext": "Context after the tool."},
    )
    session = await actor.create(hooks=True)
    path = str(actor.folder)
    (actor.folder / "note.txt").write_text("A note.\n")
    view = Reply(tool_calls=[ToolCall("view", {"path": f"{path}/note.txt"}, "call-1")])
    missing = Reply(tool_calls=[ToolCall("view", {"path": f"{path}/missing.txt"}, "call-2")])
    await actor.turn(session, "Look twice.", view, missing, Reply("Looked."))
    for decision in ("ask", "deny"):
        actor.hook_outputs["preToolUse"] = {
            "permissionDecision": decision,
            "permissionDecisionReason": "The hook says so.",
        }
        await actor.turn(session, f"Be told: {decision}.", view, Reply("Told."))


@EXTRAS.scenario(
    known(
        "The error of the model is described by each runtime: the CLI gives its own stack, and takes "
        "every error for one that may pass.",
        "request hooks.invoke /input/error/*",
        "request hooks.invoke /input/recoverable: value",
        "event hook.start /data/input/error/*",
        "event hook.start /data/input/recoverable: value",
    ),
    known(
        "Hooks of one step run at once.",
        "event hook.*: order",
        sometimes=True,
    ),
)
async def hooks_that_stop_a_turn(actor: Actor) -> None:
    """A hook hears of an error of the model; another one blocks a prompt."""
    session = await actor.create(hooks=True)
    await actor.turn(session, "Break.", Failure(400, "The scripted model refuses."))
    actor.hook_outputs["userPromptSubmitted"] = {"decision": "block", "reason": "Not that."}
    await actor.turn(session, "Do it.")


@EXTRAS.scenario(
    known(
        "Agents that came with the session are told again by the CLI when all are read anew.",
        "event session.custom_agents_updated /data/agents/gardener: cli only",
    ),
)
async def agents_of_the_client(actor: Actor) -> None:
    """An agent is listed, chosen, asked, and left again; another prompt is delegated to it."""
    gardener: Json = {
        "name": "gardener",
        "displayName": "Gardener",
        "description": "Gardens.",
        "prompt": "Dig.",
    }
    session = await actor.create(customAgents=[gardener])
    await actor.of(session, "agent.list")
    await actor.of(session, "agent.getCurrent")
    await actor.of(session, "agent.select", name="gardener")
    await actor.of(session, "agent.getCurrent")
    await actor.turn(session, "As the gardener.", Reply("Planted."))
    await actor.of(session, "agent.setPrompt", id="gardener", prompt="You garden well.")
    await actor.of(session, "agent.deselect")
    await actor.of(session, "agent.select", name="nobody")
    await actor.of(session, "agent.reload")
    await actor.call("agents.discover", {"projectPaths": [str(actor.folder)]})
    await actor.call("agents.getDiscoveryPaths", {"projectPaths": [str(actor.folder)]})


@EXTRAS.scenario(
    known(
        "What a skill says is put in words of each runtime around it.",
        "event tool.execution_complete /data/*",
    ),
)
async def skills_of_a_folder(actor: Actor) -> None:
    """A skill is found, used by the model, switched off and on."""
    skill = actor.folder / "skills" / "gardening" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_text("---\nname: gardening\ndescription: How to garden.\n---\n\nDig first, then plant.\n")
    session = await actor.create(skillDirectories=[str(actor.folder / "skills")])
    await actor.of(session, "skills.ensureLoaded")
    await actor.of(session, "skills.list")
    use = Reply(tool_calls=[ToolCall("skill", {"skill": "gardening"}, "call-1")])
    await actor.turn(session, "Use the skill.", use, Reply("Dug."))
    await actor.of(session, "skills.getInvoked")
    await actor.of(session, "skills.disable", name="gardening")
    await actor.of(session, "skills.list")
    await actor.of(session, "skills.enable", name="gardening")
    await actor.of(session, "skills.reload")
    await actor.call("skills.discover", {"projectPaths": [str(actor.folder)]})
    await actor.call("skills.getDiscoveryPaths", {"skillDirectories": [str(actor.folder)]})
    await actor.call("skills.config.setSkillDisabled", {"name": "gardening", "disabled": True})
    await actor.call("skills.discover", {"skillDirectories": [str(actor.folder / "skills")]})
    await actor.call("skills.config.setDisabledSkills", {"disabledSkills": []})


@EXTRAS.scenario(
    known(
        "When a server of tools changes its state, and so what is told of it, is a matter of the "
        "process behind it.",
        "event session.mcp_server_*",
        sometimes=True,
    ),
    known(
        "Apps of servers are behind a flag in the CLI; in the reference runtime clients that show them have them.",
        "reply session.mcp.apps.diagnose /capability/featureFlagEnabled: value",
    ),
    known(
        "What the model was allowed for a server, and when it began to answer, is told by the CLI.",
        "event assistant.usage /data/timeToFirstTokenMs: cli only",
        "event assistant.usage /data/maxOutputTokens: cli only",
    ),
)
async def a_server_of_tools(actor: Actor) -> None:
    """A server is asked for what it has, used by the model, stopped and started."""
    echo = {
        "type": "stdio",
        "command": sys.executable,
        "args": [str(Path(mcp_server.__file__))],
        "tools": ["*"],
    }
    session = await actor.create(mcpServers={"echo": echo})
    await actor.of(session, "mcp.list")
    await actor.of(session, "mcp.listTools", serverName="echo")
    await actor.of(session, "mcp.isServerRunning", serverName="echo")
    call = Reply(tool_calls=[ToolCall("echo-echo", {"text": "Hello."}, "call-1")])
    await actor.turn(session, "Call the server.", call, Reply("It answered."))
    await actor.of(session, "mcp.stopServer", serverName="echo")
    await actor.of(session, "mcp.isServerRunning", serverName="echo")
    await actor.of(session, "mcp.startServer", serverName="echo", config=echo)
    await actor.of(session, "mcp.restartServer", serverName="echo")
    await actor.of(session, "mcp.apps.diagnose", serverName="echo")
    actor.script.answers.append(Reply("Sampled."))
    asked = {"role": "user", "content": {"type": "text", "text": "Sample this."}}
    sampling: Json = {"messages": [asked], "maxTokens": 100}
    which = {"serverName": "echo", "requestId": "sampling-1", "mcpRequestId": 1}
    await actor.of(session, "mcp.executeSampling", **which, request=sampling)
    await actor.of(session, "mcp.oauth.authenticationStateChanged", serverName="echo")
    await actor.of(session, "mcp.oauth.respond", requestId="no-request")
    headers = {"kind": "headers", "headers": {"x-token": "none"}}
    refreshed = "mcp.headers.handlePendingHeadersRefreshRequest"
    await actor.of(session, refreshed, requestId="no-request", result=headers)
    await actor.of(session, "mcp.disable", serverName="echo")
    await actor.of(session, "mcp.enable", serverName="echo")
    await actor.of(session, "mcp.prompts.list", serverName="echo")
    await actor.of(session, "mcp.resources.list", serverName="echo")
    await actor.of(session, "mcp.setEnvValueMode", mode="direct")
    await actor.of(session, "mcp.reload")


@EXTRAS.scenario()
async def a_server_that_changes_its_lists(actor: Actor) -> None:
    """A server gets a tool while it is called: the model is offered it at once."""
    program = [str(Path(mcp_server.__file__)), "--grows"]
    echo = {"type": "stdio", "command": sys.executable, "args": program, "tools": ["*"]}
    session = await actor.create(mcpServers={"echo": echo})
    call = Reply(tool_calls=[ToolCall("echo-echo", {"text": "Hello."}, "call-1")])
    again = Reply(tool_calls=[ToolCall("echo-encore", {"text": "Again."}, "call-2")])
    await actor.turn(session, "Call the server.", call, again, Reply("It answered."))
    await actor.of(session, "mcp.listTools", serverName="echo")


@EXTRAS.scenario(
    known(
        "Why a server cannot be asked is put in words of each runtime.",
        "reply session.mcp.oauth.probe /error: value",
    ),
    known(
        "Headers of HTTP come in the order and with the date of each answer.",
        "reply session.mcp.oauth.probe /httpResponse/headers*",
        sometimes=True,
    ),
    known(
        "When a server of tools changes its state, and so what is told of it, is a matter of the server.",
        "event session.mcp_*",
        sometimes=True,
    ),
)
async def servers_that_want_a_sign_in(actor: Actor) -> None:
    """Servers are asked whether they want a sign-in: one does, one is content, one is not there, one is a process."""
    with MCPHTTPServer("given") as remote:
        actor.take.names[remote.origin] = "<server>"
        closed: Json = {"type": "http", "url": remote.url, "tools": ["*"]}
        content = {**closed, "headers": {"Authorization": "Bearer given"}}
        gone = {**closed, "url": "http://127.0.0.1:1/mcp"}
        local = {"type": "stdio", "command": "true", "args": [], "tools": ["*"]}
        servers = {"closed": closed, "content": content, "gone": gone, "local": local}
        session = await actor.create(mcpServers=servers)
        # The CLI knows the servers once it has begun to connect to them; how far it has got is chance.
        await actor.client.request("session.mcp.list", {"sessionId": session})
        for name in (*servers, "nobody"):
            await actor.of(session, "mcp.oauth.probe", serverName=name)


@EXTRAS.scenario(
    known(
        "The CLI says twice why a process does not start, and which kind of error it is.",
        "reply session.mcp.list /servers/missing/error: value",
        "reply session.mcp.list /host/failedServers/missing/message: value",
        "event session.mcp_server_status_changed /data/error: value",
        "event session.mcp_server_status_changed /data/errorClassification: cli only",
    ),
)
async def a_server_that_does_not_start(actor: Actor) -> None:
    """The program of a server is not there."""
    missing = {"type": "stdio", "command": str(actor.folder / "none"), "args": [], "tools": ["*"]}
    session = await actor.create(mcpServers={"missing": missing})
    await actor.of(session, "mcp.list")


@EXTRAS.scenario(
    known(
        "Cursors mean nothing to anybody but who gave them.",
        "reply session.diagnostics.read /cursor: value",
    ),
    known(
        "Connections are numbered by the CLI over all sessions, and by the reference runtime in each.",
        "reply session.diagnostics.read /entries/*/details/connectionId: value",
        sometimes=True,
    ),
    known(
        "The CLI says with which code a process ended; the reference runtime speaks of it only where it says why a "
        "server did not start.",
        "reply session.diagnostics.read /entries/*/message: value",
    ),
    known(
        "When a server of tools changes its state, and so what is told of it, is a matter of the process behind it.",
        "event session.mcp_server_*",
        sometimes=True,
    ),
)
async def what_happens_on_connections(actor: Actor) -> None:
    """What happens between a session and its servers is kept and read: one server runs, another ends at once."""
    server = {"type": "stdio", "command": sys.executable, "tools": ["*"]}
    echo: Json = {**server, "args": [str(Path(mcp_server.__file__))]}
    program = "import sys; print('Out of seeds.', file=sys.stderr); sys.exit(3)"
    session = await actor.create()
    await actor.of(session, "diagnostics.read", sources=["mcp"])
    await actor.of(session, "diagnostics.configure", sources={"mcp": {"level": "info"}})
    await actor.of(session, "mcp.startServer", serverName="echo", config=echo)
    await actor.of(session, "mcp.stopServer", serverName="echo")
    first = await actor.of(session, "diagnostics.read", sources=["mcp"], max=1)
    await actor.of(session, "diagnostics.read", sources=["mcp"], cursor=first.get("cursor"))
    await actor.of(session, "diagnostics.configure", sources={"mcp": {"level": "off"}})
    await actor.of(session, "diagnostics.read", sources=["mcp"], cursor=first.get("cursor"))
    await actor.of(session, "diagnostics.configure", sources={"mcp": {"level": "warning"}})
    await actor.of(session, "mcp.startServer", serverName="bad", config={**server, "args": ["-c", program]})
    await actor.of(session, "diagnostics.read", sources=["mcp"], waitMs=10)
    await actor.of(session, "diagnostics.configure", sources={"mcp": {"level": "debug"}})
    await actor.of(session, "mcp.startServer", serverName="echo", config=echo)
    # Which frames there are besides is the affair of each MCP client.
    read = await actor.client.request("session.diagnostics.read", {"sessionId": session, "sources": ["mcp"]})
    assert isinstance(read, dict)
    data = [str(entry["details"].get("data")) for entry in read["entries"] if "data" in entry["details"]]
    for part in (
        '"method":"initialize"',
        '"method":"tools/list"',
        '"serverInfo"',
        '"description":"Gives the text back."',
    ):
        actor.note(part, any(part in frame for frame in data))
    for wrong in ({"cursor": "none"}, {"max": 0}, {"waitMs": 60_000}):
        await actor.of(session, "diagnostics.read", sources=["mcp"], **wrong)


@EXTRAS.scenario(
    known(
        "The reference runtime keeps the type of a server that the CLI leaves out where it is `stdio`.",
        "reply mcp.config.list /servers/kept/type: ours only",
    ),
)
async def servers_that_are_configured(actor: Actor) -> None:
    """A server is written into the configuration, switched off and on, changed and removed."""
    server = {"type": "stdio", "command": "true", "args": [], "tools": ["*"]}
    await actor.call("mcp.config.add", {"name": "kept", "config": server})
    await actor.call("mcp.config.list")
    await actor.call("mcp.config.disable", {"names": ["kept"]})
    await actor.call("mcp.config.enable", {"names": ["kept"]})
    await actor.call("mcp.config.update", {"name": "kept", "config": {**server, "args": ["-v"]}})
    await actor.call("mcp.config.list")
    await actor.call("mcp.config.remove", {"name": "kept"})
    await actor.call("mcp.config.remove", {"name": "kept"})
    await actor.call("mcp.discover", {"workingDirectory": str(actor.folder)})


def marketplace(folder: Path) -> Path:
    """A marketplace in a folder that has the plugin `rake`."""
    market = folder / "market"
    plugin = market / "plugins" / "rake"
    (market / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin").mkdir(parents=True)
    (plugin / ".claude-plugin" / "plugin.json").write_text('{"name": "rake", "version": "1.0.0"}')
    (market / ".claude-plugin" / "marketplace.json").write_text(
        '{"name": "tools", "owner": {"name": "Tests"}, "plugins": [{"name": "rake", "source": "./plugins/rake"}]}'
    )
    return market


@EXTRAS.scenario(
    known(
        "A session of the CLI has the plugins that were there when its process began.",
        "reply session.plugins.list /plugins/rake: ours only",
    ),
)
async def plugins_from_a_folder(actor: Actor) -> None:
    """A marketplace in a folder, and a plugin from it from its installation to its end."""
    market = marketplace(actor.folder)
    await actor.call("plugins.marketplaces.add", {"source": str(market)})
    await actor.call("plugins.marketplaces.list")
    await actor.call("plugins.marketplaces.browse", {"name": "tools"})
    await actor.call("plugins.marketplaces.refresh", {"name": "tools"})
    await actor.call("plugins.install", {"source": "rake@tools"})
    await actor.call("plugins.list")
    await actor.call("plugins.disable", {"names": ["rake@tools"]})
    await actor.call("plugins.enable", {"names": ["rake@tools"]})
    session = await actor.create()
    await actor.of(session, "plugins.list")
    await actor.of(session, "plugins.reload")
    await actor.call("plugins.update", {"name": "rake@tools"})
    await actor.call("plugins.uninstall", {"name": "rake@tools"})
    await actor.call("plugins.marketplaces.remove", {"name": "tools"})
    await actor.call("plugins.install", {"source": str(actor.folder / "nothing")})


@EXTRAS.scenario(
    known(
        "Why there is nothing to do about servers is put in words of each runtime.",
        "reply session.customizations.reload /outcomes/*/detail: value",
    ),
    known(
        "The CLI looks at its folder again when parts are read anew, and says so though nothing has changed.",
        "event session.context_changed: cli only",
        sometimes=True,
    ),
)
async def plugins_of_a_session(actor: Actor) -> None:
    """The same through a session, which has to read its parts anew."""
    market, session = actor.folder / "market", await actor.create()
    for method, params in (
        ("marketplaces.add", {"source": str(market)}),
        ("marketplaces.list", {}),
        ("marketplaces.browse", {"name": "tools"}),
        ("marketplaces.refresh", {"name": "tools"}),
        ("install", {"source": "rake@tools"}),
        ("list", {}),
        ("disable", {"names": ["rake@tools"]}),
        ("enable", {"names": ["rake@tools"]}),
        ("update", {"name": "rake@tools"}),
        ("uninstall", {"name": "rake@tools"}),
        ("marketplaces.remove", {"name": "tools"}),
    ):
        await actor.of(session, f"plugins.{method}", **params)
    await actor.of(session, "customizations.reload")
    await actor.call("sessions.reloadPluginHooks", {"sessionId": session})
    await actor.call("sessions.loadDeferredRepoHooks", {"sessionId": session})
    await actor.call("sessions.setAdditionalPlugins", {"plugins": []})
