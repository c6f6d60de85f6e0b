"""Finds or fetches the Copilot CLI that the real tests run against.

    python -m tests.real.support.cli

fetches it with npm into the cache folder and prints where it is. The folder is `.cache/` at the top of the
project, or what the environment variable COPILOT_SDK_CLI_CACHE names.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "1.0.102"
PACKAGE = "@github/copilot-linux-x64"
ARCHIVE_SHA256 = "450d256c69526c1c30286d21df0f6e1a05412beb37fe4a5b5054905f5f8fbd3d"
CACHE_VARIABLE = "COPILOT_SDK_CLI_CACHE"

_PROJECT = Path(__file__).resolve().parents[3]
_FETCH_SECONDS = 600.0


class CLIUnavailable(Exception):
    """The CLI cannot be had on this machine; the message says why and what to do."""


def cache_folder() -> Path:
    """The folder that holds one CLI per version."""
    return Path(os.environ.get(CACHE_VARIABLE) or _PROJECT / ".cache")


def installed_cli() -> Path:
    """Returns the CLI in the cache, without touching the network.

    Raises:
        CLIUnavailable: It was not fetched yet.
    """
    executable = _executable()
    if not executable.is_file():
        raise CLIUnavailable(f"no Copilot CLI {VERSION} at {executable}: run `nox -s real`, which fetches it")
    return executable


def fetch_cli() -> Path:
    """Returns the CLI in the cache, and fetches it first where it is missing.

    Raises:
        CLIUnavailable: Wrong platform, no npm, a failed download, or an archive other than the pinned one.
    """
    executable = _executable()
    if executable.is_file():
        return executable
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise CLIUnavailable(f"{PACKAGE} runs on linux-x64 only; this is {sys.platform}-{platform.machine()}")
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        unpacked = _unpack(_download(Path(scratch)), Path(scratch) / "unpacked")
        if not executable.is_file():
            shutil.rmtree(executable.parent, ignore_errors=True)
            unpacked.replace(executable.parent)
    return executable


def _executable() -> Path:
    return cache_folder() / f"copilot-linux-x64-{VERSION}" / "copilot"


def _download(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise CLIUnavailable(
            f"npm is needed to fetch {PACKAGE}@{VERSION} and is not on PATH: install Node.js"
        )
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    archives = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        raise CLIUnavailable(
            f"`{' '.join(command)}` failed with code {done.returncode}:\n{done.stderr.strip()}"
        )
    return archives[0]


def _unpack(archive: Path, folder: Path) -> Path:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != ARCHIVE_SHA256:
        raise CLIUnavailable(f"{archive.name} has SHA-256 {digest}, and not the pinned {ARCHIVE_SHA256}")
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    return folder / "package"


def main() -> int:
    """Fetches the CLI and prints its path; returns the exit code."""
    try:
        print(fetch_cli())
    except CLIUnavailable as reason:
        print(f"The real tests cannot run: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
