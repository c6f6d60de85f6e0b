"""The sessions of a connection: opening them, and which one an event or a request of the runtime is for."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from copilot_sdk._calls import Requests, request, rpc_attributes
from copilot_sdk._core import SessionCore
from copilot_sdk._resuming import register_interests, resume
from copilot_sdk._serving import Serving, checked_of_session
from copilot_sdk._session_callbacks import announced, split
from copilot_sdk._subscriptions import feed
from copilot_sdk._tracing import below, span
from copilot_sdk.errors import (
    ConnectionClosed,
    CopilotError,
    InternalError,
    InvalidParams,
    MethodNotFound,
    ProtocolError,
    ResultValidationError,
    RpcError,
    UsageError,
)

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import (
        OpenCanvasInstance,
        SessionCreateResult,
        SessionResumeResult,
    )
    from copilot_sdk._rpc.method import Method
    from copilot_sdk._session_callbacks import SessionCallbacks
    from copilot_sdk.options import SessionCreateOptions, SessionResumeOptions

_UNCLAIMED_EVENTS = 1000
_logger = logging.getLogger("copilot_sdk.session")


class Sessions:
    """The open sessions by identifier.

    Args:
        serving: The handlers of the client.
    """

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self._open: dict[str, SessionCore] = {}
        self._opening = 0
        self._unclaimed: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_UNCLAIMED_EVENTS)

    def __iter__(self) -> Iterator[SessionCore]:
        return iter(list(self._open.values()))

    def get(self, session_id: str) -> SessionCore | None:
        """The open session of that identifier."""
        return self._open.get(session_id)

    async def open(
        self,
        connection: Requests,
        method: Method[Any],
        session_id: str | None,
        options: SessionCreateOptions | SessionResumeOptions,
    ) -> SessionCore:
        """Create or resume a session.

        Args:
            connection: Sends requests.
            method: `session.create` or `session.resume`.
            session_id: Its identifier, None to let the runtime choose.
            options: What the caller wants of it, as the caller gave it.

        Raises:
            InvalidParams: An option is unknown or does not fit.
            UsageError: The session is open here already, or a tool or handler is wrong.
            CopilotError: The runtime could not open it.
        """
        from copilot_sdk._model.codec import encode_params

        _refuse_unknown(method.name, options)
        callbacks, wire = split(options)
        session = SessionCore(
            connection,
            session_id if session_id is not None else str(uuid.uuid4()),
            resumed=method.name == "session.resume",
            callbacks=callbacks,
            on_closed=self._discard,
        )
        session.handlers = checked_of_session(callbacks.get("handlers"))
        if session.id in self._open:
            raise UsageError(f"session {session.id} is open in this client already; close it first")
        session.options = partial(self._options, session, callbacks, wire)
        told = session.options()
        if not session.resumed:
            told = {name: value for name, value in told.items() if name not in _only_resuming()}
        params = encode_params(method, {**told, "session_id": session_id})
        # The runtime may call for the session, and send events of it, while it is still being created.
        self._open[session.id] = session
        if (on_event := callbacks.get("on_event")) is not None:
            session.tasks.follow(feed(session.subscribe(), on_event))
        try:
            with self._keeping_unclaimed_events():
                raw = await request(connection, method.name, params, trace=session.trace)
                result = self._opened(session, method, raw)
        except (ResultValidationError, ProtocolError):
            await session.close()
            raise
        except BaseException:
            await session.abandon()
            raise
        await self._complete(session, result)
        session.check_open()
        return session

    def _options(
        self, session: SessionCore, callbacks: SessionCallbacks, wire: Mapping[str, object]
    ) -> dict[str, object]:
        """What the runtime is told as it opens the session: the caller's options, and what follows from callbacks."""
        return {
            **wire,
            "tools": session.answers.definitions() or None,
            **announced(callbacks, wire),
            **self.serving.announced(session.handlers, wire),
        }

    def _opened(
        self,
        session: SessionCore,
        method: Method[Any],
        raw: object,
    ) -> SessionCreateResult | SessionResumeResult:
        from copilot_sdk._generated.copilot.types import SessionResumeResult
        from copilot_sdk._model.codec import decode_result

        result: SessionCreateResult | SessionResumeResult = decode_result(method, raw)
        if not result.session_id:
            raise ResultValidationError(method.name, result.misfits(), raw)
        if result.session_id != session.id:
            self._rename(session, result.session_id)
        session.workspace_path = result.workspace_path
        session.capabilities = result.capabilities
        if isinstance(result, SessionResumeResult):
            session.transcript_recovery = result.transcript_recovery
        return result

    @staticmethod
    async def _complete(session: SessionCore, result: SessionCreateResult | SessionResumeResult) -> None:
        """Tell and ask what the methods that open a session have no place for."""
        try:
            await register_interests(session, session.rpc)
            session.canvases.begin(await _open_canvases(session, result))
        except BaseException:
            await session.close()
            raise

    def _discard(self, session: SessionCore) -> None:
        if self._open.get(session.id) is session:
            del self._open[session.id]

    @contextmanager
    def _keeping_unclaimed_events(self) -> Generator[None]:
        """For sessions that the runtime names: their first events may come before the name does."""
        self._opening += 1
        try:
            yield
        finally:
            self._opening -= 1
            if not self._opening:
                self._unclaimed.clear()

    def _rename(self, session: SessionCore, session_id: str) -> None:
        if session_id in self._open:
            raise ProtocolError(
                f"the runtime gave the identifier of an open session, {session_id}, to a new one"
            )
        self._discard(session)
        session.id = session_id
        self._open[session_id] = session
        for owner, event in self._unclaimed:
            if owner == session_id:
                session.receive(event)

    def notified(self, method: str, params: Mapping[str, Any]) -> None:
        """Take a notification of the runtime."""
        event: Any = params.get("event")
        session_id: Any = params.get("sessionId")
        if method != "session.event":
            self.serving.notified(method, params, self._open.get(str(session_id)))
            return
        if not isinstance(event, dict) or not isinstance(session_id, str):
            return
        raw = cast("dict[str, Any]", event)
        session = self._open.get(session_id)
        if session is not None:
            session.receive(raw)
        elif self._opening:
            self._unclaimed.append((session_id, raw))

    async def serve(self, method: str, params: Mapping[str, Any]) -> Any:
        """Answer a request of the runtime.

        Raises:
            MethodNotFound: No session answers this.
            InternalError: The session is not open here.
        """
        session = self._open.get(str(params.get("sessionId")))
        answer = self.serving.find(method, session)
        if answer is None and session is not None:
            answer = partial(session.serve, method)
        if answer is None:
            raise _unanswerable(method, params)
        with nullcontext() if session is None else session.turns.pending.serving(method):
            with below({} if session is None else session.trace.headers):
                with span(method, rpc_attributes(method, params), kind="server"):
                    return await answer(params)

    def suspend(self) -> None:
        """The connection is lost, and may come again."""
        for session in self:
            session.suspend()

    async def resume_all(self, connection: Requests, reason: ConnectionClosed, attempts: int) -> None:
        """Go on with all sessions over a new connection.

        Raises:
            ConnectionClosed, RequestTimeout: It is no good.
        """
        await asyncio.gather(*(resume(connection, session, reason, attempts) for session in self))

    async def end(self, reason: CopilotError) -> None:
        """End all sessions because the connection has ended."""
        ended = list(self)
        for session in ended:
            session.cut(reason)
        await asyncio.gather(self.serving.end(), *(session.tasks.settle() for session in ended))


async def _open_canvases(
    session: SessionCore, result: SessionCreateResult | SessionResumeResult
) -> list[OpenCanvasInstance]:
    """Those that were open before this client came."""
    from copilot_sdk._generated.copilot.types import SessionResumeResult

    if not isinstance(result, SessionResumeResult):
        return []
    ui = session.capabilities.ui if session.capabilities is not None else None
    if result.open_canvases is not None or ui is None or not ui.canvases:
        return result.open_canvases or []
    try:
        return (await session.rpc.canvas.list_open()).open_canvases or []
    except RpcError as error:
        _logger.warning("session %s: which canvases are open is not known: %s", session.id, error)
        return []


def _unanswerable(method: str, params: Mapping[str, Any]) -> RpcError:
    from copilot_sdk._generated.copilot.methods import INBOUND

    if method not in INBOUND or INBOUND[method].scope != "clientSession":
        return MethodNotFound(f"Method not found: {method}")
    return InternalError(f"unknown session {params.get('sessionId')}")


def _only_resuming() -> frozenset[str]:
    from copilot_sdk.options import SessionCreateOptions, SessionResumeOptions

    return SessionResumeOptions.__optional_keys__ - SessionCreateOptions.__optional_keys__


def _refuse_unknown(method: str, options: Iterable[str]) -> None:
    from copilot_sdk._unknown import unknown
    from copilot_sdk.options import SessionCreateOptions, SessionResumeOptions

    known = {
        "session.create": SessionCreateOptions.__optional_keys__,
        "session.resume": SessionResumeOptions.__optional_keys__,
    }
    if names := unknown(options, known[method], known):
        raise InvalidParams(f"{method} has no option {names}", method=method)
