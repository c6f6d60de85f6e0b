"""Holds everything that a reference runtime in this process sends to the schema files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from copilot_sdk._protocol.messages import JsonObject, JsonText, Params
from copilot_sdk._rpc.inbound import RequestHandler
from copilot_sdk._rpc.peer import Peer
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.transports.base import Transport
from tests.support.schema_files import corrected_documents
from tests.support.strict import Strict, Subject

FAULTS: list[str] = []
"""What did not fit since this was cleared."""


class StrictPeer(Peer):
    """The runtime's side of a connection. What does not fit is sent all the same, and kept in `FAULTS`."""

    def __init__(
        self, transport: Transport, *, on_request: RequestHandler, default_timeout: float | None
    ) -> None:
        async def answer(method: str, params: JsonObject) -> object:
            result = await on_request(method, params)
            FAULTS.extend(_inspector().faults(("result", method), result))
            return result

        super().__init__(transport, on_request=answer, default_timeout=default_timeout)

    async def request(
        self, method: str, params: Params | None = None, *, timeout: float | Unset | None = UNSET
    ) -> Any:
        """See `Peer`."""
        FAULTS.extend(_inspector().faults(("params", method), params))
        return await super().request(method, params, timeout=timeout)

    async def notify(self, method: str, params: Params | None = None) -> None:
        """See `Peer`."""
        subject: Subject = ("params", method)
        told: object = params
        if method == "session.event" and params is not None and not isinstance(params, JsonText):
            told = params["event"]
            subject = ("event", params["event"]["type"])
        FAULTS.extend(_inspector().faults(subject, told))
        await super().notify(method, params)


class Inspector:
    """Holds one message of each shape to the schema: most of what a runtime sends differs in texts alone."""

    def __init__(self) -> None:
        documents = corrected_documents()
        self._strict = Strict(documents)
        self._words = frozenset(_words(documents))
        self._fitting: set[object] = set()

    def faults(self, subject: Subject, value: object) -> list[str]:
        """What the schema does not allow in a value."""
        shape = (subject, self._shape(value))
        if shape in self._fitting:
            return []
        found = self._strict.faults(subject, value)
        if not found:
            self._fitting.add(shape)
        return [f"{' '.join(subject)}: {fault}" for fault in found]

    def _shape(self, value: object) -> object:
        """What the schema has a say in: members, types, signs, constants, and whether a text is empty."""
        if isinstance(value, Mapping):
            return frozenset((name, self._shape(member)) for name, member in value.items())
        if isinstance(value, list | tuple):
            return tuple, frozenset(map(self._shape, value))
        if isinstance(value, str):
            return value if value in self._words else ("text", bool(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return type(value), (value > 0) - (value < 0)
        return repr(value)


def _words(node: object) -> Iterator[str]:
    """Every text that the schema has as a constant."""
    if isinstance(node, Mapping):
        constants = (node.get("const"), *(node.get("enum") or ()))
        yield from (word for word in constants if isinstance(word, str))
        for member in node.values():
            yield from _words(member)
    elif isinstance(node, list):
        for item in node:
            yield from _words(item)


@cache
def _inspector() -> Inspector:
    return Inspector()
