"""How tool calls and todos are shown to clients of the Agent Client Protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk.runtime.acp.tool_looks import look_of
from copilot_sdk.runtime.acp.updates import plan_of

FOLDER = Path("/src")


@pytest.mark.parametrize(
    ("name", "arguments", "title", "kind", "places"),
    [
        ("view", {"path": "a"}, "Viewing /src/a", "read", ["/src/a"]),
        ("view", {"path": "/b", "view_range": [3, -1]}, "Viewing /b", "read", ["/b:3"]),
        ("view", {"path": "/b", "view_range": "all"}, "Viewing /b", "read", ["/b"]),
        ("create", {"path": "a"}, "Creating /src/a", "edit", ["/src/a"]),
        ("edit", {"path": "a"}, "Editing /src/a", "edit", ["/src/a"]),
        ("bash", {"command": "ls", "description": "Lists"}, "Lists", "execute", []),
        ("bash", {"command": "ls"}, "ls", "execute", []),
        ("bash", {}, "bash", "execute", []),
        ("grep", {"pattern": "x", "path": "a"}, "Searching for 'x'", "search", ["/src/a"]),
        ("glob", {"pattern": "*.py"}, "Finding files matching *.py", "search", []),
        ("web_fetch", {"url": "http://x"}, "Fetching http://x", "fetch", []),
        ("report_intent", {"intent": "Looking"}, "Looking", "think", []),
        ("exit_plan_mode", {"summary": "Do it"}, "Ready to carry out the plan", "switch_mode", []),
        ("shop-echo", {"text": "x"}, "shop-echo", "other", []),
        ("sql", {"description": "Notes"}, "Notes", "other", []),
        ("bash", "no object", "bash", "execute", []),
        ("unheard-of", None, "unheard-of", "other", []),
    ],
)
def test_a_tool_call_is_shown_for_people(
    name: str, arguments: object, title: str, kind: str, places: list[str]
) -> None:
    look = look_of(name, arguments, FOLDER)
    assert (look.title, look.kind) == (title, kind)
    shown = [place.path + (f":{place.line}" if place.line else "") for place in look.locations]
    assert shown == places


def test_todos_are_the_steps_of_a_plan() -> None:
    todos = [{"title": status, "status": status} for status in ("pending", "in_progress", "done", "blocked")]
    entries = {entry.content: entry.status for entry in plan_of(todos).entries}
    assert entries == {
        "pending": "pending",
        "in_progress": "in_progress",
        "done": "completed",
        "blocked": "pending",
    }
