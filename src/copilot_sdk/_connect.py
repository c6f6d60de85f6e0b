"""Ways to a runtime: start the Copilot CLI, connect to one that listens, or embed the reference runtime."""

from __future__ import annotations

import inspect
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from copilot_sdk.errors import ConnectError, UsageError
from copilot_sdk.transports.base import WrappedTransport
from copilot_sdk.transports.closing import CloseOnce

if TYPE_CHECKING:
    from ssl import SSLContext

    from copilot_sdk.frames import FrameHandler
    from copilot_sdk.runtime import Limits, Model, ScriptedAccounts
    from copilot_sdk.transports.address import Address
    from copilot_sdk.transports.base import Transport

Connector: TypeAlias = "Callable[[], Awaitable[Transport]]"

CLI_PATH_VARIABLE = "COPILOT_CLI_PATH"
_HOME_VARIABLE = "COPILOT_HOME"
_TOKEN_VARIABLE = "COPILOT_SDK_AUTH_TOKEN"  # noqa: S105 - the name of a variable
_CONNECTION_TOKEN_VARIABLE = "COPILOT_CONNECTION_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Spawn:
    """Starts the Copilot CLI as a child process that speaks over its standard streams.

    Args:
        path: The executable; `COPILOT_CLI_PATH`, then `copilot` on PATH when left out. A `.js` file is run
            with node, a `.py` file with this Python.
        args: Arguments before those that select the server mode.
        env: The whole environment of the process; a copy of this one's when left out.
        cwd: Working directory of the process.
        log_level: How much the runtime logs: none, error, warning, info, debug or all.
        github_token: Signs the runtime in; handed over in the environment, never on the command line.
        use_logged_in_user: False to ignore credentials that are stored on the machine.
        tcp: True to speak over a TCP port that the process chooses, instead of its standard streams.
        connection_token: What a client of the port has to know, so that other users of the machine stay out.
        home: Folder for settings and sessions; as the environment says when left out.
        session_idle_timeout: Whole seconds without work after which the runtime may close a session.

    Raises:
        UsageError: `session_idle_timeout` is no such number.
    """

    path: str | os.PathLike[str] | None = None
    args: Sequence[str] = ()
    env: Mapping[str, str] | None = field(default=None, repr=False)
    cwd: str | os.PathLike[str] | None = None
    log_level: str = "error"
    github_token: str | None = field(default=None, repr=False)
    use_logged_in_user: bool = True
    tcp: bool = False
    connection_token: str | None = field(default=None, repr=False)
    home: str | os.PathLike[str] | None = None
    session_idle_timeout: int | None = None

    def __post_init__(self) -> None:
        seconds: object = self.session_idle_timeout
        if seconds is not None and (type(seconds) is not int or seconds < 1):
            raise UsageError(
                f"session_idle_timeout has to be a whole number of seconds above zero, not {seconds!r}"
            )

    def command(self) -> list[str]:
        """The command line.

        Raises:
            ConnectError: There is no executable.
        """
        command = [
            *find_cli(self.path),
            *self.args,
            "--headless",
            "--no-auto-update",
            "--log-level",
            self.log_level,
        ]
        if self.github_token is not None:
            command += ["--auth-token-env", _TOKEN_VARIABLE]
        if not self.use_logged_in_user:
            command.append("--no-auto-login")
        if self.session_idle_timeout is not None:
            command += ["--session-idle-timeout", str(self.session_idle_timeout)]
        return command if self.tcp else [*command, "--stdio"]

    async def __call__(self) -> Transport:
        """Start the process."""
        env = dict(os.environ if self.env is None else self.env)
        if self.github_token is not None:
            env[_TOKEN_VARIABLE] = self.github_token
        if self.home is not None:
            env[_HOME_VARIABLE] = os.fspath(self.home)
        if self.connection_token is not None:
            env[_CONNECTION_TOKEN_VARIABLE] = self.connection_token
        if self.tcp:
            from copilot_sdk.transports.tcp import spawn_listening

            # The client has a limit of its own for all of the start.
            return await spawn_listening(self.command(), env=env, cwd=self.cwd, start_timeout=None)
        from copilot_sdk.transports.stdio import StdioTransport

        return await StdioTransport.spawn(self.command(), env=env, cwd=self.cwd)


@dataclass(frozen=True, slots=True)
class Connect:
    """Connects to a runtime that listens.

    Args:
        address: Where.
        ssl: Says whom to trust where the address is an encrypted one; the authorities of the system when left out.
    """

    address: Address
    ssl: SSLContext | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, address: str | int, ssl: SSLContext | None = None) -> Connect:
        """Read an address, see `Address.parse`.

        Raises:
            UsageError: It is none, or not an encrypted one although there is a context.
        """
        from copilot_sdk.transports.address import Address, check_context

        read = Address.parse(address)
        check_context(read, ssl)
        return cls(read, ssl)

    async def __call__(self) -> Transport:
        """Connect."""
        from copilot_sdk.transports.address import connect

        return await connect(self.address, ssl=self.ssl)


@dataclass(frozen=True, slots=True)
class Embed:
    """Runs the reference runtime in this process, for as long as the connection lasts."""

    model: Model | None = None
    home: str | os.PathLike[str] | None = None
    limits: Limits | None = None
    accounts: ScriptedAccounts | None = None

    async def __call__(self) -> Transport:
        """Start the runtime."""
        from copilot_sdk.runtime import embedded

        home = None if self.home is None else Path(self.home)
        runtime = embedded(self.model, home=home, limits=self.limits, accounts=self.accounts)
        return OwningTransport(runtime.connect(), runtime.aclose)


class OwningTransport(WrappedTransport):
    """A transport that takes something down with it when it is closed.

    Args:
        transport: The connection.
        release: Closes what belongs to it.
    """

    def __init__(self, transport: Transport, release: Callable[[], Awaitable[None]]) -> None:
        super().__init__(transport)
        self._release = release
        self._close = CloseOnce(self._close_both)

    async def aclose(self) -> None:
        """Close the connection, then the rest; see `Transport.aclose`."""
        await self._close()

    async def _close_both(self) -> None:
        try:
            await self._transport.aclose()
        finally:
            await self._release()


def observed(connector: Connector, on_frame: FrameHandler | None) -> Connector:
    """A way to a runtime that shows what goes over the wire; the same one if nobody looks.

    Raises:
        UsageError: `on_frame` is no function, or an async one.
    """
    if on_frame is None:
        return connector
    given: Any = on_frame
    if not callable(given) or inspect.iscoroutinefunction(given):
        raise UsageError(f"on_frame has to be a plain function that takes a frame, not {given!r}")

    async def connect() -> Transport:
        from copilot_sdk.transports.observed import ObservedTransport

        return ObservedTransport(await connector(), on_frame)

    return connect


def find_cli(path: str | os.PathLike[str] | None = None) -> list[str]:
    """The command that starts the Copilot CLI.

    Raises:
        ConnectError: There is none.
    """
    wanted = os.fspath(path) if path is not None else os.environ.get(CLI_PATH_VARIABLE)
    if wanted is None:
        found = shutil.which("copilot")
        if found is None:
            raise ConnectError(
                f"no Copilot CLI found: install it, pass its path to CopilotClient, set {CLI_PATH_VARIABLE}, "
                "or use CopilotClient.embedded() for the reference runtime"
            )
        return [found]
    origin = "" if path is not None else f" (from {CLI_PATH_VARIABLE})"
    resolved = shutil.which(wanted) or wanted
    if not Path(resolved).is_file():
        raise ConnectError(f"no Copilot CLI at {wanted!r}{origin}: no such file; check the path")
    match Path(resolved).suffix:
        case ".js":
            return ["node", resolved]
        case ".py":
            return [sys.executable, resolved]
        case _:
            pass
    if not os.access(resolved, os.X_OK):
        raise ConnectError(f"the Copilot CLI at {wanted!r}{origin} is not executable; check its permissions")
    return [resolved]
