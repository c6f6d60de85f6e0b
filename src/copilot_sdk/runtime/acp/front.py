"""The runtime as an agent of the Agent Client Protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from copilot_sdk._generated.acp.types import (
    AgentCapabilities,
    ArchiveSessionRequest,
    ArchiveSessionResponse,
    AuthenticateRequest,
    AuthenticateResponse,
    AuthMethod,
    AuthStatusRequest,
    AuthStatusResponse,
    CloseSessionRequest,
    CloseSessionResponse,
    DeleteSessionRequest,
    DeleteSessionResponse,
    DisableProviderRequest,
    DisableProviderResponse,
    ForkSessionRequest,
    ForkSessionResponse,
    ListProvidersRequest,
    ListProvidersResponse,
    ListSessionsRequest,
    ListSessionsResponse,
    LoadSessionRequest,
    LoadSessionResponse,
    LogoutRequest,
    LogoutResponse,
    MCPCapabilities,
    NewSessionRequest,
    NewSessionResponse,
    PromptCapabilities,
    PromptRequest,
    PromptResponse,
    ResumeSessionRequest,
    ResumeSessionResponse,
    SessionAdditionalDirectoriesCapabilities,
    SessionCapabilities,
    SessionConfigOption,
    SessionModeState,
    SessionStatusRequest,
    SessionStatusResponse,
    SessionSystemPromptCapabilities,
    SessionSystemPromptModeCapabilities,
    SessionSystemPromptOverrideCapabilities,
    SetProviderRequest,
    SetProviderResponse,
    SetSessionConfigOptionRequest,
    SetSessionConfigOptionResponse,
    SetSessionModeRequest,
    SetSessionModeResponse,
    SetSessionTitleRequest,
    SetSessionTitleResponse,
    UnarchiveSessionRequest,
    UnarchiveSessionResponse,
)
from copilot_sdk._model import UnknownVariant, WireModel
from copilot_sdk._rpc.method import Method
from copilot_sdk._version import __version__
from copilot_sdk.acp._routes import Route, Served
from copilot_sdk.acp.agent import Agent
from copilot_sdk.acp.agent import serve as serve_agent
from copilot_sdk.acp.errors import ResourceNotFound
from copilot_sdk.errors import InternalError, InvalidParams
from copilot_sdk.runtime.acp.listing import listed
from copilot_sdk.runtime.acp.options import modes_of, options_of, set_mode, set_model, set_option
from copilot_sdk.runtime.acp.providers import Providers
from copilot_sdk.runtime.acp.session import OpenSession
from copilot_sdk.runtime.acp.settings import client_of, config_of
from copilot_sdk.runtime.acp.sign_in import SignIn
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.config import SessionConfig
from copilot_sdk.runtime.core.faults import InvalidInput, ModelFault, RuntimeFault, SessionNotFound
from copilot_sdk.runtime.core.mcp.host import is_available
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.storage import SessionRecord
from copilot_sdk.transports.base import Transport


class SetSessionModelRequest(WireModel):
    """Choose the model of a session: a method that the protocol had, and that clients still call."""

    session_id: str
    model_id: str


SET_MODEL: Method[object] = Method(
    "session/set_model", scope="agent", params=lambda: SetSessionModelRequest, result=lambda: dict
)


def _told(route: Route) -> Route:
    """A route that turns what goes wrong in the core into errors of the protocol."""

    async def serve(params: Any) -> Any:
        try:
            return await route.serve(params)
        except SessionNotFound as fault:
            about = {"sessionId": fault.session_id}
            raise ResourceNotFound(f"Session {fault.session_id} not found", about) from fault
        except InvalidInput as fault:
            raise InvalidParams(str(fault)) from fault
        except (RuntimeFault, ModelFault) as fault:
            raise InternalError(str(fault)) from fault

    return Route(route.method, serve)


class RuntimeAgent(Agent):
    """Serves the sessions of a runtime to one client.

    Args:
        runtime: What is served; it is not closed with the connection.
    """

    name = "copilot-sdk-runtime"
    title = "copilot_sdk reference runtime"
    version = __version__

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sign_in = SignIn(runtime.accounts)
        self._providers = Providers()
        self._open: dict[str, OpenSession] = {}

    async def aclose(self) -> None:
        """Leaves all sessions, when the client is gone."""
        for session_id in list(self._open):
            await self._leave(session_id)

    # ---------------------------------------------------------------- what it offers

    def capabilities(self) -> AgentCapabilities:
        """See `Agent.capabilities`."""
        told = super().capabilities()
        remote = is_available()
        told.prompt_capabilities = PromptCapabilities(image=True, audio=False, embedded_context=True)
        told.mcp_capabilities = MCPCapabilities(http=remote, sse=remote)
        sessions = told.session_capabilities or SessionCapabilities()
        sessions.additional_directories = SessionAdditionalDirectoriesCapabilities()
        sessions.system_prompt = SessionSystemPromptCapabilities(
            mode=SessionSystemPromptModeCapabilities(override=SessionSystemPromptOverrideCapabilities())
        )
        told.session_capabilities = sessions
        return told

    def auth_methods(self) -> list[AuthMethod]:
        """See `Agent.auth_methods`: whoever has to be signed in is so by a token in the environment."""
        return self._sign_in.methods()

    async def authenticate(self, params: AuthenticateRequest) -> AuthenticateResponse:
        """Looks whether somebody is signed in; wire method `authenticate`."""
        await self._sign_in.authenticate(params)
        return AuthenticateResponse()

    async def logout(self, params: LogoutRequest) -> LogoutResponse:  # noqa: ARG002
        """Wire method `logout`."""
        await self._sign_in.leave()
        return LogoutResponse()

    async def auth_status(self, params: AuthStatusRequest) -> AuthStatusResponse:  # noqa: ARG002
        """Wire method `auth/status`."""
        return await self._sign_in.status()

    async def list_providers(self, params: ListProvidersRequest) -> ListProvidersResponse:  # noqa: ARG002
        """Wire method `providers/list`."""
        return self._providers.listed()

    async def set_provider(self, params: SetProviderRequest) -> SetProviderResponse:
        """Wire method `providers/set`."""
        self._providers.set(params)
        return SetProviderResponse()

    async def disable_provider(self, params: DisableProviderRequest) -> DisableProviderResponse:
        """Wire method `providers/disable`."""
        self._providers.disable(params)
        return DisableProviderResponse()

    # ---------------------------------------------------------------- sessions

    async def new_session(self, params: NewSessionRequest) -> NewSessionResponse:
        """Wire method `session/new`."""
        await self._sign_in.check()
        session_id = new_id()
        opened = OpenSession(self, self._runtime, session_id)
        config = config_of(self, session_id, params, opened.show_terminal, self._providers.current)
        await self._runtime.check_model(config)
        client = client_of(self, opened)
        opened.begin(await self._runtime.create(session_id, config, client))
        self._open[session_id] = opened
        about = await self._about(opened)
        return NewSessionResponse(session_id=session_id, modes=about.modes, config_options=about.options)

    async def load_session(self, params: LoadSessionRequest) -> LoadSessionResponse:
        """Wire method `session/load`."""
        opened = await self._take_up(params.session_id, params)
        await opened.replay()
        about = await self._about(opened)
        return LoadSessionResponse(modes=about.modes, config_options=about.options)

    async def resume_session(self, params: ResumeSessionRequest) -> ResumeSessionResponse:
        """Wire method `session/resume`."""
        about = await self._about(await self._take_up(params.session_id, params))
        return ResumeSessionResponse(modes=about.modes, config_options=about.options)

    async def fork_session(self, params: ForkSessionRequest) -> ForkSessionResponse:
        """Wire method `session/fork`: the new session is open; what it begins with is not told again."""
        if params.session_id in self._open:
            await self._open[params.session_id].flush()
        elif self._runtime.record(params.session_id) is None:
            raise SessionNotFound(params.session_id)
        record = self._runtime.stored.fork(params.session_id)
        try:
            opened = await self._take_up(record.id, params)
        except BaseException:
            await self._runtime.delete(record.id)
            raise
        about = await self._about(opened)
        return ForkSessionResponse(session_id=record.id, modes=about.modes, config_options=about.options)

    async def _take_up(
        self, session_id: str, params: LoadSessionRequest | ResumeSessionRequest | ForkSessionRequest
    ) -> OpenSession:
        await self._sign_in.check()
        opened = OpenSession(self, self._runtime, session_id)
        config = config_of(self, session_id, params, opened.show_terminal, self._providers.current)
        await self._leave(session_id)

        def configure(_: SessionRecord) -> SessionConfig:
            return config

        client = client_of(self, opened)
        opened.begin(await self._runtime.resume(session_id, configure, client))
        self._open[session_id] = opened
        return opened

    async def _about(self, opened: OpenSession) -> _About:
        session, models = opened.session, await opened.models()
        if session.config.provider is not None and models and session.model_id not in [m.id for m in models]:
            set_model(session, models, models[0].id)
        options = options_of(session, models)
        await opened.introduced()
        return _About(modes_of(opened.session), options)

    async def list_sessions(self, params: ListSessionsRequest) -> ListSessionsResponse:
        """Wire method `session/list`."""
        return listed(self._runtime.store, params)

    async def archive_session(self, params: ArchiveSessionRequest) -> ArchiveSessionResponse:
        """Wire method `session/archive`; a session that is open stays open."""
        self._runtime.stored.archive(params.session_id, away=True)
        return ArchiveSessionResponse()

    async def unarchive_session(self, params: UnarchiveSessionRequest) -> UnarchiveSessionResponse:
        """Wire method `session/unarchive`."""
        self._runtime.stored.archive(params.session_id, away=False)
        return UnarchiveSessionResponse()

    async def close_session(self, params: CloseSessionRequest) -> CloseSessionResponse:
        """Wire method `session/close`."""
        self._opened(params.session_id)
        await self._leave(params.session_id)
        return CloseSessionResponse()

    async def delete_session(self, params: DeleteSessionRequest) -> DeleteSessionResponse:
        """Wire method `session/delete`; there need not be such a session."""
        await self._leave(params.session_id)
        known = self._runtime.record(params.session_id) is not None
        if known and not await self._runtime.delete(params.session_id):
            raise RuntimeFault(f"Session {params.session_id} is in use elsewhere, and stays")
        return DeleteSessionResponse()

    async def session_status(self, params: SessionStatusRequest) -> SessionStatusResponse:
        """Wire method `session/status`."""
        if self._runtime.find_live(params.session_id) is not None:
            return SessionStatusResponse(status="open")
        if self._runtime.record(params.session_id) is None:
            raise SessionNotFound(params.session_id)
        return SessionStatusResponse(status="saved")

    async def set_session_title(self, params: SetSessionTitleRequest) -> SetSessionTitleResponse:
        """Wire method `session/set_title`."""
        opened = self._opened(params.session_id)
        opened.session.rename(params.title, by_user=True)
        await opened.flush()
        return SetSessionTitleResponse(title=params.title)

    def _opened(self, session_id: str) -> OpenSession:
        # It may have been closed meanwhile, because nothing happened in it for long.
        self._runtime.live(session_id)
        if session_id not in self._open:
            raise SessionNotFound(session_id)
        return self._open[session_id]

    async def _leave(self, session_id: str) -> None:
        await self.stop(session_id)
        opened = self._open.pop(session_id, None)
        if opened is not None:
            await self._runtime.detach(session_id, opened)
            await opened.end()

    # ---------------------------------------------------------------- work

    async def prompt(self, params: PromptRequest) -> PromptResponse:
        """Wire method `session/prompt`."""
        return await self._opened(params.session_id).prompt(params.prompt)

    async def set_session_mode(self, params: SetSessionModeRequest) -> SetSessionModeResponse:
        """Wire method `session/set_mode`."""
        opened = self._opened(params.session_id)
        set_mode(opened.session, params.mode_id)
        await opened.flush()
        return SetSessionModeResponse()

    async def set_session_config_option(
        self, params: SetSessionConfigOptionRequest
    ) -> SetSessionConfigOptionResponse:
        """Wire method `session/set_config_option`."""
        if isinstance(params, UnknownVariant):
            raise InvalidParams(
                "the value of an option is a string or, with the type `boolean`, true or false"
            )
        opened = self._opened(params.session_id)
        models = await opened.models()
        set_option(opened.session, models, params.config_id, params.value)
        await opened.flush()
        return SetSessionConfigOptionResponse(config_options=options_of(opened.session, models))

    async def _set_model(self, params: SetSessionModelRequest) -> dict[str, object]:
        opened = self._opened(params.session_id)
        set_model(opened.session, await opened.models(), params.model_id)
        await opened.flush()
        return {}

    def _served(self) -> Served:
        served = super()._served()
        requests = {**served.requests, SET_MODEL.name: Route(SET_MODEL, self._set_model)}
        return replace(served, requests={name: _told(route) for name, route in requests.items()})


async def serve(runtime: Runtime, transport: Transport | None = None) -> None:
    """Serves one client until it is gone; its sessions are left then.

    Args:
        runtime: What is served.
        transport: The connection; None for stdin and stdout of this process.

    Raises:
        ConnectError: stdin or stdout is neither a pipe nor a socket nor a terminal.
    """
    agent = RuntimeAgent(runtime)
    try:
        await serve_agent(agent, transport)
    finally:
        await agent.aclose()


@dataclass(frozen=True, slots=True)
class _About:
    """What the answers that open a session tell of it."""

    modes: SessionModeState
    options: list[SessionConfigOption]
