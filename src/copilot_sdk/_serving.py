"""What the runtime asks of a client beside its sessions' callbacks: finding the handler, calling it, answering."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from copilot_sdk._callbacks import Contained, call_off_loop
from copilot_sdk._calls import answer
from copilot_sdk._scope import TaskScope
from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.handlers import Handlers
    from copilot_sdk._generated.copilot.types import SessionLifecycleNotification
    from copilot_sdk._rpc.peer import Peer
    from copilot_sdk.providers import SessionFS
    from copilot_sdk.providers.base import Provider

LifecycleHandler: TypeAlias = "Callable[[SessionLifecycleNotification], Awaitable[None] | None]"
"""Takes news of any session of the runtime; a plain function is run in a worker thread."""

_LIFECYCLE = "session.lifecycle"
_MAX_UNHANDLED = 1000
_logger = logging.getLogger("copilot_sdk.client")


class Owner(Protocol):
    """A session, as far as it concerns its handlers: they end with its tasks."""

    handlers: Mapping[str, object]
    tasks: TaskScope


class Serving:
    """The handlers of a client, with which it serves the runtime.

    A request gets one answer, whatever the handler does: the connection turns what it raises into an error.
    Notifications are handled one after the other, in the order of their coming.

    Args:
        handlers: By namespace.
        session_fs: Keeps the files of all sessions; the runtime is told of it.

    Raises:
        UsageError: A namespace is unknown, or a handler has none of its methods.
    """

    def __init__(self, handlers: Handlers | None = None, session_fs: SessionFS | None = None) -> None:
        self._handlers = checked(handlers)
        if session_fs is not None:
            if "session_fs" in self._handlers:
                raise UsageError("session_fs is given twice: as an argument and among the handlers")
            self._handlers |= checked({"session_fs": session_fs})
        self._listeners: list[LifecycleHandler] = []
        self._unhandled: deque[tuple[str, Callable[[], Awaitable[Any]]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self.tasks = TaskScope("the client")

    @property
    def takes_telemetry(self) -> bool:
        """Whether the runtime has to be told, as it is greeted, to forward telemetry."""
        return "github_telemetry" in self._handlers

    async def introduce(self, peer: Peer) -> None:
        """Tell a runtime, before it has sessions, what this client provides to all of them."""
        for provider in self._providers():
            await provider.register(peer)

    def on_lifecycle(self, listener: LifecycleHandler) -> Callable[[], None]:
        """Call a function for each `session.lifecycle`; gives what ends that."""
        if not callable(listener):
            raise UsageError(f"on_lifecycle takes a function, not {listener!r}")
        # One of its own for each call: the same function may be added twice.
        entry = partial(call_off_loop, listener)
        self._listeners.append(entry)

        def remove() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return remove

    # ------------------------------------------------------------- requests

    def find(self, method: str, owner: Owner | None) -> Callable[[Mapping[str, Any]], Awaitable[Any]] | None:
        """What answers a request, None if nothing does.

        Args:
            method: Its wire name.
            owner: The session that it is for, whose handlers come before those of the client.
        """
        if owner is not None and (function := _method_of(owner.handlers, method)) is not None:
            return partial(_answer, method, function, owner.tasks)
        if (function := _method_of(self._handlers, method)) is not None:
            return partial(_answer, method, function, None)
        return None

    def announced(self, own: Mapping[str, object], options: Mapping[str, Any]) -> dict[str, object]:
        """The options by which a session is told of its handlers.

        Args:
            own: The handlers of the session alone.
            options: What the caller wants of the session.

        Raises:
            UsageError: What follows from a handler is among the options too, or a handler cannot be described.
        """
        handlers = {**self._handlers, **own}
        told: dict[str, object] = _announced_canvases(handlers.get("canvas"), options)
        if "skill_provider" in handlers:
            told["has_skill_provider"] = True
        if "github_telemetry" in handlers:
            told["enable_github_telemetry_forwarding"] = True
        if "workflow" in handlers:
            from copilot_sdk.providers.workflows import Workflows

            if isinstance(workflows := handlers["workflow"], Workflows):
                told["workflows"] = workflows.declarations
        if "provider_token" in handlers:
            if options.get("provider") is not None:
                told["provider"] = _asking_for_tokens(options["provider"])
            if options.get("providers") is not None:
                told["providers"] = [_asking_for_tokens(provider) for provider in options["providers"]]
        return told

    # -------------------------------------------------------- notifications

    def notified(self, method: str, params: Mapping[str, Any], owner: Owner | None) -> None:
        """Take a notification; never blocks."""
        own = _method_of(owner.handlers, method) if owner is not None else None
        function = own or _method_of(self._handlers, method)
        functions = list(self._listeners) if method == _LIFECYCLE else [function] if function else []
        for each in functions:
            if len(self._unhandled) >= _MAX_UNHANDLED:
                _logger.warning("dropped a notification %s: %d wait already", method, _MAX_UNHANDLED)
                return
            self._unhandled.append((method, partial(_answer, method, each, None, params)))
        if self._unhandled and self._worker is None:
            self._worker = self.tasks.handle(self._handle_notifications())

    async def _handle_notifications(self) -> None:
        while self._unhandled:
            method, handle = self._unhandled.popleft()
            with Contained(method):
                await handle()
        self._worker = None

    async def end(self) -> None:
        """End what still runs because the connection has ended."""
        self._unhandled.clear()
        self.tasks.cancel()
        await self.tasks.settle()
        for provider in self._providers():
            await provider.release()

    def _providers(self) -> list[Provider]:
        if not self._handlers:
            return []
        from copilot_sdk.providers.base import Provider

        return [handler for handler in self._handlers.values() if isinstance(handler, Provider)]


def checked_of_session(handlers: Handlers | None) -> dict[str, object]:
    """The handlers of a session, by namespace.

    Raises:
        UsageError: See `checked`; or a handler is for the client.
    """
    if not handlers:
        return {}
    from copilot_sdk.providers.base import Provider

    for namespace, handler in (own := checked(handlers)).items():
        if isinstance(handler, Provider):
            raise UsageError(f"{namespace!r} serves all sessions; pass it to the client")
    return own


def checked(handlers: Handlers | None) -> dict[str, object]:
    """Handlers by namespace.

    Raises:
        UsageError: A namespace is unknown, or a handler has none of its methods.
    """
    if not handlers:
        return {}
    from copilot_sdk._generated.copilot.handlers import SERVED

    given = cast("Mapping[str, object]", handlers)
    for namespace, handler in given.items():
        names = [method for owner, method in SERVED.values() if owner == namespace]
        if not names:
            known = ", ".join(sorted({owner for owner, _ in SERVED.values()}))
            raise UsageError(f"handlers has no {namespace!r}; it has {known}")
        if not any(callable(getattr(handler, name, None)) for name in names):
            raise UsageError(f"the handler {namespace!r} has none of the methods {', '.join(names)}")
    return dict(given)


def _method_of(handlers: Mapping[str, object], wire_name: str) -> Callable[..., Any] | None:
    if not handlers:
        return None
    from copilot_sdk._generated.copilot.handlers import SERVED

    namespace, name = SERVED.get(wire_name, ("", ""))
    function = getattr(handlers.get(namespace), name, None) if namespace else None
    return function if callable(function) else None


async def _answer(
    method: str, function: Callable[..., Any], scope: TaskScope | None, raw: Mapping[str, Any]
) -> Any:
    with nullcontext() if scope is None else scope.handling():
        return await answer(method, partial(call_off_loop, function), raw)


def _announced_canvases(handler: object, options: Mapping[str, Any]) -> dict[str, object]:
    if handler is None:
        return {}
    from copilot_sdk.providers.canvases import Canvases

    if not isinstance(handler, Canvases):
        return {}
    if options.get("canvases") is not None:
        raise UsageError("canvases are given twice: as an option and among the handlers")
    shows = options.get("request_canvas_renderer")
    return {"canvases": handler.declarations, "request_canvas_renderer": True if shows is None else shows}


def _asking_for_tokens(provider: Any) -> Any:
    """The provider with the mark that its tokens come from this client, unless it has credentials."""
    from copilot_sdk._model.base import WireModel

    wire: dict[str, Any] = provider.to_wire() if isinstance(provider, WireModel) else dict(provider)
    credentials = ("apiKey", "api_key", "bearerToken", "bearer_token", "apiKeyCommand", "api_key_command")
    return wire if any(wire.get(name) for name in credentials) else {**wire, "hasBearerTokenProvider": True}
