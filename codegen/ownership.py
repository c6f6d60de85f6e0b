"""Which generated module a type lives in.

Creating a model's class costs as much as importing a module, so a module holds what is used together:

- An event has a module of its own, for its class and the types that it alone reaches.
- A namespace has one for the types that its methods alone reach. Where they are many, what one method alone
  reaches has a module of the method's.
- What a notification brings, where a tag tells what, is loaded as an event is: each branch has a module for what it
  alone reaches.
- What several events, branches or namespaces reach is shared, and types reached by the same ones stand together: nobody
  loads a shared type without reaching it. What such a type refers to is reached by the same users or by more, so
  the import graph has no cycle.

So no namespace's module imports another's. What no method or event reaches stands apart, and nobody imports it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from codegen.frontends.unions import objects
from codegen.ir import (
    Const,
    EnumDef,
    Event,
    Method,
    ObjectDef,
    Protocol,
    Ref,
    Scope,
    TypeDef,
    UnionDef,
    closure,
    definition_references,
    method_references,
)
from codegen.naming import snake

SHARED = "types.shared_"
UNREACHED = "types.unreached"
FRAMES = "types.frames"
"""What can be sent in a protocol of tagged frames, as far as no method reaches it."""

_OWN_MODULES = 16
"""How many classes of a namespace stand in one module: with more, its methods have modules of their own."""


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


def method_module(method: Method) -> str:
    """The module of a method whose namespace has many types: `types.session_mcp_oauth_login`."""
    return f"types.{'_'.join((namespace(method), *method.path[1:], method.name))}"


def branches(method: Method, types: Mapping[str, TypeDef]) -> Mapping[str, str]:
    """What a notification brings by its tag, as names of types; nothing where no tag tells."""
    params = types.get(method.params.name) if method.params and method.notification else None
    for field in params.fields if isinstance(params, ObjectDef) and method.scope.inbound else ():
        union = types.get(field.type.name) if isinstance(field.type, Ref) else None
        if isinstance(union, UnionDef) and union.discriminator:
            return {
                str(tag.type.value): branch.name
                for branch in objects(union.name, types)
                for tag in branch.fields
                if tag.wire == union.discriminator and isinstance(tag.type, Const)
            }
    return {}


def branch_module(method: Method, tag: str) -> str:
    """The module of a branch of what a notification brings: `types.client_session_update_agent_message_chunk`."""
    return f"{method_module(method)}_{snake(tag)}"


def event_module(event: Event) -> str:
    """The module of an event: `assistant.message_delta` is `events.assistant_message_delta`."""
    return f"events.{snake(event.wire.replace('.', '_'))}"


@dataclass(frozen=True, slots=True)
class Owners:
    """The module of every type, as a dotted path below the generated package.

    Args:
        modules: The module by the name of the type.
        areas: The namespace or the family of events (`events_tool`) that alone reaches a type; `shared` where several
            do, `unreached` where none does.
    """

    modules: Mapping[str, str]
    areas: Mapping[str, str]

    def of(self, name: str) -> str:
        """Module of a type."""
        return self.modules[name]

    def members(self, module: str) -> list[str]:
        """Names of the types in a module."""
        return [name for name, owner in self.modules.items() if owner == module]


@dataclass(frozen=True, slots=True)
class _Root:
    """What reaches types: a method, a branch of what a notification brings, or an event.

    Args:
        area: The namespace of the method, or the family of the event.
        user: The module that is loaded for it, when all that its area has stands in one.
        own: The module of what it alone reaches, when its area has many.
    """

    area: str
    user: str
    own: str


def assign(protocol: Protocol) -> Owners:
    """Give every type of a protocol its module."""
    reached = _reached(protocol)
    users = {name: frozenset(root.user for root in roots) for name, roots in reached.items()}
    classes = Counter(
        user
        for name, found in users.items()
        if len(found) == 1 and isinstance(protocol.types[name], ObjectDef)
        for user in found
    )
    modules: dict[str, str] = {}
    shared: dict[frozenset[str], list[str]] = {}
    for name, roots in reached.items():
        match [*users[name]]:
            case []:
                modules[name] = UNREACHED
            case [user]:
                alone = len(roots) == 1 and classes[user] > _OWN_MODULES
                modules[name] = roots[0].own if alone else user
            case _:
                shared.setdefault(users[name], []).append(name)
    for names in shared.values():
        modules |= dict.fromkeys(names, _shared_module(names, protocol.types))
    return Owners(modules, {name: _area(roots) for name, roots in reached.items()})


def _reached(protocol: Protocol) -> dict[str, list[_Root]]:
    """By the name of each type what reaches it."""
    reached: dict[str, list[_Root]] = {name: [] for name in protocol.types}
    for method in protocol.methods:
        area, own = namespace(method), method_module(method)
        brought = branches(method, protocol.types)
        for tag, branch in brought.items():
            module = branch_module(method, tag)
            for name in closure([branch], protocol.types):
                reached[name].append(_Root(area, module, module))
        root = _Root(area, own if brought else f"types.{area}", own)
        rest = closure(method_references(method), protocol.types) - closure(brought.values(), protocol.types)
        for name in rest:
            reached[name].append(root)
    for event in protocol.events:
        module = event_module(event)
        root = _Root(f"events_{event.family}", module, module)
        for name in closure([event.data.name], protocol.types):
            reached[name].append(root)
    if protocol.frames is not None:
        root = _Root("frames", FRAMES, FRAMES)
        for name in closure(protocol.frames.unions, protocol.types):
            # What a method reaches is loaded with it alone: it does not have to wait for all that can be sent.
            reached[name] = reached[name] or [root]
    return reached


def _shared_module(names: list[str], types: Mapping[str, TypeDef]) -> str:
    """The module of types that the same ones share: named after the one that no other of them refers to."""
    inner = {target for name in names for target in definition_references(types[name]) if target != name}
    structures = {name for name in names if not isinstance(types[name], EnumDef)}
    return f"{SHARED}{snake(min(structures - inner or structures or names))}"


def _area(roots: list[_Root]) -> str:
    match [*{root.area for root in roots}]:
        case []:
            return "unreached"
        case [area]:
            return area
        case _:
            return "shared"
