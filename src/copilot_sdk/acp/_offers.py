"""What the other side can do, by what it said at `initialize`: calls that it cannot serve are not sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from copilot_sdk._rpc.api import Caller
from copilot_sdk._rpc.method import Method
from copilot_sdk._rpc.unset import Unset
from copilot_sdk.acp.errors import CapabilityMissing

R = TypeVar("R")


def offers(capabilities: object, path: str) -> bool:
    """Whether a capability is offered: null, false and what is left out say no, an object says yes.

    Args:
        capabilities: What the other side said, as JSON values.
        path: What is asked for, such as `clientCapabilities.fs.readTextFile`; the first part names the whole.
    """
    found = capabilities
    for name in path.split(".")[1:]:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found is not None and found is not False


def check_offered(capabilities: object, path: str, method: str, who: str) -> None:
    """Raise unless a capability is offered.

    Args:
        capabilities: What the other side said, as JSON values.
        path: What is asked for.
        method: The wire method that needs it.
        who: What to call the other side.

    Raises:
        CapabilityMissing: It is not.
    """
    if not offers(capabilities, path):
        raise CapabilityMissing(
            f"{who} does not offer {path}, which {method} needs", method=method, capability=path
        )


class CheckedCaller:
    """Makes calls that the other side has said it can serve.

    Args:
        caller: Gives who makes them.
        capabilities: Gives what the other side said, as JSON values.
        who: What to call the other side in errors.
    """

    def __init__(self, caller: Callable[[], Caller], capabilities: Callable[[], object], who: str) -> None:
        self._caller = caller
        self._capabilities = capabilities
        self._who = who

    async def call(
        self, method: Method[R], params: Mapping[str, object] | object, timeout: float | Unset | None
    ) -> R:
        """See `Caller.call`.

        Raises:
            CapabilityMissing: The other side has not said that it can do this; nothing was sent.
        """
        if method.capability is not None:
            check_offered(self._capabilities(), method.capability, method.name, self._who)
        return await self._caller().call(method, params, timeout)
