"""Readers of schema files, one for each layout: what they make is the same picture of a protocol."""

from __future__ import annotations

from pathlib import Path

from codegen.frontends import acp, copilot, tagged
from codegen.frontends.documents import Documents
from codegen.ir import Protocol

_LAYOUTS = ((acp.is_layout, acp.read), (tagged.is_layout, tagged.read))


def read(folder: Path) -> Protocol:
    """Read a folder of schema files, whatever their layout.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    documents = Documents.load(folder)
    read_layout = next((read for is_layout, read in _LAYOUTS if is_layout(documents)), copilot.read)
    return read_layout(folder, folder.name)
