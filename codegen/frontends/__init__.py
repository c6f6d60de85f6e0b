"""Readers of schema files, one for each layout: what they make is the same picture of a protocol."""

from __future__ import annotations

from pathlib import Path

from codegen.frontends import acp, copilot
from codegen.frontends.documents import Documents
from codegen.ir import Protocol


def read(folder: Path) -> Protocol:
    """Read a folder of schema files, whatever their layout.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    read_layout = acp.read if acp.is_layout(Documents.load(folder)) else copilot.read
    return read_layout(folder, folder.name)
