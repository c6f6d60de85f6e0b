"""What goes over the wire, as data to compare."""

from __future__ import annotations

import json
from typing import Any

from copilot_sdk._protocol.messages import JsonText


def plain(written: object) -> Any:
    """The JSON data of params or of a result, in whichever form they are to be sent."""
    return json.loads(written) if isinstance(written, JsonText) else written
