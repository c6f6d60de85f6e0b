"""Checkpoints: what a session came to before its conversation was cut short, as numbered files with a table."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.file_system import replace_content

if TYPE_CHECKING:
    from copilot_sdk.runtime.core.session import Session

_INDEX = "index.md"
_HEAD = """# Checkpoint History

Checkpoints are listed in chronological order. Checkpoint 1 is the oldest, higher numbers are more recent.

| # | Title | File |
|---|-------|------|
"""
_ROW = re.compile(r"^\| (?P<number>\d+) \| (?P<title>.*) \| (?P<file>[^|/]+\.md) \|$", re.MULTILINE)
_LONGEST_SLUG = 50


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint: its number, counted from 1, its title, and the name of its file."""

    number: int
    title: str
    file: str


class Checkpoints:
    """The checkpoints of one session; what cannot be read or written is an `OSError`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = session.storage.files
        self._folder = session.storage.folder / "checkpoints"
        self._changing = asyncio.Lock()

    async def listed(self) -> Sequence[Checkpoint]:
        """All of them, the oldest first."""
        if await self._files.status(self._folder / _INDEX) is None:
            return []
        table = (await self._files.read(self._folder / _INDEX)).decode(errors="replace")
        return [Checkpoint(int(row["number"]), row["title"], row["file"]) for row in _ROW.finditer(table)]

    async def read(self, number: int) -> str | None:
        """The text of a checkpoint; None if there is none of that number."""
        file = next((point.file for point in await self.listed() if point.number == number), None)
        if file is None or await self._files.status(self._folder / file) is None:
            return None
        return (await self._files.read(self._folder / file)).decode(errors="replace")

    async def add(self, title: str, content: str) -> tuple[Checkpoint, Path]:
        """Adds a checkpoint.

        Args:
            title: What it is about; "" for a title after the session.
            content: Its text.

        Returns:
            The checkpoint, and where it is.
        """
        title = " ".join(title.replace("|", " ").split()) or f"Session {self._session.id[:8]}"
        async with self._changing:
            points = await self.listed()
            number = points[-1].number + 1 if points else 1
            point = Checkpoint(number, title, f"{number:03}-{_slug(title)}.md")
            await self._files.write(self._folder / point.file, content.encode())
            await self._write_index([*points, point])
        return point, self._folder / point.file

    async def keep(self, count: int) -> None:
        """Deletes all but the first ones."""
        async with self._changing:
            points = await self.listed()
            kept, gone = points[: max(count, 0)], points[max(count, 0) :]
            if gone:
                await self._write_index(kept)
            for point in gone:
                if await self._files.status(self._folder / point.file) is not None:
                    await self._files.remove(self._folder / point.file)

    async def _write_index(self, points: Sequence[Checkpoint]) -> None:
        rows = "".join(f"| {point.number} | {point.title} | {point.file} |\n" for point in points)
        await replace_content(self._files, self._folder / _INDEX, (_HEAD + rows).encode())
        self._session.record.summary_count = len(points)
        self._session.touch()


def _slug(title: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return words[:_LONGEST_SLUG].rstrip("-") or "checkpoint"
