"""What a provider has to do with a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copilot_sdk._rpc.peer import Peer


class Provider:
    """A handler of a client that the runtime has to be told of."""

    async def register(self, peer: Peer) -> None:
        """Tell the runtime, when the connection is new.

        Raises:
            RpcError: It refused.
        """

    async def release(self) -> None:
        """End what still runs, when the connection has ended."""
