"""Arguments for methods that need some: by wire name, in an order in which they can be called on one session."""

from __future__ import annotations

from tests.real.support.rawrpc import Json
from tests.real.support.stage import MODEL_ID


def with_arguments(folder: str, session: str) -> dict[str, Json]:
    """Arguments that make sense on a session with these things of its own.

    The server `echo` of `mcp_server.py`, the agent `gardener`, the skill `gardening`.
    """
    return {
        **_server_calls(folder, session),
        **_settings(folder),
        **_managed_settings(folder),
        **_session_calls(folder),
        **_permissions(folder),
        **_mcp(),
        **_calls_about_nothing(session),
    }


def _server_calls(path: str, session: str) -> dict[str, Json]:
    command: Json = {"type": "stdio", "command": "true", "args": [], "tools": ["*"]}
    return {
        "agents.getBuiltinDefinition": {"name": "explore"},
        "agents.getBuiltinListingDefinition": {"name": "explore"},
        "agents.customAgentInitialModelDecision": {"agentModelsJson": "[]", "availableModelsJson": "[]"},
        "contentExclusion.validatePolicies": {"policiesJson": "[]"},
        "git.currentBranchRemote": {"cwd": path},
        "git.reposFromRemotes": {"gitRoot": path},
        "git.workingDirectoryContext": {"cwd": path},
        "gitHubRepository.atPath": {"path": path},
        "globalState.writeKey": {"key": "askedSetupTerminals", "value": []},
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
        "sessions.getClientMetadata": {"sessionIds": [session]},
        "sessions.pruneOld": {"olderThanDays": 365, "dryRun": True},
        "sessions.enrichMetadata": {"sessions": []},
        "sessions.bulkDelete": {"sessionIds": ["no-session"]},
        "sessions.setAdditionalPlugins": {"plugins": []},
        "sessions.setRemoteControlSteering": {"enabled": False},
        "sessions.transferRemoteControl": {"toSessionId": session},
        "sessions.createWorkspace": {
            "sessionId": session,
            "sessionStatePath": f"{path}/states",
            "convention": "posix",
        },
        "sessions.updateWorkspaceFields": {
            "sessionsHome": f"{path}/states",
            "sessionId": session,
            "fieldsJson": "{}",
        },
        "sessions.loadWorkspace": {"sessionsHome": f"{path}/states", "sessionId": session},
    }


def _settings(path: str) -> dict[str, Json]:
    repository: Json = {"repoRoot": path, "scope": "repo"}
    theme: Json = {"canonicalPath": ["theme"], "value": "dark"}
    return {
        "user.settings.applyTopKey": {**theme, "topKey": "theme"},
        "user.settings.edit": {**theme, "operation": "set"},
        "user.settings.mergeRepoValue": {"userSettings": {"theme": "dark"}, "repoSettings": {}},
        "user.settings.normalize": {"settings": {"theme": "dark"}},
        "user.settings.set": {"settings": {"theme": "light"}},
        "user.settings.update": {"key": "theme", "value": "dark"},
        "user.settings.validate": {"topKey": "theme", "value": "dark"},
        "user.settings.writeAll": {"settings": {"theme": "dark"}},
        "repo.settings.writeKey": {**repository, "key": "companyAnnouncements", "value": ["Hello."]},
        "repo.settings.writeAll": {**repository, "settings": {}},
        "repo.settings.readRaw": repository,
        "repo.settings.edit": {**repository, "key": "theme", "operation": "set", "value": "dark"},
        "sandbox.settings.applyDefaults": {"stored": {"enabled": False}},
        "sandbox.checkEnforcementCommand": {"commandName": "ls", "args": [path]},
        "sandbox.filterPickerCandidates": {"candidates": [], "cwd": path},
        "sandbox.preparePickerPolicy": {"cwd": path},
    }


def _managed_settings(path: str) -> dict[str, Json]:
    host: Json = {
        "userAgent": "survey",
        "environment": {},
        "platform": "linux",
        "homeDirectory": f"{path}/nobody",
    }
    return {
        "managedSettings.applyControls": {"settings": {}},
        "managedSettings.validate": {"content": {}},
        "managedSettings.ingest": host,
        "managedSettings.loadRemoteControl": host,
        "managedSettings.resolveStartupPolicy": {**host, "retainAndApply": False},
        "managedSettings.resolveDeviceForceLoginOrgsGate": {"environment": {}},
    }


def _session_calls(path: str) -> dict[str, Json]:
    return {
        "session.model.switchTo": {"modelId": MODEL_ID},
        "session.model.setReasoningEffort": {"reasoningEffort": "high"},
        "session.name.setAuto": {"summary": "A survey"},
        "session.workspaces.createFile": {"path": "note.md", "content": "A note.\n"},
        "session.workspaces.readFile": {"path": "note.md"},
        "session.workspaces.saveLargePaste": {"content": "A long paste.\n" * 20},
        "session.workspaces.diff": {"mode": "unstaged"},
        "session.workspaces.readCheckpoint": {"number": 1},
        "session.workspaces.writeAutopilotObjective": {"content": "Dig the garden."},
        "session.workspaces.autopilotObjectiveExists": {},
        "session.workspaces.readAutopilotObjective": {},
        "session.workspaces.deleteAutopilotObjective": {},
        "session.plan.update": {"content": "# Plan\n\n1. Dig.\n"},
        "session.plan.read": {},
        "session.options.update": {"clientName": "survey"},
        "session.telemetry.setFeatureOverrides": {"features": {"one": "on"}},
        "session.metadata.contextInfo": {"promptTokenLimit": 100_000, "outputTokenLimit": 8_000},
        "session.metadata.setWorkingDirectory": {"workingDirectory": path},
        "session.metadata.recordContextChange": {"context": {"cwd": path}},
        "session.metadata.recomputeContextTokens": {"modelId": MODEL_ID},
        "session.shell.executeUserRequested": {"requestId": "shell-1", "command": "echo asked for"},
        "session.shell.cancelUserRequested": {"requestId": "shell-1"},
        "session.eventLog.registerInterest": {"eventType": "mcp.oauth_required"},
        "session.eventLog.releaseInterest": {"handle": "no-handle"},
        "session.debug.collectLogs": {"destination": {"kind": "archive", "outputPath": f"{path}/logs.tgz"}},
        "session.diagnostics.configure": {"sources": {"mcp": {"level": "debug"}}},
        "session.diagnostics.read": {"sources": ["mcp"]},
        "session.remote.notifySteerableChanged": {"remoteSteerable": False},
        "session.agent.select": {"name": "gardener"},
        "session.agent.setPrompt": {"id": "gardener", "prompt": "You garden well."},
        "session.skills.disable": {"name": "gardening"},
        "session.skills.enable": {"name": "gardening"},
        "session.plugins.reload": {},
        "session.queue.clear": {},
        "session.tools.execute": {"name": "view", "arguments": {"path": path}},
        "session.providers.discover": {"adapterId": "ollama"},
        "session.providers.getStatus": {"instance": _ollama()},
        "session.providers.models.list": {"instance": _ollama()},
        "session.commands.invoke": {"name": "context"},
        "session.canvas.provider.register": {"connectionId": "1", "info": {"id": "tests"}, "canvases": []},
        "session.lsp.initialize": {"workingDirectory": path},
    }


def _ollama() -> Json:
    kind: Json = {"adapterId": "ollama", "providerKind": "ollama"}
    return {**kind, "id": "local", "managementEndpoint": "http://127.0.0.1:11434"}


def _permissions(path: str) -> dict[str, Json]:
    write: Json = {"kind": "write"}
    return {
        "session.permissions.setApproveAll": {"enabled": False},
        "session.permissions.modifyRules": {"scope": "session", "add": [{**write, "argument": None}]},
        "session.permissions.setRequired": {"required": True},
        "session.permissions.notifyPromptShown": {"message": "Shown."},
        "session.permissions.paths.add": {"path": path},
        "session.permissions.paths.updatePrimary": {"path": path},
        "session.permissions.paths.isPathWithinAllowedDirectories": {"path": path},
        "session.permissions.paths.isPathWithinWorkspace": {"path": path},
        "session.permissions.locations.resolve": {"workingDirectory": path},
        "session.permissions.locations.apply": {"workingDirectory": path},
        "session.permissions.locations.addToolApproval": {"locationKey": path, "approval": write},
        "session.permissions.folderTrust.isTrusted": {"path": path},
        "session.permissions.folderTrust.addTrusted": {"path": path},
        "permissions.folderTrust.checkTrust": {"path": path},
        "session.permissions.urls.setUnrestrictedMode": {"enabled": False},
    }


def _mcp() -> dict[str, Json]:
    server: Json = {"serverName": "echo"}
    asked: Json = {"role": "user", "content": {"type": "text", "text": "Sample this."}}
    return {
        "session.mcp.setEnvValueMode": {"mode": "direct"},
        "session.mcp.listTools": server,
        "session.mcp.isServerRunning": server,
        "session.mcp.executeSampling": {
            **server,
            "requestId": "sampling-1",
            "mcpRequestId": 1,
            "request": {"messages": [asked], "maxTokens": 100},
        },
        "session.mcp.prompts.list": server,
        "session.mcp.prompts.get": {**server, "promptName": "no-prompt"},
        "session.mcp.resources.list": server,
        "session.mcp.resources.listTemplates": server,
        "session.mcp.resources.read": {**server, "uri": "file:///nothing"},
        "session.mcp.oauth.login": server,
        "session.mcp.oauth.probe": server,
        "session.mcp.apps.diagnose": server,
        "session.mcp.apps.setHostContext": {"context": {"theme": "dark"}},
        "session.mcp.apps.listTools": {**server, "originServerName": "echo"},
        "session.mcp.apps.callTool": {**server, "originServerName": "echo", "toolName": "echo"},
        "session.mcp.apps.readResource": {**server, "uri": "ui://nothing"},
        "session.mcp.disable": server,
        "session.mcp.enable": server,
    }


def _calls_about_nothing(session: str) -> dict[str, Json]:
    request: Json = {"requestId": "no-request"}
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
        "session.schedule.stop": {"id": 1},
        "session.tasks.getProgress": {"id": "no-task"},
        "session.canvas.close": {"instanceId": "no-canvas"},
        "session.history.truncate": {"eventId": "no-event"},
        "session.getMetadata": {"sessionId": session},
    }
