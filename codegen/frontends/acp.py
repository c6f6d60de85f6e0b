"""Reads the layout of the Agent Client Protocol: definitions alone, those of messages with `x-method` and `x-side`.

`XRequest` and `XResponse` of one method are a request and its answer, `XNotification` stands alone. Both sides serve
methods: what the agent serves is called by the client, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codegen import naming
from codegen.frontends.documents import Documents, Node
from codegen.frontends.types import TypeReader, check_discriminators, meta_of, settle
from codegen.ir import Method, Null, ObjectDef, Protocol, Ref, Scope, TypeExpr, UnionDef

_VERSIONED = "schema"
_SCOPES = (Scope.AGENT, Scope.CLIENT)
# Neither side of a plain connection serves the others: `$/cancel_request` is the connection's own.
_SERVED_BY = {
    "agent": (Scope.AGENT,),
    "client": (Scope.CLIENT,),
    "both": _SCOPES,
    "protocol": (),
    "proxy": (),
}
_KINDS = ("Request", "Response", "Notification")


def is_layout(documents: Documents) -> bool:
    """True if schema files have this layout."""
    return any("x-method" in node.value for node in documents.definitions.values())


def read(folder: Path, name: str = "acp") -> Protocol:
    """Read a folder of schema files.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    return _Reader(Documents.load(folder), name).protocol()


class _Reader:
    def __init__(self, documents: Documents, name: str) -> None:
        self.documents = documents
        self.name = name
        self.types = TypeReader(documents, {}, {}, _VERSIONED)

    def protocol(self) -> Protocol:
        for file in sorted(self.documents.files):
            self.types.notes.root(self.documents.root(file), frozenset({"versions"}))
        types = settle(self.types)
        check_discriminators(self.types)
        return Protocol(
            name=self.name,
            types=dict(sorted(types.items())),
            methods=tuple(self._methods()),
            versions=tuple(self._versions()),
            notes=self.types.notes.lines(),
            scopes=_SCOPES,
            versioned=_VERSIONED,
            peer="agent",
        )

    def _versions(self) -> Iterator[str]:
        for file in sorted(self.documents.files):
            yield from self.documents.root(file).strings("versions")

    def _methods(self) -> Iterator[Method]:
        """A method for each side that serves it."""
        messages = self._messages()
        for (wire, kind), node in messages.items():
            if kind == "Response":
                if (wire, "Request") not in messages:
                    raise node.fail(f"answers {wire}, which is no request")
                continue
            side = node.text("x-side")
            if side not in _SERVED_BY:
                raise node.fail(f"is of the side {side!r}, which is none of {', '.join(_SERVED_BY)}")
            if kind == "Request" and (wire, "Response") not in messages:
                raise node.fail(f"is a request, and nothing answers {wire}")
            twin = kind == "Notification" and (wire, "Request") in messages
            for scope in _SERVED_BY[side]:
                yield self._method(wire, node, scope, notification=kind == "Notification", twin=twin)

    def _messages(self) -> dict[tuple[str, str], Node]:
        """The definitions of messages, by method and kind."""
        found: dict[tuple[str, str], Node] = {}
        for name, node in self.documents.definitions.items():
            if "x-method" not in node.value:
                continue
            kind = next((kind for kind in _KINDS if name.endswith(kind)), None)
            if kind is None:
                raise node.fail(f"is a message, so its name has to end with {', '.join(_KINDS)}")
            known = found.setdefault((node.text("x-method"), kind), node)
            if known is not node:
                raise node.fail(f"is a second {kind} of {node.text('x-method')}, beside {known.pointer}")
        return found

    def _method(self, wire: str, node: Node, scope: Scope, *, notification: bool, twin: bool) -> Method:
        *path, name = wire.split("/")
        return Method(
            wire=wire,
            scope=scope,
            path=tuple(naming.identifier(part) for part in path),
            # A method that can be called both ways is two in Python.
            name=naming.identifier(name) + ("_notification" if twin else ""),
            params=self._params(node),
            result=Null() if notification else self._result(wire),
            meta=meta_of(node, _VERSIONED),
            notification=notification,
            waits=node.value.get("waits") is True,
            capability=node.text("x-capability") or None,
        )

    def _params(self, node: Node) -> Ref:
        name = self.types.name_of(node.pointer.rpartition("/")[2])
        if not isinstance(self.types.types[name], (ObjectDef, UnionDef)):
            raise node.fail("params must be an object or a union of objects")
        return Ref(name)

    def _result(self, wire: str) -> TypeExpr:
        node = self._messages()[wire, "Response"]
        return Ref(self.types.name_of(node.pointer.rpartition("/")[2]))
