"""The tool `sql`."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Client, Join, Start


async def ran(client: Client) -> list[str]:
    await client.turn("go")
    outcomes = client.of("tool.execution_complete")
    return [
        (outcome.get("result") or {}).get("content") or outcome["error"]["message"] for outcome in outcomes
    ]


def queries(*queries: str) -> list[Reply]:
    calls = [Reply(calls=[Call("sql", {"description": "d", "query": query})]) for query in queries]
    return [*calls, Reply("done")]


async def test_each_kind_of_statement_tells_what_it_did(start: Start, join: Join) -> None:
    script = queries(
        "INSERT INTO todos (id, title) VALUES ('a', 'One'), ('b', 'Two')",
        "UPDATE todos SET status = 'done' WHERE id = 'a'",
        "SELECT id, description, status FROM todos ORDER BY id",
        "WITH one AS (SELECT 1 AS n) SELECT n FROM one",
        "DELETE FROM todos",
        "SELECT * FROM todos",
        "PRAGMA user_version = 3",
        "DROP TABLE todo_deps",
    )
    client = await join(start(script))
    await client.open()
    assert await ran(client) == [
        "2 row(s) inserted. Last inserted row ID: 2.",
        "1 row(s) updated.",
        (
            "2 row(s) returned:\n\n| id | description | status |\n| --- | --- | --- |\n"
            "| a | NULL | done |\n| b | NULL | pending |"
        ),
        "1 row(s) returned:\n\n| n |\n| --- |\n| 1 |",
        "2 row(s) deleted.",
        "Query returned 0 rows.",
        "Query executed successfully. Rows affected: 0.",
        "Schema operation completed successfully.",
    ]


async def test_several_statements_are_run_one_after_the_other(start: Start, join: Join) -> None:
    client = await join(start(queries("CREATE TABLE n (x); INSERT INTO n VALUES (';'); SELECT x FROM n")))
    await client.open()
    (result,) = await ran(client)
    assert result == (
        "Executed 3 statement(s):\n\n1. CREATE\n   Schema operation completed successfully.\n\n"
        "2. INSERT\n   1 row(s) inserted. Last inserted row ID: 1.\n\n"
        "3. SELECT\n   1 row(s) returned:\n   \n   | x |\n   | --- |\n   | ; |"
    )


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELEC", 'near "SELEC": syntax error'),
        (" ; ", "The query is empty."),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
    ],
)
async def test_the_model_learns_what_is_wrong(start: Start, join: Join, query: str, problem: str) -> None:
    client = await join(start(queries(query)))
    await client.open()
    assert await ran(client) == [problem]


async def test_the_database_is_there_again_when_the_session_is_resumed(start: Start, join: Join) -> None:
    client = await join(
        start(queries("CREATE TABLE n AS SELECT 7 AS x", "SELECT 1") + queries("SELECT x FROM n"))
    )
    await client.open()
    await client.turn("go")
    await client.call("session.destroy")
    await client.call("session.resume")
    client.events.clear()
    client._read = 0
    assert await ran(client) == ["1 row(s) returned:\n\n| x |\n| --- |\n| 7 |"]


async def test_clients_read_the_todos_of_the_agent(start: Start, join: Join) -> None:
    script = queries(
        "INSERT INTO todos (id, title) VALUES ('a', 'One'), ('b', 'Two')",
        "INSERT INTO todo_deps VALUES ('b', 'a')",
        "SELECT * FROM todos",
        "CREATE TABLE other (x)",
    )
    client = await join(start(script))
    await client.open()
    empty = await client.call("session.plan.readSqlTodosWithDependencies")
    assert empty == {"rows": [], "dependencies": []}
    await client.turn("plan")
    rows = (await client.call("session.plan.readSqlTodos"))["rows"]
    assert [(row["id"], row["title"], row["status"]) for row in rows] == [
        ("a", "One", "pending"),
        ("b", "Two", "pending"),
    ]
    full = await client.call("session.plan.readSqlTodosWithDependencies")
    assert full == {"rows": rows, "dependencies": [{"todoId": "b", "dependsOn": "a"}]}
    assert len(client.of("session.todos_changed")) == 2


@pytest.mark.parametrize("word", ["ATTACH", "VACUUM"])
async def test_no_other_file_is_written(start: Start, join: Join, tmp_path: Path, word: str) -> None:
    other = tmp_path / "other.db"
    statement = {"ATTACH": f"attach DATABASE '{other}' AS o", "VACUUM": f"vacuum INTO '{other}'"}[word]
    client = await join(start(queries(f"SELECT 1; {statement}")))
    await client.open()
    (problem,) = await ran(client)
    assert problem == f'Blocked SQL statement: "{word}" is not allowed for security reasons.'
    assert not other.exists()
