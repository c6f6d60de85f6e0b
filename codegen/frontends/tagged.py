"""Reads the tagged layout: definitions alone, whose frames are objects that a constant member tells apart.

`frames` at the top of the file names the unions of what is sent: the requests of the client, the responses to them,
and the events that answer nothing. A request says in `x-answers` which responses end its call.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codegen import naming
from codegen.frontends.documents import Documents
from codegen.frontends.types import TypeReader, check_discriminators, meta_of, settle
from codegen.frontends.unions import objects
from codegen.ir import (
    Choice,
    Const,
    Frames,
    Method,
    Null,
    ObjectDef,
    Protocol,
    Ref,
    Scope,
    TypeExpr,
    UnionDef,
)

_VERSIONED = "release"
_UNKNOWN = {"kept": True, "error": False}


def is_layout(documents: Documents) -> bool:
    """True if schema files have this layout."""
    return any("frames" in file for file in documents.files.values())


def read(folder: Path, name: str) -> Protocol:
    """Read a folder of schema files.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    return protocol_of(Documents.load(folder), name)


def protocol_of(documents: Documents, name: str) -> Protocol:
    """Make a protocol of schema files that have been read.

    Raises:
        SchemaError: A file is malformed; the error has the JSON pointer of the fault.
    """
    return _Reader(documents, name).protocol()


class _Reader:
    def __init__(self, documents: Documents, name: str) -> None:
        self.documents = documents
        self.name = name
        self.types = TypeReader(documents, {}, {}, _VERSIONED)
        roots = [documents.root(file) for file in sorted(documents.files)]
        self.roots = roots
        self.frames = next(root for root in roots if "frames" in root.value).child("frames")

    def protocol(self) -> Protocol:
        for root in self.roots:
            self.types.notes.root(root, frozenset({"frames", "versions"}))
        types = settle(self.types)
        check_discriminators(self.types)
        return Protocol(
            name=self.name,
            types=dict(sorted(types.items())),
            methods=tuple(self._methods()),
            versions=tuple(version for root in self.roots for version in root.strings("versions")),
            notes=self.types.notes.lines(),
            scopes=(Scope.AGENT,),
            versioned=_VERSIONED,
            peer="agent",
            camel=False,
            refusal="RequestRefused",
            frames=self._frames(),
        )

    def _frames(self) -> Frames:
        unknown = self.frames.text("unknown")
        if unknown not in _UNKNOWN:
            raise self.frames.fail(f"'unknown' is {unknown!r}, which is none of {', '.join(_UNKNOWN)}")
        unions = [self._union(key) for key in ("requests", "responses", "events")]
        return Frames({union.name: tag for union, tag in unions}, _UNKNOWN[unknown])

    def _union(self, key: str) -> tuple[UnionDef, str]:
        """The union that `frames` names, and the member that tells its objects apart."""
        node = self.frames.child(key)
        definition = self.types.types[self.types.name_of(self.documents.target(node))]
        if not isinstance(definition, UnionDef) or definition.discriminator is None:
            raise node.fail("must refer to a union of objects that a constant member tells apart")
        return definition, definition.discriminator

    def _methods(self) -> Iterator[Method]:
        """A method for each request, which is called as its tag says."""
        requests, tag = self._union("requests")
        responses, response_tag = self._union("responses")
        answers = {
            branch.name: _constant(branch, response_tag)
            for branch in objects(responses.name, self.types.types)
        }
        for request in objects(requests.name, self.types.types):
            yield self._method(request, _constant(request, tag), answers)

    def _method(self, request: ObjectDef, wire: str, answers: dict[str, str]) -> Method:
        node = self.types.place(request.name)
        if "x-answers" not in node.value:
            raise node.fail("is a request, so 'x-answers' has to name what answers it, or be []")
        names = [self.types.name_of(name) for name in node.strings("x-answers")]
        for index, name in enumerate(names):
            if name not in answers:
                raise node.fail(f"'x-answers' names {node.strings('x-answers')[index]}, which is no response")
        correlation = self.frames.text("correlation")
        constants = {field.wire for field in request.fields if isinstance(field.type, Const)}
        return Method(
            wire=wire,
            scope=Scope.AGENT,
            path=(),
            name=naming.identifier(wire),
            params=Ref(request.name),
            result=_result(names),
            meta=meta_of(node, _VERSIONED),
            notification=not names,
            waits=node.value.get("waits") is True,
            implied=frozenset(constants | {correlation} - {""}),
            answers=tuple(dict.fromkeys(answers[name] for name in names)),
        )


def _constant(branch: ObjectDef, tag: str) -> str:
    return next(
        str(field.type.value)
        for field in branch.fields
        if field.wire == tag and isinstance(field.type, Const)
    )


def _result(names: list[str]) -> TypeExpr:
    match names:
        case []:
            return Null()
        case [name]:
            return Ref(name)
        case _:
            return Choice(tuple(map(Ref, names)))
