"""Which function serves which method of the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from copilot_sdk._model import WireModel
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.payloads import Payload
from copilot_sdk.runtime.core.runtime import Runtime
from copilot_sdk.runtime.core.session import Session

if TYPE_CHECKING:
    from copilot_sdk.runtime.copilot.connection import Connection

ParamsT = TypeVar("ParamsT", bound=Payload)


class NoParams(WireModel):
    """For methods that need no more than the session."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, and for which session."""

    connection: Connection
    method: str
    session_id: object

    @property
    def runtime(self) -> Runtime:
        """The runtime that is asked."""
        return self.connection.runtime

    @property
    def session(self) -> Session:
        """The session that is asked about.

        Raises:
            RuntimeFault: There is no such session, or none was named.
        """
        return self.runtime.live(self.target)

    @property
    def target(self) -> str:
        """The id of the session that is asked about.

        Raises:
            RuntimeFault: None was named.
        """
        if not isinstance(self.session_id, str):
            raise RuntimeFault("sessionId: expected a string")
        return self.session_id


Result = Payload | str | int | dict[str, object] | list[dict[str, object]] | None
Handler = Callable[[Call, ParamsT], Awaitable[Result]]
PlainHandler = Callable[[Call], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Served:
    """A method that is served."""

    params: type[Payload]
    handler: Callable[[Call, Payload], Awaitable[Result]]


class Router:
    """The methods of one namespace."""

    def __init__(self) -> None:
        self._served: dict[str, Served] = {}

    def on(self, method: str, params: type[ParamsT]) -> Callable[[Handler[ParamsT]], Handler[ParamsT]]:
        """Makes a function serve a method.

        Args:
            method: The wire's name of the method.
            params: The type of its parameters.
        """

        def register(handler: Handler[ParamsT]) -> Handler[ParamsT]:
            self._served[method] = Served(
                params, cast("Callable[[Call, Payload], Awaitable[Result]]", handler)
            )
            return handler

        return register

    def plain(self, method: str) -> Callable[[PlainHandler], PlainHandler]:
        """Makes a function serve a method that needs to know no more than the session, or nothing."""

        def register(handler: PlainHandler) -> PlainHandler:
            async def ignore_params(call: Call, _: Payload) -> Result:
                return await handler(call)

            self._served[method] = Served(NoParams, ignore_params)
            return handler

        return register

    def __iter__(self) -> Iterator[tuple[str, Served]]:
        return iter(self._served.items())


def merged(routers: Iterable[Router]) -> Mapping[str, Served]:
    """The methods of several routers.

    Raises:
        ValueError: Two of them serve the same method.
    """
    table: dict[str, Served] = {}
    for router in routers:
        for method, served in router:
            if method in table:
                raise ValueError(f"{method} is served twice")
            table[method] = served
    return table
