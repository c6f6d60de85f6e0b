"""What hosts ask a runtime beside its sessions: settings, accounts, repositories, what is stored."""

from __future__ import annotations

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json
from tests.real.survey.arguments import with_arguments
from tests.real.survey.sweep import minimal
from tests.support.model_server import Reply, ToolCall

HOST = Area("Settings, accounts, repositories, stored sessions")


async def each(actor: Actor, session: str, *methods: str) -> None:
    """Calls methods with arguments that make sense, or with the least that they ask for."""
    given = with_arguments(str(actor.folder), session)
    for method in methods:
        params: Json = given[method] if method in given else minimal(method, session)
        await actor.call(method, {"sessionId": session, **params} if session else params)


@HOST.scenario(
    known(
        "The CLI has a list of models of its own; the reference runtime has none.",
        "reply models.getBuiltInCatalog /models*",
    ),
    known(
        "The reference runtime brings the tools that models call most often, with the arguments that "
        "matter; the CLI has more of both.",
        "reply tools.list /tools*",
    ),
    known(
        "The CLI has servers of tools of its own.",
        "reply mcp.listBuiltinServerNames /names: length",
    ),
)
async def what_a_runtime_tells_of_itself(actor: Actor) -> None:
    """Its status, its models, its tools, and what it has found beside them."""
    await each(
        actor,
        "",
        *("ping", "status.get", "auth.getStatus", "models.getBuiltInCatalog", "tools.list"),
        *("extensions.discover", "extensions.enable", "extensions.disable", "hooks.discover"),
        *("mcp.listBuiltinServerNames", "mcp.config.reload", "plugins.updateAll"),
        *("globalState.load", "globalState.loadForConfigDir", "globalState.writeKey"),
        *("connectors.getAccounts", "connectors.getCapabilities", "contentExclusion.validatePolicies"),
        *("agents.getBuiltins", "agents.getAvailableBuiltins"),
    )


@HOST.scenario(
    known(
        "Who is made up by the call is described in words of each runtime, and may make gists in the "
        "reference runtime.",
        "reply account.describeAuthInfo /message: value",
        "reply account.getGistSupport *",
    ),
    known(
        "A token whose user cannot be asked for belongs to nobody in the CLI; in the reference runtime it is kept.",
        "reply session.gitHubAuth.getCurrentAuthInfo /*: ours only",
    ),
    known(
        "The reference runtime has the scripted model for everybody.",
        "reply models.list *",
    ),
    known(
        "Quotas of nobody are refused by the reference runtime, and empty in the CLI.",
        "reply session.quota.refresh *",
    ),
)
async def accounts_of_nobody(actor: Actor) -> None:
    """Nobody is signed in."""
    await each(
        actor,
        "",
        *("account.getCurrentAuth", "account.getAllUsers", "account.getTokenEnvVar"),
        *("account.describeAuthInfo", "account.getGistSupport", "account.getWebUrl"),
        *("account.getQuota", "models.list"),
    )
    session = await actor.create()
    namespace = "session.gitHubAuth"
    names = ("getStatus", "getCurrentAuthInfo", "getAllAuthAvailable", "lastAuthErrors", "refreshCopilotUser")
    await each(actor, session, *(f"{namespace}.{name}" for name in names), f"{namespace}.logout")
    await each(actor, session, *(f"session.quota.{name}" for name in ("get", "refresh", "takeWarnings")))
    someone: Json = {"type": "token", "host": "https://github.com", "token": "nobodys-token"}
    await actor.of(session, "gitHubAuth.setCredentials", credentials=someone)
    await actor.of(session, "gitHubAuth.getCurrentAuthInfo")
    await actor.of(session, "gitHubAuth.switchToAuth", authInfo=someone, token="another-token")
    await actor.of(session, "gitHubAuth.logoutUser", authInfo=someone)
    await actor.of(session, "gitHubAuth.getCurrentAuthInfo")


@HOST.scenario(
    known(
        "The CLI has written settings before it is asked, and keeps a theme that is its default elsewhere.",
        "reply user.settings.loadForEdit /settings/extensions: cli only",
        "reply user.settings.get /settings/*",
    ),
)
async def settings_of_the_user(actor: Actor) -> None:
    """Settings are read, checked, changed and written."""
    names = (
        "getPaths",
        "get",
        "loadForEdit",
        "listGovernanceKeys",
        "diagnoseProblems",
        "validate",
        "normalize",
    )
    changes = ("set", "update", "edit", "applyTopKey", "mergeRepoValue", "get", "writeAll")
    await each(actor, "", *(f"user.settings.{name}" for name in (*names, *changes)))


@HOST.scenario(
    known(
        "The CLI leaves out of the context what it has not found yet.",
        "reply git.workingDirectoryContext /*",
        sometimes=True,
    ),
)
async def a_repository_with_a_remote(actor: Actor) -> None:
    """A folder with a repository is looked at, and settings are written into it."""
    repository = actor.folder / "repository"
    git = repository / ".git"
    for name in ("objects", "refs"):
        (git / name).mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "config").write_text('[remote "origin"]\n\turl = https://github.com/owner/name.git\n')
    given = with_arguments(str(repository), "")
    settings = [f"repo.settings.{name}" for name in ("writeKey", "readRaw", "writeAll", "readRaw")]
    for method in ("git.currentBranchRemote", "git.reposFromRemotes", "gitHubRepository.atPath", *settings):
        await actor.call(method, given[method])
    await actor.call("git.workingDirectoryContext", given["git.workingDirectoryContext"])


@HOST.scenario(
    known(
        "A client that gives no name is called `sdk` by the CLI, and has no name in the reference runtime.",
        "reply session.list /sessions/*/clientName: cli only",
        "reply sessions.list /sessions/*/clientName: cli only",
        "reply sessions.getMetadata /session/clientName: cli only",
    ),
    known(
        "Sizes are those of other files.",
        "reply sessions.getSizes /sizes/*",
    ),
    known(
        "The record of a workspace has the members of each runtime, as it writes them.",
        "reply sessions.createWorkspace /workspaceJson: value",
        "reply sessions.loadWorkspace /workspaceJson: value",
    ),
    known(
        "A remote control that could not start is off in the CLI, and in error in the reference runtime.",
        "reply sessions.*RemoteControl* /*",
    ),
)
async def sessions_that_are_stored(actor: Actor) -> None:
    """What is stored of a session with a turn, as lists and as single answers."""
    session = await actor.create()
    await actor.turn(session, "Hi.", Reply("Hello."))
    names = ("list", "getSizes", "listNonEmptySessionIds", "getMetadata", "getBoardEntryCount")
    await actor.call("session.list")
    await each(actor, session, *(f"sessions.{name}" for name in names))
    remote = ("getRemoteControlStatus", "setRemoteControlSteering", "stopRemoteControl")
    await each(actor, session, *(f"sessions.{name}RemoteControl" for name in ("start", "transfer")))
    await each(actor, session, *(f"sessions.{name}" for name in remote))
    workspaces = ("createWorkspace", "updateWorkspaceFields", "loadWorkspace")
    await each(actor, session, *(f"sessions.{name}" for name in workspaces))
    await actor.of(session, "metadata.updateClientMetadata", set={"colour": "blue"})
    await actor.of(session, "metadata.getClientMetadata")


@HOST.scenario(
    known(
        "A configuration of servers has to be given to the reference runtime.",
        "reply session.mcp.reloadWithConfig *",
    ),
    known(
        "A client that gives no name is called `sdk` by the CLI, and has no name in the reference runtime.",
        "reply session.settings.snapshot /clientName: cli only",
    ),
    known(
        "The CLI collects logs only where it has written some.",
        "reply session.debug.collectLogs *",
    ),
)
async def parts_of_a_session_that_are_at_rest(actor: Actor) -> None:
    """What needs a service, a screen or a server of its own says that it has nothing to do."""
    session = await actor.create()
    connectors = ("getAccount", "getCapabilities", "getStatus", "reconcile", "reconcileForStartup")
    await each(actor, session, *(f"session.connectors.{name}" for name in connectors))
    servers = ("listConfigured", "moveLoadingToBackground", "removeGitHub", "reloadWithConfig")
    await each(actor, session, *(f"session.mcp.{name}" for name in servers))
    await each(actor, session, "session.mcp.cancelSamplingExecution", "session.mcp.apps.getHostContext")
    await each(actor, session, "session.mcp.apps.setHostContext", "session.mcp.oauth.handlePendingRequest")
    await each(actor, session, "session.completions.getTriggerCharacters", "session.completions.request")
    await each(actor, session, "session.visibility.get", "session.visibility.set", "session.extensions.list")
    await each(actor, session, "session.remote.disable", "session.remote.notifySteerableChanged")
    await each(actor, session, "session.instructions.reload", "session.settings.snapshot")
    await each(actor, session, "session.settings.evaluatePredicate", "session.cancelAllBackgroundAgents")
    await each(actor, session, "session.ui.handlePendingSessionLimitsExhausted", "session.queue.process")
    await each(actor, session, "session.debug.collectLogs", "session.connectors.withdrawProjection")
    await each(actor, session, "session.lsp.initialize", "session.managedSettings.get")
    await each(actor, session, "sessions.configureSessionExtensions")


@HOST.scenario()
async def what_administrators_want(actor: Actor) -> None:
    """Rules of administrators are read, judged, and followed when they change."""
    rules: Json = {"deny": ["Shell(rm)"], "ask": ["Bash(git)"], "disableBypassPermissionsMode": "disable"}
    wrong: list[Json] = [{"deny": 5}, {"deny": ["Unknown"]}, {"deny": ["Read("]}]
    for permissions in (rules, {}, {"deny": []}, *wrong):
        await actor.call("permissions.evaluateManagedPolicy", {"permissions": permissions})
        await actor.call("managedSettings.parseClientValue", {"settings": {"permissions": permissions}})
    for settings in (None, {"model": "one"}, {"permissions": {"more": 1}}):
        await actor.call("managedSettings.parseClientValue", {"settings": settings})
    for policy in ("allowed", "disabled", "unknown", "more"):
        before: Json = {"activeIdentity": "me", "policy": policy}
        await actor.call("managedSettings.resolveBypassDisableTransition", before)
        for source, identity in (("user", "you"), ("mdm", "you"), ("managed", "me"), ("managed", "you")):
            by: Json = {**before, "currentSource": source, "currentManagedIdentity": identity}
            await actor.call("managedSettings.resolveBypassDisableTransition", by)


@HOST.scenario(
    known(
        "A message of a host names no kinds of documents in the CLI.",
        "event user.message /data/supportedNativeDocumentMimeTypes: ours only",
    ),
)
async def messages_that_come_together(actor: Actor) -> None:
    """Several messages at once."""
    session = await actor.create()
    start = len(actor.client.frames)
    actor.script.answers.append(Reply("Both are read."))
    messages = [{"prompt": "One."}, {"prompt": "Two."}]
    await actor.of(session, "sendMessages", messages=messages)
    await actor.idle(session, after=start)


@HOST.scenario(
    known(
        "The reference runtime takes such values out of all that it tells; the CLI out of what tools answer.",
        "event assistant.tool_call_delta /data/inputDelta: value",
        "event *ommand: value",
        "event *ommandText: value",
        "event *dentifier*: value",
    ),
)
async def values_that_nobody_may_see(actor: Actor) -> None:
    """A secret is named, and then printed by a tool."""
    await actor.call("secrets.addFilterValues", {"values": ["winter-garden-7"]})
    session = await actor.create()
    echo = {"command": "echo the key is winter-garden-7", "description": "Print"}
    call = ToolCall("bash", echo, "call-1")
    await actor.turn(session, "Print it.", Reply(tool_calls=[call]), Reply("Printed."))


@HOST.scenario(
    known(
        "What a session has used is told by the CLI in more ways than one, some of them for its own "
        "accounts.",
        "event session.shutdown /data/*",
    ),
)
async def the_end(actor: Actor) -> None:
    """A session is shut down, and then the runtime."""
    session = await actor.create()
    await actor.turn(session, "Hi.", Reply("Hello."))
    await actor.of(session, "shutdown")
    await actor.call("runtime.shutdown")
