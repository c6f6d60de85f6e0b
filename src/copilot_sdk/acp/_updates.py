"""What agents tell of sessions: `session/update` on its way to those who want it, read only when somebody asks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from copilot_sdk._generated.acp.types import SessionNotification, SessionUpdate

TAG = "session_update"
"""The attribute that tells updates apart."""

_WIRE_TAG = "sessionUpdate"
_logger = logging.getLogger("copilot_sdk.acp")


class Update:
    """An update of a session.

    Attributes:
        type: Its wire type, such as `agent_message_chunk`.

    Args:
        raw: The update as it came.
    """

    __slots__ = ("_raw", "_update", "type")

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self.type = str(raw.get(_WIRE_TAG))
        self._update: SessionUpdate | None = None

    @property
    def event(self) -> SessionUpdate:
        """The typed update; never raises."""
        if self._update is None:
            try:
                self._update = (_readers.get(self.type) or _loaded(self.type))(self._raw)
            except ValueError as error:
                self._update = _salvaged(self.type, self._raw, error)
        return self._update


class Notified:
    """The whole notification of an update.

    Attributes:
        type: The wire type of the update.

    Args:
        params: The params of the notification, as they came.
        update: The update in them.
    """

    __slots__ = ("_params", "_update", "type")

    def __init__(self, params: Mapping[str, Any], update: Update) -> None:
        self.type = update.type
        self._params = params
        self._update = update

    @property
    def event(self) -> SessionNotification:
        """The typed notification; never raises."""
        from copilot_sdk._generated.acp.types.client_session_update import SessionNotification

        rest = {name: value for name, value in self._params.items() if name != "update"}
        known: dict[str, Any] = {"session_id": rest.pop("sessionId"), "update": self._update.event}
        if isinstance(rest.get("_meta"), dict):
            known["meta"] = rest.pop("_meta")
        made = SessionNotification.model_construct(**known)
        # A member may have the name of one of our attributes.
        cast("dict[str, Any]", made.__pydantic_extra__).update(rest)
        return made


_readers: dict[str, Callable[[dict[str, Any]], SessionUpdate]] = {}
"""What reads the updates of a type that has come."""


def _loaded(kind: str) -> Callable[[dict[str, Any]], SessionUpdate]:
    from copilot_sdk._generated.acp.notified import SESSION_UPDATE
    from copilot_sdk._model.base import UnknownVariant, reader

    found = SESSION_UPDATE.get(kind)
    if found is None:
        return UnknownVariant.model_validate
    read: Any = reader(found)
    _readers[kind] = read
    return _readers[kind]


def _salvaged(kind: str, raw: dict[str, Any], error: ValueError) -> SessionUpdate:
    from pydantic import ValidationError

    from copilot_sdk._generated.acp.notified import SESSION_UPDATE
    from copilot_sdk._model.base import problems
    from copilot_sdk._model.lenient import salvage

    if not isinstance(error, ValidationError):
        raise error
    if kind not in _misfits:
        _misfits.add(kind)
        text = "; ".join(problems(error))
        _logger.warning("an update %s does not fit its description: %s; logged once", kind, text)
    return cast("SessionUpdate", salvage(SESSION_UPDATE[kind], raw))


_misfits: set[str] = set()
