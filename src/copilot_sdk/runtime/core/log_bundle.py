"""The logs of a session, gathered in a folder or an archive, without secrets."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.secrets import Secrets

Source = Literal["events", "additional"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file or folder to gather.

    Attributes:
        path: Where it is.
        name: Its path among what is gathered.
        source: What it is.
        redacted: Whether secrets are taken out of it.
        required: Whether nothing is gathered without it.
    """

    path: Path
    name: str
    source: Source
    redacted: bool = True
    required: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """A file that was read."""

    name: str
    source: Source
    content: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """What could not be read, and why."""

    name: str
    path: Path
    reason: str


@dataclass(slots=True)
class Bundle:
    """What was gathered and what was not."""

    files: list[Gathered] = field(default_factory=list[Gathered])
    skipped: list[Skipped] = field(default_factory=list[Skipped])

    def write_folder(self, folder: Path) -> None:
        """Writes all files into a folder."""
        for file in self.files:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)

    def write_archive(self, path: Path, *, overwrite: bool) -> None:
        """Writes a compressed archive.

        Raises:
            RuntimeFault: There is nothing to write, or a file that is to stay.
        """
        if not self.files:
            raise RuntimeFault("No debug log files found to save.")
        if path.exists() and not overwrite:
            raise RuntimeFault(f"{path} exists already")
        with tarfile.open(path, "w:gz") as archive:
            for file in self.files:
                member = tarfile.TarInfo(file.name)
                member.size = len(file.content)
                archive.addfile(member, io.BytesIO(file.content))


def gather(wanted: Sequence[Wanted], secrets: Secrets) -> Bundle:
    """Reads everything that is wanted.

    Raises:
        RuntimeFault: Something that is required cannot be read, or a name leads out of the bundle.
    """
    bundle = Bundle()
    for each in wanted:
        _check_name(each.name)
        try:
            bundle.files += _read(each, secrets)
        except OSError as error:
            reason = "not found" if isinstance(error, FileNotFoundError) else str(error)
            if each.required:
                raise RuntimeFault(f"Required debug log entry {each.path}: {reason}") from error
            bundle.skipped.append(Skipped(each.name, each.path, reason))
    return bundle


def _read(wanted: Wanted, secrets: Secrets) -> Iterator[Gathered]:
    if not wanted.path.is_dir():
        yield _file(wanted, wanted.path, wanted.name, secrets)
        return
    for path in sorted(wanted.path.rglob("*")):
        if path.is_file():
            yield _file(wanted, path, f"{wanted.name}/{path.relative_to(wanted.path).as_posix()}", secrets)


def _file(wanted: Wanted, path: Path, name: str, secrets: Secrets) -> Gathered:
    content = path.read_bytes()
    if wanted.redacted:
        content = secrets.text(content.decode(errors="replace")).encode()
    return Gathered(name, wanted.source, content)


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise RuntimeFault(f"bundlePath: expected a relative path inside of the bundle, got {name!r}")
