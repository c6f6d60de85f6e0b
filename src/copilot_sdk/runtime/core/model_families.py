"""Families of Azure ML models in the home folder: one connection at a time may change one of them."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk.runtime.core.clients import ClientPort
from copilot_sdk.runtime.core.clock import new_id
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.core.holds import lock_file

_FOLDER = "azureml-models"
_PUBLIC, _STAFF = "azureml", "azureml-dev"
_NAME = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9_-])?")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Lease:
    holder: ClientPort
    registry: str
    name: str
    lock: sqlite3.Connection


class ModelFamilies:
    """Who may change which family; other runtimes with the same home folder are shut out too."""

    def __init__(self, home: Path) -> None:
        self._folder = home / _FOLDER
        self._leases: dict[str, _Lease] = {}

    def acquire(self, holder: ClientPort, registry: str, name: str) -> str:
        """Lets a client change a family, until it gives that back or is gone.

        Returns:
            The id of the lease.

        Raises:
            RuntimeFault: The family cannot be changed, or another is changing it.
        """
        _check(registry, name)
        path = self._folder / registry / f"{name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise RuntimeFault(f"name: the family cannot be locked: {error.strerror}") from error
        lock = lock_file(path)
        if lock is None:
            raise RuntimeFault(f"The model family {name} is being changed by another connection or process")
        lease = new_id()
        self._leases[lease] = _Lease(holder, registry, name, lock)
        return lease

    def release(self, holder: ClientPort, lease_id: str, registry: str, name: str) -> None:
        """Gives a lease back.

        Raises:
            RuntimeFault: The client has none of that id for that family.
        """
        lease = self._leases.get(lease_id)
        if lease is None or (lease.holder, lease.registry, lease.name) != (holder, registry, name):
            raise RuntimeFault("leaseId: this connection has no such lease of that model family")
        del self._leases[lease_id]
        lease.lock.close()

    def drop(self, holder: ClientPort) -> None:
        """Takes back everything from a client that is gone."""
        for lease_id, lease in list(self._leases.items()):
            if lease.holder is holder:
                del self._leases[lease_id]
                lease.lock.close()


def _check(registry: str, name: str) -> None:
    if registry == _STAFF:
        raise RuntimeFault(f"registry: {_STAFF} is for accounts of the staff of Microsoft")
    if registry != _PUBLIC:
        raise RuntimeFault(f"registry: expected {_PUBLIC} or {_STAFF}, received {registry!r}")
    if not _NAME.fullmatch(name) or _DEVICE.fullmatch(name):
        raise RuntimeFault(
            "name: a model family has letters, digits and '.', '_' or '-' between them, and no name of a device"
        )
