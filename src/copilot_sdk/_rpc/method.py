"""A method of the wire as a value, and tables of them.

No types are loaded here: a method knows where its types are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from copilot_sdk._rpc.unset import Unset
from copilot_sdk.errors import UsageError

R = TypeVar("R")
U = TypeVar("U")

Loader = Callable[[], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Method(Generic[R]):
    """A method of the wire.

    Args:
        name: Its wire name, such as `session.tasks.list`.
        scope: `server`, `session`, `clientSession` or `clientGlobal`; in a protocol with one scope for each side
            `agent` or `client`.
        params: Loads the type of the params; None for a method without params.
        result: Loads the type of the result; None for a method that answers null.
        nullable: Wire names of the params for which null means something.
        notification: True when nothing is answered.
        waits: True when the answer takes as long as a person, a model or another process does: no limit of time
            applies unless the call sets one.
        stability: `stable`, `experimental` or `unstable`, as the schema says.
        since: First version of the runtime that has the method, where it is known.
        until: Last version that has it, where it is gone from newer ones.
        capability: What the serving side has to offer for it, such as `agentCapabilities.sessionCapabilities.fork`;
            None where all offer it.
        answers: The tags of the frames that end the call, in a protocol whose answers are known by a tag.
        replaced_by: Wire name of the method that newer versions have in its place.
        replaces: Wire name of the method that older versions have in its place.
    """

    name: str
    scope: str
    params: Loader | None = None
    result: Loader | None = None
    nullable: frozenset[str] = frozenset()
    notification: bool = False
    waits: bool = False
    stability: str = "stable"
    since: str | None = None
    until: str | None = None
    capability: str | None = None
    answers: tuple[str, ...] = ()
    replaced_by: str | None = None
    replaces: str | None = None

    def is_in(self, version: str) -> bool:
        """Whether a version of the runtime has the method, as far as the versions that were looked at tell.

        A version that is not made of numbers counts as the newest.
        """
        numbers = _numbers(version)
        return (self.since is None or numbers >= _numbers(self.since)) and (
            self.until is None or numbers <= _numbers(self.until)
        )

    def time_limit(self, given: float | Unset | None, usual: U) -> float | U | None:
        """Seconds that a call may take, None for no limit.

        Args:
            given: What the call says.
            usual: What holds where the call says nothing, and the answer does not wait for anybody.

        Raises:
            UsageError: What the call says is not above zero.
        """
        if isinstance(given, Unset):
            return None if self.waits else usual
        if given is not None and not given > 0:
            raise UsageError(
                f"timeout has to be above zero seconds, or None to wait without limit, not {given!r}"
            )
        return given

    def __repr__(self) -> str:
        return f"<Method {self.name}>"


def _numbers(version: str) -> tuple[float, ...]:
    released = version.partition("-")[0].split(".")
    return tuple(map(int, released)) if all(map(str.isdecimal, released)) else (math.inf,)


class MethodTable:
    """Methods by wire name, loaded module by module.

    Args:
        entries: For each wire name the function that imports its module, and the name of its constant there.
    """

    def __init__(self, entries: Mapping[str, tuple[Callable[[], Any], str]]) -> None:
        self._entries = entries

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, name: str) -> Method[Any]:
        load, constant = self._entries[name]
        method: Method[Any] = getattr(load(), constant)
        return method
