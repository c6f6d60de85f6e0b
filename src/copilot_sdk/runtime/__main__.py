"""`python -m copilot_sdk.runtime`: the runtime as a process of its own, with the flags of the Copilot CLI."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import ssl
import sys
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.errors import ConnectError, UsageError
from copilot_sdk.runtime._command_line import LEVELS, parser
from copilot_sdk.runtime.copilot.reception import Reception
from copilot_sdk.runtime.core.config import Limits
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.scope import end_all
from copilot_sdk.runtime.late import LateRuntime
from copilot_sdk.runtime.world import World, world_of
from copilot_sdk.transports.address import Address, listen
from copilot_sdk.transports.base import Transport
from copilot_sdk.transports.stdio import StdioTransport

_FAREWELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to listen, and who may come in."""

    address: Address
    token: str | None
    context: ssl.SSLContext | None
    announces_port: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server until its client leaves or it is told to end.

    Args:
        arguments: The command line; that of the process if None.

    Returns:
        The exit code.
    """
    options = parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=LEVELS[options.log_level])
    try:
        world = _world(options)
        limits = _limits(os.environ)
        direct = options.stdio or options.acp or options.synaps_rpc or options.tau
        place = None if direct else _place(options, os.environ)
    except (ImportError, OSError, UsageError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        if options.tau is not None:
            from copilot_sdk.runtime.tau import process

            process.run(options.tau, _home(), lambda: _world(options), limits)
        else:
            asyncio.run(_run(options, place, world, limits))
    except (ConnectError, OSError, RuntimeFault) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _world(options: argparse.Namespace) -> World:
    return world_of(os.environ, script=options.script, token=_token(options), auto_login=options.auto_login)


def _home() -> Path:
    named = os.environ.get("COPILOT_HOME")
    return Path(named) if named else Path.home() / ".copilot-sdk-runtime"


def _token(options: argparse.Namespace) -> str | None:
    return os.environ.get(options.auth_token_env) if options.auth_token_env else None


def _limits(environment: Mapping[str, str]) -> Limits:
    seconds = environment.get("COPILOT_TASK_WAIT_TIMEOUT_SECONDS")
    return Limits() if not seconds else Limits(task_wait_seconds=float(seconds))


def _place(options: argparse.Namespace, environment: Mapping[str, str]) -> _Place:
    named: str | None = options.listen
    address = Address("tcp", "127.0.0.1", options.port) if not named else Address.parse(named, listening=True)
    token = environment.get("COPILOT_CONNECTION_TOKEN")
    if not address.is_local and not (token and address.is_encrypted):
        raise UsageError(
            f"{address} can be reached from other machines: set COPILOT_CONNECTION_TOKEN, and encrypt with tls://, "
            "wss:// or https://"
        )
    if address.is_encrypted is not (options.tls_certificate is not None):
        raise UsageError("--tls-certificate is needed for tls://, wss:// and https://, and for nothing else")
    context = None
    if address.is_encrypted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_certificate, options.tls_key)
    return _Place(address, token, context, announces_port=not named)


async def _run(options: argparse.Namespace, place: _Place | None, world: World, limits: Limits) -> None:
    runtime = LateRuntime(_home(), world, limits, idle_timeout=options.session_idle_timeout)
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in its event loop.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runtime.request_stop)
    async with runtime:
        if options.acp or options.synaps_rpc:
            await _serve_until_stop(runtime, _serve_front(runtime, options))
        elif place is None:
            await _serve_until_stop(runtime, _serve_stdio(runtime))
        else:
            await _serve_clients(runtime, place)


async def _serve_stdio(runtime: LateRuntime) -> None:
    async with Reception(await StdioTransport.of_this_process()) as reception:
        await reception.wait_for_need()
        if not reception.peer.closed:
            await runtime.serve(reception)


async def _serve_front(runtime: LateRuntime, options: argparse.Namespace) -> None:
    """Speak another protocol with the process that started this one."""
    loading = runtime.load()
    await asyncio.wait({loading})
    if loading.exception() is not None:
        return
    if options.acp:
        from copilot_sdk.runtime.acp import front

        await front.serve(loading.result())
    else:
        from copilot_sdk.runtime.synaps.front import serve

        await serve(loading.result(), continued=options.continued, system=options.system, model=options.model)


async def _serve_until_stop(runtime: LateRuntime, work: Coroutine[object, object, None]) -> None:
    serving = asyncio.create_task(work)
    stop = asyncio.create_task(runtime.stop_wanted())
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    # Lets the answer to the request that asked for the end get out.
    await asyncio.wait({serving}, timeout=_FAREWELL_SECONDS)
    await end_all({serving, stop})
    if not serving.cancelled():
        serving.result()


async def _serve_clients(runtime: LateRuntime, place: _Place) -> None:
    async def serve(transport: Transport) -> None:
        async with Reception(transport, token=place.token) as reception:
            await runtime.serve(reception)

    async with await listen(place.address, serve, ssl=place.context) as listener:
        where = f"port {listener.port}" if place.announces_port else listener.address
        print(f"CLI server listening on {where}", flush=True)
        if place.token is None and place.address.scheme != "unix":
            print("No COPILOT_CONNECTION_TOKEN is set: every local user can connect.", flush=True)
        runtime.load()
        await runtime.stop_wanted()
        await asyncio.sleep(_FAREWELL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
