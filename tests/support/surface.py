"""The generated package beside the schema that it was made from: things by name, and samples of each."""

from __future__ import annotations

import json
from collections.abc import Coroutine, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from jsonschema import Draft7Validator
from pydantic import TypeAdapter
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from codegen.__main__ import SCHEMA
from codegen.frontends import copilot
from codegen.ir import Method, Ref, Scope, UnionDef
from codegen.samples import Sampler
from copilot_sdk._generated.copilot import types
from tests.support.schema_files import corrected_documents, methods

R = TypeVar("R")

PROTOCOL = copilot.read(SCHEMA)
SAMPLER = Sampler(PROTOCOL)
DOCUMENTS = corrected_documents()
METHODS = {method.wire: method for method in PROTOCOL.methods}
PLACES = {
    method["rpcMethod"]: f"{file}#{pointer}"
    for file, document in DOCUMENTS.items()
    for _, pointer, method in methods(document)
}
_WITHOUT_PARAMS = {
    method["rpcMethod"]
    for document in DOCUMENTS.values()
    for _, _, method in methods(document)
    if method["params"] is None
}

_REGISTRY: Registry[Any] = Registry().with_resources(
    (file, Resource.from_contents(document, default_specification=DRAFT7))
    for file, document in DOCUMENTS.items()
)


@cache
def adapter(name: str) -> TypeAdapter[Any]:
    """Reads and writes the values of a generated type."""
    return TypeAdapter(getattr(types, name))


def class_of(name: str) -> type:
    """A generated class."""
    found = getattr(types, name)
    assert isinstance(found, type)
    return found


def classes_of(name: str) -> list[type]:
    """The class of an object, or those of the objects in a union."""
    definition = PROTOCOL.types[name]
    if isinstance(definition, UnionDef):
        return [class_of(member.name) for member in definition.members if isinstance(member, Ref)]
    return [class_of(name)]


def namespace(module: str, name: str) -> Any:
    """Something of a module of the generated package."""
    return getattr(import_module(f"copilot_sdk._generated.copilot.{module}"), name)


def drifted(raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """An object as other versions of a peer may send it: members are gone, null, or of another kind."""
    for name in raw:
        yield {key: value for key, value in raw.items() if key != name}
        yield from ({**raw, name: other} for other in (None, 1.5, "text", [1]))


def dumped(kind: TypeAdapter[Any], value: object) -> str:
    """A value of a type as the JSON text that is sent."""
    return json.dumps(kind.dump_python(value, mode="json", exclude_unset=True))


def faults(place: str, value: Any) -> list[str]:
    """What the schema at a place says against a value."""
    validator = Draft7Validator({"$ref": place}, registry=_REGISTRY)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def params_faults(method: Method, params: Mapping[str, object]) -> list[str]:
    """What the schema says against params; those of a session's method travel with the id of the session."""
    if method.wire in _WITHOUT_PARAMS:
        return [f"{method.wire} takes no params"] if params else []
    session = {"sessionId": "session-1"} if method.scope is Scope.SESSION else {}
    return faults(f"{PLACES[method.wire]}/params", {**session, **params})


def finished(call: Coroutine[Any, Any, R]) -> R:
    """What a coroutine returns that waits for nothing."""
    try:
        call.send(None)
    except StopIteration as stop:
        result: R = stop.value
        return result
    call.close()
    raise AssertionError("the coroutine waits for something")
