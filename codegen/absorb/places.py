"""Where types and events stand in our schema files."""

from __future__ import annotations

from collections.abc import Mapping

from codegen.ir import EventRef, Ref

API = "api.schema.json"
EVENTS = "session-events.schema.json"


class Locator:
    """Writes a `$ref` to a type or event as seen from a file."""

    def __init__(
        self,
        file: str,
        keys: Mapping[str, str],
        homes: Mapping[str, tuple[str, str]],
        event_keys: Mapping[str, str],
    ) -> None:
        self._file = file
        self._keys = keys
        self._homes = homes
        self._event_keys = event_keys

    def __call__(self, target: Ref | EventRef) -> str:
        """The `$ref`; a name that has no place is a `KeyError`."""
        if isinstance(target, Ref):
            file, key = self._homes[self._keys[target.name]]
        else:
            file, key = EVENTS, "SessionEvent" if target.name is None else self._event_keys[target.name]
        return f"{'' if file == self._file else file}#/definitions/{key}"
