"""Settings of sandboxes, what can be picked in one, limits, and what the autopilot is to bring about."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.support.model_server import Reply, ToolCall

_SECRETS = {"HF_TOKEN": "none-for-models", "SIGNING_KEY": "none-to-sign"}
SANDBOXES = Area("Sandboxes, limits, objectives", surroundings=lambda: nullcontext(_SECRETS))

_ON: Json = {"enabled": True}
_LOCKED: Json = {"enabled": True, "failIfUnavailable": True}


def _network(**rules: object) -> Json:
    return {**_ON, "userPolicy": {"network": rules}}


def _files(**rules: object) -> Json:
    return {**_ON, "userPolicy": {"filesystem": rules}}


@SANDBOXES.scenario(
    known(
        "Each runtime says in words of its own why there can be no sandbox, and what helps.",
        "reply sandbox.getHostSupport /reason: value",
        "reply sandbox.getUnsupported*: value",
        "reply sandbox.getUnsupportedStartupNotice /notice: value",
    ),
)
async def a_machine_without_a_sandbox(actor: Actor) -> None:
    """What a runtime says of a machine that cannot sandbox commands, and which commands are of use there."""
    for method in ("getHostSupport", "checkPlatformSupport", "checkWindowsHostLoopbackSupport", "getDocsUrl"):
        await actor.call(f"sandbox.{method}")
    for method in ("getUnsupportedMessage", "getUnsupportedSettingDisabledNotice"):
        await actor.call(f"sandbox.{method}")
    enforced: Json = {"managedSandbox": _LOCKED}
    policies: tuple[Json, ...] = ({}, enforced, {**enforced, "enabledByUndeterminedPolicy": True})
    for policy in policies:
        notice = await actor.call("sandbox.getUnsupportedStartupNotice", policy)
        actor.note("a notice", isinstance(notice.get("notice"), str))
    for command in ("exit", "/HELP", "sandbox", "session", "context", "login", "/ exit", ""):
        for arguments in ([], ["status"], ["Info"], ["status", "x"], [""]):
            asked: Json = {"commandName": command, "args": arguments}
            await actor.call("sandbox.checkEnforcementCommand", asked)
    await actor.call("sandbox.checkEnforcementCommand", {"commandName": "exit"})


@SANDBOXES.scenario(
    known(
        "Each runtime says in words of its own that it adds to no trust store.",
        "reply sandbox.proxyCa.getStatus /detail: value",
    ),
)
async def certificates_for_credentials(actor: Actor) -> None:
    """Whether settings need a certificate authority, and how it stands with that."""
    masked: Json = {"envVars": {"A": {"injectHosts": ["a.com"]}}}
    settings: tuple[Json, ...] = (
        {},
        {"auth": {"git": True}},
        {"auth": {"gh": False}},
        {"credentials": masked},
    )
    for enabled in (True, False):
        for more in settings:
            config: Json = {"enabled": enabled, **more}
            await actor.call("sandbox.proxyCa.checkRelevance", {"sandboxConfig": config})
    for wrong in (5, {"enabled": "x"}, {"enabled": True, "auth": 5}, None):
        await actor.call("sandbox.proxyCa.checkRelevance", {"sandboxConfig": wrong})
    await actor.call("sandbox.proxyCa.checkInstallationSupport")
    await actor.call("sandbox.proxyCa.getStatus")


@SANDBOXES.scenario()
async def settings_with_a_minimum(actor: Actor) -> None:
    """Settings of a user get their defaults, and the least that an administrator wants is put on them."""
    proxy = {"url": "p:1", "username": "u", "password": ""}
    users: tuple[object, ...] = (
        *(None, {}, _ON, {"enabled": "x"}, 5, {"auth": 5}),
        {**_ON, "addCurrentWorkingDirectory": False, "sandboxMcpServers": False, "auth": {"git": False}},
        _files(readwritePaths=["/b", "/a", "/a"], readonlyPaths=["~/x"], deniedPaths=["/z", ""]),
        _network(allowedHosts=["b", "*.x.com", "b"], blockedHosts=["q", "q"], proxy=proxy),
        _network(allowOutbound=False, allowedHosts=["a"], proxy={"url": " "}),
        _network(proxy={"url": "https:"}),
        _network(allowedHosts=["a:1", "b"]),
        _network(allowedHosts=["127.1", "b..", "*", "☃.net"]),
        {**_ON, "userPolicy": {"experimental": {"seatbelt": {"keychainAccess": True}}}},
        {**_ON, "credentials": {"envVars": {n: {"injectHosts": ["a"]} for n in ("B", "A")}}},
    )
    managed: tuple[object, ...] = (
        *(None, {}, _ON, {"allowBypass": False, "sandboxMcpServers": True}, 5),
        _files(readwritePaths=["/a"], deniedPaths=["/m", 1]),
        _network(allowedHosts=["a.X.com", "b", "[::1]"], proxy={"url": "HTTPS://M:443"}),
        _network(allowedHosts=["other"], proxy={"url": "http://u:p@m"}),
        _network(allowedHosts=["0x7f.1", "[::ffff:127.0.0.1]", "xn--n3h.net"], proxy={"url": "http://127.1"}),
        _network(allowedHosts=["b", "*.1.2.3.4"], proxy={"url": "http://a.1"}),
        _network(blockedHosts=["*"], allowLocalNetwork=False),
        {**_ON, "userPolicy": {"seatbelt": {"keychainAccess": False}}, "auth": {"gh": False}},
    )
    for user in users:
        await actor.call("sandbox.settings.applyDefaults", {"stored": user})
        for minimum in managed:
            params: Json = {"userSandbox": user, "managedSandbox": minimum}
            await actor.call("sandbox.resolveFlooredConfig", params)


@SANDBOXES.scenario()
async def a_sandbox_for_single_features(actor: Actor) -> None:
    """A feature is started in the sandbox of the session, unless its flag takes it out."""
    session: Json = {**_ON, "sandboxLspServers": False, "allowBypass": True, "auth": {}, "kept": {"as": "is"}}
    for config in (session, {**session, "enabled": 1}, {}, 5, None):
        for flag in ("sandboxMcpServers", "sandboxLspServers", ""):
            await actor.call("sandbox.resolveForOptional", {"sandbox": config, "routingFlag": flag})
    await actor.call("sandbox.resolveForOptional", {"sandbox": session})


@SANDBOXES.scenario()
async def files_to_pick_in_a_sandbox(actor: Actor) -> None:
    """A picker gets a policy, and offers what that allows and the folders on the way there."""
    work = _tree(actor.folder / "picked")
    asked = ("a/f", "a", "b/f", "b/c/f", "b", "link", "link/f", "a/none", "none/../a/f", ".git/HEAD", "out")
    paths = [*(f"{work}/{path}" for path in asked), "/", "/dev/null", "/usr", "a/f", ""]
    candidates: Json = {
        "candidates": [{"path": p, "isDirectory": kind} for p in paths for kind in (False, True)]
    }
    rules: tuple[Json, ...] = (
        {},
        {"readonlyPaths": [f"{work}/b/c", "./f", "~/none"], "deniedPaths": ["f"]},
        {"readwritePaths": [f"{work}/b"], "deniedPaths": [f"{work}/link"]},
        {"readonlyPaths": ["/", ".."], "deniedPaths": [f"{work}/b"]},
    )
    for rule in rules:
        for more in ({}, {"addCurrentWorkingDirectory": False}, {"allowDevToolAccess": False}):
            sandbox: Json = {**_files(**rule), **more}
            for folder in (work, work / "a", work / "link"):
                where: Json = {"cwd": str(folder)}
                prepared = await actor.call("sandbox.preparePickerPolicy", {**where, "sandbox": sandbox})
                policy = prepared.get("sandboxJson")
                for given in (sandbox, policy):
                    params: Json = {**where, **candidates, "sandbox": given}
                    await actor.call("sandbox.filterPickerCandidates", params)
    nothing: tuple[object, ...] = (None, {}, 5)
    for config in nothing:
        await actor.call("sandbox.preparePickerPolicy", {"cwd": str(work), "sandbox": config})
        params = {"cwd": str(work), **candidates, "sandbox": config}
        await actor.call("sandbox.filterPickerCandidates", params)


def _tree(work: Path) -> Path:
    """A repository with a link in it, and one that leads out of it."""
    for file in ("a/f", "b/f", "b/c/f", ".git/HEAD"):
        (work / file).parent.mkdir(parents=True, exist_ok=True)
        (work / file).touch()
    (work / "link").symlink_to(work / "b")
    (work / "out").symlink_to("/etc")
    return work


@SANDBOXES.scenario()
async def secrets_that_a_sandbox_could_hide(actor: Actor) -> None:
    """A session in a sandbox is told which variables look like secrets, until they are masked or it has left it."""
    session = await actor.create(sandboxConfig=_ON)
    masked = {"envVars": {"HF_TOKEN": {"injectHosts": ["huggingface.co"]}}}
    for config in ({**_ON, "credentials": masked}, {"enabled": False}, None, _ON):
        await actor.of(session, "sandbox.getCredentialSuggestions")
        update: Json = {"sessionId": session, "sandboxConfig": config}
        await actor.client.request("session.options.update", update)
    await actor.of(session, "sandbox.getCredentialSuggestions")
    await actor.of(session, "sandbox.getEnforcementStatus")
    for name in ("sandbox.getCredentialSuggestions", "sandbox.getEnforcementStatus"):
        await actor.call(f"session.{name}", {"sessionId": "none"})


@SANDBOXES.scenario(
    known(
        "The reference runtime never has a sandbox; the CLI has none on this machine, and says so at more length.",
        "reply session.shell.executeUserRequested /error: value",
        "event tool.execution_complete* /data/error/message: value",
        "event tool.execution_complete* /data/shellExecution: cli only",
        "event tool.execution_complete* /data/result/contents: cli only",
        "event tool.execution_complete* /data/sandboxed: cli only",
    ),
)
async def a_command_without_its_sandbox(actor: Actor) -> None:
    """Where commands are to run in a sandbox that cannot be had, they do not run."""
    session = await actor.create(sandboxConfig=_ON)
    made = actor.folder / "made"
    command = {"command": f"touch {made}", "description": "Makes a file"}
    await actor.turn(
        session, "Make it.", Reply(tool_calls=[ToolCall("bash", command, "call-1")]), Reply("No.")
    )
    ran: Json = {"requestId": "run-1", "command": f"touch {made}"}
    await actor.of(session, "shell.executeUserRequested", **ran)
    actor.note("made", made.exists())


@SANDBOXES.scenario()
async def limits_that_are_predicted(actor: Actor) -> None:
    """A limit of AI credits is predicted for models that are known, by their family, and for all others."""
    session = await actor.create()
    await actor.of(session, "limitPrediction.predict")
    for model in ("gpt-5-mini", " GPT-9 ", "claude-opus-9", "claude-sonnet-4.6", "haiku", "none", "auto", ""):
        for client in ("cli-interactive", "cli-prompt"):
            await actor.of(session, "limitPrediction.predict", modelId=model, clientType=client)
    await actor.of(session, "limitPrediction.predict", clientType="nobody")


@SANDBOXES.scenario()
async def paths_and_runs_without_an_account(actor: Actor) -> None:
    """Without an account there is no policy on content, and no workflow has run."""
    session = await actor.create()
    for paths in ([], [str(actor.folder / "x")], ["x"], 5, [5], None):
        await actor.of(session, "contentExclusion.checkPaths", paths=paths)
    for page in ({}, {"limit": 1}, {"afterSeq": 1}, {"afterSeq": 1, "beforeSeq": 2}):
        await actor.of(session, "workflow.listRuns", **page)
    for name in ("contentExclusion.checkPaths", "workflow.listRuns"):
        await actor.call(f"session.{name}", {"sessionId": "none", "paths": []})


@SANDBOXES.scenario(
    known(
        "What the autopilot is told, and what a command answers, are words of each runtime.",
        "reply session.commands.invoke /prompt: value",
        "reply session.commands.invoke /text: value",
    ),
    known(
        "The CLI begins anew for each prompt of its own in autopilot mode; the reference runtime goes on.",
        "event user.message /data/isAutopilotContinuation: ours only",
        "event assistant.idle: cli only",
        "event session.mcp_servers_loaded: cli only",
        "event session.tools_updated: cli only",
        "event system.message: cli only",
    ),
    known(
        "The CLI tells of the objective from beside the turn.",
        "event session.autopilot_objective_changed: *",
        "event assistant.usage: order",
        "event assistant.turn_end: order",
        "event session.mode_changed: order",
        sometimes=True,
    ),
)
async def an_objective_of_the_autopilot(actor: Actor) -> None:
    """The autopilot is given an objective, and another one, rests, goes on, and reaches it."""
    session = await actor.create()

    async def state(command: str, name: str = "autopilot") -> Json:
        result = await actor.of(session, "commands.invoke", name=name, input=command)
        await actor.of(session, "autopilotObjective.getState")
        return result

    await actor.of(session, "autopilotObjective.getState")
    for command in ("--max-ai-credits 5", "Dig.", "--max-ai-credits=2.5 Plant.", "x --max-ai-credits no"):
        await state(command, "goal")
    for command in ("off", "off", "--max-ai-credits 7", "--max-ai-credits 7", "--max-ai-credits"):
        await state(command)
    done = Reply(tool_calls=[ToolCall("task_complete", {"summary": "All is planted."}, "call-1")])
    await actor.turn(session, "Go.", Reply("One bed."), done, agentMode="autopilot")
    await actor.of(session, "autopilotObjective.getState")
    await actor.of(session, "mode.get")
    await state("Water it.")
    kept = await actor.of(session, "workspaces.readAutopilotObjective")
    actor.note("kept", sorted(kept))
    await actor.call("session.autopilotObjective.getState", {"sessionId": "none"})
