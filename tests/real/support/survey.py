"""Calls the methods of the schema that can be called without knowing anything, and some that need little."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.real.support.rawrpc import Json
from tests.real.support.stage import MODEL_ID, Stage
from tests.support.model_server import Reply

SCHEMA = Path(__file__).resolve().parents[3] / "schema" / "copilot" / "api.schema.json"
ENDING = ("sessions.releaseLock", "session.suspend", "sessions.close")
_NEVER = frozenset({*ENDING, "runtime.shutdown", "session.shutdown", "session.abort"})
_SECONDS = 10.0


async def survey(stage: Stage) -> None:
    """Calls everything that is callable, on a session with one turn behind it."""
    session = await stage.create()
    target: Json = {"sessionId": session}
    await stage.turn(session, "Be surveyed.", Reply("Ready."))
    for method in ("ping", "status.get", "auth.getStatus"):
        await stage.call(method)
    for method, required in methods():
        if required <= {"sessionId"} and method not in _NEVER:
            await stage.call(method, target if "sessionId" in required else {}, timeout=_SECONDS)
    for method, arguments in with_arguments(stage.folder, session).items():
        scoped = method.startswith("session.")
        await stage.call(method, {**target, **arguments} if scoped else arguments, timeout=_SECONDS)
    for method in ENDING:
        await stage.call(method, target, timeout=_SECONDS)
    await stage.call("session.shutdown", {"sessionId": await stage.create(), "type": "routine"})
    await stage.call("session.model.getCurrent", {"sessionId": "no-such-session"})
    await stage.call("session.noSuchMethod", target)


def methods() -> Iterator[tuple[str, frozenset[str]]]:
    """Each method of a client, with the parameters that it requires."""
    schema = json.loads(SCHEMA.read_text())
    trees = [schema["server"], schema["session"]]
    while trees:
        tree = trees.pop(0)
        if "rpcMethod" in tree:
            yield tree["rpcMethod"], frozenset(_required(tree.get("params"), schema["definitions"]))
        else:
            trees += [branch for branch in tree.values() if isinstance(branch, dict)]


def _required(params: Json | None, definitions: dict[str, Json]) -> Iterator[str]:
    if params is None:
        return
    reference, parts, required = params.get("$ref"), params.get("allOf", []), params.get("required", [])
    if isinstance(reference, str):
        yield from _required(definitions[reference.rpartition("/")[2]], definitions)
    for part in parts if isinstance(parts, list) else []:
        yield from _required(part, definitions)
    if isinstance(required, list):
        yield from required
    if "anyOf" in params or "oneOf" in params:
        yield "one of several shapes"


def with_arguments(folder: Path, session: str) -> dict[str, Json]:
    """Methods that need arguments which are easily given."""
    return {
        **_server_calls(str(folder), session),
        **_session_calls(str(folder)),
        **_calls_about_nothing(session),
    }


def _server_calls(path: str, session: str) -> dict[str, Json]:
    command: Json = {"type": "stdio", "command": "true", "args": [], "tools": ["*"]}
    return {
        "mcp.config.add": {"name": "kept", "config": command},
        "mcp.config.list": {},
        "mcp.config.disable": {"names": ["kept"]},
        "mcp.config.enable": {"names": ["kept"]},
        "mcp.config.update": {"name": "kept", "config": command},
        "mcp.config.remove": {"name": "kept"},
        "secrets.addFilterValues": {"values": ["no-secret"]},
        "skills.config.setDisabledSkills": {"disabledSkills": []},
        "plugins.enable": {"names": []},
        "plugins.disable": {"names": []},
        "plugins.install": {"source": f"{path}/no-plugin"},
        "plugins.uninstall": {"name": "no-plugin"},
        "plugins.update": {"name": "no-plugin"},
        "plugins.marketplaces.add": {"source": f"{path}/no-marketplace"},
        "plugins.marketplaces.browse": {"name": "no-marketplace"},
        "plugins.marketplaces.remove": {"name": "no-marketplace"},
        "agentRegistry.spawn": {"cwd": path},
        "sessions.open": {"kind": "resume", "sessionId": session},
        "sessions.findByPrefix": {"prefix": session[:8]},
        "sessions.findByTaskId": {"taskId": "no-task"},
        "sessions.checkInUse": {"sessionIds": [session]},
        "sessions.pruneOld": {"olderThanDays": 365, "dryRun": True},
        "sessions.enrichMetadata": {"sessions": []},
        "sessions.bulkDelete": {"sessionIds": ["no-session"]},
        "sessions.setAdditionalPlugins": {"plugins": []},
        "sessions.setRemoteControlSteering": {"enabled": False},
        "sessions.transferRemoteControl": {"toSessionId": session},
    }


def _session_calls(path: str) -> dict[str, Json]:
    rule: Json = {"kind": "write"}
    return {
        "session.model.switchTo": {"modelId": MODEL_ID},
        "session.model.setReasoningEffort": {"reasoningEffort": "high"},
        "session.name.setAuto": {"summary": "A survey"},
        "session.workspaces.createFile": {"path": "note.md", "content": "A note.\n"},
        "session.workspaces.readFile": {"path": "note.md"},
        "session.workspaces.saveLargePaste": {"content": "A long paste.\n" * 20},
        "session.workspaces.diff": {"mode": "unstaged"},
        "session.workspaces.readCheckpoint": {"number": 1},
        "session.options.update": {"clientName": "survey"},
        "session.telemetry.setFeatureOverrides": {"features": {"one": "on"}},
        "session.permissions.setApproveAll": {"enabled": False},
        "session.permissions.modifyRules": {"scope": "session", "add": [rule]},
        "session.permissions.setRequired": {"required": True},
        "session.permissions.notifyPromptShown": {"message": "Shown."},
        "session.permissions.paths.add": {"path": path},
        "session.permissions.paths.updatePrimary": {"path": path},
        "session.permissions.paths.isPathWithinAllowedDirectories": {"path": path},
        "session.permissions.paths.isPathWithinWorkspace": {"path": path},
        "session.permissions.locations.resolve": {"workingDirectory": path},
        "session.permissions.locations.apply": {"workingDirectory": path},
        "session.permissions.locations.addToolApproval": {"locationKey": path, "approval": rule},
        "session.permissions.folderTrust.isTrusted": {"path": path},
        "session.permissions.folderTrust.addTrusted": {"path": path},
        "session.permissions.urls.setUnrestrictedMode": {"enabled": False},
        "session.metadata.contextInfo": {"promptTokenLimit": 100_000, "outputTokenLimit": 8_000},
        "session.metadata.setWorkingDirectory": {"workingDirectory": path},
        "session.metadata.recomputeContextTokens": {"modelId": MODEL_ID},
        "session.shell.exec": {"command": "echo executed"},
        "session.shell.executeUserRequested": {"requestId": "shell-1", "command": "echo asked for"},
        "session.shell.cancelUserRequested": {"requestId": "shell-1"},
        "session.eventLog.registerInterest": {"eventType": "mcp.oauth_required"},
        "session.eventLog.releaseInterest": {"handle": "no-handle"},
        "session.remote.notifySteerableChanged": {"remoteSteerable": False},
        "session.schedule.stop": {"id": 1},
        "session.mcp.setEnvValueMode": {"mode": "direct"},
        "session.plugins.reload": {},
        "session.queue.clear": {},
    }


def _calls_about_nothing(session: str) -> dict[str, Json]:
    request: Json = {"requestId": "no-request"}
    server: Json = {"serverName": "no-server"}
    return {
        "session.ui.handlePendingUserInput": {**request, "response": {"answer": "yes", "wasFreeform": True}},
        "session.ui.handlePendingElicitation": {**request, "result": {"action": "cancel"}},
        "session.ui.handlePendingSampling": request,
        "session.ui.handlePendingAutoModeSwitch": {**request, "response": "no"},
        "session.ui.handlePendingExitPlanMode": {**request, "response": {"approved": False}},
        "session.ui.unregisterDirectAutoModeSwitchHandler": {"handle": "no-handle"},
        "session.tools.handlePendingToolCall": {**request, "result": "late"},
        "session.permissions.handlePendingPermissionRequest": {**request, "result": {"kind": "approve-once"}},
        "session.commands.handlePendingCommand": request,
        "session.commands.respondToQueuedCommand": {**request, "result": {"handled": False}},
        "session.shell.kill": {"processId": "no-process"},
        "session.extensions.enable": {"id": "no-extension"},
        "session.extensions.disable": {"id": "no-extension"},
        "session.extensions.sendAttachmentsToMessage": {"attachments": []},
        "session.mcp.cancelSamplingExecution": request,
        "session.mcp.oauth.login": server,
        "session.mcp.apps.setHostContext": {"context": {"theme": "dark"}},
        "session.mcp.apps.listTools": {**server, "originServerName": "no-server"},
        "session.mcp.apps.callTool": {**server, "originServerName": "no-server", "toolName": "no-tool"},
        "session.mcp.apps.readResource": {**server, "uri": "ui://nothing"},
        "session.mcp.apps.diagnose": server,
        "session.tasks.getProgress": {"id": "no-task"},
        "session.canvas.close": {"instanceId": "no-canvas"},
        "session.agent.select": {"name": "no-agent"},
        "session.history.truncate": {"eventId": "no-event"},
        "session.getMetadata": {"sessionId": session},
    }
