"""Tools of the daemon's own, which every agent gets: replies to messages, and the board."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from copilot_sdk.runtime.core.config import ExternalTool
from copilot_sdk.runtime.core.tools.base import Arguments, ToolError, number, schema, text, text_argument

if TYPE_CHECKING:
    from copilot_sdk.runtime.tau.daemon import Daemon

_TOOLS = (
    ExternalTool(
        "reply_to_message",
        "Reply to a message of another session that waits for it.",
        schema(["msg_id", "content"], msg_id=text("The id of the message."), content=text("The reply.")),
    ),
    ExternalTool(
        "task_relate",
        "Say how two tasks of the board stand to each other.",
        schema(
            ["from_task", "to_task", "relation"],
            from_task=number("The number of the first task."),
            to_task=number("The number of the second task."),
            relation=text("depends_on, blocks or related."),
        ),
    ),
    ExternalTool(
        "task_comment",
        "Add to the discussion of a task.",
        schema(
            ["task_id", "content"], task_id=number("The number of the task."), content=text("What to say.")
        ),
    ),
)
OWN_TOOLS: Mapping[str, ExternalTool] = {tool.name: tool for tool in _TOOLS}
"""The tools by name."""


class OwnTools:
    """Runs them."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def run(self, name: str, arguments: Arguments, session_id: str) -> str:
        """Runs one for a session, and says what came of it.

        Raises:
            ToolError, RuntimeFault: It cannot be done.
        """
        board = self._daemon.board
        match name:
            case "reply_to_message":
                message_id = text_argument(arguments, "msg_id")
                self._daemon.mail.reply(message_id, text_argument(arguments, "content"))
                return f"{message_id} has got its reply."
            case "task_relate":
                first, second = _task(arguments, "from_task"), _task(arguments, "to_task")
                relation = text_argument(arguments, "relation")
                board.relate(first, second, relation)
                self._daemon.scheduler.look()
                return f"Task {first} {relation} task {second}."
            case "task_comment":
                task = board[_task(arguments, "task_id")]
                remark = board.remark(task, text_argument(arguments, "content"), session_id)
                return f"Comment {remark.id} is on task {task.id}."
            case _:
                raise ToolError(f"Tool '{name}' does not exist.")


def _task(arguments: Arguments, name: str) -> int:
    value = arguments.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ToolError(f"The argument '{name}' has to be the number of a task.")
