"""The whole generated package as text, and its way to disk."""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

from codegen import (
    emit_api,
    emit_frames,
    emit_options,
    emit_serving,
    emit_types,
    emit_values,
    models,
    ownership,
)
from codegen.ir import Protocol
from codegen.templating import HEADER

_RUFF = ("--isolated", "--line-length", "110", "--target-version", "py311")


def package(protocol: Protocol) -> dict[str, str]:
    """Text of every file of the package by its path; a pure function of the protocol."""
    owners = ownership.assign(protocol)
    sources = models.type_sources(protocol)
    files = {"__init__.py": _root(protocol)}
    files.update(emit_types.emit(protocol, sources, owners))
    files.update(emit_api.emit(protocol, owners))
    files.update(emit_serving.emit(protocol, owners))
    files.update(emit_frames.emit(protocol, owners))
    files.update(emit_values.emit(protocol, owners))
    files.update(emit_options.emit(protocol, owners))
    return _formatted(files)


def _root(protocol: Protocol) -> str:
    lines = [
        HEADER,
        f'"""The {protocol.name} protocol, generated."""',
        "",
        f"{protocol.versioned.upper()}S = {protocol.versions!r}",
        f'"""Versions of the {protocol.versioned} whose methods and types are here, oldest first."""',
        "",
    ]
    return "\n".join(lines)


def _formatted(files: dict[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(files, root)
        for command in (
            ("check", "--fix", "--quiet", "--select", "F401,I,PIE790,TC005,UP007,RUF022"),
            ("format", "--quiet"),
        ):
            subprocess.run([sys.executable, "-m", "ruff", *command, *_RUFF, str(root)], check=True)
        return {name: (root / name).read_text(encoding="utf-8") for name in files}


def write(files: dict[str, str], out: Path) -> int:
    """Write the files below `out` and remove what no longer belongs; returns how many changed."""
    changed = 0
    for name, text in files.items():
        path = out / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed += 1
    for path in _existing(out):
        if path.relative_to(out).as_posix() not in files:
            path.unlink()
            changed += 1
    return changed


def differences(files: dict[str, str], out: Path) -> dict[str, str]:
    """A diff for each file that is not as it would be written."""
    found = {}
    disk = {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in _existing(out)}
    for name in sorted({*files, *disk}):
        old, new = disk.get(name, ""), files.get(name, "")
        if old != new or (name in disk) != (name in files):
            lines = difflib.unified_diff(
                old.splitlines(), new.splitlines(), "on disk", "generated", lineterm="", n=1
            )
            found[name] = "\n".join(list(lines)[:40])
    return found


def _existing(out: Path) -> list[Path]:
    """Generated files on disk; a file without the header is not ours to remove."""
    return [p for p in sorted(out.rglob("*.py")) if p.read_text(encoding="utf-8").startswith(HEADER)]
