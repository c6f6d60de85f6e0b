"""Which generated module a type lives in.

A type belongs to the one namespace, or the one event family, that reaches it; what two or more reach is
shared. So no namespace's module imports another's. Among the shared types:

- What events reach is kept by the families that reach it, as it stands in the way of a session's first event:
  a family loads no type that it cannot reach. What such a type refers to is reached by the same families or
  by more, so the import graph has no cycle.
- What methods alone reach stays together with what it refers to, and a large group of such types has a module
  of its own: nobody pays for a group without using it, and no group imports another.

What no method or event reaches stands apart, and nobody imports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codegen.ir import Method, ObjectDef, Protocol, Scope, closure, definition_references, method_references
from codegen.naming import snake

SHARED = "types.shared"
UNREACHED = "types.unreached"

_OWN_MODULE = 4
"""How many classes make a group of shared types large: their creation costs more than a further module."""


def namespace(method: Method) -> str:
    """Stem of the modules that a method belongs to.

    `session_tasks`, `server_mcp`, `client_canvas`; `session` for root methods; `session_internal_queue` for internal
    ones.
    """
    root = "client" if method.scope.inbound else root_module(method.scope, internal=method.internal)
    return f"{root}_{method.path[0]}" if method.path else root


def root_module(scope: Scope, *, internal: bool) -> str:
    """The module of the methods without a namespace, those that a client calls."""
    return f"{scope.value}_internal" if internal else scope.value


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
        for name in closure(names, protocol.types):
            reached[name].add(module)
    owners = {name: _owner(by) for name, by in reached.items()}
    shared = {name: _families(reached[name]) for name, owner in owners.items() if owner == SHARED}
    by_family = {
        name: "_".join([SHARED, "events", *families]) for name, families in shared.items() if families
    }
    return Owners(owners | by_family | _groups({*shared} - {*by_family}, protocol))


def _families(reached_by: set[str]) -> list[str]:
    return sorted(module.removeprefix("events.") for module in reached_by if module.startswith("events."))


def shared_group(module: str) -> bool:
    """True for the module of a group of shared types."""
    return module.startswith(f"{SHARED}_")


def _groups(names: set[str], protocol: Protocol) -> dict[str, str]:
    """The modules of the types that methods share; a large group's is named after the type nobody refers to."""
    references = {name: names & set(definition_references(protocol.types[name])) for name in sorted(names)}
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
