"""Files beside a prompt: what an agent takes of them, checked before anything is sent.

Both sides use it: a client so that nobody waits for a refusal, and the reference runtime to read what it was given.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from copilot_sdk.errors import UsageError
from copilot_sdk.synaps._images import image_kind, image_size

if TYPE_CHECKING:
    from copilot_sdk._generated.synaps.types import Attachment

Attachable: TypeAlias = "str | os.PathLike[str] | Attachment"
"""The path of a file, relative to this program's folder or absolute, or an `Attachment` with a hint of its name."""

KIBIBYTE, MEBIBYTE = 1024, 1024 * 1024
MOST_FILES = 8
"""How many files a message may have."""
MOST_BYTES = 15 * MEBIBYTE
"""How many bytes all files of a message may have."""
MOST_IMAGE_BYTES = 3 * MEBIBYTE + 512 * KIBIBYTE
MOST_PIXELS = 8000
"""How long a side of an image may be."""
MOST_PDF_BYTES = 10 * MEBIBYTE
MOST_TEXT_BYTES = 256 * KIBIBYTE


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that an agent takes.

    Attributes:
        path: Where it is.
        kind: What it is; its content tells.
        media_type: Its media type.
        data: Its content.
    """

    path: Path
    kind: Literal["image", "document", "text"]
    media_type: str
    data: bytes


def named(attachments: Sequence[Attachable]) -> list[Attachment]:
    """The attachments as they are sent.

    Raises:
        UsageError: There are too many, or one is no path, or has `..` in it.
    """
    from copilot_sdk._generated.synaps.types import Attachment

    if isinstance(attachments, (str, os.PathLike)):
        raise UsageError("attachments has to be a list of files, such as ['notes.txt']")
    given: Sequence[object] = attachments
    for index, item in enumerate(given):
        if not isinstance(item, Attachment | str | os.PathLike):
            raise UsageError(f"attachments[{index}] has to be the path of a file, not {item!r}")
    made = [
        item if isinstance(item, Attachment) else Attachment(path=str(Path(item).absolute()))
        for item in attachments
    ]
    _check_count(len(made))
    for index, item in enumerate(made):
        checked_path(item.path, index)
    return made


def load_all(paths: Sequence[str]) -> list[Loaded]:
    """Read the files; blocks.

    Raises:
        UsageError: There are too many, or one of them cannot be read or is none that an agent takes; the text names it.
    """
    _check_count(len(paths))
    loaded: list[Loaded] = []
    left = MOST_BYTES
    for index, path in enumerate(paths):
        file = _load(checked_path(path, index), index, left)
        left -= len(file.data)
        loaded.append(file)
    return loaded


def checked_path(path: str, index: int) -> Path:
    """A path that an agent takes.

    Raises:
        UsageError: It is relative, or has `..` in it.
    """
    place = Path(path)
    if not place.is_absolute() or ".." in place.parts:
        raise UsageError(f"attachments[{index}]: the path has to be absolute and without '..', not {path!r}")
    return place


def _check_count(count: int) -> None:
    if count > MOST_FILES:
        raise UsageError(
            f"attachments: a message may have {MOST_FILES} files, not {count}; send several messages"
        )


def _load(path: Path, index: int, left: int) -> Loaded:
    where = f"attachments[{index}]: {path.name}"
    try:
        # One byte more than may be tells that it is too large, however large it is.
        data = _read(path, min(left, MOST_PDF_BYTES) + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{where} cannot be read: {reason}") from error
    loaded = _recognized(path, data, where)
    if len(data) > left:
        raise UsageError(
            f"{where}: the files of a message may have {MOST_BYTES} bytes together; send fewer at a time"
        )
    return loaded


def _read(path: Path, most: int) -> bytes:
    # What is no file, such as a pipe, may never come to an end.
    if not path.is_file() and path.exists():
        raise OSError("it is no file")
    with path.open("rb") as file:
        return file.read(most)


def _recognized(path: Path, data: bytes, where: str) -> Loaded:
    if (media_type := image_kind(data)) is not None:
        _limit(data, MOST_IMAGE_BYTES, where, "an image")
        size = image_size(data)
        if size is None:
            raise UsageError(f"{where}: the image is damaged, its size cannot be read")
        if max(size) > MOST_PIXELS:
            raise UsageError(
                f"{where}: an image may have {MOST_PIXELS} pixels a side, not {size[0]} x {size[1]}"
            )
        return Loaded(path, "image", media_type, data)
    if data.startswith(b"%PDF-"):
        _limit(data, MOST_PDF_BYTES, where, "a PDF")
        return Loaded(path, "document", "application/pdf", data)
    _limit(data, MOST_TEXT_BYTES, where, "a text")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{where} is neither PNG, JPEG, GIF or WebP, nor PDF, nor text in UTF-8")
    return Loaded(path, "text", "text/plain", data)


def _limit(data: bytes, most: int, where: str, what: str) -> None:
    if len(data) > most:
        raise UsageError(f"{where}: {what} may have {most} bytes")
