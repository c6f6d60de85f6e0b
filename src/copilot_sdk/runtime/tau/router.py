"""Requests by type, and what serves them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from copilot_sdk._model import VerbatimModel, WireModel
from copilot_sdk.runtime.core.faults import RuntimeFault

if TYPE_CHECKING:
    from copilot_sdk.runtime.tau.connection import Connection
    from copilot_sdk.runtime.tau.daemon import Daemon

RequestT = TypeVar("RequestT", bound=WireModel)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is being served.

    Attributes:
        daemon: The daemon.
        client: The connection that it came over; None where a plugin asks.
    """

    daemon: Daemon
    client: Connection | None

    @property
    def connection(self) -> Connection:
        """The connection of the client.

        Raises:
            RuntimeFault: A plugin asks, and has none.
        """
        if self.client is None:
            raise RuntimeFault("plugins have no connection that this could go over")
        return self.client


Handler = Callable[[Call, Any], Awaitable[VerbatimModel | None]]
"""Serves a request; without an answer where all has been sent, or nothing is to be."""


class Router:
    """The handlers of some requests."""

    def __init__(self) -> None:
        self.handlers: dict[type[WireModel], Handler] = {}

    def on(
        self, kind: type[RequestT]
    ) -> Callable[
        [Callable[[Call, RequestT], Awaitable[VerbatimModel | None]]],
        Callable[[Call, RequestT], Awaitable[VerbatimModel | None]],
    ]:
        """Serve a request with the function below."""

        def register(
            handler: Callable[[Call, RequestT], Awaitable[VerbatimModel | None]],
        ) -> Callable[[Call, RequestT], Awaitable[VerbatimModel | None]]:
            self.handlers[kind] = handler
            return handler

        return register


def merged(*routers: Router) -> Mapping[type[WireModel], Handler]:
    """The handlers of several routers."""
    return {kind: handler for router in routers for kind, handler in router.handlers.items()}
