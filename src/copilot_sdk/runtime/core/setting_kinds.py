"""The settings of a user: what kind of value each has, and what it is where nobody sets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from copilot_sdk._model.json_values import is_array, is_object

Kind = Literal["boolean", "string", "choice", "strings", "object", "flags", "anything"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about a setting.

    Attributes:
        kind: What its value has to be; `flags` is an object of booleans, `strings` an array of strings.
        choices: The values of a `choice`.
        default: What it is where nobody sets it.
    """

    kind: Kind
    choices: tuple[str, ...] = ()
    default: object = None


@dataclass(frozen=True, slots=True)
class Issue:
    """What is wrong with a value, and where in it."""

    path: tuple[str | int, ...]
    message: str

    def __str__(self) -> str:
        return f"{'.'.join(str(step) for step in self.path)}: {self.message}"


SETTINGS: Mapping[str, Setting] = {
    "mouse": Setting("boolean", default=True),
    "askUser": Setting("boolean"),
    "autoUpdate": Setting("boolean"),
    "bashEnv": Setting("boolean"),
    "powershellFlags": Setting("strings"),
    "autoUpdatesChannel": Setting("choice", choices=("stable", "prerelease")),
    "banner": Setting("choice", choices=("always", "once", "never")),
    "bannerStyle": Setting("choice", choices=("mona", "classic"), default="mona"),
    "showTipsOnStartup": Setting("boolean"),
    "beep": Setting("boolean", default=False),
    "beepOnSchedule": Setting("boolean"),
    "notifications": Setting("boolean"),
    "taskbarPresence": Setting("boolean", default=True),
    "keepAlive": Setting("choice", choices=("on", "off", "busy"), default="off"),
    "includeCoAuthoredBy": Setting("boolean", default=True),
    "compactPaste": Setting("boolean"),
    "copyOnSelect": Setting("boolean", default=False),
    "commandHistoryMaxSize": Setting("anything"),
    "worktreeBaseRef": Setting("choice", choices=("head", "defaultBranch"), default="head"),
    "worktreePathTemplate": Setting("string"),
    "respectGitignore": Setting("boolean", default=True),
    "proxyKerberosServicePrincipal": Setting("string"),
    "proxyUrl": Setting("string"),
    "builtInAgents": Setting("object"),
    "memory": Setting("boolean", default=True),
    "toolSearch": Setting("anything"),
    "contextManagementTools": Setting("boolean", default=False),
    "connectors": Setting("boolean", default=True),
    "imageGeneration": Setting("boolean", default=True),
    "imageGenerationWatermark": Setting("boolean", default=False),
    "model": Setting("string"),
    "modelProviderId": Setting("string"),
    "autoTier": Setting("anything"),
    "effortLevel": Setting("anything"),
    "contextTier": Setting("anything"),
    "planModel": Setting("string"),
    "planModelProviderId": Setting("string"),
    "planEffortLevel": Setting("anything"),
    "planContextTier": Setting("anything"),
    "subagents": Setting("object", default={"contextManagementTools": False}),
    "workflows": Setting(
        "object", default={"defaultLimits": {}, "maxConcurrentRuns": 4, "logPhaseNames": True}
    ),
    "continueOnAutoMode": Setting("boolean", default=False),
    "stayInAutopilot": Setting("boolean", default=True),
    "defaultMode": Setting("choice", choices=("interactive", "plan", "autopilot"), default="interactive"),
    "defaultPermissionMode": Setting("choice", choices=("manual", "assisted", "allow-all"), default="manual"),
    "assistedApprovalInstructions": Setting("string"),
    "renderMarkdown": Setting("boolean", default=True),
    "renderHexColors": Setting("boolean", default=True),
    "inlineImages": Setting("boolean"),
    "inlineImageLiveWindow": Setting("anything"),
    "scrollbar": Setting("boolean"),
    "pinnedPrompts": Setting("boolean", default=False),
    "sidebar": Setting(
        "object",
        default={
            "enabled": True,
            "showResumableSessions": True,
            "showHeaderButtons": True,
            "showCloseButton": False,
            "hoverFocus": False,
            "coloredHints": True,
            "accentActiveSession": True,
        },
    ),
    "remoteExport": Setting("boolean", default=True),
    "statusLine": Setting("object"),
    "screenReader": Setting("boolean"),
    "theme": Setting("anything"),
    "allowedUrls": Setting("strings"),
    "deniedUrls": Setting("strings"),
    "storeTokenPlaintext": Setting("boolean"),
    "stream": Setting("boolean"),
    "streamerMode": Setting("boolean"),
    "footer": Setting("object", default={"showSchedules": True}),
    "tabs": Setting("object"),
    "updateTerminalTitle": Setting("boolean"),
    "terminalProgress": Setting("boolean"),
    "terminalNotifications": Setting("boolean", default=False),
    "mergeStrategy": Setting("choice", choices=("rebase", "merge")),
    "editorMode": Setting("choice", choices=("normal", "vim"), default="normal"),
    "customAgents": Setting("object"),
    "ide": Setting("object"),
    "companyAnnouncements": Setting("strings"),
    "enabledFeatureFlags": Setting("flags"),
    "feature_flags": Setting("object"),
    "skillDirectories": Setting("strings"),
    "ignoredSkillsLocations": Setting("strings"),
    "disabledSkills": Setting("strings"),
    "disabledMcpServers": Setting("strings"),
    "enabledMcpServers": Setting("strings"),
    "githubMcpToolsets": Setting("strings"),
    "githubMcpTools": Setting("strings"),
    "enableAllGithubMcpTools": Setting("boolean"),
    "githubMcpInsiders": Setting("boolean"),
    "dynamicRetrieval": Setting("object"),
    "sandbox": Setting("object"),
    "extensions": Setting("object"),
    "enabledPlugins": Setting("flags"),
    "extraKnownMarketplaces": Setting("object"),
    "strictKnownMarketplaces": Setting("anything"),
    "telemetry": Setting("object"),
    "voice": Setting("object"),
    "ahpEnvironment": Setting("object"),
    "permissions": Setting("object"),
    "copilotUrl": Setting("string"),
    "transcriptView": Setting("choice", choices=("default", "concise"), default="default"),
    "showReasoning": Setting("boolean"),
    "showTimestamps": Setting("boolean"),
    "showToolDurations": Setting("boolean", default=True),
    "disableAllHooks": Setting("boolean"),
    "hooks": Setting("object"),
    "disabledHooks": Setting("strings"),
    "remoteSessions": Setting("boolean"),
    "experimental": Setting("boolean"),
    "logLevel": Setting("choice", choices=("none", "error", "warning", "info", "debug", "all", "default")),
    "shellShortcut": Setting("boolean", default=True),
}
"""The settings by name, in the order in which they are listed."""

REPOSITORY_KEYS = (
    "skillDirectories",
    "agentDirectories",
    "instructionDirectories",
    "hookDirectories",
    "companyAnnouncements",
    "disableAllHooks",
    "enabledPlugins",
    "extraKnownMarketplaces",
    "hooks",
    "mergeStrategy",
    "includeCoAuthoredBy",
    "respectGitignore",
    "deniedUrls",
    "disabledMcpServers",
    "disabledSkills",
    "model",
    "modelProviderId",
    "autoTier",
    "effortLevel",
    "contextTier",
)
"""The settings that a repository may have of its own."""

CLAUDE_REPOSITORY_KEYS = (
    "companyAnnouncements",
    "disableAllHooks",
    "enabledPlugins",
    "extraKnownMarketplaces",
    "hooks",
)
"""Those that are taken from the settings of Claude Code in a repository."""

MANAGED_KEYS = (
    "allowedMcpServers",
    "allowManagedHooksOnly",
    "allowManagedMcpServersOnly",
    "deniedMcpServers",
    "enabledPlugins",
    "extraKnownMarketplaces",
    "forceLoginOrgs",
    "forceRemoteSettingsRefresh",
    "model",
    "autoTier",
    "fusionTier",
    "effortLevel",
    "contextTier",
    "permissions",
    "policyHelper",
    "policyHelperFailureMode",
    "remoteControl",
    "requireBase64ImageAttachments",
    "sandbox",
    "shellShortcut",
    "strictKnownMarketplaces",
    "strictPluginOnlyCustomization",
    "telemetry",
)
"""The settings that an administrator can set."""

_BY_LOWER_CASE = {name.lower(): name for name in SETTINGS}


def normal_name(key: str) -> str:
    """A setting's own name, however it is capitalised; an unknown one stays as it is."""
    return _BY_LOWER_CASE.get(key.lower(), key)


def issues_of(key: str, value: object) -> list[Issue]:
    """What is wrong with a value for a setting; a setting that is not known takes any."""
    setting = SETTINGS.get(normal_name(key))
    if setting is None or setting.kind == "anything":
        return []
    return list(_issues(setting, (key,), value))


def _issues(setting: Setting, path: tuple[str | int, ...], value: object) -> Sequence[Issue]:
    match setting.kind:
        case "choice":
            return _issues_of_choice(setting, path, value)
        case "strings" if is_array(value):
            return [
                Issue((*path, index), _expected("string", member))
                for index, member in enumerate(value)
                if not isinstance(member, str)
            ]
        case "flags" if is_object(value):
            return [
                Issue((*path, name), _expected("boolean", member))
                for name, member in value.items()
                if not isinstance(member, bool)
            ]
        case _:
            wanted = {"strings": "array", "flags": "object"}.get(setting.kind, setting.kind)
    return [] if type_name(value) == wanted else [Issue(path, _expected(wanted, value))]


def _issues_of_choice(setting: Setting, path: tuple[str | int, ...], value: object) -> Sequence[Issue]:
    if value in setting.choices:
        return []
    known = " | ".join(f"'{choice}'" for choice in setting.choices)
    if isinstance(value, str):
        return [Issue(path, f"Invalid enum value. Expected {known}, received '{value}'")]
    return [Issue(path, _expected(known, value))]


def _expected(wanted: str, value: object) -> str:
    return f"Expected {wanted}, received {type_name(value)}"


def type_name(value: object) -> str:
    """What JSON calls the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"
