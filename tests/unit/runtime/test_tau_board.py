"""What the daemon of tau keeps: the tree of sessions, the board of tasks, and queues of listeners."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from copilot_sdk._generated.tau.types import OkResponse, StatusEvent, StreamResponse
from copilot_sdk.runtime.core.faults import RuntimeFault
from copilot_sdk.runtime.tau import channel
from copilot_sdk.runtime.tau.board import Board
from copilot_sdk.runtime.tau.channel import Channel
from copilot_sdk.runtime.tau.faults import UnknownSession, UnknownTask
from copilot_sdk.runtime.tau.tree import Counts, Node, Tree


def test_a_tree_is_read_back_as_it_was(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree.json")
    tree.add(Node(tree.new_id(), "/a", project_name="p", tokens=Counts(1, 2, 3, 4)))
    tree.add(Node(tree.new_id(), "/b", parent_id="s1", archived=True))
    tree.found("p", "/a")
    tree.found("p", "/elsewhere")
    again = Tree(tmp_path / "tree.json")
    assert list(again) == list(tree)
    assert again.projects == {"p": "/a"}
    again.remove("s2")
    assert again.new_id() == "s3"
    with pytest.raises(UnknownSession, match="s2"):
        again["s2"]


def test_no_more_than_64_sessions_above_one_are_told(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree.json")
    for number in range(1, 71):
        tree.add(Node(f"s{number}", "/", parent_id=f"s{number - 1}"))
    assert [node.id for node in tree.ancestors("s70")] == [f"s{number}" for number in range(70, 6, -1)]


def test_a_board_is_read_back_as_it_was(tmp_path: Path) -> None:
    board = Board(tmp_path / "board.json")
    one, two = board.file("p", "one", tags=["t"]), board.file("p", "two", parent_id=1, priority=5)
    board.relate(2, 1, "depends_on")
    board.change(two, "s1", {"state": "ready", "affected_files": ["a"]})
    board.assign(two, "s2", "worker")
    board.remark(one, "hm", None)
    again = Board(tmp_path / "board.json")
    assert list(again) == list(board)
    assert again.relations == board.relations
    assert [task.id for task in again.of("p")] == [2, 1]
    assert [task.id for task in again.needs(again[2])] == [1]


def test_tasks_cannot_wait_for_each_other_in_a_circle(tmp_path: Path) -> None:
    board = Board(tmp_path / "board.json")
    for title in ("one", "two", "three"):
        board.file("p", title)
    board.relate(1, 2, "depends_on")
    board.relate(3, 2, "blocks")
    for first, relation, second in ((2, "blocks", 3), (3, "depends_on", 1), (1, "depends_on", 1)):
        with pytest.raises(RuntimeFault, match="already"):
            board.relate(first, second, relation)
    board.relate(1, 1, "related")
    with pytest.raises(RuntimeFault, match="none of depends_on"):
        board.relate(1, 2, "likes")
    with pytest.raises(UnknownTask):
        board.relate(1, 9, "related")
    board.change(board[3], None, {"state": "done"})
    assert board.needs(board[2]) == []


async def test_a_listener_that_is_much_too_slow_gets_what_waits_and_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "_MOST_WAITING", 2)
    told = Channel()
    slow, chat = told.listen(), told.listen(prompt="p1")
    told.tell(OkResponse(), prompt="p1")
    told.tell(OkResponse(), followers_only=True)
    told.tell(StreamResponse(event=StatusEvent(message="x")))
    assert [await slow.next() for _ in range(3)] == [OkResponse(), OkResponse(), None]
    assert await chat.next() == StreamResponse(event=StatusEvent(message="x"))


async def test_who_takes_nothing_holds_the_agent_back_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "_FAR_BEHIND", 1)
    told = Channel()
    stuck, slow = told.listen(), told.listen()
    for _ in range(2):
        told.tell(OkResponse())
    waiting = asyncio.create_task(told.caught_up())
    await asyncio.sleep(0)
    await slow.next()
    await asyncio.sleep(0)
    assert not waiting.done()
    await stuck.next()
    await waiting
    monkeypatch.setattr(channel, "_STUCK_SECONDS", 0.01)
    told.tell(OkResponse())
    await told.caught_up()
    assert stuck.lost
    assert slow.lost
