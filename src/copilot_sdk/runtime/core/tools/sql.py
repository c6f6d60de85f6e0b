"""The tool `sql`: the agent's own notes, in the database of the session."""

from __future__ import annotations

from textwrap import indent

from copilot_sdk._generated.copilot import types
from copilot_sdk.providers.database import statements_of
from copilot_sdk.runtime.core.storage import Database, DatabaseFault, QueryKind, Rows
from copilot_sdk.runtime.core.todos import concerns_todos, prepare
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

_SCHEMA_WORDS = frozenset({"CREATE", "ALTER", "DROP"})
_QUERY_WORDS = frozenset({"SELECT", "WITH"})
# Both can write to any file of this machine.
_BLOCKED_WORDS = frozenset({"ATTACH", "VACUUM"})
_DONE = {"UPDATE": "updated", "DELETE": "deleted"}


class SQL(AsksNothing):
    """Runs SQL in the database of the session."""

    name = "sql"
    description = (
        "Run SQLite statements in the database of this session, to plan and to keep notes in. The tables `todos` "
        "(id, title, description, status) and `todo_deps` (todo_id, depends_on) are there; make others as needed."
    )
    parameters = schema(
        ["description", "query"],
        description=text("What it is for, in a few words."),
        query=text("One statement, or several with semicolons between them."),
    )

    async def run(self, context: ToolContext, arguments: Arguments) -> ToolResult:
        """Runs the statements, up to the first that fails."""
        database = context.session.storage.database
        if database is None:
            raise ToolError("This session has no database.")
        query = text_argument(arguments, "query")
        parts = (statement.strip().rstrip(";").rstrip() for statement in statements_of(query))
        statements = [part for part in parts if part]
        if not statements:
            raise ToolError("The query is empty.")
        for word in _BLOCKED_WORDS.intersection(map(_word, statements)):
            raise ToolError(f'Blocked SQL statement: "{word}" is not allowed for security reasons.')
        try:
            await prepare(database)
            results = [(_word(statement), await _run(database, statement)) for statement in statements]
        except DatabaseFault as fault:
            return ToolResult(f"SQL Error: {fault}", kind="failure", error=str(fault))
        if any(concerns_todos(part) for part in statements if _word(part) not in _QUERY_WORDS):
            context.agent.emit(types.SessionTodosChangedData())
        shown = results[0][1] if len(results) == 1 else _listed(results)
        return ToolResult(shown, detail=f"SQL: {query}\n\n{shown}")


async def _run(database: Database, statement: str) -> str:
    word = _word(statement)
    kind: QueryKind = "query" if word in _QUERY_WORDS else "exec" if word in _SCHEMA_WORDS else "run"
    result = await database.run(statement, kind)
    if kind == "query":
        return _table(result)
    if kind == "exec":
        return "Schema operation completed successfully."
    if word == "INSERT":
        return f"{result.affected} row(s) inserted. Last inserted row ID: {result.last_row_id}."
    if word in _DONE:
        return f"{result.affected} row(s) {_DONE[word]}."
    return f"Query executed successfully. Rows affected: {result.affected}."


def _word(statement: str) -> str:
    return statement.split(maxsplit=1)[0].upper()


def _table(result: Rows) -> str:
    if not result.rows:
        return "Query returned 0 rows."
    lines = [result.columns, ["---"] * len(result.columns)]
    lines += [[_shown(row.get(column)) for column in result.columns] for row in result.rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{len(result.rows)} row(s) returned:\n\n{table}"


def _shown(value: object) -> str:
    return "NULL" if value is None else str(value)


def _listed(results: list[tuple[str, str]]) -> str:
    parts = [
        f"{number}. {word}\n{indent(text, '   ', lambda _: True)}"
        for number, (word, text) in enumerate(results, 1)
    ]
    return "\n\n".join([f"Executed {len(results)} statement(s):", *parts])
