"""What a client wants for its own sessions: it may narrow permissions, and nothing else."""

from __future__ import annotations

from copilot_sdk._model.json_values import is_object
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.managed.keys import KEYS
from copilot_sdk.runtime.core.managed.kinds import Place
from copilot_sdk.runtime.core.managed.permissions import ASSISTED, BYPASS, LISTS

_ALLOWED = frozenset({BYPASS, ASSISTED, *LISTS, "limitTo"})


def read_client_document(settings: object) -> dict[str, object] | None:
    """Reads the document of a client; None where there is none.

    Raises:
        RuntimeFault: There is something wrong in it, or what only administrators may set.
    """
    if settings is None:
        return None
    if not is_object(settings):
        raise RuntimeFault("managedSettings must be an object")
    if unknown := sorted(settings.keys() - {"permissions"}):
        raise RuntimeFault(
            f"managedSettings.{unknown[0]} is not supported; only managedSettings.permissions is accepted"
        )
    permissions = settings.get("permissions")
    if permissions is None:
        return {}
    if is_object(permissions) and (unknown := sorted(permissions.keys() - _ALLOWED)):
        raise RuntimeFault(f"managedSettings.permissions.{unknown[0]} is not supported")
    given = permissions
    if is_object(permissions):
        given = {name: value for name, value in permissions.items() if value is not None}
    errors: list[tuple[str, str]] = []
    found = KEYS["permissions"].read(given, Place("permissions", errors))
    if errors:
        raise RuntimeFault("; ".join(f"{path}: {problem}" for path, problem in errors))
    return {"permissions": found}
