"""Sign-ins to GitHub with the browser of a user, which a client leads through step by step."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.scope import end_all

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.accounts import Accounts
    from copilot_sdk.runtime.core.session import Session

Step = dict[str, object]

CLIENT_ID = "copilot-sdk-runtime"
"""The OAuth app that signs in."""

_SCOPE = "read:user read:org repo gist"
_PATH = "/callback"
_WHICH_HOST: Step = {"kind": "input-required", "prompt": "Which GitHub Enterprise Cloud host (*.ghe.com)?"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What a browser came back with, and what proves that it was sent from here.

    Attributes:
        code: What a token is given for.
        verifier: What the address that was opened has the digest of.
        redirect_uri: The address that the browser came back to.
    """

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


class _Flow:
    """One sign-in, from its beginning to its end."""

    def __init__(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        self.id = new_id()
        self.session = session
        self.host: str | None = None
        self.advancing = False
        self.verifier = secrets.token_urlsafe(32)
        self.page: asyncio.Future[str] = loop.create_future()
        self.came_back: asyncio.Future[Grant] = loop.create_future()
        self._listening: asyncio.Task[None] | None = None
        for future in (self.page, self.came_back):
            # Nobody may be waiting for it when it fails.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def open(self, host: str) -> Step:
        """Waits for the browser from now on; returns the step in which it is sent away."""
        self.host = host
        self._listening = self.session.scope.start(self._listen(host), name=f"sign-in to {host}")
        return {"kind": "open-url", "url": await asyncio.shield(self.page)}

    async def close(self, reason: str) -> None:
        """Ends it; whoever waits for the browser is told why."""
        self._fail(reason)
        if self._listening is not None:
            await end_all({self._listening})

    async def _listen(self, host: str) -> None:
        reason = "The session was closed before the sign-in came to an end"
        try:
            from copilot_sdk.runtime.core.callback import CallbackListener

            async with (
                asyncio.timeout(self.session.limits.answer_seconds),
                CallbackListener(None, None, path=_PATH, only_expected=True) as listener,
            ):
                state = secrets.token_urlsafe(16)
                listener.expect(state)
                self.page.set_result(self._address(host, listener.url, state))
                query = await listener.query
                if "code" in query:
                    self.came_back.set_result(Grant(query["code"], self.verifier, listener.url))
                else:
                    reason = f"The sign-in has failed: {query.get('error_description') or query['error']}"
        except TimeoutError:
            reason = "The sign-in took too long"
        except (ModuleNotFoundError, OSError) as error:
            reason = f"No browser could come back: {error}"
        finally:
            self._fail(reason)

    def _fail(self, reason: str) -> None:
        for future in (self.page, self.came_back):
            if not future.done():
                future.set_exception(RuntimeFault(reason))

    def _address(self, host: str, redirect_uri: str, state: str) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": _SCOPE,
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{host}/login/oauth/authorize?{urlencode(query)}"


class Logins:
    """The sign-ins of a runtime that go on."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._flows: dict[str, _Flow] = {}

    async def begin(self, session: Session, host: str | None) -> tuple[str, Step]:
        """Begins to sign in.

        Args:
            session: The session that will work for whoever signs in.
            host: The URL of the GitHub host; None to ask for it first.

        Returns:
            The id of the sign-in and its first step.
        """
        flow = _Flow(session)
        step = _WHICH_HOST if host is None else await flow.open(host)
        # Those of sessions that are gone have ended.
        self._flows = {known.id: known for known in self._flows.values() if not known.session.closing}
        self._flows[flow.id] = flow
        return flow.id, step

    async def advance(self, session: Session, flow_id: str, answer: str | None) -> Step:
        """Goes on with a sign-in: takes the answer to a question, or waits for the browser.

        Args:
            session: The session that began it.
            flow_id: The id of the sign-in.
            answer: What the user says.

        Raises:
            RuntimeFault: There is no such sign-in, somebody goes on with it already, or it has failed.
        """
        flow = self._of(session, flow_id)
        if flow is None:
            raise RuntimeFault("flowId: there is no such sign-in, or it has ended")
        if flow.advancing:
            raise RuntimeFault("flowId: somebody waits for this sign-in already")
        if flow.host is None and answer is None:
            return _WHICH_HOST
        try:
            flow.advancing = True
            if flow.host is None:
                step = await flow.open(_url_of_host(answer or ""))
                flow.advancing = False
                return step
            return await self._completed(flow, flow.host)
        finally:
            if flow.advancing:
                await self._end(flow)

    async def cancel(self, session: Session, flow_id: str) -> None:
        """Gives up a sign-in, if it still goes on.

        Raises:
            RuntimeFault: Another session began it.
        """
        flow = self._of(session, flow_id)
        if flow is not None:
            await self._end(flow)

    async def _completed(self, flow: _Flow, host: str) -> Step:
        grant = await asyncio.shield(flow.came_back)
        token = await self._accounts.service.exchange(host, grant)
        identity = await self._accounts.login(host, token)
        flow.session.account.use(identity)
        return {
            "kind": "completed",
            "result": {"status": "completed", "host": host, "login": identity.login},
        }

    def _of(self, session: Session, flow_id: str) -> _Flow | None:
        flow = self._flows.get(flow_id)
        if flow is not None and flow.session is not session:
            raise RuntimeFault("flowId: another session began this sign-in")
        return flow

    async def _end(self, flow: _Flow) -> None:
        self._flows.pop(flow.id, None)
        await flow.close("The sign-in was cancelled")


def _url_of_host(text: str) -> str:
    """The URL of a host that a user named, with or without the scheme.

    Raises:
        RuntimeFault: It names none that can be signed in to.
    """
    named = text.strip()
    try:
        parts = urlsplit(named if "://" in named else f"https://{named}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise RuntimeFault(f"input: {error}") from error
    if parts.scheme != "https" or not host or " " in host:
        raise RuntimeFault("input: expected the https address of a host")
    return f"https://{host}" if port is None else f"https://{host}:{port}"
