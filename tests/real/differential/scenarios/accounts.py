"""Who is signed in and how one signs in: accounts, owners, authorization servers; hosts and model families."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.real.differential.actor import Actor
from tests.real.differential.scenario import Area, known
from tests.real.support.account import TOKEN, account
from tests.real.support.metadata_server import AUTHORIZATION, OPENID, RESOURCE, MetadataServer
from tests.real.support.rawrpc import Json
from tests.real.support.stage import items

ACCOUNTS = Area("Accounts, sign-ins, owners, hosts, model families", surroundings=account)

_HOST = "https://github.com"
_PROVIDERS = ("githubDotCom", "proxima", "entra")


async def look(actor: Actor, session: str) -> None:
    """Asks a session for everything about its accounts."""
    for kind in ("activeAccount", "status", "lastErrors"):
        await actor.of(session, "accounts.get", query={"kind": kind})
    await actor.of(session, "accounts.enumerate", query={"kind": "accounts"})


@ACCOUNTS.scenario()
async def accounts_where_nobody_is_signed_in(actor: Actor) -> None:
    """Accounts, providers and cached identities are listed; what cannot be done or means nothing is refused."""
    session = await actor.create()
    await look(actor, session)
    await actor.of(session, "accounts.enumerate", query={"kind": "providers"})
    for provider in (*_PROVIDERS, "other", None):
        await actor.of(session, "accounts.enumerate", query={"kind": "loginAccounts", "provider": provider})
    await actor.of(session, "accounts.set", command={"kind": "logout"})
    for command in (
        {"kind": "logout", "selectionId": "nobody"},
        {"kind": "switchActive", "selectionId": "nobody"},
        {"kind": "switchActive"},
        {"kind": "setCredentials", "host": _HOST, "login": "octocat", "token": "gho_wrong"},
        {"kind": "other"},
        {},
    ):
        await actor.of(session, "accounts.set", command=command)
    for method in ("enumerate", "get"):
        for query in ({"kind": "other"}, {}):
            await actor.of(session, f"accounts.{method}", query=query)
    await actor.call("session.accounts.get", {"sessionId": "no-session", "query": {"kind": "status"}})


@ACCOUNTS.scenario(
    known(
        "An account is selected by an id that means nothing to anybody else; those of the CLI are no UUIDs.",
        "reply session.accounts.get /account/selectionId: value",
        "reply session.accounts.enumerate /items/*electionId: value",
    ),
    known(
        "The CLI knows the model of a session with an account once the service has listed them.",
        "reply session.create /modelState/modelId: ours only",
    ),
)
async def somebody_who_came_with_a_token(actor: Actor) -> None:
    """A session works for the owner of a token, who is not there for another session."""
    created = await actor.call("session.create", {"gitHubToken": TOKEN})
    session = actor.knows(str(created["sessionId"]))
    await look(actor, session)
    await look(actor, await actor.create())


async def begin(actor: Actor, session: str, **options: object) -> Json:
    """Begins to sign in; returns the id of the sign-in, and its first step."""
    begun = await actor.of(session, "accounts.login.begin", **options)
    step = begun.get("step", {})
    return {"flowId": begun.get("flowId"), **(page(actor, step) if isinstance(step, dict) else {})}


def page(actor: Actor, step: Json) -> Json:
    """The parameters of the page that a step has the user open, if it does; notes those that say something."""
    if "url" not in step:
        return {}
    url = urlsplit(str(step["url"]))
    query: Json = {name: values[0] for name, values in parse_qs(url.query).items()}
    back = urlsplit(str(query["redirect_uri"]))
    actor.take.names[str(step["url"])] = "<page>"
    actor.note("page", [url.scheme, url.netloc, url.path, sorted(query), query["code_challenge_method"]])
    actor.note("comes back to", [back.scheme, back.hostname, back.path])
    return query


async def come_back(actor: Actor, begun: Json, **query: str) -> None:
    """Does what the browser of a user does at the end."""
    async with httpx.AsyncClient() as browser:
        try:
            answer = await browser.get(str(begun["redirect_uri"]), params=query)
        except httpx.ConnectError:
            actor.note("page", "nobody listens")
        else:
            actor.note("page", answer.status_code)


@ACCOUNTS.scenario(
    known(
        "What the user is asked is put in words of each runtime.",
        "reply session.accounts.login.begin /step/prompt: value",
        "reply session.accounts.login.advance /prompt: value",
    ),
)
async def a_sign_in_with_a_browser(actor: Actor) -> None:
    """Sign-ins are begun, refused by the user, ended where no token can be had, and given up."""
    session = await actor.create()
    for options in (
        {"kind": "entra"},
        {"kind": "other"},
        {},
        {"kind": "githubDotCom", "mode": "other"},
        {"kind": "githubDotCom", "mode": "selectAccount"},
        {"kind": "githubDotCom", "accountId": "one"},
        {"kind": "proxima", "mode": "selectAccount", "accountId": "one"},
    ):
        await actor.of(session, "accounts.login.begin", **options)
    refused = await begin(actor, session, kind="githubDotCom")
    flow = refused["flowId"]
    await come_back(actor, refused, code="one", state="another")
    answer = {"error": "access_denied", "state": str(refused["state"])}
    await come_back(actor, refused, **answer)
    await actor.of(session, "accounts.login.advance", flowId=flow)
    await actor.of(session, "accounts.login.advance", flowId=flow)
    accepted = await begin(actor, session, kind="githubDotCom")
    await come_back(actor, accepted, code="one", state=str(accepted["state"]))
    await actor.of(session, "accounts.login.advance", flowId=accepted["flowId"])
    enterprise = (await begin(actor, session, kind="proxima"))["flowId"]
    await actor.of(session, "accounts.login.advance", flowId=enterprise)
    step = await actor.of(session, "accounts.login.advance", flowId=enterprise, input="octo.ghe.com")
    opened = page(actor, step)
    waiting = asyncio.create_task(actor.of(session, "accounts.login.advance", flowId=enterprise))
    await actor.call("ping")
    await actor.of(session, "accounts.login.advance", flowId=enterprise)
    await actor.of(await actor.create(), "accounts.login.cancel", flowId=enterprise)
    await actor.of(session, "accounts.login.cancel", flowId=enterprise)
    actor.note("who waited", "error" in (await waiting) or "nothing")
    await come_back(actor, opened, code="one", state=str(opened["state"]))
    await actor.of(session, "accounts.login.cancel", flowId=enterprise)
    for host in ("http://octo.ghe.com", "no host", ""):
        flow = (await begin(actor, session, kind="proxima"))["flowId"]
        await actor.of(session, "accounts.login.advance", flowId=flow, input=host)
        await actor.of(session, "accounts.login.advance", flowId=flow, input="octo.ghe.com")
    await look(actor, session)


@ACCOUNTS.scenario(
    known(
        "Why owners cannot be listed is put in words of each runtime.",
        "reply gitHubOwners.list /message: value",
        "reply gitHubOwners.list /warning: value",
        "reply gitHubOwners.list /throwError: value",
    ),
)
async def owners_of_a_token(actor: Actor) -> None:
    """Whom a token can act for is listed under numbers that are reserved, used once or given up."""
    for info in (
        {"type": "token", "host": _HOST, "token": TOKEN},
        {"type": "env", "host": _HOST, "token": TOKEN},
        {"type": "token", "host": _HOST, "token": "gho_wrong"},
        {"type": "user", "host": _HOST, "login": "octocat"},
        {"type": "env", "host": _HOST, "login": "octocat", "envVar": "GH_TOKEN"},
        {"type": "token", "host": _HOST},
        {},
        None,
        "octocat",
    ):
        number = (await actor.call("gitHubOwners.nextRequestId")).get("requestId")
        await actor.call("gitHubOwners.list", {"requestId": number, "authInfo": info})
        await actor.call("gitHubOwners.list", {"requestId": number, "authInfo": info})
        await actor.call("gitHubOwners.cancel", {"requestId": number})
    number = (await actor.call("gitHubOwners.nextRequestId")).get("requestId")
    await actor.call("gitHubOwners.cancel", {"requestId": number})
    await actor.call("gitHubOwners.list", {"requestId": number, "authInfo": {}})
    for wrong in (999, -1, None):
        await actor.call("gitHubOwners.cancel", {"requestId": wrong})
        await actor.call("gitHubOwners.list", {"requestId": wrong, "authInfo": {}})
    await actor.call("gitHubOwners.list", {"requestId": number})


@ACCOUNTS.scenario()
async def metadata_of_protected_resources(actor: Actor) -> None:
    """A server tells of itself at the usual places, or where it says; what cannot be had is missing."""
    with MetadataServer() as server:
        actor.take.names[server.origin] = "<server>"
        url, told = f"{server.origin}/mcp", server.resource()
        fetches: list[tuple[Json, Json]] = [
            ({}, {}),
            ({}, {"requestUrl": f"{url}/deep?x=1#part"}),
            ({f"{RESOURCE}/mcp": told, RESOURCE: {}}, {}),
            (
                {f"{RESOURCE}/mcp": 500, RESOURCE: told},
                {"userAgent": "tester", "headersJson": '{"x-a": "b"}'},
            ),
            ({f"/mcp{RESOURCE}": "no JSON"}, {}),
            ({"/told": told}, {"resourceMetadataUrl": f"{server.origin}/told"}),
            ({RESOURCE: told}, {"resourceMetadataUrl": f"{server.origin}/told"}),
            ({RESOURCE: told}, {"resourceMetadataUrl": "nonsense"}),
            ({RESOURCE: told}, {"sandboxProxy": "http://127.0.0.1:1"}),
            ({RESOURCE: told}, {"sessionId": "no-session"}),
            ({}, {"requestUrl": "nonsense"}),
            ({}, {"requestUrl": "http://127.0.0.1:1/mcp"}),
            ({}, {"requestUrl": ""}),
            ({}, {"requestUrl": None}),
            ({}, {"other": 1}),
        ]
        for pages, params in fetches:
            server.shows(pages)
            await actor.call("mcp.oauth.fetchProtectedResourceMetadata", {"requestUrl": url, **params})
            actor.note("asked", list(server.asked))


@ACCOUNTS.scenario()
async def clients_that_register_themselves(actor: Actor) -> None:
    """Authorization servers are found and asked whether clients can register: some say so, some say nonsense."""
    with MetadataServer() as server:
        origin = server.origin
        actor.take.names[origin] = "<server>"
        resource, told, below = f"{RESOURCE}/mcp", server.authorization(), f"{origin}/below"
        without = {name: value for name, value in told.items() if name != "registration_endpoint"}
        challenge = {
            "challenge": f'Bearer resource_metadata="{origin}/told"',
            "/told": server.resource(below),
        }
        known_text = json.dumps(server.resource(origin))
        checks: list[tuple[Json, Json]] = [
            ({}, {}),
            ({resource: server.resource(origin), AUTHORIZATION: told}, {}),
            ({resource: server.resource(origin), AUTHORIZATION: without}, {}),
            ({resource: server.resource(below), f"{AUTHORIZATION}/below": server.authorization(below)}, {}),
            ({resource: server.resource(below), f"/below{OPENID}": server.openid(below)}, {}),
            ({resource: server.resource(below), AUTHORIZATION: told}, {}),
            ({resource: server.resource(below), OPENID: server.openid()}, {}),
            ({resource: server.resource(below), OPENID: told}, {}),
            ({RESOURCE: server.resource(), AUTHORIZATION: told}, {}),
            ({AUTHORIZATION: server.authorization("http://another")}, {}),
            ({AUTHORIZATION: server.authorization(registration_endpoint="nonsense")}, {}),
            ({AUTHORIZATION: 500, OPENID: server.openid()}, {}),
            ({AUTHORIZATION: "no JSON", OPENID: server.openid()}, {}),
            ({resource: {"resource": "http://another", "authorization_servers": [below]}}, {}),
            ({**challenge, f"{AUTHORIZATION}/below": server.authorization(below)}, {}),
            ({**challenge, "/told": 404, AUTHORIZATION: told}, {}),
            ({AUTHORIZATION: told}, {"resourceMetadataText": known_text}),
            ({AUTHORIZATION: told}, {"resourceMetadataText": "no JSON"}),
            ({AUTHORIZATION: told}, {"serverUrl": origin}),
            ({}, {"serverUrl": "nonsense"}),
            ({}, {"serverUrl": "http://127.0.0.1:1/mcp"}),
            ({}, {"serverUrl": ""}),
            ({}, {"serverUrl": None}),
            ({}, {"other": 1}),
        ]
        for pages, params in checks:
            server.shows(pages)
            await actor.call("mcp.oauth.checkDcrSupport", {"serverUrl": f"{origin}/mcp", **params})
            actor.note("asked", list(server.asked))


@ACCOUNTS.scenario()
async def clients_that_are_registered(actor: Actor) -> None:
    """Settings of servers fix a client or none, and authorization servers are Microsoft's or not."""
    remote: Json = {"type": "http", "url": "http://127.0.0.1:1/mcp", "tools": ["*"]}
    mine = {**remote, "oauthClientId": "mine"}
    for config in (
        remote,
        mine,
        {**mine, "oauthPublicClient": False, "oauthGrantType": "client_credentials"},
        {**mine, "oauthPublicClient": True, "oauthGrantType": "authorization_code"},
        {**mine, "oauthScopes": ["read", "write"], "oauthClientSecret": "hush"},
        {**remote, "oauthClientId": ""},
        {**mine, "auth": {"more": 1}, "more": 1},
        {"type": "sse", "url": "http://127.0.0.1:1/mcp", "oauthClientId": "mine"},
        {"type": "stdio", "command": "true", "args": [], "tools": ["*"]},
        {},
        None,
    ):
        await actor.call("mcp.oauth.staticClientConfig", {"config": config})
    for url in (
        "https://login.microsoftonline.com/tenant/v2.0",
        "https://LOGIN.microsoftonline.us:444/",
        "https://eu.login.microsoft.com",
        "https://sts.windows.net/tenant",
        "https://login.microsoftonline.com.example.com",
        "https://example.com/login.microsoftonline.com",
        "https://graph.microsoft.com",
        "login.microsoftonline.com",
        "nonsense",
        "",
        None,
    ):
        await actor.call("mcp.oauth.isMicrosoftAuthorizationServer", {"authorizationServerUrl": url})
    more: Json = {"config": {}, "authorizationServerUrl": "https://login.microsoft.com", "other": 1}
    for method in ("staticClientConfig", "isMicrosoftAuthorizationServer"):
        await actor.call(f"mcp.oauth.{method}", more)


@ACCOUNTS.scenario()
async def families_of_models(actor: Actor) -> None:
    """Families of models are leased, one lease at a time; no download is there to be looked at."""
    family: Json = {"registry": "azureml", "name": "phi"}
    lease = (await actor.call("azureMl.acquireFamily", family)).get("leaseId")
    for other in (
        family,
        {**family, "name": "Phi-4.mini"},
        {**family, "registry": "azureml-dev"},
        {**family, "registry": "other"},
        *({**family, "name": name} for name in ("", "a/b", "..", "a.", "nul.x", "a b", None)),
    ):
        await actor.call("azureMl.acquireFamily", other)
    await actor.call("azureMl.releaseFamily", {**family, "name": "other", "leaseId": lease})
    await actor.call("azureMl.releaseFamily", {**family, "leaseId": "none"})
    await actor.call("azureMl.releaseFamily", {**family, "leaseId": lease})
    await actor.call("azureMl.releaseFamily", {**family, "leaseId": lease})
    await actor.call("azureMl.acquireFamily", family)
    for request in ("one", "", None):
        for method in ("status", "cancel"):
            await actor.call(f"azureMl.{method}", {"requestId": request})
    for method in ("acquireFamily", "releaseFamily", "status", "cancel"):
        await actor.call(f"azureMl.{method}", {**family, "leaseId": lease, "requestId": "one", "other": 1})


@ACCOUNTS.scenario()
async def sessions_that_hosts_published(actor: Actor) -> None:
    """The sessions that a host has left in the home folder are listed; hosts that are not there are disposed of."""
    await actor.call("host.listSessions")
    home = actor.folder.parent / "home"
    settings = json.loads((home / "settings.json").read_text())
    folder = home / "ahp" / settings["ahpEnvironment"]["computeId"] / "sessions"
    for name, more in (
        ("one", {"modified_at_unix_ms": 1_795_000_002_000}),
        ("two", {"title": "The second", "modified_at_unix_ms": 1_795_000_003_500}),
        ("old", {"created_at_unix_ms": None}),
        ("gone", {"publication_withdrawn": True}),
    ):
        kept: Json = {
            "app_owned_session": True,
            "application_publication": True,
            "uri": f"ahp-session:/{name}",
            "session_id": name,
            "working_directory": str(actor.folder),
            "remote_session": "export",
            "automatic_title": {"state": "disabled"},
            "created_at_unix": 1_795_000_001,
            "created_at_unix_ms": 1_795_000_001_250,
            **more,
        }
        kept = {key: value for key, value in kept.items() if value is not None}
        (folder / f"{name}.json").write_text(json.dumps(kept))
    (folder / "broken.json").write_text("{")
    listed = await actor.call("host.listSessions")
    # Words of times are not compared as such.
    times = [
        str(each[when])[11:] for each in items(listed, "sessions") for when in ("createdAt", "modifiedAt")
    ]
    actor.note("times", times)
    for host in ("00000000-0000-4000-8000-000000000000", "", 3):
        await actor.call("host.listSessions", {"hostId": host})
        await actor.call("host.dispose", {"hostId": host})
    for params in ({}, {"hostId": "none", "other": 1}):
        await actor.call("host.dispose", params)
    await actor.call("host.listSessions", {"other": 1})
