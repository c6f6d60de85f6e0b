"""What the daemon of tau may send to clients and to plugins."""

from __future__ import annotations

from typing import Any

from tests.support.further import further_protocol

TAU = further_protocol("tau")
RESPONSES: dict[str, str] = {
    TAU.definitions[name]["properties"]["type"]["const"]: name
    for name in (branch["$ref"].rpartition("/")[2] for branch in TAU.definitions["Response"]["anyOf"])
}
"""The definitions of responses by their types on the wire."""


def frame_faults(frame: dict[str, Any]) -> list[str]:
    """What the schema says against what the daemon sends."""
    name = RESPONSES.get(frame["type"])
    return [f"{frame['type']} is no response"] if name is None else TAU.faults(name, frame)


def plugin_frame_faults(frame: dict[str, Any]) -> list[str]:
    """What the schema says against what the daemon sends to a plugin."""
    return TAU.faults("PluginInput", frame)
