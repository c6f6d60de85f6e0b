"""Runs a command where it can reach nothing but loopback and finds nothing of the user.

    python -m tests.real.support.netns COMMAND [ARGUMENT ...]

The command gets a network namespace whose only interface is `lo`, a new HOME and COPILOT_HOME that are
removed afterwards, and no variable that could hold credentials of GitHub or settings of the CLI.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.real.support.cli import CACHE_VARIABLE

_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP of <linux/if.h>
_HIDDEN_PREFIXES = ("COPILOT_", "GITHUB_", "GH_", "XDG_")


class IsolationUnavailable(Exception):
    """No network namespace can be had on this machine; the message says why."""


def is_isolated() -> bool:
    """Whether this process has no network interface besides loopback."""
    return all(name == "lo" for _, name in socket.if_nameindex())


def unshare_command(command: Sequence[str]) -> list[str]:
    """The command line that runs this module again, with `command`, in a network namespace of its own.

    Raises:
        IsolationUnavailable: There is no `unshare` (Linux, package util-linux).
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        raise IsolationUnavailable("`unshare` is not on PATH; it comes with util-linux, on Linux only")
    flags = "-n" if os.geteuid() == 0 else "-rn"
    return [unshare, flags, sys.executable, "-m", "tests.real.support.netns", *command]


def clean_environment(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what belongs to the user, with `home` as the home folder."""
    kept = {
        name: value
        for name, value in environment.items()
        if name == CACHE_VARIABLE or not name.startswith(_HIDDEN_PREFIXES)
    }
    return {**kept, "HOME": str(home), "COPILOT_HOME": str(home / ".copilot")}


def run_here(command: Sequence[str]) -> int:
    """Runs the command in this namespace with loopback up and a fresh home; returns its exit code."""
    _raise_loopback()
    with tempfile.TemporaryDirectory(prefix="copilot-sdk-home-") as home:
        return subprocess.run(command, env=clean_environment(Path(home), os.environ), check=False).returncode


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("16xh", fcntl.ioctl(control, _GET_FLAGS, request))
        if not flags & _UP:
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


def main(command: Sequence[str]) -> int:
    """Runs the command in a namespace, which is entered first where need be; returns the exit code."""
    if not command:
        print(__doc__, file=sys.stderr)
        return 2
    if is_isolated():
        return run_here(command)
    try:
        again = unshare_command(command)
    except IsolationUnavailable as reason:
        print(f"The real tests cannot run: {reason}", file=sys.stderr)
        return 1
    else:
        os.execv(again[0], again)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
