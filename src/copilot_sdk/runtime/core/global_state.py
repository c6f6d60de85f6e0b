"""What the runtime itself keeps in `config.json`, beside the settings of the user."""

from __future__ import annotations

from pathlib import Path

from copilot_sdk.runtime.core.clock import now, stamp
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.json_files import STATE_HEADER, MalformedFile, read_object, write_object
from copilot_sdk.runtime.core.setting_kinds import type_name

FILE = "config.json"

_WRITABLE = {
    "recentModelIds": "array",
    "firstLaunchAt": "string",
    "askedSetupTerminals": "array",
    "sandboxOnboardingShown": "boolean",
    "sandboxCredentialProxyCaDeclined": "boolean",
    "appTipShown": "boolean",
    "autoFeedbackLastPromptedAt": "string",
}
# The two kinds by the words of the CLI.
_WORDS = {"array": "sequence", "object": "map"}


class GlobalState:
    """The state in one folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> dict[str, object]:
        """All of it; nothing where it cannot be read."""
        try:
            return read_object(self._path)
        except MalformedFile:
            return {}

    def launched(self) -> None:
        """Records when the folder was first used."""
        if "firstLaunchAt" not in self.read():
            self.put("firstLaunchAt", stamp(now()))

    def write(self, key: str, value: object | None) -> None:
        """Sets or, with None, removes what clients may change.

        Raises:
            RuntimeFault: They may not, or the value is of the wrong kind.
        """
        wanted = _WRITABLE.get(key)
        if wanted is None:
            raise RuntimeFault(f"globalState.writeKey: '{key}' is not a writable global state key")
        if value is not None and (given := type_name(value)) != wanted:
            kinds = f"{_WORDS.get(given, given)}, expected a {_WORDS.get(wanted, wanted)}"
            raise RuntimeFault(f"globalState.writeKey: invalid value for `{key}`: invalid type: {kinds}")
        self.put(key, value)

    def put(self, key: str, value: object | None) -> None:
        """Sets or, with None, removes a key.

        Raises:
            RuntimeFault: The file holds something that is not to be written over.
        """
        try:
            content = {**read_object(self._path), key: value}
        except MalformedFile as error:
            raise RuntimeFault(f"{FILE} could not be parsed; refusing to overwrite it") from error
        kept = {name: member for name, member in content.items() if member is not None}
        write_object(self._path, kept, header=STATE_HEADER)
