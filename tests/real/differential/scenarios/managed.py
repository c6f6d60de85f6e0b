"""What administrators set, which features are there, and what the runtime brings."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json

MANAGED = Area("Policies, features, agents of the runtime")


async def each(actor: Actor, method: str, *several: Json) -> None:
    """Calls a method with several parameters, one after the other."""
    for params in several:
        await actor.call(method, params)


@MANAGED.scenario(
    known(
        "Descriptions in the schema are the reference runtime's own, and so are its patterns, which are simpler.",
        "reply managedSettings.schema /schema/title: value",
        "reply managedSettings.schema /schema/*/url/anyOf: cli only",
        "reply managedSettings.schema /schema/*/path/allOf: cli only",
        "reply managedSettings.schema /schema/$defs/hostPattern/*: cli only",
        "reply managedSettings.schema /schema/*/pattern: ours only",
    )
)
async def the_schema_of_policies(actor: Actor) -> None:
    """The schema of what administrators may set is asked for."""
    await actor.call("managedSettings.schema")


def _documents() -> Iterable[Json]:
    servers: tuple[object, ...] = (
        {"serverUrl": "http://*"},
        {"serverCommand": []},
        {"serverName": "a b"},
        {},
        5,
    )
    for name in ("allowedMcpServers", "deniedMcpServers"):
        for server in servers:
            yield {name: [server]}
    values: dict[str, tuple[object, ...]] = {
        "strictPluginOnlyCustomization": (["hooks", "skills"], ["more"], 5, False),
        "allowManagedHooksOnly": (True, "yes"),
        "features": ({"a": True}, {"a": 1}, 5),
        "vscode": ({"temporaryDefaultToLocalHarness": True, "more": 1},),
        "model": ("m", 5),
        "autoTier": ("fast", "two words", {"overridable": "fast"}, {"more": 1}, 5),
        "fusionTier": ("max", "more", {"overridable": "high"}),
        "remoteControl": ({"mode": "enabled"}, {"mode": "more"}, {}, {"mode": "requireSSO"}),
        "enabledPlugins": ({"a@b": True}, {"a@b": None}),
        "extraKnownMarketplaces": (
            {"m": {"source": {"source": "github", "repo": "a/b", "more": 1}, "more": 1}},
            {"m": {"source": {"source": "npm", "package": "p"}}},
            {"m": {}},
        ),
        "strictKnownMarketplaces": (
            [{"source": "npm", "package": "p", "more": 1}],
            [{"source": "git"}],
            [{}],
        ),
        "policyHelper": ({"path": "/x", "timeoutMs": 5}, {"path": "a/b"}, {"path": "/x", "timeoutMs": 0}, {}),
        "policyHelperFailureMode": ("ignore", "more"),
        "forceLoginOrgs": ([" octo "], ["a b"], []),
        "telemetry": (
            {"endpoint": "http://x", "headersProvider": {"path": "/x"}},
            {"headersProvider": {"path": "/x"}},
            {"capture": {"more": True}},
            {"filePath": "", "more": 1},
        ),
        "sandbox": (
            {"enabled": True, "learningMode": "more", "userPolicy": {"more": 1}},
            {"auth": {"git": 5}},
        ),
        "more": (1,),
    }
    for name, several in values.items():
        yield from ({name: value} for value in several)
    hosts = ("*", "*.example.com", "a:80", "[::1]", "a..b")
    for host in (*hosts, "a..", "a.1", "*.", "*.127.1", "%61", "::1%a"):
        yield {"sandbox": {"userPolicy": {"network": {"allowedHosts": [host]}}}}
    urls = ("http://proxy:80", "ftp://proxy", "http://u:p@proxy", "http://proxy:0", "", "proxy")
    for url in (*urls, "http://[::1]", "http://127.1", "http://256.1.1.1", "http://xn--a"):
        yield {"sandbox": {"userPolicy": {"network": {"proxy": {"url": url}}}}}
    for rule in (
        "Shell(rm)",
        "domain(*.a.com)",
        "Domain(a b)",
        "Mcp",
        "Mcp(a/b)",
        "CustomTool",
        "Dig",
        "Read(",
    ):
        yield {"permissions": {"deny": [rule]}}
    for bound in ("Domain(a.com)", "Domain(https://a.com)", "Read"):
        yield {"permissions": {"limitTo": [bound]}}
    yield {"permissions": {"model": "p", "defaultMode": "more", "more": 1}}
    for model in ("m", "auto"):
        yield {"model": model, "effortLevel": {"overridable": "high"}, "contextTier": "more"}


@MANAGED.scenario(
    known(
        "What is wrong with a document, or of no use in it, is told in words of each runtime.",
        "reply managedSettings.validate /diagnostics/*/message: value",
    )
)
async def documents_of_administrators(actor: Actor) -> None:
    """Documents are checked: good ones, wrong ones, and those that are not for where they come from."""
    for document in _documents():
        await actor.call("managedSettings.validate", {"content": document})
    for text in ("{}", "{", "[]", None, 5):
        await actor.call("managedSettings.validate", {"content": text})
    for layer in ("server", "device", "policyHelper", "client"):
        content: Json = {"policyHelper": {"path": "/x"}, "model": "m", "permissions": {"model": "n"}}
        await actor.call("managedSettings.validate", {"content": content, "layer": layer})
    await each(actor, "managedSettings.validate", {}, {"content": {}, "layer": 5}, {"content": {}, "more": 1})


_PAIRS: tuple[tuple[Json, Json], ...] = (
    ({}, {}),
    ({"model": "d", "effortLevel": "high"}, {"model": "s", "contextTier": "default"}),
    ({"model": "auto"}, {"model": "s", "effortLevel": {"overridable": "low"}}),
    ({"autoTier": {"overridable": "intelligence"}}, {"autoTier": "balance"}),
    ({"fusionTier": "unmanaged"}, {"fusionTier": {"overridable": "max"}, "autoTier": "efficiency"}),
    ({"strictPluginOnlyCustomization": ["mcp"]}, {"allowManagedHooksOnly": True}),
    ({"features": {"a": True}, "vscode": {}}, {"features": {"b": True}, "forceLoginOrgs": ["octo"]}),
    ({"policyHelper": {"path": "/x"}}, {"telemetry": {"enabled": False}}),
    ({"sandbox": {"enabled": False}}, {"sandbox": {"enabled": True}}),
    ({"sandbox": {"failIfUnavailable": True}}, {"sandbox": {"enabled": True, "allowBypass": True}}),
    (
        {"sandbox": {"auth": {"git": True}, "userPolicy": {"filesystem": {"readwritePaths": ["/b", "/a"]}}}},
        {"sandbox": {"auth": {"git": False}, "userPolicy": {"filesystem": {"readwritePaths": ["/a", "/c"]}}}},
    ),
    (
        {"sandbox": {"userPolicy": {"network": {"allowedHosts": ["*.x.com"], "blockedHosts": ["a"]}}}},
        {"sandbox": {"userPolicy": {"network": {"allowedHosts": ["a.x.com", "b"], "blockedHosts": ["b"]}}}},
    ),
    (
        {"sandbox": {"userPolicy": {"network": {"allowedHosts": ["x"], "proxy": {"url": "http://a"}}}}},
        {"sandbox": {"userPolicy": {"network": {"allowedHosts": ["*.x"], "proxy": {"url": "http://b"}}}}},
    ),
    (
        {"permissions": {"deny": ["Read"], "allow": ["Shell(a)"], "defaultMode": "assisted"}},
        {"permissions": {"deny": ["Edit", "Read"], "ask": ["Write"], "disableBypassPermissionsMode": "more"}},
    ),
    (
        {"permissions": {"allow": ["Shell(a)"], "limitTo": ["Domain(*.a.com)", "Domain(b.com)"]}},
        {"permissions": {"allow": ["Shell(b)"], "limitTo": ["Domain(x.a.com)", "Domain(c.com)"]}},
    ),
)


@MANAGED.scenario()
async def what_documents_add_up_to(actor: Actor) -> None:
    """Documents of a device, a server and a helper are put together."""
    for device, server in _PAIRS:
        layers = [{"source": "server", "settings": server}, {"source": "device", "settings": device}]
        await actor.call("managedSettings.compose", {"layers": layers})
        await actor.call("managedSettings.resolveEffectiveValue", {"server": server, "mdm": device})
        await actor.call(
            "managedSettings.compose", {"layers": [{"source": "policyHelper", "settings": server}]}
        )
    three: list[Json] = [
        {"source": name, "settings": {"permissions": {"deny": [f"Shell({name})"]}, "more": 1}}
        for name in ("policyHelper", "device", "server")
    ]
    await actor.call("managedSettings.compose", {"layers": [*three[:2], {"source": "server"}]})
    await actor.call("managedSettings.compose", {"layers": three})
    twice: Json = {"layers": [three[0], three[0]]}
    await each(
        actor,
        "managedSettings.compose",
        {},
        twice,
        {"layers": [{"source": "more"}]},
        {"layers": [{"source": "server", "settings": 5}]},
    )
    floor: Json = {"enabled": True, "allowBypass": False, "more": 1}
    sandbox: Json = {"sandbox": {"enabled": False, "allowBypass": True}}
    await actor.call("managedSettings.resolveEffectiveValue", {"deviceSandboxFloor": floor, "mdm": sandbox})
    odd: Json = {
        "more": 1,
        "shellShortcut": True,
        "permissions": {"deny": 5, "more": 1},
        "effortLevel": "low",
    }
    await each(
        actor,
        "managedSettings.resolveEffectiveValue",
        {},
        {"server": odd},
        {"server": 5},
        {"deviceSandboxFloor": 5},
        {"policyHelper": odd},
    )


def _readable(path: str) -> Json:
    return {"userPolicy": {"filesystem": {"readonlyPaths": [path]}}}


_ADDRESSES = (
    *("https://a.com", "http://a.com:8080/x", "https://b.a.com/y?z", "https://A.COM.", "https://ü.de"),
    *("https://a.com..", "https://a.com:0", "https://*.a.com", "https:a%2ecom\\b/../c", "https://0x7f.1"),
)
_POLICIES: tuple[object, ...] = (
    None,
    {},
    *({"deny": [f"Domain({pattern})"]} for pattern in ("a.com", "*.a.com", "http://a.com:8080", "*", "ü.de")),
    *({"deny": [f"Domain({pattern})"]} for pattern in ("127.1", "https://a.com/c", "*.127.1", "a.1")),
    *({"limitTo": [f"Domain({pattern})"]} for pattern in ("*.a.com", "[::ffff:127.0.0.1]", "a.com..")),
    {"deny": ["Domain"]},
    {"deny": ["Domain(a.com)"], "_defaultAskActive": False},
    {"ask": ["Domain(a.com)"], "allow": ["Domain(a.com)"]},
    {"allow": ["Domain(a.com)"]},
    {"allow": ["Mcp(a)"]},
    {"allow": []},
    {"ask": ["Mcp(a)"], "_allowLists": [[]]},
    {"_allowLists": [["Domain(a.com)"], ["CustomTool(a)"], ["Domain(*.a.com)"]]},
    {"limitTo": ["Domain(a.com)"]},
    {"limitTo": ["Domain(a.com)"], "_limitToLists": [["Domain(*.a.com)"]], "ask": ["Read"]},
    {"limitTo": 5},
    {"deny": ["Dig"]},
    {"deny": 5},
    {"defaultMode": 5},
    5,
)


@MANAGED.scenario()
async def operations_are_judged(actor: Actor) -> None:
    """Access to addresses is judged by policies."""
    method = "managedSettings.permissions.evaluate"
    operations = [{"kind": "url", "url": url} for url in _ADDRESSES]
    for permissions in _POLICIES:
        context: Json = {"failClosed": False}
        if permissions is not None:
            context["permissions"] = permissions
        await actor.call(method, {"context": context, "operations": operations})
    await actor.call(method, {"context": {"failClosed": True}, "operations": operations})
    for url in ("a.com", "ftp://a.com", "https://", "https://a.com:99999", "https://a.1", "https://xn--a"):
        wrong = [{"kind": "url", "url": url}]
        await actor.call(method, {"context": {"failClosed": False}, "operations": wrong})
    await each(actor, method, {}, {"context": {"failClosed": False, "more": 1}, "operations": []})


@MANAGED.scenario()
async def settings_of_users_and_administrators(actor: Actor) -> None:
    """Settings of a user meet those of an administrator."""
    plugins: Json = {"enabledPlugins": {"a@b": False, "c@d": True}}
    await each(
        actor,
        "managedSettings.applyControls",
        {"settings": {"enabledPlugins": {"a@b": True, "e@f": True}, "model": "m"}, "managed": plugins},
        {"settings": {"enabledPlugins": 5}, "managed": {**plugins, "extraKnownMarketplaces": 5}},
        {"settings": {"model": "m"}},
        {"settings": 5},
        {"settings": {}, "managed": 5},
    )
    method = "user.settings.mergeManagedAndUser"
    every: Json = dict.fromkeys(
        (
            "companyAnnouncements",
            "model",
            "effortLevel",
            "hooks",
            "permissions",
            "shellShortcut",
            "telemetry",
        ),
        "u",
    )
    pairs: tuple[tuple[object, object], ...] = (
        (every, dict.fromkeys(every, "m")),
        ({}, every),
        ({"hooks": {"a": [1], "b": 1}}, {"hooks": {"a": [2], "b": 2}}),
        (
            {"permissions": {"deny": ["a"]}},
            {"permissions": {"deny": ["b"], "disableBypassPermissionsMode": "x"}},
        ),
        (
            {"sandbox": {"enabled": True, "failIfUnavailable": True}},
            {"sandbox": {"enabled": False, "more": 1}},
        ),
        (
            {"sandbox": {"allowBypass": True, "sandboxLspServers": True, **_readable("/a")}},
            {"sandbox": {"userPolicy": {"network": {"allowedHosts": ["a.com"]}}}},
        ),
        (
            {"sandbox": {"userPolicy": {"network": {"blockedHosts": ["*"]}}}},
            {"sandbox": {"userPolicy": {"network": {"allowedHosts": ["a.com"]}}}},
        ),
        ({"autoTier": "fast"}, {"autoTier": "balance"}),
        ({"autoTier": {"overridable": "fast"}}, {"autoTier": "balance"}),
        ({"fusionTier": {"overridable": "max"}, "autoTier": "fast"}, {}),
        ({"autoTier": "two words"}, {}),
        (
            plugins,
            {"enabledPlugins": {"a@b": True, "e@f": True}, "deniedUrls": ["u"], "respectGitignore": True},
        ),
        ({"deniedUrls": ["m", "u"], "respectGitignore": "x"}, {"deniedUrls": ["u", "v"]}),
        (5, {}),
        (None, {"a": 1}),
        ({"a": 1}, None),
    )
    for managed, user in pairs:
        given = {"managed": managed, "user": user}
        await actor.call(method, {name: value for name, value in given.items() if value is not None})


@MANAGED.scenario()
async def policies_of_this_machine(actor: Actor) -> None:
    """Nobody manages this machine, and clients narrow what their sessions may do."""
    for method in ("read", "clearCache", "resolve"):
        await actor.call(f"managedSettings.{method}")
    await each(
        actor,
        "managedSettings.resolve",
        {"workingDirectory": str(actor.folder)},
        {"selectionId": "nobody"},
        {"gitHubToken": 5},
    )
    for permissions in (
        {"deny": ["Domain(a.com)"], "ask": ["Read"], "disableBypassPermissionsMode": "more"},
        {"allow": ["Mcp(a)", "Read"], "limitTo": ["Domain(a.com)"]},
        {},
    ):
        session = await actor.create(managedSettings={"permissions": permissions})
        told = await actor.of(session, "managedSettings.get")
        operations = [{"kind": "url", "url": url} for url in _ADDRESSES]
        judged: Json = {"context": told["permissionsContext"], "operations": operations}
        await actor.call("managedSettings.permissions.evaluate", judged)
    session = await actor.create(managedSettings={})
    await actor.of(session, "managedSettings.get")
    wrong: tuple[Json, ...] = (
        {"model": "m"},
        {"permissions": {"deny": ["Dig"]}},
        {"permissions": {"defaultMode": "manual"}},
    )
    options = actor.session_options()
    await each(actor, "session.create", *({**options, "managedSettings": document} for document in wrong))
    await actor.of(session, "plugins.retryManaged")
    await actor.of(session, "plugins.retryManaged", plugins=["a@b", "nonsense"])
    await actor.of(session, "plugins.retryManaged", plugins=5)
    await actor.call("session.plugins.retryManaged", {"sessionId": "nobody"})


@MANAGED.scenario(
    known(
        "What a feature is, the reference runtime says in its own words.",
        "reply featureFlags.listMetadata /flags/*/experimentalDescription: value",
    )
)
async def features_for_somebody(actor: Actor) -> None:
    """Which features are there is asked for several people, environments and settings."""
    await actor.call("featureFlags.listMetadata")
    nobody: Json = {"isStaff": False, "isExperimental": False, "isTeam": False, "environment": {}}
    people: tuple[Json, ...] = (
        {},
        {"isStaff": True},
        {"isExperimental": True, "isTeam": True},
        {"isStaffGithub": True},
    )
    await each(actor, "featureFlags.resolve", *({**nobody, **more} for more in people))
    base: Json = dict.fromkeys(("SANDBOX", "TOOL_SEARCH", "CONNECTORS", "Mine"), False)
    further: tuple[Json, ...] = (
        {},
        {"environment": {"SANDBOX": "TRUE", "CONNECTORS": "1", "TOOL_SEARCH": "true"}},
        {"environment": {"COPILOT_CLI_ENABLED_FEATURE_FLAGS": "sandbox, MINE,,more", "SANDBOX": "false"}},
        {"config": {"enabledFeatureFlags": {"mine": True, "more": True, "SANDBOX": 5}}},
        {
            "config": {
                "feature_flags": {"enabled": ["mine", "SANDBOX", 5]},
                "enabledFeatureFlags": {"Mine": False},
            }
        },
        {"config": {"toolSearch": True, "connectors": True, "memory": False, "contextManagementTools": True}},
        {"config": {"enabledFeatureFlags": {"TOOL_SEARCH": True}}, "environment": {"TOOL_SEARCH": "false"}},
        {"config": 5, "flagOverrides": {"Mine": True, "More": True}},
    )
    based: Json = {**nobody, "baseFlags": base}
    await each(actor, "featureFlags.resolve", *({**based, **more} for more in further))
    few: Json = {**nobody, "baseFlags": {"SANDBOX": 5}}
    await each(actor, "featureFlags.resolve", {}, {**nobody, "isTeam": 5}, few)


@MANAGED.scenario(
    known(
        "Agents of the reference runtime are described and prompted in its own words, with its own tools; it has no "
        "models of which they could want one.",
        "note definition */prompt: value",
        "note definition */model: cli only",
        "note */tools*: length",
        "note */tools/*: value",
        "note listed */model: cli only",
        "reply agents.getBuiltin* /definitionJson: value",
    ),
    known(
        "The `init` command has a prompt of each runtime's own.",
        "reply instructions.getInitPrompt /prompt: value",
    ),
)
async def what_the_runtime_brings(actor: Actor) -> None:
    """The agents of the runtime are described, a model is chosen for one, and the prompt of a command is read."""
    names = (await actor.call("agents.getBuiltins"))["names"]
    assert isinstance(names, list)
    for name in (*names, "nobody"):
        for label, method in (
            ("definition", "getBuiltinDefinition"),
            ("listed", "getBuiltinListingDefinition"),
        ):
            answer = await actor.call(f"agents.{method}", {"name": name})
            if answer:
                actor.note(label, json.loads(str(answer["definitionJson"])))
    models = json.dumps([{"id": "one", "name": "First"}, {"id": "two"}])
    for wanted in (
        '["zero", "TWO"]',
        '"first (copilot)"',
        "one",
        '"zero"',
        "[]",
        '[5, "two"]',
        '["x", "y"]',
        "",
    ):
        await actor.call(
            "agents.customAgentInitialModelDecision",
            {"agentModelsJson": wanted, "availableModelsJson": models},
        )
    for available in ("{", "{}", "[1]", "[{}]", '[{"id": "a", "name": 1}]'):
        await actor.call(
            "agents.customAgentInitialModelDecision",
            {"agentModelsJson": "a", "availableModelsJson": available},
        )
    await actor.call("instructions.getInitPrompt")
