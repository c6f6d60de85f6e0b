"""Standing decisions on permission requests: rules, and approvals that users gave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from copilot_sdk._model.json_values import texts_in
from copilot_sdk.runtime.core.addresses import AddressPattern, read_address
from copilot_sdk.runtime.core.managed.rules import read_rule
from copilot_sdk.runtime.core.shell_text import Segment, is_plain, segments

Json = Mapping[str, object]

_MANAGED_KINDS = {"shell": "shell", "bash": "shell", "powershell": "shell", "edit": "write"}


@dataclass(frozen=True, slots=True)
class Ask:
    """What a tool wants to do.

    Attributes:
        request: The wire's `permissionRequest`.
        prompt: The wire's `promptRequest`, which is made for people.
        approval: What an approval for the session covers; None if it cannot be given for the session.
        argument: What permission rules are compared with: a command line, a path, an address, the name of a tool.
    """

    request: Json
    prompt: Json
    approval: Json | None = None
    argument: str = ""

    @property
    def kind(self) -> str:
        """What is asked for; `path` where it is only about a path outside of all directories."""
        return "path" if self.prompt.get("kind") == "path" else str(self.request.get("kind"))

    @property
    def rule_kind(self) -> str:
        """What rules call it: tools of MCP servers go by the name of their server."""
        return str(self.request.get("serverName")) if self.kind == "mcp" else self.kind


@dataclass(frozen=True, slots=True)
class Rule:
    """A standing decision: on a kind of request, and if `argument` or `address` is given only on that one."""

    kind: str
    argument: str | None = None
    address: AddressPattern | None = None

    def __str__(self) -> str:
        return self.kind if self.argument is None else f"{self.kind}({self.argument})"

    def forbids(self, ask: Ask, folder: Path) -> bool:
        """Whether the rule, as one that forbids, speaks about a request or a part of it."""
        if self.kind != ask.rule_kind:
            return False
        if ask.kind == "shell":
            return any(self._fits(segment) for segment in _parts(ask.argument))
        return self._names(ask, folder)

    def permits(self, ask: Ask, folder: Path) -> bool:
        """Whether the rule, as one that permits, covers all of a request.

        Args:
            ask: The request.
            folder: Where relative paths begin.
        """
        if self.kind != ask.rule_kind:
            return False
        if ask.kind == "shell" and self.argument not in (None, ask.argument):
            return is_plain(ask.argument) and all(self._fits(part) for part in segments(ask.argument))
        return self._names(ask, folder)

    def _names(self, ask: Ask, folder: Path) -> bool:
        if self.address is not None:
            address = read_address(ask.argument)
            return address is not None and self.address.fits(address)
        if self.argument in (None, ask.argument):
            return True
        is_path = ask.kind in ("read", "write")
        return is_path and (folder / str(self.argument)).resolve() == Path(ask.argument)

    def _fits(self, segment: Segment) -> bool:
        """Whether the rule names a command: by its program, by its text, or by how it begins (`git log:*`)."""
        argument = self.argument
        if argument is None or argument in (segment.identifier, segment.text):
            return True
        start = argument.removesuffix(":*")
        return start != argument and (segment.text == start or segment.text.startswith(f"{start} "))


@dataclass(frozen=True, slots=True)
class ManagedRule:
    """A rule of an administrator, with the text that it was written as."""

    text: str
    rule: Rule

    def __str__(self) -> str:
        return self.text


def managed_rule(text: str) -> ManagedRule:
    """Reads a rule of an administrator, such as `Shell(rm)`.

    Raises:
        BadRule: It is none.
    """
    found = read_rule(text)
    argument = found.argument
    match found.family:
        case "mcp" if argument is not None:
            server, _, tool = argument.partition("/")
            return ManagedRule(text, Rule(server, tool or None))
        case "customtool":
            return ManagedRule(text, Rule("custom-tool", argument))
        case "domain":
            return ManagedRule(text, Rule("url", None, found.address))
        case family:
            return ManagedRule(text, Rule(_MANAGED_KINDS.get(family, family), argument))


def rules_of(approval: Json) -> list[Rule]:
    """An approval as the rules that it comes to, for people to read."""
    match approval.get("kind"):
        case "commands":
            return [Rule("shell", name) for name in texts_in(approval.get("commandIdentifiers"))]
        case "mcp":
            tool = approval.get("toolName")
            return [Rule(str(approval.get("serverName")), None if tool is None else str(tool))]
        case "custom-tool":
            return [Rule("custom-tool", str(approval.get("toolName")))]
        case kind:
            return [Rule(str(kind))]


def is_approved(ask: Ask, approvals: Iterable[Json]) -> bool:
    """Whether one of the approvals covers a request."""
    wanted = ask.approval
    return wanted is not None and any(_covers(approval, wanted) for approval in approvals)


def _covers(approval: Json, wanted: Json) -> bool:
    if approval.get("kind") != wanted.get("kind"):
        return False
    if approval.get("kind") == "commands":
        return set(texts_in(wanted.get("commandIdentifiers"))) <= set(
            texts_in(approval.get("commandIdentifiers"))
        )
    # An approval that leaves a member open, or null, covers every value of it.
    return all(approval.get(key) in (None, value) for key, value in wanted.items())


def _parts(line: str) -> list[Segment]:
    """The commands of a line, and the line as a whole."""
    return [*segments(line), Segment(line, line)]
