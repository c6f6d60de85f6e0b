"""The agent's side: a base class for agents, and what serves one.

class Echo(acp.Agent):
    async def prompt(self, params: PromptRequest) -> PromptResponse:
        session = self.session(params.session_id)
        for block in params.prompt:
            await session.say(block)
        return PromptResponse(stop_reason="end_turn")

Echo().run()
"""

from __future__ import annotations

import asyncio
import logging
import sys
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from copilot_sdk._callbacks import being_cancelled, log_failure
from copilot_sdk._generated.acp.serving import NOTIFICATIONS, REQUESTS, ServesAgent
from copilot_sdk._protocol.messages import JsonObject
from copilot_sdk.acp._connection import Connection
from copilot_sdk.acp._offers import CheckedCaller, check_offered
from copilot_sdk.acp._routes import Route, Served
from copilot_sdk.acp.errors import ResourceNotFound
from copilot_sdk.errors import MethodNotFound, UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.api.client import ClientRPC
    from copilot_sdk._generated.acp.types import (
        AgentCapabilities,
        AuthMethod,
        ClientCapabilities,
        CloseSessionRequest,
        CloseSessionResponse,
        Implementation,
        InitializeRequest,
        InitializeResponse,
        NewSessionRequest,
        NewSessionResponse,
        PromptRequest,
        PromptResponse,
    )
    from copilot_sdk.acp.agent_session import AgentSession
    from copilot_sdk.transports.base import Transport

PROTOCOL_VERSION = 1
"""The version of the protocol that is spoken."""


class Agent(ServesAgent):
    """An agent of your own: override the methods of the messages that it serves, `prompt` at least.

    Which capabilities a client is told follows from which methods are overridden: with `load_session` there is
    `loadSession`, with `fork_session` there is `sessionCapabilities.fork`. Requests that are not served are answered
    with "Method not found". What a method raises is answered with a short error, and logged with its traceback; an
    `RpcError`, such as `acp.ResourceNotFound`, goes to the client as it is.

    An agent serves one client. `run()` does so over stdin and stdout; `serve(agent, transport)` over any other way.

    Attributes:
        name: The name of the agent for programs.
        title: Its name for people.
        version: Its own version.
    """

    name: ClassVar[str] = "agent"
    title: ClassVar[str | None] = None
    version: ClassVar[str] = "0"

    _connection: Connection | None = None
    _client_capabilities: ClientCapabilities | None = None
    _client_info: Implementation | None = None

    def run(self) -> None:
        """Serve the process that started this one, until it closes stdin.

        What is printed to stdout goes to stderr, because stdout belongs to the protocol. Logging goes to stderr, too,
        unless it was set up before.

        Raises:
            ConnectError: stdin or stdout is neither a pipe nor a socket nor a terminal.
        """
        logging.basicConfig(stream=sys.stderr)
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(self))

    # ---------------------------------------------------------------- sessions

    @cached_property
    def sessions(self) -> dict[str, AgentSession]:
        """The sessions that are open, by their ids."""
        return {}

    def session(self, session_id: str) -> AgentSession:
        """The open session with an id.

        Args:
            session_id: Its identifier.

        Raises:
            ResourceNotFound: There is none; the client is told so.
        """
        session = self.sessions.get(session_id)
        if session is None:
            raise ResourceNotFound(f"Session {session_id} not found", {"sessionId": session_id})
        return session

    def open_session(self, cwd: str, *, session_id: str | None = None) -> AgentSession:
        """Open a session, in place of an open one with the same id.

        Args:
            cwd: The folder that it works in, an absolute path.
            session_id: Its id; None for a new one.
        """
        from copilot_sdk.acp.agent_session import AgentSession

        session = AgentSession(self, self._connected, session_id or str(uuid.uuid4()), cwd)
        self.sessions[session.id] = session
        return session

    # ---------------------------------------------------------------- the client

    @cached_property
    def client(self) -> ClientRPC:
        """Every method of the client: files, terminals, permissions, forms, updates.

        A method that the client has not said it serves raises `CapabilityMissing`.
        """
        from copilot_sdk._generated.acp.api.client import ClientRPC

        return ClientRPC(CheckedCaller(self._connected, self._offered, "the client"))

    @property
    def client_capabilities(self) -> ClientCapabilities:
        """What the client said it can do; nothing before `initialize`."""
        from copilot_sdk._generated.acp.types import ClientCapabilities

        return self._client_capabilities or ClientCapabilities()

    @property
    def client_info(self) -> Implementation | None:
        """What the client said it is."""
        return self._client_info

    async def request(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Ask the client something that is no part of the protocol.

        Args:
            method: The wire name, which begins with `_`.
            params: The parameters as JSON values.

        Returns:
            The result as JSON values.

        Raises:
            RpcError: The client refused.
            ConnectionClosed: The client is gone.
        """
        return await self._connected().request(_extension(method), params, timeout=None)

    async def notify(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        """Tell the client something that is no part of the protocol.

        Args:
            method: The wire name, which begins with `_`.
            params: The parameters as JSON values.

        Raises:
            ConnectionClosed: The client is gone.
        """
        await self._connected().notify(_extension(method), params)

    def check_offered(self, capability: str, method: str) -> None:
        """Raise unless the client has said that it can do something.

        Args:
            capability: What, such as `clientCapabilities.elicitation.form`.
            method: The wire method that needs it.

        Raises:
            CapabilityMissing: The client has not said so.
        """
        check_offered(self._offered(), capability, method, "the client")

    def _connected(self) -> Connection:
        if self._connection is None:
            raise UsageError("the agent serves no client; call run(), or await acp.serve(agent)")
        return self._connection

    def _offered(self) -> object:
        return {} if self._client_capabilities is None else self._client_capabilities.to_wire()

    # ---------------------------------------------------------------- what it offers

    def capabilities(self) -> AgentCapabilities:
        """What a client is told that the agent can do.

        Override it to add to what follows from the methods, such as `prompt_capabilities`.
        """
        from copilot_sdk._generated.acp.methods import OUTBOUND
        from copilot_sdk._generated.acp.types import AgentCapabilities

        told: dict[str, Any] = {}
        for wire_name, name in {**REQUESTS, **NOTIFICATIONS}.items():
            capability = OUTBOUND[wire_name].capability
            if capability is not None and self._overrides(name):
                *path, last = capability.split(".")[1:]
                place = told
                for part in path:
                    place = place.setdefault(part, {})
                place.setdefault(last, True if last == "loadSession" else {})
        return AgentCapabilities.model_validate(told)

    def auth_methods(self) -> list[AuthMethod]:
        """The ways to sign in; override it together with `authenticate`."""
        return []

    def _overrides(self, name: str) -> bool:
        return getattr(type(self), name) is not getattr(ServesAgent, name)

    # ---------------------------------------------------------------- messages

    async def initialize(self, params: InitializeRequest) -> InitializeResponse:
        """Agree on the version, and tell what the agent offers; wire method `initialize` (stable).

        Args:
            params: What the client speaks, what it is and what it can do.
        """
        from copilot_sdk._generated.acp.types import Implementation, InitializeResponse

        self._client_capabilities = params.client_capabilities
        self._client_info = params.client_info
        about = Implementation(name=self.name, version=self.version)
        if self.title is not None:
            about.title = self.title
        return InitializeResponse(
            protocol_version=PROTOCOL_VERSION,
            agent_capabilities=self.capabilities(),
            auth_methods=self.auth_methods(),
            agent_info=about,
        )

    async def new_session(self, params: NewSessionRequest) -> NewSessionResponse:
        """Begin a conversation; wire method `session/new` (stable).

        Args:
            params: Where to work, and with which MCP servers.
        """
        from copilot_sdk._generated.acp.types import NewSessionResponse

        return NewSessionResponse(session_id=self.open_session(params.cwd).id)

    async def close_session(self, params: CloseSessionRequest) -> CloseSessionResponse:
        """Stop what a session is doing and let go of it; wire method `session/close` (stable).

        Args:
            params: Which session.

        Raises:
            ResourceNotFound: It is not open.
        """
        from copilot_sdk._generated.acp.types import CloseSessionResponse

        self.session(params.session_id)
        await self.stop(params.session_id)
        self.sessions.pop(params.session_id, None)
        return CloseSessionResponse()

    async def extension_request(self, method: str, params: JsonObject) -> Any:  # noqa: ARG002 - overrides use them
        """Answer a request that is no part of the protocol.

        Args:
            method: The wire name, which begins with `_`.
            params: The parameters as JSON values.

        Returns:
            The result as JSON values.

        Raises:
            MethodNotFound: It is not known, as long as this is not overridden.
        """
        raise MethodNotFound(f"Method not found: {method}", {"method": method})

    async def extension_notification(self, method: str, params: JsonObject) -> None:
        """Take a notification that is no part of the protocol; nothing is done with it unless this is overridden.

        Args:
            method: The wire name, which begins with `_`.
            params: The parameters as JSON values.
        """

    # ---------------------------------------------------------------- prompts

    @cached_property
    def _prompts(self) -> dict[str, _Work]:
        return {}

    async def stop(self, session_id: str) -> None:
        """Cancel the prompt that a session works on, if it does, and wait for its end.

        Args:
            session_id: Identifier of the session.
        """
        work = self._prompts.get(session_id)
        if work is not None:
            work.cancel()
            await work.wait()

    async def _answer_prompt(self, params: PromptRequest) -> PromptResponse:
        # No await may come before the work is known: the next message may be what cancels it.
        before, session_id = self._prompts.get(params.session_id), params.session_id
        if before is not None:
            before.cancel()
        work = self._prompts[session_id] = _Work()
        try:
            return await work.answer(self, params, before)
        finally:
            if self._prompts.get(session_id) is work:
                del self._prompts[session_id]

    def _look(self, method: str, params: JsonObject) -> bool:
        if method == "session/cancel":
            # A prompt that came just before it makes its first step only now.
            asyncio.get_running_loop().call_soon(self._cancel, params.get("sessionId"))
        return False

    def _cancel(self, session_id: object) -> None:
        work = self._prompts.get(session_id) if isinstance(session_id, str) else None
        if work is not None:
            work.cancel()

    def _served(self) -> Served:
        from copilot_sdk._generated.acp.methods import OUTBOUND

        requests = {
            wire_name: Route(OUTBOUND[wire_name], getattr(self, name))
            for wire_name, name in REQUESTS.items()
            if self._overrides(name)
        }
        if "session/prompt" in requests:
            requests["session/prompt"] = Route(OUTBOUND["session/prompt"], self._answer_prompt)
        return Served(
            requests=requests,
            notifications={
                wire_name: Route(OUTBOUND[wire_name], getattr(self, name))
                for wire_name, name in NOTIFICATIONS.items()
                if self._overrides(name)
            },
            extension_request=self.extension_request,
            extension_notification=self.extension_notification,
            at_once=self._look,
        )


class _Work:
    """The work on one prompt, in the task that answers it: it can be cancelled and answered all the same."""

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._cancelled = False
        self._ended = asyncio.Event()

    def cancel(self) -> None:
        """End it, and answer that it was cancelled."""
        if self._task is not None and not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    async def wait(self) -> None:
        """Wait for its end, however it ends."""
        await self._ended.wait()

    async def answer(self, agent: Agent, params: PromptRequest, before: _Work | None) -> PromptResponse:
        """The answer to the prompt; after `cancel` it says so, whatever the work came to."""
        usage = None
        try:
            if before is not None:
                await before.wait()
            response = await agent.prompt(params)
            if not self._cancelled:
                return response
            usage = response.usage
        except asyncio.CancelledError as error:
            if not self._cancelled:
                if being_cancelled():
                    raise
                raise RuntimeError(
                    "the work on the prompt waited for something that was cancelled"
                ) from error
        except Exception as error:
            if not self._cancelled:
                raise
            log_failure("session/prompt", error)
        finally:
            self._ended.set()
        if self._task is not None and self._task.uncancel() > 0:
            # Nobody waits for the answer any more.
            raise asyncio.CancelledError
        from copilot_sdk._generated.acp.types import PromptResponse

        response = PromptResponse(stop_reason="cancelled")
        if usage is not None:
            response.usage = usage
        return response


async def serve(agent: Agent, transport: Transport | None = None) -> None:
    """Serve one client until it is gone.

    Args:
        agent: What is served.
        transport: The connection to the client, which is closed at the end; None for stdin and stdout of this
            process, which then belong to the protocol: what is printed goes to stderr.

    Raises:
        UsageError: The agent serves a client already.
        ConnectError: stdin or stdout is neither a pipe nor a socket nor a terminal.
    """
    if agent._connection is not None:
        raise UsageError("the agent serves a client already; make one for each client")
    if transport is None:
        from copilot_sdk.acp._stdio import of_this_process

        transport = await of_this_process()
    async with Connection(transport, agent._served()) as connection:
        agent._connection = connection
        try:
            await connection.wait_closed()
        finally:
            agent._connection = None


def _extension(method: str) -> str:
    if not method.startswith("_"):
        raise UsageError(f"the name of an extension begins with an underscore, unlike {method!r}")
    return method
