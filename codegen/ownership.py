"""Which generated module a type lives in.

A type belongs to the one namespace, or the one event family, that reaches it; what two or more reach is
shared. So no namespace's module imports another's, and the import graph has no cycle. What no method or event
reaches stands apart, and nobody imports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from codegen.ir import Method, Protocol, Scope, definition_references, method_references

SHARED = "types.shared"
UNREACHED = "types.unreached"


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
    return Owners({name: _owner(by) for name, by in reached.items()})


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
