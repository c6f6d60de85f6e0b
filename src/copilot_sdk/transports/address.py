"""Addresses of runtimes: read, connected to, listened on."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from copilot_sdk.errors import ConnectError, UsageError

if TYPE_CHECKING:
    from ssl import SSLContext

    from copilot_sdk.transports._listener import Listener, OnConnection
    from copilot_sdk.transports.base import Transport

_DEFAULT_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_ENCRYPTED = frozenset(("tls", "wss", "https"))
_SCHEMES = frozenset((*_DEFAULT_PORTS, "tls"))
_EXAMPLES = (
    "write host:port, tls://host:port, ws://host:port/path (or wss), http://host:port/path (or https), "
    "or unix:/path"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a runtime is.

    Attributes:
        scheme: How it is spoken to: tcp, tls, unix, ws, wss, http or https.
        host: Its name or address, empty for a unix socket.
        port: Its port, 0 for a unix socket, and for any free port to listen on.
        path: The file of a unix socket; the path and the query of a URL.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str | int, *schemes: str, listening: bool = False) -> Address:
        """Read an address.

        Args:
            text: `host:port`, a port of this machine, a URL, or `unix:` and a path.
            schemes: Which schemes have a meaning here; all when left out.
            listening: Whether the port may be 0.

        Raises:
            UsageError: It is none of those.
        """
        words = str(text)
        address = _parse(words)
        ports = 0 < address.port < 65536 or (listening and address.port == 0)
        if address.scheme != "unix" and not (address.host and ports):
            raise _no_address(words)
        if schemes and address.scheme not in schemes:
            raise UsageError(f"{words!r} has to start with {' or '.join(f'{s}://' for s in schemes)}")
        return address

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        prefix = "" if self.scheme == "tcp" else f"{self.scheme}://"
        # What follows a question mark may be a secret.
        return f"{prefix}{host}:{self.port}{self.path.partition('?')[0]}"

    @property
    def is_encrypted(self) -> bool:
        """Whether what is said there is encrypted."""
        return self.scheme in _ENCRYPTED

    @property
    def is_local(self) -> bool:
        """Whether nobody outside of this machine can be there, or come there."""
        if self.scheme == "unix" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


async def connect(address: Address, *, ssl: SSLContext | None = None) -> Transport:
    """Connect, for as long as the caller waits.

    Args:
        address: Where to.
        ssl: Says whom to trust where the address is an encrypted one; the authorities of the system when left out.

    Raises:
        ConnectError: It cannot be reached, or a library for it is missing.
    """
    try:
        match address.scheme:
            case "unix":
                from copilot_sdk.transports import unix

                return await unix.connect(address.path, timeout=None)
            case "ws" | "wss":
                from copilot_sdk.transports import websocket

                return await websocket.connect(_url(address), ssl=ssl, timeout=None)
            case "http" | "https":
                from copilot_sdk.transports import http

                return await http.connect(_url(address), ssl=ssl, timeout=None)
            case _:
                from copilot_sdk.transports import tcp

                context = trusting(address, ssl)
                return await tcp.connect(address.host, address.port, ssl=context, timeout=None)
    except ModuleNotFoundError as missing:
        raise ConnectError(str(missing)) from missing


def trusting(address: Address, context: SSLContext | None) -> SSLContext | None:
    """Whom to trust at an address: nobody is asked where nothing is encrypted.

    Args:
        address: Where.
        context: Says it; the authorities of the system when left out.

    Raises:
        UsageError: There is a context for an address that is not an encrypted one.
    """
    check_context(address, context)
    if not address.is_encrypted:
        return None
    if context is not None:
        return context
    import ssl

    return ssl.create_default_context()


def check_context(address: Address, context: SSLContext | None) -> None:
    """Make sure that nobody takes a connection for an encrypted one.

    Raises:
        UsageError: See `trusting`.
    """
    if not address.is_encrypted and context is not None:
        raise UsageError(
            f"nothing is encrypted at {address}; leave out ssl, or write tls://, wss:// or https://"
        )


async def listen(address: Address, on_connection: OnConnection, *, ssl: SSLContext | None = None) -> Listener:
    """Accept connections.

    Args:
        address: Where.
        on_connection: Serves one connection.
        ssl: The certificate, where the address is an encrypted one.

    Raises:
        ConnectError: Nobody can listen there, or a library for it is missing.
    """
    try:
        match address.scheme:
            case "unix":
                from copilot_sdk.transports import unix

                return await unix.listen(address.path, on_connection)
            case "ws" | "wss":
                from copilot_sdk.transports import websocket

                return await websocket.listen(address.host, address.port, on_connection, ssl=ssl)
            case "http" | "https":
                from copilot_sdk.transports import http

                return await http.listen(address.host, address.port, on_connection, ssl=ssl)
            case _:
                from copilot_sdk.transports import tcp

                return await tcp.listen(address.host, address.port, on_connection, ssl=ssl)
    except ModuleNotFoundError as missing:
        raise ConnectError(str(missing)) from missing


def _parse(text: str) -> Address:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path:
            raise _no_address(text)
        return Address("unix", path=path)
    if "://" not in text:
        host, separator, number = text.rpartition(":")
        if not number.isdecimal():
            raise _no_address(text)
        return Address("tcp", host.strip("[]") if separator else "127.0.0.1", int(number))
    try:
        parts = urlsplit(text)
        given = parts.port
    except ValueError as error:
        raise _no_address(text) from error
    if parts.scheme not in _SCHEMES or "@" in parts.netloc or parts.fragment:
        raise _no_address(text)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "tls" and path not in {"", "/"}:
        raise _no_address(text)
    port = _DEFAULT_PORTS.get(parts.scheme, 0) if given is None else given
    if given is None and parts.scheme == "tls":
        raise _no_address(text)
    return Address(parts.scheme, parts.hostname or "", port, path if parts.scheme != "tls" else "")


def _url(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{address.scheme}://{host}:{address.port}{address.path or '/'}"


def _no_address(text: str) -> UsageError:
    # A URL may have a password in it.
    shown = "the address" if "@" in text else repr(text)
    return UsageError(f"{shown} is no address; {_EXAMPLES}")
