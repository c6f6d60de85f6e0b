"""Tools: those of the client, those that the runtime brings along, and who may use them."""

from __future__ import annotations

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.support.turn_scenarios import WEATHER, crash
from tests.support.model_server import Reply, ToolCall

TOOLS = Area("Tools and permissions")

ROME, OSLO = ToolCall("weather", {"city": "Rome"}, "call-1"), ToolCall("weather", {"city": "Oslo"}, "call-2")


def sun(arguments: Json) -> object:
    """Tells the weather."""
    return f"Sun in {arguments.get('city')}."


def plain(name: str) -> Json:
    """The description of a tool without arguments."""
    return {"name": name, "description": f"Does {name}.", "parameters": {"type": "object", "properties": {}}}


def used(number: int, name: str, **arguments: object) -> Reply:
    """An answer of the model that calls one tool."""
    return Reply(tool_calls=[ToolCall(name, arguments, f"call-{number}")])


@TOOLS.scenario()
async def a_tool_of_the_client(actor: Actor) -> None:
    """A tool is called, allowed once, and its answer goes to the model."""
    actor.tools["weather"] = sun
    session = await actor.create(tools=[WEATHER])
    await actor.turn(session, "Weather?", Reply("Let me look.", tool_calls=[ROME]), Reply("Sun."))


@TOOLS.scenario(
    known(
        "Which of two calls that run at once ends first is chance.",
        "event tool.execution_complete: order",
        "event tool.execution_complete /data/toolCallId: value",
        "event external_tool.*: order",
        "event external_tool.requested /data/*: value",
        sometimes=True,
    ),
)
async def a_tool_that_needs_no_permission(actor: Actor) -> None:
    """A tool that skips permissions is called twice at once."""
    actor.tools["weather"] = sun
    session = await actor.create(tools=[{**WEATHER, "skipPermission": True}])
    await actor.turn(session, "Weather of two?", Reply(tool_calls=[ROME, OSLO]), Reply("Sun."))


@TOOLS.scenario()
async def tools_that_fail(actor: Actor) -> None:
    """One tool reports, one has a failure as its result, one ends in an error; each by itself."""
    actor.tools["report"] = lambda arguments: {
        "textResultForLlm": "The report is written.",
        "resultType": "success",
        "sessionLog": "A report was written.",
        "toolTelemetry": {"metrics": {"pages": 2}},
    }
    actor.tools["fail"] = lambda arguments: {
        "textResultForLlm": "No luck.",
        "resultType": "failure",
        "error": "The machine is off.",
    }
    actor.tools["crash"] = crash
    session = await actor.create(tools=[plain(name) for name in ("report", "fail", "crash")])
    for number, name in enumerate(("report", "fail", "crash")):
        await actor.turn(session, f"Try {name}.", used(number, name), Reply("Tried."))


@TOOLS.scenario()
async def a_tool_that_is_rejected(actor: Actor) -> None:
    """The user rejects a call with a word, which the model hears, and without, which ends the turn."""
    actor.tools["weather"] = sun
    actor.decisions.extend([{"kind": "reject", "feedback": "Not that city."}, {"kind": "reject"}])
    session = await actor.create(tools=[WEATHER])
    await actor.turn(session, "Rome?", Reply(tool_calls=[ROME]), Reply("Then not."))
    await actor.turn(session, "Oslo?", Reply(tool_calls=[OSLO]))


@TOOLS.scenario()
async def a_tool_that_is_allowed_for_the_session(actor: Actor) -> None:
    """The user allows a tool once and for all: the second call does not ask."""
    actor.tools["weather"] = sun
    approval = {"kind": "custom-tool", "toolName": "weather"}
    actor.decisions.append({"kind": "approve-for-session", "approval": approval})
    session = await actor.create(tools=[WEATHER])
    await actor.turn(session, "Rome?", Reply(tool_calls=[ROME]), Reply(tool_calls=[OSLO]), Reply("Sun."))


@TOOLS.scenario()
async def nobody_who_could_allow_it(actor: Actor) -> None:
    """The user cannot be reached, then a session asks nobody at all."""
    actor.decisions.append({"kind": "user-not-available"})
    session = await actor.create()
    await actor.turn(session, "Touch.", used(1, "bash", command="touch a"), Reply("No."))
    quiet = await actor.create(requestPermission=False)
    await actor.turn(quiet, "Touch.", used(1, "bash", command="touch a"), Reply("No."))


@TOOLS.scenario(
    known(
        "The CLI replaces arguments that are no JSON by an empty object; the reference runtime hands "
        "them on as they came, so that client and model see what was wrong.",
        "note model asked /after/*arguments: value",
        "event assistant.message /data/toolRequests/weather/arguments: value",
        "event tool.execution_start /data/arguments: value",
    ),
)
async def arguments_that_are_no_json(actor: Actor) -> None:
    """The arguments of a call are broken, and those of the next one do not fit."""
    actor.tools["weather"] = sun
    session = await actor.create(tools=[{**WEATHER, "skipPermission": True}])
    broken = ToolCall("weather", '{"city": ', "call-1")
    await actor.turn(session, "Rome?", Reply(tool_calls=[broken]), Reply("That was broken."))
    await actor.turn(session, "And?", used(2, "weather", town="Rome"), Reply("Did not fit."))


@TOOLS.scenario(
    known(
        "A call that an abort interrupts has an end in the reference runtime.",
        "event tool.execution_complete: ours only",
    ),
)
async def an_abort_while_a_tool_runs(actor: Actor) -> None:
    """A turn is ended while a command of the shell runs."""
    session = await actor.create()
    start = await actor.send(session, "Sleep.", used(1, "bash", command="sleep 30", description="Sleep"))
    await actor.event(session, "permission.completed", after=start)
    await actor.of(session, "abort")
    await actor.idle(session, after=start)


@TOOLS.scenario(
    known(
        "The diffs of a file are made by programs of their own.",
        "event permission.requested /data/*/diff: value",
    ),
    known(
        "The CLI names the session twice in the prompt of its own screen, and lists edited files "
        "beside the result.",
        "event permission.requested /data/promptRequest/_permissionRequestSessionId: cli only",
        "event tool.execution_complete /data/fileEdits: cli only",
    ),
)
async def files_that_are_written_and_read(actor: Actor) -> None:
    """A file is created, viewed and edited; one that is not there is viewed."""
    session = await actor.create()
    path = str(actor.folder / "poem.txt")
    steps = [
        used(1, "create", path=path, file_text="roses\nviolets\n"),
        used(2, "view", path=path),
        used(3, "edit", path=path, old_str="roses", new_str="tulips"),
        used(4, "view", path=str(actor.folder / "missing.txt")),
    ]
    await actor.turn(session, "Write a poem.", *steps, Reply("Written."))
    actor.note("the poem", (actor.folder / "poem.txt").read_text())


@TOOLS.scenario(
    known(
        "The reference runtime takes `>&2` for a redirection into a file and so for something that may"
        " write.",
        "event permission.requested /data/permissionRequest/hasWriteFileRedirection: value",
    ),
)
async def commands_of_the_shell(actor: Actor) -> None:
    """A command writes two lines and ends with a code of its own."""
    session = await actor.create()
    run = used(1, "bash", command="echo one; echo two >&2; exit 3", description="Two lines")
    await actor.turn(session, "Run it.", run, Reply("All done."))


@TOOLS.scenario(
    known(
        "The CLI says an empty intention before it asks the model.",
        "event assistant.intent: cli only",
        sometimes=True,
    ),
)
async def searches_and_lists(actor: Actor) -> None:
    """Files are searched by name and by text, and things to do are written down."""
    (actor.folder / "tulip.txt").write_text("a red tulip\n")
    session = await actor.create()
    insert = "INSERT INTO todos (id, title) VALUES ('one', 'Water')"
    steps = [
        used(1, "grep", pattern="red tulip", output_mode="content", path=str(actor.folder)),
        used(2, "glob", pattern="tul*.txt"),
        used(3, "sql", description="Todo", query=insert),
        used(4, "sql", description="Read", query="SELECT id, title FROM todos"),
    ]
    await actor.turn(session, "Search.", *steps, Reply("All done."))
    await actor.of(session, "plan.readSqlTodos")
    await actor.of(session, "plan.readSqlTodosWithDependencies")


@TOOLS.scenario()
async def a_question_to_the_user(actor: Actor) -> None:
    """The model asks with choices, and the user chooses."""
    session = await actor.create(requestUserInput=True)
    ask = used(1, "ask_user", question="Which colour?", choices=["blue", "red"])
    await actor.turn(session, "Ask me.", ask, Reply("Blue it is."))


@TOOLS.scenario(
    known(
        "The reference runtime brings the tools that models call most often, with the arguments that "
        "matter; the CLI has more of both.",
        "reply session.tools.getCurrentMetadata /tools*",
        "reply session.tools.getBuiltinDescriptors /tools*",
    ),
    known(
        "A tool that is run without a model is told less of by the reference runtime.",
        "reply session.tools.execute /textResultForLlm: value",
        "reply session.tools.execute /skipLargeOutputProcessing: cli only",
    ),
    known(
        "The CLI takes what follows the last newline of a file for a line.",
        "reply session.tools.execute /sessionLog: value",
    ),
    known(
        "The CLI names the call after the tool, the reference runtime gives it an id.",
        "event permission.* /data/*oolCallId: value",
    ),
)
async def tools_as_the_session_tells_of_them(actor: Actor) -> None:
    """What is told of tools, one that is run without the model, and others that take their place."""
    (actor.folder / "tool.txt").write_text("A rake.\n")
    session = await actor.create(tools=[WEATHER])
    await actor.of(session, "tools.initializeAndValidate")
    await actor.of(session, "tools.getCurrentMetadata")
    await actor.of(session, "tools.getBuiltinDescriptors")
    await actor.of(session, "tools.listPendingRequests")
    await actor.of(session, "tools.execute", name="view", arguments={"path": str(actor.folder / "tool.txt")})
    await actor.of(session, "tools.set", tools=[plain("report")])
    await actor.of(session, "tools.handlePendingToolCall", requestId="no-request", result="late")
    await actor.of(session, "tools.updateSubagentSettings", subagents={})


@TOOLS.scenario(
    known(
        "The CLI lets its tools into the folder of plugins as well.",
        "reply session.permissions.paths.list /directories/*",
    ),
)
async def permissions_that_are_set(actor: Actor) -> None:
    """Rules, paths, places and addresses are set and asked about, without a turn."""
    session, path = await actor.create(), str(actor.folder)
    write: Json = {"kind": "write"}
    calls: dict[str, Json] = {
        "getMode": {},
        "setMode": {"mode": "manual"},
        "setApproveAll": {"enabled": False},
        "configure": {},
        "modifyRules": {"scope": "session", "add": [{**write, "argument": None}]},
        "setRequired": {"required": True},
        "notifyPromptShown": {"message": "Shown."},
        "pendingRequests": {},
        "resetSessionApprovals": {},
        "paths.add": {"path": path},
        "paths.list": {},
        "paths.updatePrimary": {"path": path},
        "paths.isPathWithinAllowedDirectories": {"path": path},
        "paths.isPathWithinWorkspace": {"path": path},
        "locations.resolve": {"workingDirectory": path},
        "locations.apply": {"workingDirectory": path},
        "locations.addToolApproval": {"locationKey": path, "approval": write},
        "folderTrust.isTrusted": {"path": path},
        "folderTrust.addTrusted": {"path": path},
        "urls.setUnrestrictedMode": {"enabled": False},
        "handlePendingPermissionRequest": {"requestId": "no-request", "result": {"kind": "approve-once"}},
    }
    for method, params in calls.items():
        await actor.of(session, f"permissions.{method}", **params)
    await actor.call("permissions.folderTrust.checkTrust", {"path": path})


@TOOLS.scenario(
    known(
        "The reference runtime tells of the mode of permissions in the members of older runtimes too.",
        "event session.permissions_changed /data/*llowAllPermissions: ours only",
    ),
)
async def everything_is_allowed(actor: Actor) -> None:
    """All permissions are given beforehand, in two ways, so that a command asks nobody; then one is taken back."""
    session = await actor.create()
    await actor.of(session, "permissions.setApproveAll", enabled=True)
    touch = used(1, "bash", command="touch a", description="T")
    await actor.turn(session, "Touch.", touch, Reply("Yes."))
    actor.note("touched", (actor.folder / "a").exists())
    other = await actor.create()
    for number, mode in enumerate(("allow-all", "manual")):
        await actor.of(other, "permissions.setMode", mode=mode)
        await actor.of(other, "permissions.getMode")
        touch = used(number, "bash", command="touch a", description="T")
        await actor.turn(other, "Touch.", touch, Reply("Yes."))
