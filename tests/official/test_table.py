"""The page about the official SDK is what its rows give, and points to what there is."""

from __future__ import annotations

import pytest

from tests.official import table, wire
from tests.official.ours import NoSuchName, find
from tests.official.page import PAGE, grouped, written
from tests.official.table import Chapter, Row, Table, Verdict

TABLE = table.load()


def of_rows(*rows: Row, names: str = "Client Client.start Client.stop Client.stop(force)") -> Table:
    return Table(names.split(), [Chapter("All", rows)])


def row(*theirs: str, verdict: Verdict = Verdict.HAVE) -> Row:
    return Row(theirs=theirs, verdict=verdict)


def test_every_name_of_the_official_sdk_has_a_row_and_every_row_a_name() -> None:
    assert list(TABLE.problems()) == []


def test_the_page_is_what_the_rows_give() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert written(text, TABLE, wire.Wire.recorded(), wire.ours()) == text
    assert f"`github-copilot-sdk` {wire.Wire.recorded().version}," in text


@pytest.mark.parametrize("own", TABLE.rows, ids=lambda own: own.theirs[0])
def test_what_a_row_points_to_is_there(own: Row) -> None:
    for name in TABLE.counterparts(own):
        find(name)


def test_a_name_without_a_row_is_a_problem() -> None:
    assert list(of_rows(row("Client", "Client.stop*")).problems()) == ["Client.start has no row"]


def test_a_name_in_two_rows_or_in_none_of_theirs_is_a_problem() -> None:
    rows = (row("Client", "Client.*"), row("Client", "Client.pause"))
    assert list(of_rows(*rows).problems()) == ["Client.pause stands for nothing", "Client is in 2 rows"]


def test_a_verdict_that_has_to_be_explained_needs_a_note() -> None:
    rows = (row("Client"), row("Client.*", verdict=Verdict.NOT))
    assert list(of_rows(*rows).problems()) == ["Client.*: not without a note"]


def test_a_name_comes_before_patterns_and_an_earlier_pattern_before_a_later_one() -> None:
    first, second = row("*.st*", "Client"), row("Client.*", "Client.start")
    made = of_rows(first, second)
    assert made.names_of(first) == ["Client.stop", "Client.stop(force)", "Client"]
    assert made.names_of(second) == ["Client.start"]


def test_members_and_arguments_are_looked_up_below_ours() -> None:
    own = Row(theirs=["Client.*"], ours=["CopilotClient"], alike=True, verdict=Verdict.HAVE)
    made = of_rows(own, names="Client.runtimeVersion Client.ping(message)")
    assert list(made.counterparts(own)) == [
        "CopilotClient",
        "CopilotClient.ping(message)",
        "CopilotClient.runtime_version",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Session.close",
        "CopilotClient.create_session(tools)",
        "CopilotClient.create_session(model)",
        "CopilotClient.connect(token)",
        "client.rpc.mcp.config.list",
        "session.rpc.tasks.cancel(id)",
        "types.Model.vendor",
        "ToolInvocation.session_id",
        "providers.Handlers.canvas",
        "permissions.approve_all",
    ],
)
def test_a_name_of_ours_is_found(name: str) -> None:
    find(name)


@pytest.mark.parametrize(
    "name",
    [
        "Session.clothes",
        "CopilotClient.create_session(modle)",
        "client.rpc.mcp.konfig",
        "session.rpc.tasks.cancel(identity)",
        "types.Model.vendour",
        "nothing",
    ],
)
def test_a_name_that_is_not_ours_is_not_found(name: str) -> None:
    with pytest.raises(NoSuchName):
        find(name)


def test_names_of_one_owner_stand_together() -> None:
    names = "Client Client.start Client.stop(force) Client.stop(now) tools.Tool StopError.message"
    assert list(grouped(names.split())) == [
        "`Client`: `start`",
        "`Client.stop()`: `force`, `now`",
        "`tools.Tool`",
        "`StopError.message`",
    ]
