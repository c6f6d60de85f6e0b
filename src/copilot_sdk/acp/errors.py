"""What goes wrong over the Agent Client Protocol alone; `copilot_sdk.errors` has the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from copilot_sdk.errors import RpcError, UnsupportedMethod


class AuthRequired(RpcError):
    """The agent wants `authenticate` to be called first, -32000.

    Raised by an agent, it tells the client so.
    """

    CODE: ClassVar[int] = -32000

    def __init__(
        self, message: str = "Authentication required", data: Any = None, method: str | None = None
    ) -> None:
        super().__init__(self.CODE, message, data, method)


class ResourceNotFound(RpcError):
    """There is no such file or session, -32002."""

    CODE: ClassVar[int] = -32002

    def __init__(self, message: str, data: Any = None, method: str | None = None) -> None:
        super().__init__(self.CODE, message, data, method)


class CapabilityMissing(UnsupportedMethod):
    """The agent has not said that it can do this, so nothing was sent.

    Attributes:
        capability: What it would have had to say in its answer to `initialize`, such as
            `agentCapabilities.sessionCapabilities.fork`.
    """

    def __init__(
        self,
        message: str,
        data: Any = None,
        method: str | None = None,
        alternative: str | None = None,
        capability: str = "",
    ) -> None:
        super().__init__(message, data, method, alternative)
        self.capability = capability


_OWN: dict[object, type[AuthRequired | ResourceNotFound]] = {
    kind.CODE: kind for kind in (AuthRequired, ResourceNotFound)
}
# Codes that mean something to Copilot's own protocol and nothing to this one.
_FOREIGN = (-32001, -32003)


def read_error(error: Mapping[str, Any], method: str | None = None) -> RpcError:
    """The exception that the `error` member of an answer stands for.

    Args:
        error: The wire object.
        method: The method that was called.
    """
    read = RpcError.from_wire(error, method)
    if (own := _OWN.get(read.code)) is not None:
        return own(read.message, read.data, method)
    return RpcError(read.code, read.message, read.data, method) if read.code in _FOREIGN else read
