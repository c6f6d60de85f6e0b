"""The tool for the database of the session: sql."""

from __future__ import annotations

import asyncio
import sqlite3

from copilot_sdk._generated.copilot.types import SessionTodosChangedData
from copilot_sdk.runtime.core.database import QueryResult
from copilot_sdk.runtime.core.tools.base import (
    Arguments,
    AsksNothing,
    ToolContext,
    ToolError,
    ToolResult,
    schema,
    text,
    text_argument,
)


class Sql(AsksNothing):
    """Runs a statement on the database of the session."""

    name = "sql"
    description = (
        "Run one SQLite statement on the database of this session. Keep todos in the tables `todos` (id, title, "
        "description, status: pending, in_progress, done or blocked) and `todo_deps` (todo_id, depends_on)."
    )
    parameters = schema(
        ["description", "query"],
        description=text("What the statement is for, in a few words."),
        query=text("The statement."),
    )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Runs it."""
        query = text_argument(arguments, "query")
        try:
            result = await asyncio.to_thread(context.session.database.run, query)
        except sqlite3.Error as error:
            raise ToolError(f"Error: {error}") from error
        if result.todos_changed:
            context.agent.emit(SessionTodosChangedData())
        shown = _shown(result)
        return ToolResult(shown, detail=f"SQL: {query}\n\n{shown}")


def _shown(result: QueryResult) -> str:
    if not result.columns:
        return "Done." if result.changed < 0 else f"{result.changed} row(s) changed."
    lines = [result.columns, ["---"] * len(result.columns), *result.rows]
    table = ("| " + " | ".join("NULL" if cell is None else str(cell) for cell in line) + " |" for line in lines)
    return f"{len(result.rows)} row(s) returned:\n\n" + "\n".join(table)
