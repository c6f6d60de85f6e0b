"""Holds everything that an agent in this process sends to the schema of the Agent Client Protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from copilot_sdk._model.codec import encode_params
from copilot_sdk._protocol.messages import JsonObject
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import UNSET, Unset
from copilot_sdk.acp._connection import Connection
from tests.support.acp_wire import problems
from tests.support.strict_peer import FAULTS
from tests.support.written import plain

R = TypeVar("R")


class StrictConnection(Connection):
    """The agent's side of a connection. What does not fit is sent all the same, and kept in `FAULTS`."""

    async def call(
        self,
        method: Method[R],
        params: Mapping[str, object] | object,
        timeout: float | Unset | None = UNSET,
    ) -> R:
        """See `Connection`."""
        _look("params", method.name, encode_params(method, params))
        return await super().call(method, params, timeout)

    async def _serve(self, method: str, params: JsonObject) -> Any:
        result = await super()._serve(method, params)
        _look("result", method, plain(result))
        return result


def _look(kind: str, method: str, value: object) -> None:
    # What is no part of the protocol is in no schema.
    if not method.startswith("_") and method != "session/set_model":
        FAULTS.extend(f"{kind} of {method}: {fault}" for fault in problems(kind, method, value))
