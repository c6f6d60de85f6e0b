"""What can be attached to a prompt: `session.send(prompt, attachments=[file("report.pdf")])`.

Further kinds, such as a commit or a release on GitHub, are classes in `copilot_sdk.types`.
"""

from __future__ import annotations

import base64
import mimetypes
import os
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk.errors import UsageError

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import Attachment

__all__ = ["blob", "directory", "file", "github_url", "selection"]


def file(
    path: str | os.PathLike[str], *, lines: tuple[int, int] | None = None, name: str | None = None
) -> Attachment:
    """A file that the runtime reads.

    Args:
        path: Path of the file on the machine of the runtime; a relative one is taken from this program's folder.
        lines: First and last line that are meant, counted from 1; the whole file when left out.
        name: Name under which the user sees it; the file's own when left out.

    Raises:
        UsageError: The lines are no range.
    """
    from copilot_sdk._generated.copilot.types import AttachmentFile, AttachmentFileLineRange

    place = Path(path).absolute()
    if lines is None:
        return AttachmentFile(path=str(place), display_name=name or place.name)
    start, end = lines
    if not 1 <= start <= end:
        raise UsageError(f"lines has to be a first and a last line, counted from 1, not {lines!r}")
    meant = AttachmentFileLineRange(start=start, end=end)
    return AttachmentFile(path=str(place), display_name=name or place.name, line_range=meant)


def directory(path: str | os.PathLike[str], *, name: str | None = None) -> Attachment:
    """A folder that the runtime looks into.

    Args:
        path: Path of the folder on the machine of the runtime; a relative one is taken from this program's folder.
        name: Name under which the user sees it; the folder's own when left out.
    """
    from copilot_sdk._generated.copilot.types import AttachmentDirectory

    place = Path(path).absolute()
    return AttachmentDirectory(path=str(place), display_name=name or place.name)


def selection(
    path: str | os.PathLike[str],
    text: str,
    start: tuple[int, int],
    end: tuple[int, int],
    *,
    name: str | None = None,
) -> Attachment:
    """A piece of a file, as it was selected in an editor.

    Args:
        path: Path of the file; a relative one is taken from this program's folder.
        text: The selected text.
        start: Line and character of the beginning, counted from 0.
        end: Line and character of the end, counted from 0.
        name: Name under which the user sees it; the file's own when left out.
    """
    from copilot_sdk._generated.copilot.types import (
        AttachmentSelection,
        AttachmentSelectionDetails,
        AttachmentSelectionDetailsEnd,
        AttachmentSelectionDetailsStart,
    )

    place = Path(path).absolute()
    details = AttachmentSelectionDetails(
        start=AttachmentSelectionDetailsStart(line=start[0], character=start[1]),
        end=AttachmentSelectionDetailsEnd(line=end[0], character=end[1]),
    )
    return AttachmentSelection(
        file_path=str(place), display_name=name or place.name, text=text, selection=details
    )


def blob(
    data: bytes | str | os.PathLike[str], mime_type: str | None = None, *, name: str | None = None
) -> Attachment:
    """Data that goes with the prompt itself, such as an image.

    Args:
        data: The bytes, or the path of a file of this machine that has them.
        mime_type: What they are; guessed from the file's name when left out.
        name: Name under which the user sees it; the file's own when left out.

    Raises:
        UsageError: There is no type, and none can be guessed.
        OSError: The file cannot be read.
    """
    from copilot_sdk._generated.copilot.types import AttachmentBlob

    if not isinstance(data, bytes):
        place = Path(data)
        mime_type = mime_type or mimetypes.guess_type(place.name)[0]
        data, name = place.read_bytes(), name or place.name
    if mime_type is None:
        raise UsageError("mime_type is missing, and the name does not tell it; pass one such as 'image/png'")
    made = AttachmentBlob(data=base64.b64encode(data).decode(), mime_type=mime_type)
    if name is not None:
        made.display_name = name
    return made


def github_url(url: str) -> Attachment:
    """Anything on GitHub, by the address of its page."""
    from copilot_sdk._generated.copilot.types import AttachmentGitHubURL

    return AttachmentGitHubURL(url=url)
