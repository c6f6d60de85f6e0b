"""What rules cover, and what a line of shell runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from copilot_sdk.runtime.core.permission_rules import Ask, Rule, managed_rule
from copilot_sdk.runtime.core.shell_text import changes_files, segments, writes_by_redirection

FOLDER = Path("/garden")


def _shell(command: str) -> Ask:
    return Ask({"kind": "shell"}, {"kind": "commands"}, argument=command)


@pytest.mark.parametrize(
    ("argument", "command", "permitted"),
    [
        (None, "rm -r /", True),
        ("git log", "git log --oneline", True),
        ("git log --oneline", "git log --oneline", True),
        ("git:*", "git log", True),
        ("git log", "git push", False),
        ("git", "gitk", False),
        ("git log", "git log && rm -r .", False),
        ("git log", "git log $(rm -r .)", False),
        ("git log", "git log > /etc/passwd", False),
        ("ls", "ls; ls -l", True),
    ],
)
def test_a_rule_permits_a_command_line_only_as_a_whole(
    argument: str | None, command: str, permitted: bool
) -> None:
    assert Rule("shell", argument).permits(_shell(command), FOLDER) is permitted


@pytest.mark.parametrize(
    ("command", "forbidden"),
    [("rm x", True), ("ls && rm x", True), ("echo 'rm x'", False), ("ls", False), ("rm 'unfinished", True)],
)
def test_a_rule_forbids_a_command_wherever_it_stands(command: str, forbidden: bool) -> None:
    assert Rule("shell", "rm").forbids(_shell(command), FOLDER) is forbidden


def test_a_rule_for_a_path_knows_it_by_all_its_names() -> None:
    ask = Ask({"kind": "write"}, {"kind": "write"}, argument="/garden/pond.txt")
    assert Rule("write", "bed/../pond.txt").permits(ask, FOLDER)
    assert not Rule("write", "bed.txt").permits(ask, FOLDER)
    assert not Rule("read", "pond.txt").permits(ask, FOLDER)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Shell(rm)", Rule("shell", "rm")),
        ("Read", Rule("read")),
        ("Edit(a.txt)", Rule("write", "a.txt")),
        ("Domain", Rule("url")),
        ("Mcp(shop)", Rule("shop")),
        ("Mcp(shop/sell)", Rule("shop", "sell")),
        ("CustomTool(dig)", Rule("custom-tool", "dig")),
    ],
)
def test_rules_of_an_administrator_are_read(text: str, rule: Rule) -> None:
    assert managed_rule(text).rule == rule


def test_a_rule_for_a_domain_knows_its_addresses() -> None:
    rule = managed_rule("Domain(*.example.com)").rule
    near = Ask({"kind": "url"}, {"kind": "url"}, argument="https://www.example.com/page")
    far = Ask({"kind": "url"}, {"kind": "url"}, argument="https://example.org")
    assert rule.permits(near, FOLDER)
    assert not rule.forbids(far, FOLDER)


@pytest.mark.parametrize(
    ("line", "identifiers"),
    [
        ("git log | head -3", ["git log", "head"]),
        ("a && b; c\nd", ["a", "b", "c", "d"]),
        ("echo x 2> err > out", ["echo"]),
        ("echo 'unfinished", ["echo"]),
    ],
)
def test_a_line_is_taken_apart_into_its_commands(line: str, identifiers: list[str]) -> None:
    assert [segment.identifier for segment in segments(line)] == identifiers


@pytest.mark.parametrize(
    ("line", "changes", "redirects"),
    [
        ("ls -l", False, False),
        ("ls > out", True, True),
        ("ls 2> /dev/null", False, False),
        ("ls > 'out", True, True),
        ("rm x", True, False),
        ("sed -i s/a/b/ x", True, False),
        ("sed s/a/b/ x", False, False),
    ],
)
def test_it_is_told_by_its_text_whether_a_line_changes_files(
    line: str, changes: bool, redirects: bool
) -> None:
    assert (changes_files(line), writes_by_redirection(line)) == (changes, redirects)
