"""Values that fit the types of a protocol, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from codegen.ir import (
    AliasDef,
    Array,
    Choice,
    Const,
    EnumDef,
    Map,
    Null,
    Nullable,
    ObjectDef,
    Protocol,
    Ref,
    Scalar,
    Tuple,
    TypeExpr,
    UnionDef,
)

_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(0, 2**64),
    "number": st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1000),
    "boolean": st.booleans(),
    "any": st.none() | st.booleans() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
}


class Values:
    """Strategies for the types of a protocol.

    Args:
        protocol: The protocol.
    """

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol
        self._known: dict[str, st.SearchStrategy[Any]] = {}

    def of(self, name: str) -> st.SearchStrategy[Any]:
        """Values that fit a type, as JSON."""
        if name not in self._known:
            self._known[name] = self._defined(name)
        return self._known[name]

    def _defined(self, name: str) -> st.SearchStrategy[Any]:
        match self._protocol.types[name]:
            case ObjectDef(fields=fields):
                required = {field.wire: self._expression(field.type) for field in fields if field.required}
                others = {field.wire: self._expression(field.type) for field in fields if not field.required}
                return st.fixed_dictionaries(required, optional=others)
            case EnumDef(values=words):
                return st.sampled_from([word for word, _ in words])
            case UnionDef(members=members):
                return st.one_of(*map(self._expression, members))
            case AliasDef(type=expression):
                return self._expression(expression)

    def _expression(self, expression: TypeExpr) -> st.SearchStrategy[Any]:
        match expression:
            case Scalar("string", constraints=limits):
                least = int(str(dict(limits).get("minLength", 0)))
                return st.text(min_size=least, max_size=least + 5)
            case Scalar(kind):
                return _SCALARS[kind]
            case Const(value):
                return st.just(value)
            case Ref(name):
                return st.deferred(lambda: self.of(name))
            case Array(item, least):
                return st.lists(self._expression(item), min_size=least, max_size=least + 2)
            case Tuple(items):
                return st.tuples(*map(self._expression, items)).map(list)
            case Nullable(inner):
                return st.none() | self._expression(inner)
            case Choice(members):
                return st.one_of(*map(self._expression, members))
            case Null():
                return st.none()
            case Map(value):
                return st.dictionaries(st.text(max_size=3), self._expression(value), max_size=2)
        raise AssertionError(f"no strategy for {expression}")
