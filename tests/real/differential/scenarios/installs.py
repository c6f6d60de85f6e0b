"""Catalogs of things to install, plans made from cards, and what becomes of installations without an account."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.rawrpc import Json

INSTALLS = Area("Installations")

_WORDS = known(
    "The reference runtime says in words of its own why something is refused.",
    "reply * /message: value",
)
_BOUND = ("catalog-search-credential-required", "catalog-search-session-bound")
_MCP = (*_BOUND, "mcp-confirmed-remote-installation")
_SKILLS = (*_BOUND, "skill-confirmed-installation")
_PLUGINS = (*_BOUND, "agent-plugin-discovery", "agent-plugin-confirmed-installation")
_REFERENCES = (*_SKILLS, "catalog-reference-installation")
_MEDIA_TYPE = "application/mcp-server-card+json"
_REMOTE: Json = {"type": "streamable-http", "url": "https://example.org/mcp"}
_PACKAGE: Json = {
    "registryType": "npm",
    "identifier": "@garden/rake",
    "version": "1.2.0",
    "transport": {"type": "stdio"},
}
_SERVER: Json = {"name": "org.example/rake", "description": "Rakes.", "version": "1.0.0"}


def _contract(*capabilities: str, version: object = 3) -> Json:
    return {"protocolVersion": version, "requiredCapabilities": list(capabilities)}


def _card(content: object, media_type: str = _MEDIA_TYPE) -> Json:
    text = content if isinstance(content, str) else json.dumps(content)
    return {"kind": "embedded", "mediaType": media_type, "data": text}


def _null(name: str) -> Json:
    return {name: None}


async def _plan(actor: Actor, content: object, **more: object) -> None:
    """Plans from a card; its secrets and its handle get names, as they are of one runtime."""
    source = {"kind": "card", "card": _card(content)}
    planned = await actor.call("mcp.planInstall", {"contract": _contract(), "source": source, **more})
    plan = planned.get("plan")
    if isinstance(plan, dict):
        actor.take.names[str(plan["planHandle"])] = "<plan>"
        for number, secret in enumerate(dict.fromkeys(re.findall(r"\$\{secret:\w+\}", json.dumps(plan)))):
            actor.take.names[secret] = f"<secret {number}>"


@INSTALLS.scenario(_WORDS)
async def contracts_that_are_kept_or_not(actor: Actor) -> None:
    """A client demands what the runtime understands, what it does not, and what makes no sense."""
    contracts: list[Json | None] = [
        _contract(),
        _contract("trust-snapshot", version=3.0),
        _contract(version=2),
        _contract("trust-snapshot", "pruning", version=2),
        _contract("trust-snapshot", "pruning", "grafting"),
        _contract("agent-plugin-formats"),
        _contract("catalog-feeds"),
        _contract("trust-snapshot", "trust-snapshot"),
        _contract("Trust"),
        _contract(*(f"c{number}" for number in range(33))),
        {**_contract(), "more": 1},
        {"requiredCapabilities": []},
        {"protocolVersion": 3},
        _contract(version=3.5),
        _contract(version=2**32),
        None,
    ]
    for contract in contracts:
        await actor.call("catalog.search", {"contract": contract, "query": "rake"})


@INSTALLS.scenario(_WORDS)
async def searches_and_feeds_out_of_reach(actor: Actor) -> None:
    """Searches and feeds that are right fail for want of the service, the others for what is wrong with them."""
    session = await actor.create()
    plugins, categories = "agent-plugin-discovery", "catalog-search-categories"
    searches: list[tuple[tuple[str, ...], Json]] = [
        ((), {"limit": 0}),
        ((), {"limit": 50, "kinds": ["mcp-server", "ai-skill"]}),
        ((), {"query": " "}),
        ((), {"query": "q" * 257}),
        ((), {"kinds": []}),
        ((), {"kinds": ["plugin"]}),
        ((plugins,), {"kinds": ["plugin"]}),
        ((), {"kinds": ["plugin", "plugin"]}),
        ((), {"categories": ["tools"]}),
        ((categories,), {"categories": ["tools"]}),
        ((categories,), {"categories": ["Tools"]}),
        ((), {"page": {"token": "t", "number": 2}}),
        (("catalog-search-pagination",), {"page": {"token": "t", "number": 2}}),
        ((), {"more": 1}),
        (_BOUND[:1], {}),
        (_BOUND[1:], {}),
        (_BOUND, {"policySessionId": session}),
        (_BOUND[:1], {"policySessionId": session}),
        ((), {"policySessionId": "nobody"}),
    ]
    for capabilities, more in searches:
        await actor.call("catalog.search", {"contract": _contract(*capabilities), "query": "rake", **more})
    feeds: list[tuple[str, Json]] = [
        ("catalog.getSavedFeed", {"feedId": "garden"}),
        ("catalog.getSavedFeed", {"feedId": "garden", "trustTiers": ["T1", "T2"]}),
        ("catalog.getSavedFeed", {"feedId": "garden", "trustTiers": ["T3"]}),
        ("catalog.getSavedFeed", {"feedId": "a garden"}),
        ("catalog.getGeneratedFeed", {"strategy": "telemetry", "key": "popular"}),
        ("catalog.getGeneratedFeed", {"strategy": "telemetry"}),
        ("catalog.getGeneratedFeed", {"strategy": "telemetry", "key": "popular", "feedId": "garden"}),
    ]
    for method, named in feeds:
        await actor.call(method, {"contract": _contract("catalog-feeds", _BOUND[0]), **named})
        await actor.call(method, {"contract": _contract(*_BOUND), **named})
    await actor.call("catalog.getSavedFeed", {"contract": _contract(), "feedId": "garden"})


@INSTALLS.scenario(
    _WORDS,
    known(
        "The CLI reads a selection only where it could be made, and so not how it is wrong.",
        "reply catalog.select /kind: value",
        "reply catalog.select /reason: cli only",
        "reply catalog.select /field: ours only",
    ),
)
async def selections_of_nothing(actor: Actor) -> None:
    """Nothing was found that could be selected."""
    session = await actor.create()
    selection: Json = {"sessionId": session, "selectionRef": "first", "outcome": "selected"}
    for capabilities, more in (
        (("catalog-selection",), {}),
        (("catalog-selection",), {"outcome": "declined"}),
        (("catalog-selection",), {"sessionId": "nobody"}),
        (("catalog-selection",), {"sessionId": ""}),
        (("catalog-selection", *_BOUND), {}),
        (("catalog-selection", *_BOUND), {"sessionId": "nobody"}),
        (("catalog-selection",), {"outcome": "taken"}),
    ):
        await actor.call("catalog.select", {"contract": _contract(*capabilities), **selection, **more})


@INSTALLS.scenario()
async def plans_from_cards(actor: Actor) -> None:
    """Cards of servers that are packages or elsewhere, with everything that they can ask for."""
    await _plan(
        actor, {**_SERVER, "remotes": [_REMOTE, {"type": "sse", "url": "https://example.org/{part}"}]}
    )
    await _plan(
        actor, {"server": {**_SERVER, "remotes": [_REMOTE]}, "_meta": {"n": [1.0, 1e21, 0.1, True, None]}}
    )
    headers: list[Json] = [
        {"name": "X-Fixed", "value": "v"},
        {"name": "X-Row", "description": "A row.", "isRequired": True, "format": "number", "default": "3"},
        {"name": "X-Bad", "format": "boolean", "default": "perhaps"},
        {"name": "X-Kind", "choices": ["a", "b"], "default": "a"},
        {"name": "Authorization", "value": "Bearer {token}", "variables": {"token": {"isSecret": True}}},
    ]
    address = {"host": {"description": "Where.", "default": "example.org"}, "bed": {"choices": ["1", "2"]}}
    remote = {"type": "sse", "url": "https://{host}/{bed}/{row}", "headers": headers, "variables": address}
    await _plan(actor, {**_SERVER, "remotes": [remote]})
    package: Json = {
        **_PACKAGE,
        "environmentVariables": [
            {"name": "RAKE_TOKEN", "isSecret": True},
            {"name": "RAKE_HOME", "format": "filepath"},
        ],
        "runtimeArguments": [{"type": "named", "name": "--quiet", "format": "boolean"}],
        "packageArguments": [
            {"type": "positional", "value": "serve"},
            {"type": "positional", "valueHint": "bed", "isRequired": True, "isRepeated": True},
        ],
    }
    foreign = {**_PACKAGE, "registryType": "nuget"}
    await _plan(actor, {**_SERVER, "packages": [foreign, package, {}], "remotes": [_REMOTE, {"type": "ws"}]})
    config: Json = {"type": "http", "url": "https://example.org/old", "tools": ["*"]}
    await actor.call("mcp.config.add", {"name": "org.example/rake", "config": config})
    await _plan(actor, {**_SERVER, "remotes": [_REMOTE]}, scope="user")
    await actor.call("mcp.config.remove", {"name": "org.example/rake"})


@INSTALLS.scenario(
    _WORDS,
    known(
        "A list that is an object makes the CLI leave a transport out, unless it takes it for an empty one; the"
        " reference runtime refuses the card.",
        "reply mcp.planInstall /reason: value",
    ),
)
async def cards_that_give_no_plan(actor: Actor) -> None:
    """Cards and addresses of cards that cannot be used, each for a reason of its own."""
    session = await actor.create()
    good = {**_SERVER, "remotes": [_REMOTE]}
    contents: list[object] = [
        "{",
        "[]",
        json.dumps(good)[:-1] + ',"name":"org.example/rake"}',
        {**good, "name": "rake"},
        {**good, "version": None},
        {**good, "remotes": "none"},
        {**good, "remotes": [_REMOTE] * 51},
        _SERVER,
        {**_SERVER, "remotes": [{**_REMOTE, "type": "ws"}]},
        {**_SERVER, "packages": [{**_PACKAGE, "registryType": "nuget"}, {}]},
        {**_SERVER, "remotes": [{**_REMOTE, "headers": [{"name": "A"}, {"name": "A"}]}, _REMOTE]},
        {**_SERVER, "remotes": [{**_REMOTE, "headers": {}}]},
    ]
    addresses = (
        "ftp://example.org",
        "https://me:pw@example.org",
        "//example.org",
        "https://a b",
        "{s}://x",
        "x{a}/y",
    )
    contents += [{**_SERVER, "remotes": [{**_REMOTE, "url": address}]} for address in addresses]
    for content in contents:
        await _plan(actor, content)
    await _plan(actor, good, scope="workspace")
    await _plan(actor, good, more=1)
    await _plan(actor, good, policySessionId=session)
    await _plan(actor, good, policySessionId=session, contract=_contract(*_MCP))
    card = _card(good)
    sources: list[object] = [
        None,
        {"kind": "odd"},
        {"kind": "card", "card": {**card, "url": "https://example.org"}},
        {"kind": "card", "card": {**card, "mediaType": "application/json"}},
        {"kind": "card", "card": {**card, "data": ""}},
        {"kind": "candidate", "candidateHandle": "one", "searchId": "s"},
        {"kind": "candidate", "candidateHandle": "other.one", "searchId": "s"},
        {"kind": "candidate", "candidateHandle": "one"},
        {"kind": "candidate", "candidateHandle": "one", "searchId": "s", "more": 1},
    ]
    places = (
        "http://example.org/c",
        "https://me@example.org",
        "https://127.0.0.1/c",
        "https://localhost",
        "https://[::1]",
    )
    links = (
        *places,
        "https://[::ffff:10.0.0.1]",
        "https://2130706433",
        "https://nowhere.invalid/c",
        "https://",
    )
    sources += [
        {"kind": "card", "card": {"kind": "url", "mediaType": _MEDIA_TYPE, "url": address}}
        for address in links
    ]
    for source in sources:
        await actor.call("mcp.planInstall", {"contract": _contract(), "source": source})


@INSTALLS.scenario(_WORDS)
async def installations_without_an_account(actor: Actor) -> None:
    """Whatever is planned, carried out or looked at, there is no account that it would be for."""
    session = await actor.create()
    prepared: Json = {"planHandle": "p", "choiceId": "remote:0", "inputs": [], "secrets": []}
    digests = {"descriptorDigest": f"sha256:{'0' * 64}", "bundleDigest": f"sha256:{'0' * 64}"}
    reference: Json = {"resourceId": "1", "revisionId": "2", "schemaVersion": "1", **digests}
    capabilities = {"mcp": _MCP, "skills": _SKILLS, "plugins": _PLUGINS, "catalog": _REFERENCES}
    calls: Mapping[str, Json] = {
        "catalog.planInstallFromReference": {"reference": reference},
        "mcp.applyInstall": {"operationId": "o"},
        "mcp.applyUninstall": {"planHandle": "p"},
        "mcp.installations.list": {},
        "mcp.installations.recover": {},
        "mcp.planUninstall": {"installationId": "i"},
        "mcp.prepareInstall": {**prepared, "source": _card(_SERVER), "secretStorage": "private-file"},
        "plugins.applyInstall": {"planHandle": "p"},
        "plugins.planInstall": {"candidateHandle": "c"},
        "skills.applyInstall": {"planHandle": "p"},
        "skills.applyUninstall": {"planHandle": "p"},
        "skills.installations.list": {},
        "skills.installations.recover": {},
        "skills.installations.setEnabled": {"installationId": "i", "enabled": True},
        "skills.planInstall": {"candidateHandle": "c"},
        "skills.planUninstall": {"installationId": "i"},
    }
    for method, more in calls.items():
        contract = _contract(*capabilities[method.partition(".")[0]])
        params: Json = {"contract": contract, "policySessionId": session, **more}
        await actor.call(method, params)
        mistakes: list[Json] = [
            {"contract": _contract()},
            {"contract": _contract(*_BOUND)},
            {"policySessionId": "nobody"},
            {"policySessionId": 1},
            {"more": 1},
        ]
        mistakes += map(_null, more)
        for wrong in mistakes:
            await actor.call(method, {**params, **wrong})
    for method in ("mcp.installations.status", "mcp.installations.cancel"):
        for needed in (_MCP, _MCP[2:], _BOUND):
            await actor.call(method, {"contract": _contract(*needed), "operationId": "o"})
        await actor.call(method, {"contract": _contract(*_MCP), "operationId": 1})
    for method in ("skills.installations.status", "skills.installations.cancel"):
        for needed in (_SKILLS, _SKILLS[2:], _BOUND):
            await actor.call(method, {"contract": _contract(*needed), "operationId": "o"})
        await actor.call(
            method, {"contract": _contract(*_SKILLS), "operationId": "o", "policySessionId": session}
        )


@INSTALLS.scenario()
async def searches_in_the_registry(actor: Actor) -> None:
    """IDs of searches are reserved, given back and used up; tools are left out for `gh` where there is a shell."""
    for _ in range(3):
        await actor.call("mcp.registry.allocateRequestId")
    for request in (2, 2, 99, -1, 2**53, "one"):
        await actor.call("mcp.registry.cancel", {"requestId": request})
    token = {"type": "token", "host": "https://github.com", "token": "gho_no_real_token"}
    for request in (2, 99):
        await actor.call("mcp.registry.search", {"requestId": request, "authInfo": token, "limit": 5})
    filters: list[Json] = [
        {},
        {"availableTools": ["view"]},
        {"excludedTools": ["bash"]},
        {"excludedTools": "bash"},
        {"more": 1},
    ]
    for chosen in filters:
        await actor.call("mcp.shouldExcludeGitHubTools", chosen)
