"""What a line of shell runs, as far as can be told from its text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from copilot_sdk.permissions._shell import commands_of

_SEPARATORS = frozenset({";", "&", "&&", "|", "||", "|&", ";;", "(", ")"})
# The second word of these tells what they do.
_FAMILIES = frozenset(
    {"git", "gh", "npm", "npx", "yarn", "pnpm", "pip", "uv", "cargo", "go", "docker", "kubectl"}
)
_CHANGING = frozenset(
    {"chmod", "chown", "cp", "dd", "install", "ln", "mkdir", "mkfifo", "mktemp", "mv", "patch"}
    | {"rm", "rmdir", "rsync", "shred", "tee", "touch", "truncate", "unlink"}
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One command of a line.

    Attributes:
        text: Its text, without redirections.
        identifier: The program, with its second word where that tells what it does.
    """

    text: str
    identifier: str


def segments(line: str) -> list[Segment]:
    """The commands of a line; the line itself where it cannot be taken apart."""
    try:
        found = [Segment(" ".join(words), _identifier(words)) for words in _commands(line) if words]
    except ValueError:
        found = []
    return found or [Segment(line, line.split(" ", maxsplit=1)[0])]


def is_plain(line: str) -> bool:
    """Whether it is certain that a line runs its `segments` and nothing else."""
    return commands_of(line) is not None


def writes_by_redirection(line: str) -> bool:
    """Whether a line redirects output into a file."""
    try:
        tokens = list(_tokens(line))
    except ValueError:
        return ">" in line
    targets = zip(tokens, [*tokens[1:], ""], strict=True)
    return any(_is_redirection(token) and ">" in token and target != "/dev/null" for token, target in targets)


def changes_files(line: str) -> bool:
    """Whether a line looks as if it changed files: programs for that, options for that, redirections."""
    if writes_by_redirection(line):
        return True
    return any(
        segment.identifier in _CHANGING
        or (
            segment.identifier in ("sed", "perl")
            and any(word.startswith("-i") for word in segment.text.split())
        )
        for segment in segments(line)
    )


def _tokens(line: str) -> Iterator[str]:
    lexer = shlex.shlex(line, posix=False, punctuation_chars="();<>|&")
    lexer.whitespace_split, lexer.commenters = True, ""
    return iter(lexer)


def _commands(line: str) -> Iterator[list[str]]:
    words: list[str] = []
    skip = False
    for token in _tokens(line.replace("\n", " ; ")):
        if token in _SEPARATORS:
            yield words
            words = []
        elif _is_redirection(token):
            skip = True
            if words and words[-1].isdecimal():
                words.pop()
        elif skip:
            skip = False
        else:
            words.append(token)
    yield words


def _is_redirection(token: str) -> bool:
    return bool(token) and set(token) <= {"<", ">", "&", "|"} and token not in _SEPARATORS


def _identifier(words: list[str]) -> str:
    program = words[0]
    if program in _FAMILIES and len(words) > 1 and not words[1].startswith("-"):
        return f"{program} {words[1]}"
    return program
