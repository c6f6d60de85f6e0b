"""The generated part of the official SDK, counted: methods by namespace, events, types."""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Self

import copilot_sdk.events
import copilot_sdk.types
import copilot_sdk.values
from copilot_sdk._generated.copilot.events import EVENTS
from copilot_sdk._generated.copilot.methods import INBOUND, OUTBOUND
from tests.official.names import PACKAGE

FILE = Path(__file__).with_name("wire.json")
_CALL = re.compile(r'\brequest\(\s*"([A-Za-z.]+)"')
_SERVED = re.compile(r'(?:handler\(\s*|method == )"([A-Za-z.]+)"')


@dataclass(frozen=True)
class Wire:
    """What of the wire an SDK knows.

    Attributes:
        version: Of the SDK.
        calls: Methods that a program can call.
        served: Methods and notifications of the runtime that are read.
        events: Types of events.
        types: How many classes there are.
        words: How many enumerations.
    """

    version: str
    calls: Sequence[str]
    served: Sequence[str]
    events: Sequence[str]
    types: int
    words: int

    @classmethod
    def recorded(cls) -> Self:
        """The official SDK, as it was when this was recorded."""
        return cls(**json.loads(FILE.read_text(encoding="utf-8")))

    def record(self) -> None:
        """Writes it down."""
        FILE.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def official() -> Wire:
    """The official SDK that is installed."""
    package = import_module(PACKAGE)
    folder = Path(inspect.getfile(package)).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))
    events = import_module(f"{PACKAGE}.session_events")
    found = {
        kind
        for module in (import_module(f"{PACKAGE}.rpc"), events)
        for kind in _classes(module, module.__all__)
    }
    words = {kind for kind in found if issubclass(kind, Enum)}
    calls = set(_CALL.findall(code))
    return Wire(
        package.__version__,
        sorted(calls),
        sorted(set(_SERVED.findall(code)) - calls),
        sorted(kind.value for kind in events.SessionEventType if kind.value != "unknown"),
        len(found - words),
        len(words),
    )


def ours() -> Wire:
    """copilot_sdk."""
    types = [*_public(copilot_sdk.types), *_public(copilot_sdk.events)]
    return Wire(
        "", sorted(OUTBOUND), sorted(INBOUND), sorted(EVENTS), len(types), len(_public(copilot_sdk.values))
    )


def namespaces(methods: Iterable[str]) -> Counter[str]:
    """How many methods each namespace has; what is below a namespace counts to it."""
    return Counter(namespace(method) for method in methods)


def namespace(method: str) -> str:
    first, _, rest = method.rpartition(".")[0].partition(".")
    return f"session.{rest.partition('.')[0]}".rstrip(".") if first == "session" else first


def _classes(module: ModuleType, names: Sequence[str]) -> Iterator[type]:
    yield from (value for name in names if inspect.isclass(value := getattr(module, name)))


def _public(module: ModuleType) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]
