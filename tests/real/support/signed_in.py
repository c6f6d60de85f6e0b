"""The scenario of somebody who is signed in: by a variable, by a token of the session, by `account.login`."""

from __future__ import annotations

from tests.real.support.account import TOKEN
from tests.real.support.rawrpc import Json
from tests.real.support.stage import Stage

_HOST = "https://github.com"


async def signed_in(stage: Stage) -> None:
    """What the CLI tells of credentials, one kind after the other."""
    created = await stage.client.request("session.create", {"gitHubToken": TOKEN})
    assert isinstance(created, dict)
    target: Json = {"sessionId": created["sessionId"]}
    await _look(stage, target)
    token: Json = {"type": "token", "host": _HOST, "token": TOKEN}
    await stage.call("session.gitHubAuth.setCredentials", {**target, "credentials": token})
    await _look(stage, target)
    await stage.call("account.login", {"host": _HOST, "login": "octocat", "token": TOKEN})
    await _look(stage, target)


async def _look(stage: Stage, target: Json) -> None:
    for method in ("account.getCurrentAuth", "account.getAllUsers"):
        await stage.call(method)
    for method in ("getStatus", "getCurrentAuthInfo", "getAllAuthAvailable"):
        await stage.call(f"session.gitHubAuth.{method}", target)
    await stage.call("session.accounts.get", {**target, "query": {"kind": "activeAccount"}})
