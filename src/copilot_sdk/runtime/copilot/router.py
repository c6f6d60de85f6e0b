"""Which function serves which method of the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel, ValidationError

from copilot_sdk._model import WireModel
from copilot_sdk._model.base import problems
from copilot_sdk._model.json_values import is_array
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
    """A method that is served.

    Attributes:
        params: The type of its parameters.
        handler: What serves it.
        exact: What refuses parameters that do not fit, and members that nobody knows, at every depth; None where those
            are overlooked, as most methods of the CLI do.
        opaque: The parameter whose members may be any.
    """

    params: type[Payload]
    handler: Callable[[Call, Payload], Awaitable[Result]]
    exact: type[RuntimeFault] | None = None
    opaque: str | None = None

    def read(self, params: Mapping[str, object]) -> Payload:
        """The parameters of a call.

        Raises:
            ValidationError: They do not fit.
            RuntimeFault: The same, where the method is exact about it.
        """
        try:
            parsed = self.params.model_validate(dict(params))
        except ValidationError as error:
            if self.exact is not None:
                raise self.exact("; ".join(problems(error))) from error
            raise
        if self.exact is not None and (unknown := _unknown_members(parsed, self.opaque)):
            raise self.exact(f"unknown field `{unknown[0]}`")
        return parsed


def _unknown_members(value: object, opaque: str | None = None) -> list[str]:
    """The names of members that the types do not know, at every depth."""
    if is_array(value):
        return [name for item in value for name in _unknown_members(item)]
    if not isinstance(value, BaseModel):
        return []
    members = (getattr(value, name) for name in type(value).model_fields if name != opaque)
    return [*(value.model_extra or ()), *(name for member in members for name in _unknown_members(member))]


class Router:
    """The methods of one namespace."""

    def __init__(self) -> None:
        self._served: dict[str, Served] = {}

    def on(
        self,
        method: str,
        params: type[ParamsT],
        *,
        exact: type[RuntimeFault] | None = None,
        opaque: str | None = None,
    ) -> Callable[[Handler[ParamsT]], Handler[ParamsT]]:
        """Makes a function serve a method.

        Args:
            method: The wire's name of the method.
            params: The type of its parameters.
            exact: See `Served`.
            opaque: See `Served`.
        """

        def register(handler: Handler[ParamsT]) -> Handler[ParamsT]:
            self._served[method] = Served(
                params, cast("Callable[[Call, Payload], Awaitable[Result]]", handler), exact, opaque
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
