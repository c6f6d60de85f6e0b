"""Ways to a daemon: its socket, or one that lives in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.models.base import Model
    from copilot_sdk.runtime.tau.daemon import Daemon
    from copilot_sdk.transports.base import Transport

_CONNECT_SECONDS = 10.0


def socket_path() -> Path:
    """Where the daemon of this user listens, unless it was told otherwise."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "tau" / "tau.sock" if runtime else Path.home() / ".tau" / "tau.sock"


class Socket:
    """Connects to a daemon that listens.

    Args:
        path: The file of its socket.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    async def __call__(self) -> Transport:
        """Open a connection.

        Raises:
            ConnectError: Nobody listens there, or it takes too long.
        """
        from copilot_sdk._protocol.lines import LINES
        from copilot_sdk.transports import unix

        return await unix.connect(self._path, timeout=_CONNECT_SECONDS, framing=LINES)

    async def aclose(self) -> None:
        """Leave the daemon as it is."""


class Embedded:
    """Starts a daemon in this process with the first connection.

    Args:
        model: The model of all sessions; None for one that plays the directives in the prompt.
        home: Its folder; None for one that is deleted at the end.
    """

    def __init__(self, model: Model | None, home: str | os.PathLike[str] | None) -> None:
        self._model = model
        self._home = None if home is None else Path(home)
        self._daemon: Daemon | None = None

    async def __call__(self) -> Transport:
        """Open a connection."""
        if self._daemon is None:
            from copilot_sdk.runtime.tau import embedded

            self._daemon = embedded(self._model, home=self._home)
        return self._daemon.connect()

    async def aclose(self) -> None:
        """End the daemon."""
        if self._daemon is not None:
            await self._daemon.aclose()
