"""The client for programs without an event loop."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from copilot_sdk import client as asynchronous
from copilot_sdk.sync._faces import ClientFace
from copilot_sdk.sync._portal import PortalCaller, off_loop
from copilot_sdk.sync._session import Session

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext
    from typing import Unpack

    from copilot_sdk._connect import Connector
    from copilot_sdk._generated.copilot.sync_api.server import ServerRPC
    from copilot_sdk._generated.copilot.types import (
        AuthGetStatusResult,
        Model,
        PingResult,
        SessionContextFilter,
        SessionListItem,
        StatusGetResult,
    )
    from copilot_sdk._serving import LifecycleHandler
    from copilot_sdk._session_callbacks import SessionCallbacks
    from copilot_sdk.options import ClientOptions, SessionCreateOptions, SessionResumeOptions
    from copilot_sdk.runtime import Limits, ScriptedAccounts
    from copilot_sdk.runtime import Model as RuntimeModel


class CopilotClient(ClientFace[asynchronous.CopilotClient]):
    """See `copilot_sdk.CopilotClient`.

    The same methods, without `await`; `with CopilotClient() as client:`.
    """

    def __init__(
        self,
        cli_path: str | os.PathLike[str] | None = None,
        *,
        cli_args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        log_level: str = "error",
        github_token: str | None = None,
        use_logged_in_user: bool = True,
        tcp: bool = False,
        home: str | os.PathLike[str] | None = None,
        session_idle_timeout: int | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self._set_up(
            asynchronous.CopilotClient(
                cli_path,
                cli_args=cli_args,
                env=env,
                cwd=cwd,
                log_level=log_level,
                github_token=github_token,
                use_logged_in_user=use_logged_in_user,
                tcp=tcp,
                home=home,
                session_idle_timeout=session_idle_timeout,
                **options,
            )
        )

    @classmethod
    def _of(cls, client: asynchronous.CopilotClient) -> Self:
        made = cls.__new__(cls)
        made._set_up(client)
        return made

    @classmethod
    def over(
        cls, connector: Connector, *, token: str | None = None, **options: Unpack[ClientOptions]
    ) -> Self:
        """See `copilot_sdk.CopilotClient.over`."""
        return cls._of(asynchronous.CopilotClient.over(connector, token=token, **options))

    @classmethod
    def connect(
        cls,
        address: str | int,
        *,
        ssl: SSLContext | None = None,
        token: str | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """See `copilot_sdk.CopilotClient.connect`."""
        return cls._of(asynchronous.CopilotClient.connect(address, ssl=ssl, token=token, **options))

    @classmethod
    def embedded(
        cls,
        model: RuntimeModel | None = None,
        *,
        home: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
        accounts: ScriptedAccounts | None = None,
        **options: Unpack[ClientOptions],
    ) -> Self:
        """See `copilot_sdk.CopilotClient.embedded`; the runtime lives in the client's thread."""
        client = asynchronous.CopilotClient.embedded(
            model, home=home, limits=limits, accounts=accounts, **options
        )
        return cls._of(client)

    @property
    def runtime_version(self) -> str | None:
        """Version of the runtime, such as `1.0.61`; None if it does not tell."""
        return self._client.runtime_version

    @property
    def protocol_version(self) -> int | None:
        """Version of the wire protocol, None before the handshake."""
        return self._client.protocol_version

    @cached_property
    def rpc(self) -> ServerRPC:
        """Every method of the runtime that belongs to no session, by namespace.

        `client.rpc.mcp.config.list()`.
        """
        from copilot_sdk._generated.copilot.sync_api.server import ServerRPC

        return ServerRPC(PortalCaller(self._portal, self._client.rpc.caller))

    def create_session(self, **options: Unpack[SessionCreateOptions]) -> Session:
        """See `copilot_sdk.CopilotClient.create_session`; plain callbacks are called in a worker thread.

        The same options, `copilot_sdk.options.SessionCreateOptions`.
        """
        move_off_loop(options)
        return Session(self._portal, self._portal.run(self._client.create_session(**options)))

    def resume_session(self, session_id: str, **options: Unpack[SessionResumeOptions]) -> Session:
        """See `copilot_sdk.CopilotClient.resume_session`; plain callbacks are called in a worker thread.

        The same options, `copilot_sdk.options.SessionResumeOptions`.
        """
        move_off_loop(options)
        return Session(self._portal, self._portal.run(self._client.resume_session(session_id, **options)))

    def list_sessions(self, filter: SessionContextFilter | None = None) -> list[SessionListItem]:
        """See `copilot_sdk.CopilotClient.list_sessions`."""
        return self._portal.run(self._client.list_sessions(filter))

    def delete_session(self, session_id: str) -> None:
        """See `copilot_sdk.CopilotClient.delete_session`."""
        self._portal.run(self._client.delete_session(session_id))

    def last_session_id(self) -> str | None:
        """See `copilot_sdk.CopilotClient.last_session_id`."""
        return self._portal.run(self._client.last_session_id())

    def on_lifecycle(self, callback: LifecycleHandler) -> Callable[[], None]:
        """See `copilot_sdk.CopilotClient.on_lifecycle`; a plain callback is called in a worker thread."""
        return self._client.on_lifecycle(callback)

    def supports(self, method: str) -> bool:
        """See `copilot_sdk.CopilotClient.supports`."""
        return self._client.supports(method)

    def ping(self, message: str | None = None) -> PingResult:
        """See `copilot_sdk.CopilotClient.ping`."""
        return self._portal.run(self._client.ping(message))

    def status(self) -> StatusGetResult:
        """See `copilot_sdk.CopilotClient.status`."""
        return self._portal.run(self._client.status())

    def auth_status(self) -> AuthGetStatusResult:
        """See `copilot_sdk.CopilotClient.auth_status`."""
        return self._portal.run(self._client.auth_status())

    def models(self) -> list[Model]:
        """See `copilot_sdk.CopilotClient.models`."""
        return self._portal.run(self._client.models())


def move_off_loop(options: SessionCallbacks) -> None:
    """Have what would run on the event loop run in a worker thread, from where it may use the sync client itself."""
    if callable(on_event := options.get("on_event")):
        options["on_event"] = off_loop(on_event)
