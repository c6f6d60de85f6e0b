"""Records that the daemon keeps in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import TypeAdapter

from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import write_object

K = TypeVar("K")
R = TypeVar("R")
T = TypeVar("T")


class Records(Generic[K, R]):
    """Dataclasses by their ids, in a file with what else belongs to them.

    Attributes:
        member: The member of the file that they stand in.
        unknown: What is raised for an id that there is none of.
    """

    member: ClassVar[str]
    unknown: ClassVar[type[RuntimeFault]]

    def __init__(self, path: Path, records: Mapping[K, R]) -> None:
        self._path = path
        self._records = dict(records)

    def __iter__(self) -> Iterator[R]:
        return iter(list(self._records.values()))

    def __contains__(self, record_id: K) -> bool:
        return record_id in self._records

    def __getitem__(self, record_id: K) -> R:
        """The record with an id.

        Raises:
            RuntimeFault: There is none; see `unknown`.
        """
        if record_id not in self._records:
            raise self.unknown(record_id)
        return self._records[record_id]

    def save(self) -> None:
        """Writes the file."""
        records: list[Any] = list(self)
        write_object(self._path, {**self._beside(), self.member: [asdict(record) for record in records]})

    def _beside(self) -> Mapping[str, object]:
        """What else stands in the file."""
        raise NotImplementedError


def read(stored: Mapping[str, object], member: str, kind: type[T], usual: T) -> T:
    """A member of what a file holds, or what is usual where it is not there.

    Raises:
        ValueError: It is of another type.
    """
    return TypeAdapter(kind).validate_python(stored.get(member, usual))
