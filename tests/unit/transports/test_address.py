from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from copilot_sdk import CopilotClient
from copilot_sdk.errors import ConnectError, UsageError
from copilot_sdk.transports import address
from copilot_sdk.transports.address import Address
from copilot_sdk.transports.base import Transport
from tests.support import certificates

SECURE = [
    "tls://localhost:0",
    "wss://localhost:0",
    "https://localhost:0",
    "tls://[::1]:0",
    "https://127.0.0.1:0",
]


async def echo(far: Transport) -> None:
    while True:
        await far.send(await far.receive())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("example.com:1", Address("tcp", "example.com", 1)),
        ("tls://[::1]:65535", Address("tls", "::1", 65535)),
        ("unix:/run/a b", Address("unix", path="/run/a b")),
        ("unix:///run/x", Address("unix", path="/run/x")),
        ("ws://host/path?q=1", Address("ws", "host", 80, "/path?q=1")),
        ("wss://host", Address("wss", "host", 443)),
        ("https://host:8443/", Address("https", "host", 8443, "/")),
    ],
)
def test_addresses_are_read(text: str, read: Address) -> None:
    assert Address.parse(text) == read
    assert Address.parse(str(read)) == Address(read.scheme, read.host, read.port, read.path.partition("?")[0])


@pytest.mark.parametrize(
    "text",
    [
        "tls://host",
        "tls://host:1/path",
        "ftp://host:1",
        "ws://",
        "ws://host:70000",
        "unix:",
        "http://host:x",
        "wss://h#x",
    ],
)
def test_what_has_no_meaning_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no address; write host:port, tls://"):
        Address.parse(text)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        Address.parse("https://me:hush@host")
    assert "hush" not in str(caught.value)


def test_what_follows_a_question_mark_is_not_shown() -> None:
    assert str(Address.parse("wss://host/path?key=hush")) == "wss://host:443/path"


@pytest.mark.parametrize(
    "text", ["127.0.0.1:1", "ws://[::1]:1", "http://localhost:1", "unix:/x", "tls://127.1.2.3:1"]
)
def test_this_machine_is_known(text: str) -> None:
    assert Address.parse(text).is_local


@pytest.mark.parametrize("text", ["0.0.0.0:1", "ws://[::]:1", "http://localhost.example.com:1", "10.0.0.1:1"])
def test_other_machines_are_known(text: str) -> None:
    assert not Address.parse(text).is_local


@pytest.mark.parametrize("text", ["127.0.0.1:1", "ws://127.0.0.1:1", "http://127.0.0.1:1", "unix:/x"])
def test_a_context_for_what_is_not_encrypted_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="nothing is encrypted"):
        CopilotClient.connect(text, ssl=ssl.create_default_context())


@pytest.mark.parametrize("where", [*SECURE, "[::1]:0", "ws://[::1]:0", "http://[::1]:0"])
async def test_a_listener_is_reached_at_the_address_that_it_tells(where: str) -> None:
    wanted = Address.parse(where, listening=True)
    context = certificates.serving() if wanted.is_encrypted else None
    async with await address.listen(wanted, echo, ssl=context) as listener:
        trusted = certificates.trusting() if wanted.is_encrypted else None
        transport = await address.connect(Address.parse(listener.address), ssl=trusted)
        message = b"x" * 3_000_000
        await transport.send(message)
        assert await transport.receive() == message
        await transport.aclose()


@pytest.mark.parametrize("where", SECURE)
async def test_a_certificate_of_nobody_who_is_trusted_is_refused(where: str) -> None:
    async with await address.listen(
        Address.parse(where, listening=True), echo, ssl=certificates.serving()
    ) as listener:
        with pytest.raises(
            ConnectError, match="certificate is not accepted: self-signed certificate; give `ssl`"
        ):
            await address.connect(Address.parse(listener.address))


@pytest.mark.parametrize("where", ["tls://127.0.0.2:0", "wss://127.0.0.2:0", "https://127.0.0.2:0"])
async def test_a_certificate_for_another_host_is_refused(where: str) -> None:
    async with await address.listen(
        Address.parse(where, listening=True), echo, ssl=certificates.serving()
    ) as listener:
        with pytest.raises(ConnectError, match=r"certificate is not accepted: .*mismatch"):
            await address.connect(Address.parse(listener.address), ssl=certificates.trusting())


@pytest.mark.parametrize("scheme", ["tls", "wss", "https"])
async def test_a_server_that_speaks_no_tls_is_told_so(scheme: str) -> None:
    async with await address.listen(Address("http", "127.0.0.1", 0), echo) as listener:
        with pytest.raises(ConnectError, match=r"TLS failed: .*; check that the server there speaks TLS"):
            await address.connect(Address(scheme, "127.0.0.1", listener.port), ssl=certificates.trusting())


@pytest.mark.parametrize("scheme", ["tcp", "tls", "ws", "http", "https"])
async def test_an_address_where_nobody_listens_is_named(scheme: str) -> None:
    listener = await address.listen(Address("tcp", "127.0.0.1", 0), echo)
    await listener.aclose()
    with pytest.raises(ConnectError, match=rf"cannot connect to .*127.0.0.1.*{listener.port}/?: .*; check"):
        await address.connect(Address(scheme, "127.0.0.1", listener.port))


@pytest.mark.parametrize(
    ("missing", "scheme", "extra"),
    [("httpx", "http", "http"), ("h11", "http", "http"), ("websockets", "ws", "websocket")],
)
def test_a_missing_library_is_named_with_its_extra(missing: str, scheme: str, extra: str) -> None:
    program = f"""
import asyncio, sys
sys.modules[{missing!r}] = None
from copilot_sdk.transports import address
try:
    asyncio.run(address.listen(address.Address({scheme!r}, "127.0.0.1", 0), None))
except Exception as error:
    print(type(error).__name__, error)
"""
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": source},
        check=True,
    )
    assert done.stdout.startswith("ConnectError")
    assert f"needs the library {missing}; install it, or this package with its extra '{extra}'" in done.stdout


def test_neither_library_is_loaded_before_it_is_needed() -> None:
    program = """
import sys
import copilot_sdk.client, copilot_sdk.sync, copilot_sdk.runtime.__main__, copilot_sdk.transports.tcp
copilot_sdk.client.CopilotClient.connect("ws://127.0.0.1:1")
print(sorted({"h11", "httpx", "websockets"} & set(sys.modules)))
"""
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": source},
        check=True,
    )
    assert done.stdout == "[]\n"
