"""What administrators can set: the names in their documents, and the kinds of their values."""

from __future__ import annotations

from collections.abc import Mapping

from copilot_sdk.runtime.core.managed.kinds import (
    NAMED,
    Choice,
    Flag,
    Items,
    Json,
    Kind,
    Lock,
    OptionalChoice,
    OptionalOverridable,
    Overridable,
    Record,
    Table,
    Text,
    Whole,
)
from copilot_sdk.runtime.core.managed.values import (
    HOST_SCHEMA,
    PROXY,
    Bounds,
    Captures,
    HeadersProvider,
    Hosts,
    Program,
    RemoteControl,
    Rule,
    Server,
    Source,
    SourceOfMarketplace,
    Surfaces,
    Telemetry,
    flags,
)

TIERS = ("standard", "high", "max", "unmanaged")


def _joined(strategy: str, told: str = "", **more: object) -> Json:
    """What a schema says of the values of several documents."""
    words = {"description": told} if told else {}
    return {"x-composition": {"strategy": strategy, **more, **words}}


_STRONGEST = _joined("highest-layer-wins")
_STRONGEST_BLOCK = _joined("highest-layer-wins", "The whole block of the strongest document is used.")
_DENIES = _joined("deny-wins")
_FORCED = _joined("force-on-wins")
_IN_ORDER = _joined("enum-order-wins")
_SHARED = _joined("allowlist-intersection")
_UNITED = _joined("denylist-union")
_STICKY = _joined("most-restrictive-wins", "True in one document is true for all.")
_NOT_BY_MDM: Json = {"x-mdm-delivery": False}
_SEE_COMPOSE = "What comes of several documents, `managedSettings.compose` tells."


def _replaceable(told: str) -> Json:
    return _joined(
        "enum-order-wins", told, allowOverridable=True, collapseStrategy="enum-order-permissive-wins"
    )


_TIER = r"[^\s\x00-\x1f\x7f-\x9f]+"
_AUTO_TIER = Text(
    pattern=_TIER,
    problem="Expected a tier: one word without control characters",
    shown={"minLength": 1, "pattern": r"^[^\s\u0000-\u001F\u007F-\u009F]+$"},
)
_TEXT = Text(empty="", shown={"minLength": 1})
_ORGANIZATION = Text(
    about="The login of an organization.",
    empty=NAMED.empty,
    pattern=r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}",
    problem="Expected the login of a GitHub organization",
    shown={"pattern": r"^\s*[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}\s*$"},
    trimmed=True,
)
_RULE = Rule(shown={"minLength": 1})
_ALLOWED_SERVER = Server(listed=True)
_DENIED_SERVER = Server(listed=False)


def _places(about: str) -> Items:
    return Items(of=NAMED, at_least_one=True, about=about, notes={"uniqueItems": True})


_PERMISSIONS = Record(
    about="What agents may do.",
    members={
        "model": Text(
            about="Where `model` used to stand; counts where that is absent.",
            notes={**_NOT_BY_MDM, "deprecated": True},
        ),
        "disableBypassPermissionsMode": Text(
            about="Whether requests may be approved all at once: `disable` forbids it, and so does any other value.",
            notes=_joined("most-restrictive-wins", "One document suffices.", restrictiveness=["disable"]),
        ),
        "disableAssistedPermissionsMode": Flag(
            about="Whether requests may not be judged by a model.", notes=_STICKY
        ),
        "defaultMode": Text(
            about="The mode that sessions begin with: `manual`, `assisted` or `allow-all`.",
            notes=_joined(
                "most-restrictive-wins",
                "The first of these that a document names.",
                restrictiveness=["manual", "assisted", "allow-all"],
            ),
        ),
        "deny": Items(about="What is forbidden.", of=_RULE, notes=_DENIES),
        "ask": Items(about="What has to be asked for.", of=_RULE, notes=_DENIES),
        "allow": Items(
            about="What needs no asking, if every document with such a list has it.", of=_RULE, notes=_SHARED
        ),
        "limitTo": Bounds(
            about="The domains outside of which nothing may be reached; only `Domain` rules.",
            of=_RULE,
            notes=_SHARED,
        ),
    },
)
_REMOTE_CONTROL = RemoteControl(
    about="Whether sessions may be controlled from elsewhere.",
    required=("mode",),
    members={
        "mode": Choice(about="Who may.", values=("enabled", "disabled", "requireSSO"), notes=_IN_ORDER),
        "githubDotComOrganizations": _places("The organizations, one of which has to know the user."),
        "githubEnterpriseCloudDomains": _places("The domains, one of which has to know the user."),
    },
    notes=_IN_ORDER,
)
_MARKETPLACE = Record(
    required=("source",),
    members={
        "autoUpdate": Flag(about="Whether its plugins are updated when a session begins."),
        "source": SourceOfMarketplace(about="Where it is.", ways=("github", "git", "directory")),
    },
)
_POLICY_HELPER = Record(
    about="A program that prints a further document, the weakest of all.",
    required=("path",),
    members={
        "path": Program(about="The program."),
        "args": Items(about="Its arguments.", of=Text()),
        "timeoutMs": Whole(
            about="How many milliseconds it may take.",
            least=1,
            most=30_000,
            problem="Expected a whole number of milliseconds from 1 to 30000",
            notes={"default": 5000},
        ),
    },
)
_TELEMETRY = Telemetry(
    about="Where measurements go, and what is in them.",
    members={
        "enabled": Flag(about="Whether anything is measured."),
        "endpoint": Text(about="The collector.", shown={"format": "uri"}),
        "filePath": Text(
            about="A file in place of the collector.",
            empty="Expected the path of a file",
            shown={"minLength": 1},
        ),
        "protocol": Text(about="The protocol of the collector."),
        "headers": Table(about="Headers for the collector.", of=Text()),
        "headersProvider": HeadersProvider(about="A command that prints further headers, or false for none."),
        "resourceAttributes": Table(about="Attributes of the resource.", of=Text()),
        "capture": Captures(
            about="What else is captured.",
            members=dict(
                flags(
                    {"default": False},
                    identity="Who the user is.",
                    prompts="What the user and the system say.",
                    responses="What the model says.",
                    toolArguments="What tools are called with.",
                    toolOutput="What tools give.",
                    policyDetail="The details of policies.",
                )
            ),
        ),
        "captureContent": Flag(about="All of these but the identity, where they do not say otherwise."),
        "lockCaptureContent": Flag(about="Whether users may not capture more."),
        "serviceName": Text(about="The name of the service."),
    },
    notes=_joined(
        "highest-priority-managed-block-wins", "The whole block of the strongest document is used."
    ),
)
SANDBOX = Record(
    about="The least that the sandbox for commands has to do.",
    members={
        "enabled": Flag(about="Whether there has to be one.", notes=_FORCED),
        "failIfUnavailable": Flag(about="Whether nothing may run where there is none.", notes=_FORCED),
        **dict(
            flags(
                _DENIES,
                allowBypass="Whether users may let a command out.",
                addCurrentWorkingDirectory="Whether the working directory may be written to.",
            )
        ),
        **dict(
            flags(
                _FORCED,
                sandboxMcpServers="Whether MCP servers run in it.",
                sandboxLspServers="Whether language servers run in it.",
            )
        ),
        "auth": Record(
            about="Which programs are signed in.",
            members=dict(flags(_DENIES, git="Whether git is.", gh="Whether gh is.")),
        ),
        "allowDevToolAccess": Flag(
            about="Whether the files of development tools may be read.", notes=_DENIES
        ),
        "learningMode": OptionalChoice(
            about="What becomes of access that no rule allows, where that is recorded.",
            values=("deny", "allow"),
            notes=_joined("enum-order-wins", "`deny` in one document suffices."),
        ),
        "userPolicy": Record(
            about="What commands may reach.",
            members={
                "filesystem": Record(
                    about="Which files.",
                    members={
                        "readwritePaths": Items(about="Those they may write.", of=Text(), notes=_SHARED),
                        "readonlyPaths": Items(about="Those they may read.", of=Text(), notes=_SHARED),
                        "deniedPaths": Items(about="Those they may not touch.", of=Text(), notes=_UNITED),
                    },
                ),
                "network": Record(
                    about="Which hosts.",
                    members={
                        **dict(
                            flags(
                                _DENIES,
                                allowOutbound="Whether any.",
                                allowLocalNetwork="Whether those of the local network.",
                            )
                        ),
                        "allowedHosts": Hosts(about="Those they may reach; all if empty.", notes=_SHARED),
                        "blockedHosts": Hosts(about="Those they may not reach.", notes=_UNITED),
                        "proxy": PROXY,
                    },
                ),
                "seatbelt": Record(
                    about="What macOS lets them do.",
                    members=dict(flags(_DENIES, keychainAccess="Whether they may use the keychain.")),
                ),
            },
        ),
    },
    notes=_joined("restrictiveness-merge", "Each member takes the stricter value."),
)

KEYS: Mapping[str, Kind] = {
    "allowedMcpServers": Items(
        about="The MCP servers that users may have; none if empty.", of=_ALLOWED_SERVER, notes=_SHARED
    ),
    "deniedMcpServers": Items(about="MCP servers that users may not have.", of=_DENIED_SERVER, notes=_DENIES),
    "strictPluginOnlyCustomization": Surfaces(
        about="Which customizations may come from plugins alone.",
        notes=_joined("most-restrictive-wins", "What one document leaves to plugins is left to them."),
    ),
    "allowManagedMcpServersOnly": Lock(
        about="Whether administrators alone say which MCP servers there may be.", notes=_STICKY
    ),
    "allowManagedHooksOnly": Lock(about="Whether hooks may come from administrators alone.", notes=_STICKY),
    "features": Table(about="Features by name: false turns one off.", of=Flag()),
    "enabledPlugins": Table(
        about="Plugins, as `name@marketplace`, that have to be on or off.", of=Flag(), notes=_DENIES
    ),
    "extraKnownMarketplaces": Table(
        about="Marketplaces that are known besides.", of=_MARKETPLACE, notes=_SHARED
    ),
    "model": Text(about="The model that sessions begin with.", notes=_STRONGEST),
    "autoTier": Overridable(
        about="What the model `auto` prefers.", of=_AUTO_TIER, notes=_replaceable(_SEE_COMPOSE)
    ),
    "fusionTier": Overridable(
        about="The tier of the model `auto`, which stands above `autoTier`.",
        of=Choice(values=TIERS),
        notes={"examples": [*TIERS, {"overridable": "high"}], **_replaceable(_SEE_COMPOSE)},
    ),
    "effortLevel": OptionalOverridable(
        about="How hard that model is to think.",
        of=_TEXT,
        notes={**_NOT_BY_MDM, **_replaceable(_SEE_COMPOSE)},
    ),
    "contextTier": OptionalOverridable(
        about="Which size of context window it uses.",
        of=Choice(values=("default", "long_context")),
        notes={**_NOT_BY_MDM, **_replaceable(_SEE_COMPOSE)},
    ),
    "permissions": _PERMISSIONS,
    "remoteControl": _REMOTE_CONTROL,
    "requireBase64ImageAttachments": Flag(
        about="Whether images have to be attached as data.", notes={"default": False, **_STRONGEST}
    ),
    "forceLoginOrgs": Items(
        about="The organizations whose members alone may sign in.",
        of=_ORGANIZATION,
        notes={"uniqueItems": True},
    ),
    "forceRemoteSettingsRefresh": Flag(about="Whether the server has to be asked each time."),
    "strictKnownMarketplaces": Items(
        about="The only marketplaces there may be; none if empty.",
        of=Source(ways=("github", "git", "url", "npm", "file", "directory", "hostPattern", "pathPattern")),
        notes=_SHARED,
    ),
    "policyHelper": _POLICY_HELPER,
    "policyHelperFailureMode": Choice(
        about="What happens where the helper fails.",
        values=("ignore", "failClosed"),
        notes={"default": "ignore"},
    ),
    "telemetry": _TELEMETRY,
    "sandbox": SANDBOX,
    "vscode": Record(
        about="What VS Code alone makes use of.",
        members={
            "temporaryDefaultToLocalHarness": Flag(about="Whether new chats begin with its own harness.")
        },
        notes={**_NOT_BY_MDM, **_STRONGEST_BLOCK},
    ),
}
"""What can be set, in the order in which it is told."""

NOT_BY_HELPERS = ("policyHelper", "policyHelperFailureMode", "forceRemoteSettingsRefresh")
"""What policy helpers cannot set."""


def json_schema() -> dict[str, object]:
    """The JSON schema of a document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://github.com/schemas/copilot/managed-settings/v0",
        "title": "What administrators set for Copilot",
        "description": "A document by which administrators set what users and sessions may do; all of it is optional.",
        **Record(members=KEYS).shape(),
        "$defs": {
            "hostPattern": HOST_SCHEMA,
            **{server.definition_name: server.definition() for server in (_DENIED_SERVER, _ALLOWED_SERVER)},
        },
    }
