"""Finds or fetches the Copilot CLI that the real tests run against, and the schema files of older ones.

    python -m tests.real.support.cli

fetches them with npm into the cache folder and prints where they are. The folder is `.cache/` at the top of the
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
from dataclasses import dataclass
from pathlib import Path

CACHE_VARIABLE = "COPILOT_SDK_CLI_CACHE"

_PROJECT = Path(__file__).resolve().parents[3]
_FETCH_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Archive:
    """A package of npm, of which some members are kept.

    Args:
        package: Its name.
        version: Its version.
        sha256: Digest of the archive, in hexadecimal digits.
        wanted: What the names of the wanted members start with.
        place: Where it is kept in the cache; a folder with its name and version if empty.
    """

    package: str
    version: str
    sha256: str
    wanted: str = "package/"
    place: str = ""

    @property
    def folder(self) -> Path:
        """Where its members are kept."""
        return cache_folder() / (self.place or f"{self.package.rpartition('/')[2]}-{self.version}")


CLI = Archive(
    "@github/copilot-linux-x64",
    "1.0.102",
    "450d256c69526c1c30286d21df0f6e1a05412beb37fe4a5b5054905f5f8fbd3d",
)
VERSION = CLI.version
OLDER = (
    Archive(
        "@github/copilot",
        "1.0.61",
        "f0b92cf251dae5717d66b0be7d4ffd565cc3d56df631b459ecf66d2f96162d30",
        "package/schemas/",
    ),
    Archive(
        "@github/copilot-linux-x64",
        "1.0.81",
        "a855ddf3137bb39302c173d1f65944f477e2dd2a9a88c1ee227a6afb44813111",
        "package/schemas/",
    ),
)
"""Runtimes of which only the schema files are wanted, oldest first."""
_NODE_MODULES = "node-sdk-1.0.14/node_modules"
NODE_SDK = Archive(
    "@github/copilot-sdk",
    "1.0.14",
    "a175f8cee914aa873ae4dffb697cecc4f40aaad89d83cd21dcf1e4f007fdf7c2",
    place=f"{_NODE_MODULES}/@github/copilot-sdk",
)
NODE_JSONRPC = Archive(
    "vscode-jsonrpc",
    "8.2.1",
    "9198f963e8b893f1897dee0f9dabccccf0773225cc36cabd6a63cf67ade12fbc",
    place=f"{_NODE_MODULES}/vscode-jsonrpc",
)
"""All that the official SDK for Node imports where it starts a runtime as a process."""


class CLIUnavailable(Exception):
    """The CLI cannot be had on this machine; the message says why and what to do."""


def cache_folder() -> Path:
    """The folder that holds what was fetched."""
    return Path(os.environ.get(CACHE_VARIABLE) or _PROJECT / ".cache")


def installed_cli() -> Path:
    """Returns the CLI in the cache, without touching the network.

    Raises:
        CLIUnavailable: It was not fetched yet.
    """
    executable = CLI.folder / "copilot"
    if not executable.is_file():
        raise CLIUnavailable(f"no Copilot CLI {VERSION} at {executable}: run `nox -s real`, which fetches it")
    return executable


def installed_node_sdk() -> Path:
    """Returns the module of the official SDK for Node in the cache, without touching the network.

    Raises:
        CLIUnavailable: It was not fetched yet.
    """
    entry = NODE_SDK.folder / "dist" / "index.js"
    if not (entry.is_file() and NODE_JSONRPC.folder.is_dir()):
        raise CLIUnavailable(f"no {NODE_SDK.package} at {entry}: run `nox -s real`, which fetches it")
    return entry


def fetch(archive: Archive) -> Path:
    """Returns the folder of an archive in the cache, and fetches it first where it is missing.

    Raises:
        CLIUnavailable: Wrong platform, no npm, a failed download, or an archive other than the pinned one.
    """
    if archive.folder.is_dir():
        return archive.folder
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise CLIUnavailable(
            f"{CLI.package} runs on linux-x64 only; this is {sys.platform}-{platform.machine()}"
        )
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        unpacked = _unpack(_download(archive, Path(scratch)), archive, Path(scratch) / "unpacked")
        archive.folder.parent.mkdir(parents=True, exist_ok=True)
        if not archive.folder.is_dir():
            unpacked.replace(archive.folder)
    return archive.folder


def _download(archive: Archive, folder: Path) -> Path:
    npm = shutil.which("npm")
    name = f"{archive.package}@{archive.version}"
    if npm is None:
        raise CLIUnavailable(f"npm is needed to fetch {name} and is not on PATH: install Node.js")
    command = [npm, "pack", name, "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    files = list(folder.glob("*.tgz"))
    if done.returncode != 0 or len(files) != 1:
        raise CLIUnavailable(
            f"`{' '.join(command)}` failed with code {done.returncode}:\n{done.stderr.strip()}"
        )
    return files[0]


def _unpack(file: Path, archive: Archive, folder: Path) -> Path:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != archive.sha256:
        raise CLIUnavailable(f"{file.name} has SHA-256 {digest}, and not the pinned {archive.sha256}")
    with tarfile.open(file) as content:
        members = [member for member in content.getmembers() if member.name.startswith(archive.wanted)]
        content.extractall(folder, members, filter="data")
    return folder / "package"


def main() -> int:
    """Fetches everything and prints where it is; returns the exit code."""
    try:
        for archive in (CLI, *OLDER, NODE_SDK, NODE_JSONRPC):
            print(fetch(archive))
    except CLIUnavailable as reason:
        print(f"The real tests cannot run: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
