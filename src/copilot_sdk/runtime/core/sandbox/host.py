"""Whether commands can be sandboxed on this machine: what there is of the programs that do it."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.core import programs
from copilot_sdk.runtime.core.programs import Ended
from copilot_sdk.runtime.core.shells import environment

_PROBE_SECONDS = 10.0
_OLDEST = (0, 5, 0)
_VERSION = re.compile(rb"bubblewrap (\d+)(?:\.(\d+))?(?:\.(\d+))?")
_FOR_NETWORK = "commands in a sandbox reach the network with it"
_NAMESPACE_FLAGS = (b"--map-current-user", b"--keep-caps")
_NETWORK_PROGRAMS = ("iptables", "ip6tables", "iptables-restore", "ip6tables-restore")
_SEATBELT = Path("/usr/bin/sandbox-exec")


class _Lacking(Exception):
    """Something that is needed is not there; the text says what."""


@dataclass(frozen=True, slots=True)
class Capability:
    """A feature of policies, and why this machine does not have it; no reason means that it does."""

    name: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """What this machine can do; `reason` says why it can do nothing."""

    reason: str | None
    capabilities: Sequence[Capability] = ()

    @property
    def supported(self) -> bool:
        """Whether commands can be sandboxed at all."""
        return self.reason is None


class SandboxHost:
    """This machine, which is looked at once for a runtime."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._support: Support | None = None

    async def support(self) -> Support:
        """What this machine can do."""
        async with self._lock:
            if self._support is None:
                self._support = await _look()
            return self._support


async def _look() -> Support:
    try:
        network = await _lack_on_linux() if sys.platform == "linux" else _lack_elsewhere()
    except _Lacking as lack:
        return Support(str(lack))
    return Support(
        None,
        (
            Capability("network", network),
            Capability("network_filtering", network),
            Capability("denied_paths"),
            Capability("shell"),
            Capability("filesystem_enumeration"),
        ),
    )


def _lack_elsewhere() -> str | None:
    """The same on other systems."""
    if not _SEATBELT.exists():
        raise _Lacking(f"no sandbox is known for {sys.platform}")
    return None


async def _lack_on_linux() -> str | None:
    """Why there can be no network in a sandbox; None if there can be one."""
    await _find_bubblewrap()
    try:
        await _run("slirp4netns", "--version", needed=_FOR_NETWORK)
        await _find_namespaces()
        for program in _NETWORK_PROGRAMS:
            await _run(program, "--version", needed=_FOR_NETWORK)
    except _Lacking as lack:
        return str(lack)
    return None


async def _find_bubblewrap() -> None:
    oldest = ".".join(map(str, _OLDEST))
    said = (await _run("bwrap", "--version", needed=f"install bubblewrap {oldest} or newer")).out.strip()
    version = _VERSION.match(said)
    if version is None:
        raise _Lacking(f"`bwrap --version` names no version, but {said.decode(errors='replace')!r}")
    if tuple(int(part or 0) for part in version.groups()) < _OLDEST:
        raise _Lacking(f"bubblewrap is older than {oldest}: {version[0].decode()}")


async def _find_namespaces() -> None:
    said = (await _run("unshare", "--help", needed=_FOR_NETWORK, fails=True)).out
    if not all(flag in said for flag in _NAMESPACE_FLAGS):
        raise _Lacking(f"`unshare` is too old: {_FOR_NETWORK}, from util-linux 2.35 on")


async def _run(program: str, argument: str, *, needed: str, fails: bool = False) -> Ended:
    try:
        ended = await programs.run(program, argument, env=environment(), seconds=_PROBE_SECONDS)
    except TimeoutError as error:
        raise _Lacking(f"`{program} {argument}` does not end") from error
    except OSError as error:
        raise _Lacking(f"`{program}` cannot be started ({error.strerror}): {needed}") from error
    if ended.code != 0 and not fails:
        raise _Lacking(f"`{program} {argument}` fails with exit code {ended.code}")
    return ended
