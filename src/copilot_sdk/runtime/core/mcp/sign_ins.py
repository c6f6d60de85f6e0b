"""Sign-ins to remote MCP servers that the runtime itself carries out, with the browser of the user."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from copilot_sdk._model.json_values import texts_in
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.mcp.spec import ServerSpec

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """How to sign in; secrets stay out of the repr.

    Attributes:
        force: Whether what is known of earlier sign-ins is forgotten.
        client_name: The program that wants to sign in, for people.
        success: What the page says to which the browser comes back.
        client_id: The OAuth client to use; None for that of the server's settings, or else a new one.
        client_secret: Its secret.
        without_user: Whether the client signs in by its secret alone.
        redirect_uri: The address of the application's own to which the browser comes back.
    """

    force: bool = False
    client_name: str | None = None
    success: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    without_user: bool = False
    redirect_uri: str | None = None


@dataclass(slots=True)
class KnownSignIn:
    """What is known of the sign-ins to one server; it is kept in memory.

    Attributes:
        tokens: The tokens.
        client: The OAuth client that was registered.
        port: The port to which browsers of that client come back.
    """

    tokens: Mapping[str, object] | None = field(default=None, repr=False)
    client: Mapping[str, object] | None = field(default=None, repr=False)
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """The browser of the user.

    Attributes:
        redirect_uri: The address to which it comes back.
        opens: Is told the address to open.
        comes_back: Waits for the parameters with which it comes back.
    """

    redirect_uri: str
    opens: Callable[[str], Awaitable[None]]
    comes_back: Callable[[], Awaitable[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Begun:
    """What is left to do for a sign-in.

    Attributes:
        url: What to open in a browser; None if nothing is left.
        id: What the application names the sign-in by, if the browser comes back to it.
    """

    url: str | None = None
    id: str | None = None


class KnownSignIns:
    """What a runtime knows of the sign-ins to servers, by their addresses."""

    def __init__(self) -> None:
        self._known: dict[str, KnownSignIn] = {}

    def of(self, url: str) -> KnownSignIn:
        """What is known of one server."""
        return self._known.setdefault(url, KnownSignIn())

    def token(self, url: str) -> str | None:
        """The token to send to a server."""
        known = self._known.get(url)
        token = None if known is None or known.tokens is None else known.tokens.get("access_token")
        return token if isinstance(token, str) else None


class _SignIn:
    """One sign-in that goes on."""

    def __init__(self, spec: ServerSpec, options: SignInOptions) -> None:
        loop = asyncio.get_running_loop()
        self.spec = spec
        self.options = options
        self.begun: asyncio.Future[Begun] = loop.create_future()
        # Who has begun it may be gone when it fails.
        self.begun.add_done_callback(lambda begun: begun.cancelled() or begun.exception())
        self.came_back: asyncio.Future[dict[str, str]] = loop.create_future()


class SignIns:
    """The sign-ins of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known = session.known_sign_ins
        self._going_on: dict[tuple[object, ...], _SignIn] = {}

    def token(self, url: str) -> str | None:
        """The token that was got for a server."""
        return self._known.token(url)

    async def begin(self, name: str, options: SignInOptions) -> Begun:
        """Begins to sign in to a server; with what is known already that may be the end of it too.

        Raises:
            RuntimeFault: There is no such server, it is not remote, or one cannot sign in.
        """
        spec = self._session.mcp.spec(name)
        if spec is None:
            raise RuntimeFault(f"MCP server '{name}' is not configured")
        if not spec.is_remote:
            raise RuntimeFault(
                f"MCP server '{name}' is not a remote server — OAuth login is only supported for "
                "HTTP/SSE transports"
            )
        others = [other.options for other in self._going_on.values() if other.spec.name == name]
        if any(other.redirect_uri != options.redirect_uri for other in others):
            raise RuntimeFault("OAuth authorization is already in progress for this server")
        key = (name, options.client_id, options.without_user)
        sign_in = self._going_on.get(key)
        if sign_in is None:
            sign_in = self._going_on[key] = _SignIn(spec, options)
            self._session.scope.start(self._run(key, sign_in), name=f"sign-in to {name}")
        return await asyncio.shield(sign_in.begun)

    async def complete(self, authorization_id: str, url: str) -> None:
        """Goes on with a sign-in whose browser came back to the application.

        Raises:
            RuntimeFault: There is none of that id.
        """
        from copilot_sdk.runtime.core.callback import query_of

        for sign_in in self._going_on.values():
            begun = sign_in.begun
            if begun.done() and not begun.exception() and begun.result().id == authorization_id:
                if not sign_in.came_back.done():
                    sign_in.came_back.set_result(query_of(url))
                return
        raise RuntimeFault("OAuth authorization request is unknown or no longer pending")

    async def _run(self, key: tuple[object, ...], sign_in: _SignIn) -> None:
        name = sign_in.spec.name
        reason = "The session was closed before the sign-in came to an end"
        try:
            async with asyncio.timeout(self._session.limits.answer_seconds):
                await self._sign_in(sign_in)
            await self._session.mcp.use_sign_in(name, self._known.token(sign_in.spec.url))
            if not sign_in.begun.done():
                sign_in.begun.set_result(Begun())
        except (RuntimeFault, TimeoutError) as error:
            reason = str(error) or "OAuth sign-in took too long"
            self._session.mcp.not_signed_in(name)
        finally:
            del self._going_on[key]
            if not sign_in.begun.done():
                sign_in.begun.set_exception(RuntimeFault(reason))

    async def _sign_in(self, sign_in: _SignIn) -> None:
        spec, options, known = sign_in.spec, sign_in.options, self._known.of(sign_in.spec.url)
        if options.force:
            known.tokens = None
        # In a thread, because loading the package takes seconds.
        await asyncio.to_thread(import_module, "copilot_sdk.runtime.core.mcp.oauth")
        from copilot_sdk.runtime.core.callback import CallbackListener, query_of
        from copilot_sdk.runtime.core.mcp.oauth import sign_in as get_tokens

        async with AsyncExitStack() as stack:
            redirect_uri = options.redirect_uri
            listener, state = None, ""
            if redirect_uri is None:
                listener = await stack.enter_async_context(CallbackListener(known.port, options.success))
                redirect_uri, known.port = listener.url, listener.port
            if known.client is not None and redirect_uri not in texts_in(known.client.get("redirect_uris")):
                known.client = None

            async def opens(url: str) -> None:
                nonlocal state
                state = query_of(url)["state"]
                if listener is not None:
                    listener.expect(state)
                if not sign_in.begun.done():
                    sign_in.begun.set_result(Begun(url, state if listener is None else None))

            async def comes_back() -> dict[str, str]:
                query = await (sign_in.came_back if listener is None else listener.query)
                # Not left to the package, which would log both states.
                return query if query.get("state") == state else {"error": "the answer is of another sign-in"}

            await get_tokens(spec, options, known, Browser(redirect_uri, opens, comes_back))
