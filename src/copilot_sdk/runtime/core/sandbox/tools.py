"""Where developer tools are, by the variables that say so: what a sandbox lets be read without being told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_SYSTEM = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/dev", "/proc", "/sys", "/")
"""Folders on PATH that commands have in any case, or are not to have for standing there."""
_FOLDERS: Mapping[str, bool] = {
    "PYTHONPATH": True,
    "PYTHONHOME": False,
    "VCPKG_ROOT": False,
    "BAZELISK_HOME": False,
    "GOPATH": True,
    "GOROOT": False,
    "RUSTUP_HOME": False,
    "JAVA_HOME": False,
    "NODE_PATH": True,
    "DOTNET_ROOT": False,
    "CONDA_PREFIX": False,
    "LD_LIBRARY_PATH": True,
    "VIRTUAL_ENV": False,
    "PYENV_ROOT": False,
    "GIT_EXEC_PATH": False,
    "GIT_TEMPLATE_DIR": False,
    "GIT_SSL_CAPATH": False,
}
"""Variables that name a folder, or several if true."""
_FILES = ("GIT_CONFIG_SYSTEM", "GIT_SSL_CAINFO")
_OF_THE_USER = (".local/bin", ".local/lib")


def grants_of_tools(environment: Mapping[str, str]) -> list[str]:
    """The folders and files of developer tools that are there, each once.

    Args:
        environment: The variables to go by.
    """
    return list(dict.fromkeys(_found(environment)))


def _found(environment: Mapping[str, str]) -> Iterator[str]:
    for folder in _folders(environment.get("PATH"), several=True):
        if folder not in _SYSTEM:
            yield folder
    for name, several in _FOLDERS.items():
        for folder in _folders(environment.get(name), several=several):
            if folder != "/":
                yield folder
    for name in _FILES:
        file = Path(environment.get(name, ""))
        if file.is_absolute() and file.is_file():
            yield str(file)
    home = Path.home()
    yield from (str(home / name) for name in _OF_THE_USER if (home / name).is_dir())


def _folders(value: str | None, *, several: bool) -> Iterator[str]:
    for named in (value or "").split(os.pathsep) if several else [value or ""]:
        folder = Path(named)
        if folder.is_absolute() and folder.is_dir():
            yield str(folder)
