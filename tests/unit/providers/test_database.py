"""The database of a session: the kinds of statements, transactions, threads."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from copilot_sdk.providers import Database


@pytest.fixture(params=["file", "memory"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    made = Database(tmp_path / "new" / "session.db" if request.param == "file" else None)
    assert not made.exists()
    made.query("CREATE TABLE t (n INTEGER PRIMARY KEY, s TEXT); CREATE TABLE u (b);", "exec", None)
    return made


def test_a_database_exists_from_its_first_use(database: Database) -> None:
    assert database.exists()


def test_a_statement_that_changes_tells_what_it_changed(database: Database) -> None:
    first = database.query("INSERT INTO t (s) VALUES (:s), ('y')", "run", {"s": "x"})
    assert (first.rows_affected, first.last_insert_rowid, first.rows) == (2, 2, [])
    assert database.query("UPDATE t SET s = $s", "run", {"$s": "z"}).rows_affected == 2


def test_a_query_gives_rows_by_column_and_bytes_as_base64(database: Database) -> None:
    database.query("INSERT INTO t (s) VALUES (NULL); INSERT INTO u VALUES (x'00ff')", "exec", None)
    found = database.query("SELECT n, s, b FROM t, u", "query", None)
    assert (found.columns, found.rows) == (["n", "s", "b"], [{"n": 1, "s": None, "b": "AP8="}])
    assert found.rows_affected == 0


def test_a_semicolon_in_a_text_or_a_trigger_ends_no_statement(database: Database) -> None:
    script = """
        INSERT INTO t (s) VALUES ('a;b');
        CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; INSERT INTO u VALUES (1); END;
        -- the end;
        INSERT INTO t (s) VALUES ('c')
    """
    database.query(script, "exec", None)
    assert [row["s"] for row in database.query("SELECT s FROM t", "query", None).rows] == ["a;b", "c"]


def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    insert = ("INSERT INTO t (n) VALUES (:n)", "run", {"n": 1})
    with pytest.raises(sqlite3.IntegrityError):
        database.transaction(
            [("INSERT INTO u VALUES (1); INSERT INTO u VALUES (2)", "exec", None), insert, insert]
        )
    count = ("SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM u) AS n", "query", None)
    results = database.transaction([count, insert, count])
    assert [result.rows for result in results] == [[{"n": 0}], [], [{"n": 1}]]


def test_threads_may_share_a_database(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: database.query("INSERT INTO t (s) VALUES ('x')", "run", None), range(50)))
    assert database.query("SELECT count(*) AS n FROM t", "query", None).rows == [{"n": 50}]


def test_the_file_is_closed_when_nobody_has_the_database(tmp_path: Path) -> None:
    database = Database(tmp_path / "session.db")
    database.query("CREATE TABLE t (n)", "exec", None)
    connection = database._connection
    assert connection is not None
    del database
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
