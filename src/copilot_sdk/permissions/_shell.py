"""The policy for shell commands: what a command line runs, as far as that is certain, and what is allowed of it."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from copilot_sdk.errors import UsageError
from copilot_sdk.permissions._policy import Policy, allow_if

if TYPE_CHECKING:
    from copilot_sdk._generated.copilot.types import PermissionRequest, PermissionRequestShell

# shlex does not tell a quoted operator from one that separates commands. This reads less than a shell does: what
# has expansions, substitutions, redirections, escapes or groups, or runs in the background, is not read at all.
_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t]+)
    | (?P<operator>&&|\|\||[;|\n])
    | (?P<word>(?:[^\s'"$`\\!(){}<>|&;\#~]+ | '[^'\n]*' | "[^"$`\\!\n]*")+)
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")
_WILDCARDS = re.compile(r"[*?\[]")
_POSIX_SHELLS = {"bash", "sh", "dash", "zsh"}


class Word(NamedTuple):
    """A word of a command.

    Attributes:
        text: The word without its quotes.
        expands: True if the shell may put names of files in its place.
    """

    text: str
    expands: bool


def allow_commands(*patterns: str) -> Policy:
    """Allow shell commands that fit a pattern, and abstain from all others.

    A pattern is a command as one would type it, such as `git status`. `*` and `?` in a word stand for characters
    of one word, and a `*` that is the last word for any further words: `git log *` fits `git log` and
    `git log --oneline`, and trusts whatever `git log` can be told to do.

    A line of several commands, joined by `;`, `&&`, `||`, `|` or new lines, is allowed if each of them fits. What is
    not plain words and quotes fits no pattern: variables, substitutions, redirections, escapes, background jobs.

    Args:
        patterns: The patterns.

    Raises:
        UsageError: There is no pattern, or one is no plain command that begins with the name of a program.
    """
    allowed = [_parsed_pattern(pattern) for pattern in patterns]
    if not allowed:
        raise UsageError("name the commands that are allowed")

    def holds(request: PermissionRequest) -> bool:
        from copilot_sdk._generated.copilot.types import PermissionRequestShell

        return (
            isinstance(request, PermissionRequestShell)
            and _is_certain(request)
            and all(_is_allowed(text, allowed) for text in _texts(request))
        )

    return allow_if(holds, f"allow_commands({', '.join(map(repr, patterns))})")


def commands_of(line: str) -> list[list[Word]] | None:
    """The commands of a line of shell.

    Returns:
        None if it cannot be told for sure what the line runs.
    """
    tokens: list[tuple[str, Word]] = []
    position = 0
    while position < len(line):
        found = _TOKEN.match(line, position)
        if found is None or not all(c.isprintable() or c in "\t\n" for c in found[0]):
            return None
        position = found.end()
        if found.lastgroup != "blank":
            tokens.append((str(found.lastgroup), _word(found[0])))
    groups = [
        (kind, [word for _, word in group]) for kind, group in groupby(tokens, key=lambda item: item[0])
    ]
    for kind, words in groups:
        joints = [word.text for word in words if word.text != "\n"]
        if kind == "operator" and len(joints) > 1:
            return None
    return [words for kind, words in groups if kind == "word"] or None


def _word(raw: str) -> Word:
    bare = _QUOTED.sub("", raw)
    return Word(_QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", raw), bool(_WILDCARDS.search(bare)))


def _parsed_pattern(pattern: str) -> list[str]:
    commands = commands_of(pattern)
    if commands is None or len(commands) != 1:
        raise UsageError(f"{pattern!r} is no pattern of a command: it has to be one command of plain words")
    words = [word.text for word in commands[0]]
    if _WILDCARDS.search(words[0]) or "=" in words[0]:
        raise UsageError(
            f"{pattern!r} is no pattern of a command: it has to begin with the name of a program"
        )
    return words


def _is_certain(request: PermissionRequestShell) -> bool:
    segments = request.command_segments or ()
    return not (
        request.has_write_file_redirection
        or (request.shell_type is not None and request.shell_type not in _POSIX_SHELLS)
        or any(segment.has_unbound_executable_content for segment in segments)
    )


def _texts(request: PermissionRequestShell) -> list[str]:
    # The runtime's own parts leave out redirections and loops, so that they never replace the whole text.
    return [request.full_command_text, *(part.full_command_text for part in request.command_segments or ())]


def _is_allowed(text: str, patterns: list[list[str]]) -> bool:
    commands = commands_of(text)
    return commands is not None and all(
        any(_fits(command, pattern) for pattern in patterns) for command in commands
    )


def _fits(command: list[Word], pattern: list[str]) -> bool:
    # A wildcard in the place of the program would be expanded to whatever lies in the folder.
    if command[0].expands or command[0].text != pattern[0]:
        return False
    if pattern[1:] and pattern[-1] == "*":
        pattern, command = pattern[:-1], [*command[: len(pattern) - 1]]
    return len(command) == len(pattern) and all(map(_word_fits, command, pattern))


def _word_fits(word: Word, pattern: str) -> bool:
    if word.text == pattern:
        return True
    # `build/*` is not meant to reach what `build/../..` is, nor what the shell makes of `build/?`.
    return not word.expands and ".." not in word.text.split("/") and fnmatchcase(word.text, pattern)
