"""What one side of a connection serves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from copilot_sdk._protocol.messages import JsonObject
from copilot_sdk._rpc.method import Method


@dataclass(frozen=True, slots=True)
class Route:
    """What serves a method.

    Args:
        method: Knows the types.
        serve: Takes the params as an object; gives the result, as an object or as JSON values, or None for one without
            members.
    """

    method: Method[Any]
    serve: Callable[[Any], Awaitable[Any]]


Routes: TypeAlias = Mapping[str, Route]
Extension: TypeAlias = Callable[[str, JsonObject], Awaitable[Any]]
"""Takes the wire name of a method and its params."""


@dataclass(frozen=True, slots=True)
class Served:
    """What one side serves, by wire name. What is not here is answered with -32601, or ignored.

    Args:
        requests: What is asked.
        notifications: What is told. Those of one session are handled one after the other, in their order; those of
            different sessions at the same time.
        extension_request: Answers requests whose name begins with `_`; raises `MethodNotFound` for those that it
            does not know.
        extension_notification: Takes such notifications, in their order.
        at_once: Gets each notification first, before the next message is looked at, and tells whether that was all
            there is to do. It must not block.
    """

    requests: Routes
    notifications: Routes
    extension_request: Extension | None = None
    extension_notification: Extension | None = None
    at_once: Callable[[str, JsonObject], bool] | None = None
