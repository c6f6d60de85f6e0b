"""The generator's own picture of a protocol, which every frontend fills and every emitter reads.

Names in it are final Python names; the wire's spelling stands beside them where the two differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

ScalarKind: TypeAlias = Literal["string", "integer", "number", "boolean", "any"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts; `constraints` are JSON Schema keywords such as `minimum` and `pattern`."""

    kind: ScalarKind
    format: str | None = None
    constraints: tuple[tuple[str, Json], ...] = ()


@dataclass(frozen=True, slots=True)
class Const:
    """Exactly one value."""

    value: str | bool | int


@dataclass(frozen=True, slots=True)
class Ref:
    """A named type of the protocol."""

    name: str


@dataclass(frozen=True, slots=True)
class EventRef:
    """Any event of the protocol, or one of a type when `name` is set."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Array:
    """A list of items of one type."""

    item: TypeExpr
    min_items: int = 0


@dataclass(frozen=True, slots=True)
class Tuple:
    """A list of so many items, each of a type of its own."""

    items: tuple[TypeExpr, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """An object with free keys, strings or those of an enum."""

    value: TypeExpr
    key: Ref | None = None


@dataclass(frozen=True, slots=True)
class Nullable:
    """A value or null."""

    inner: TypeExpr


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several types, written in place; a named one is a `UnionDef`."""

    members: tuple[TypeExpr, ...]


@dataclass(frozen=True, slots=True)
class Null:
    """Nothing but null."""


TypeExpr: TypeAlias = Scalar | Const | Ref | EventRef | Array | Tuple | Map | Nullable | Choice | Null


@dataclass(frozen=True, slots=True)
class Meta:
    """What documents a thing of the schema but does not change its shape."""

    description: str = ""
    stability: str | None = None
    internal: bool = False
    deprecated: bool = False
    since: str | None = None
    until: str | None = None
    versioned: str = "runtime"
    """What `since` and `until` are versions of."""


@dataclass(frozen=True, slots=True)
class Default:
    """What a member means that a peer left out; who sends it always writes it."""

    value: Json


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object."""

    name: str
    wire: str
    type: TypeExpr
    required: bool
    meta: Meta = Meta()
    default: Default | None = None


@dataclass(frozen=True, slots=True)
class ObjectDef:
    """A type with named members. `rest` types the members that are not named, where the schema says."""

    name: str
    wire: str
    fields: tuple[Field, ...]
    meta: Meta = Meta()
    rest: TypeExpr | None = None


@dataclass(frozen=True, slots=True)
class EnumDef:
    """An open set of strings: a newer peer may send more of them."""

    name: str
    wire: str
    values: tuple[tuple[str, str], ...]
    meta: Meta = Meta()


@dataclass(frozen=True, slots=True)
class UnionDef:
    """One of several types, told apart by the member `discriminator` where there is one.

    `default` is the type of an object without that member.
    """

    name: str
    wire: str
    members: tuple[TypeExpr, ...]
    discriminator: str | None
    meta: Meta = Meta()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class AliasDef:
    """A name for another type expression."""

    name: str
    wire: str
    type: TypeExpr
    meta: Meta = Meta()


TypeDef: TypeAlias = ObjectDef | EnumDef | UnionDef | AliasDef


class Scope(Enum):
    """Who calls a method, and on what."""

    SERVER = "server"
    SESSION = "session"
    CLIENT_SESSION = "clientSession"
    CLIENT_GLOBAL = "clientGlobal"
    AGENT = "agent"
    CLIENT = "client"

    @property
    def inbound(self) -> bool:
        """True when the other side calls and the client serves."""
        return self in (Scope.CLIENT_SESSION, Scope.CLIENT_GLOBAL, Scope.CLIENT)

    @property
    def called(self) -> bool:
        """True when there are API classes to call the methods with."""
        return self not in (Scope.CLIENT_SESSION, Scope.CLIENT_GLOBAL)

    @property
    def server(self) -> str:
        """Who serves the methods, in words."""
        return self.value if self in (Scope.AGENT, Scope.CLIENT) else "runtime"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the wire.

    `params` names an object or a union; `path` are the Python names of its namespaces; `waits` is set where the
    answer takes as long as a person, a model or another process does; `replaced_by` is the wire name of the method
    that newer runtimes have in its place; `capability` is what the serving side has to offer, as a path; `implied`
    are wire names of members of the params that the connection fills in; `answers` are the tags of the frames that
    end the call, where an answer is known by its tag.
    """

    wire: str
    scope: Scope
    path: tuple[str, ...]
    name: str
    params: Ref | None
    result: TypeExpr
    meta: Meta = Meta()
    notification: bool = False
    waits: bool = False
    replaced_by: str | None = None
    capability: str | None = None
    implied: frozenset[str] = frozenset()
    answers: tuple[str, ...] = ()

    @property
    def internal(self) -> bool:
        """True when a client can call the method but is not meant to."""
        return self.meta.internal and not self.scope.inbound

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names from the root of the API to the method: `("tasks", "list")`, `("internal", "queue", "process")`."""
        return (*(["internal"] if self.internal else []), *self.path, self.name)

    @property
    def constant(self) -> str:
        """Name of the method's entry in its table, such as `TASKS_LIST`."""
        return "_".join((*self.path, self.name)).upper().strip("_")


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a session; `name` is its class, `family` the first word of its type."""

    wire: str
    name: str
    family: str
    data: Ref
    ephemeral: bool
    meta: Meta = Meta()


@dataclass(frozen=True, slots=True)
class Broadcast:
    """An event that asks the clients for something, and the method that answers it."""

    event: str
    answer: str
    completed: str


@dataclass(frozen=True, slots=True)
class Frames:
    """What is sent in a protocol whose messages are objects that a tag tells apart.

    `unions` are those of what is sent, each with the member that tells its branches apart; an object with another
    tag is kept, or breaks the protocol.
    """

    unions: Mapping[str, str]
    keeps_unknown: bool


@dataclass(frozen=True, slots=True)
class Protocol:
    """A whole protocol, ready to be emitted; `versions` are those that it describes, oldest first.

    They are versions of what `versioned` says; `peer` is what a client calls the other side; `camel` is false where
    members have the same names on the wire as in Python; `refusal` is the error that a refused call raises.
    """

    name: str
    types: Mapping[str, TypeDef]
    methods: tuple[Method, ...]
    events: tuple[Event, ...] = ()
    broadcasts: tuple[Broadcast, ...] = ()
    versions: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    scopes: tuple[Scope, ...] = ()
    versioned: str = "runtime"
    peer: str = "runtime"
    camel: bool = True
    refusal: str = "RpcError"
    frames: Frames | None = None

    def outbound(self) -> Iterator[Method]:
        """The methods that the client calls."""
        return (m for m in self.methods if not m.scope.inbound)

    def inbound(self) -> Iterator[Method]:
        """The methods that the other side calls."""
        return (m for m in self.methods if m.scope.inbound)


def references(expr: TypeExpr) -> Iterator[str]:
    """Names of the types that an expression mentions, in order."""
    match expr:
        case Ref(name):
            yield name
        case Map(inner, key):
            yield from references(inner)
            if key is not None:
                yield key.name
        case Array(inner) | Nullable(inner):
            yield from references(inner)
        case Choice(members) | Tuple(members):
            for member in members:
                yield from references(member)
        case _:
            return


def definition_references(definition: TypeDef) -> Iterator[str]:
    """Names of the types that a definition mentions, in order."""
    match definition:
        case ObjectDef(fields=fields, rest=rest):
            for item in fields:
                yield from references(item.type)
            if rest is not None:
                yield from references(rest)
        case UnionDef(members=members):
            for member in members:
                yield from references(member)
        case AliasDef(type=expr):
            yield from references(expr)
        case EnumDef():
            return


def method_references(method: Method) -> Iterator[str]:
    """Names of the types that a method's params and result mention."""
    if method.params is not None:
        yield method.params.name
    yield from references(method.result)


def closure(names: Iterable[str], types: Mapping[str, TypeDef]) -> set[str]:
    """Types by name, and all that they need; names of no type are left out."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and name in types:
            found.add(name)
            waiting.extend(definition_references(types[name]))
    return found
