"""Which generated module a type lives in.

A type belongs to the one namespace, or the one event family, that reaches it; what two or more reach is
shared. So no namespace's module imports another's, and the import graph has no cycle. Shared types that refer
to each other stay together, and a large group of them has a module of its own: nobody pays for a group
without using it, and no group imports another. What no method or event reaches stands apart, and nobody
imports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from codegen.ir import Method, ObjectDef, Protocol, Scope, definition_references, method_references
from codegen.naming import snake

SHARED = "types.shared"
UNREACHED = "types.unreached"

_OWN_MODULE = 4
"""How many classes make a group of shared types large: their creation costs more than a further module."""


def namespace(method: Method) -> str:
    """Stem of the modules that a method belongs to.

    `session_tasks`, `server_mcp`, `client_canvas`; `session` for root methods.
    """
    prefix = {
        Scope.SERVER: "server",
        Scope.SESSION: "session",
        Scope.CLIENT_SESSION: "client",
        Scope.CLIENT_GLOBAL: "client",
    }[method.scope]
    return f"{prefix}_{method.path[0]}" if method.path else prefix


@dataclass(frozen=True, slots=True)
class Owners:
    """The module of every type, as a dotted path below the generated package."""

    modules: Mapping[str, str]

    def of(self, name: str) -> str:
        """Module of a type."""
        return self.modules[name]

    def members(self, module: str) -> list[str]:
        """Names of the types in a module."""
        return [name for name, owner in self.modules.items() if owner == module]


def assign(protocol: Protocol) -> Owners:
    """Give every type of a protocol its module."""
    roots: dict[str, list[str]] = {}
    for method in protocol.methods:
        roots.setdefault(f"types.{namespace(method)}", []).extend(method_references(method))
    for event in protocol.events:
        roots.setdefault(f"events.{event.family}", []).append(event.data.name)
    reached: dict[str, set[str]] = {name: set() for name in protocol.types}
    for module, names in roots.items():
        for name in _closure(names, protocol):
            reached[name].add(module)
    owners = {name: _owner(by) for name, by in reached.items()}
    shared = [name for name, owner in owners.items() if owner == SHARED]
    return Owners(owners | _groups(shared, protocol))


def shared_group(module: str) -> bool:
    """True for the module of a group of shared types."""
    return module.startswith(f"{SHARED}_")


def _groups(shared: list[str], protocol: Protocol) -> dict[str, str]:
    """The modules of those shared types that belong to a large group, named after the type nobody refers to."""
    references = {name: set(definition_references(protocol.types[name])) for name in shared}
    modules: dict[str, str] = {}
    for group in _connected(references):
        if sum(isinstance(protocol.types[name], ObjectDef) for name in group) >= _OWN_MODULE:
            inner = {target for name in group for target in references[name] - {name}}
            root = min(group - inner or group)
            modules |= dict.fromkeys(group, f"{SHARED}_{snake(root)}")
    return modules


def _connected(references: Mapping[str, set[str]]) -> list[set[str]]:
    """The groups of names that refer to each other, directly or over others."""
    groups: list[set[str]] = []
    for name, targets in references.items():
        joined = {name, *targets}
        apart = []
        for group in groups:
            if group.isdisjoint(joined):
                apart.append(group)
            else:
                joined |= group
        groups = [*apart, joined]
    return groups


def _owner(reached_by: set[str]) -> str:
    match sorted(reached_by):
        case []:
            return UNREACHED
        case [module]:
            return module
        case _:
            return SHARED


def _closure(names: Iterable[str], protocol: Protocol) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(definition_references(protocol.types[name]))
    return found
