"""Reads the schema files of a protocol and tells what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator

from codegen.frontends.corrections import FILE, corrected
from codegen.frontends.documents import Documents

Document: TypeAlias = dict[str, Any]

SCHEMA = Path(__file__).parents[2] / "schema"
TREES = ("server", "session", "clientSession", "clientGlobal")
# Keywords whose members are values or texts and no schemas.
_OF_VALUES = frozenset({"default", "x-enumDescriptions", "x-enumSince", "x-enumUntil"})


def read_documents(protocol: str = "copilot") -> dict[str, Document]:
    """Every schema file of a protocol, by file name."""
    paths = sorted((SCHEMA / protocol).glob("*.schema.json"))
    return {path.name: json.loads(path.read_text("utf-8")) for path in paths}


def read_corrections() -> list[Document]:
    """What corrections.json says of the published schemas."""
    return list(json.loads((SCHEMA / "copilot" / FILE).read_text("utf-8")))


def corrected_documents() -> dict[str, Document]:
    """Every schema file of the Copilot protocol, corrected: what the generator reads."""
    folder = SCHEMA / "copilot"
    return dict(corrected(Documents.load(folder), folder).files)


def read_meta() -> Document:
    """The schema of the schema files."""
    return dict(json.loads((SCHEMA / "meta.schema.json").read_text("utf-8")))


def faults(documents: Mapping[str, Document]) -> list[str]:
    """What breaks the dialect, one line each: `file#pointer: what is wrong`."""
    found = [fault for name, document in documents.items() for fault in _meta_faults(name, document)]
    if found:
        return found
    return [
        *_dangling_references(documents),
        *_repeated_methods(documents),
        *_repeated_definitions(documents),
        *_unlisted_events(documents),
        *_repeated_events(documents),
        *_uncovered_values(documents),
        *_unknown_required(documents),
        *_unknown_broadcast_ends(documents),
        *_impossible_versions(documents),
    ]


def methods(document: Document) -> Iterator[tuple[str, str, Document]]:
    """The methods of a document as (tree, pointer, method)."""
    for tree in TREES:
        for pointer, method in _leaves(document.get(tree, {}), f"/{tree}"):
            yield tree, pointer, method


def walk(node: object, pointer: str = "") -> Iterator[tuple[str, Document]]:
    """Every object below a node with its JSON pointer, the node itself first."""
    if isinstance(node, dict):
        yield pointer, node
        for key, value in node.items():
            yield from walk(value, f"{pointer}/{_escaped(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{pointer}/{index}")


def event_types(document: Document) -> dict[str, str]:
    """The definition of each session event, by the event's type on the wire."""
    union = document["definitions"].get("SessionEvent", {}).get("anyOf", [])
    names = [reference_target(member) for member in (*union, *document.get("events", []))]
    return {document["definitions"][name]["properties"]["type"]["const"]: name for name in names}


def event_places(documents: Mapping[str, Document]) -> dict[str, str]:
    """Where the definition of each session event stands, as `file#pointer`, by the event's type on the wire."""
    return {
        kind: f"{file}#/definitions/{name}"
        for file, document in documents.items()
        for kind, name in event_types(document).items()
    }


def as_of(documents: Mapping[str, Document], runtime: str) -> dict[str, Document]:
    """The schema files with what a version of the runtime has, and nothing else.

    What a later version brought goes: methods, types, fields, values, and the branches of a union that refer to
    such a type. So does what an earlier version had last. A type that another one took the place of cannot come
    back: a reference to a type that goes stays where nothing else would be left.
    """
    gone = frozenset(
        f"{file}#/definitions/{name}"
        for file, document in documents.items()
        for name, node in document["definitions"].items()
        if not _lives(node, runtime)
    )
    return {file: dict(_pruned(document, file, runtime, gone)) for file, document in documents.items()}


def opened(definitions: Document) -> Document:
    """The definitions of a file as validators know them: what is marked `x-open` takes what nobody has listed."""
    return {name: _opened(node, definitions) for name, node in definitions.items()}


def _opened(node: Document, definitions: Document) -> Document:
    if not node.get("x-open"):
        return node
    if "enum" in node:
        return {key: value for key, value in node.items() if key != "enum"}
    tag = node["discriminator"]["propertyName"]
    branches = [definitions[reference_target(branch)]["properties"] for branch in node["anyOf"]]
    listed = [branch[tag]["const"] for branch in branches if tag in branch]
    other = {
        "type": "object",
        "properties": {tag: {"type": "string", "not": {"enum": listed}}},
        "required": [tag],
        "additionalProperties": True,
    }
    return {**node, "anyOf": [*node["anyOf"], other]}


def reference_target(node: Document) -> str:
    """The name of the definition that a `$ref` points at."""
    return str(node["$ref"]).rpartition("/")[2]


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _lives(node: object, runtime: str) -> bool:
    since, until = (node.get("since"), node.get("until")) if isinstance(node, dict) else (None, None)
    # A map of fields may have one that is called so; its value is an object.
    return not (isinstance(since, str) and _ordered(since) > _ordered(runtime)) and not (
        isinstance(until, str) and _ordered(until) < _ordered(runtime)
    )


def _pruned(node: Any, file: str, runtime: str, gone: frozenset[str]) -> Any:
    if isinstance(node, list):
        return [_pruned(member, file, runtime, gone) for member in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: value if key in _OF_VALUES else _pruned(value, file, runtime, gone)
        for key, value in node.items()
        if key in _OF_VALUES or _lives(value, runtime)
    }
    if isinstance(kept.get("required"), list):
        kept["required"] = [field for field in kept["required"] if field in kept["properties"]]
    if isinstance(kept.get("enum"), list):
        since, until = node.get("x-enumSince", {}), node.get("x-enumUntil", {})
        kept["enum"] = [
            value
            for value in kept["enum"]
            if _lives({"since": since.get(value), "until": until.get(value)}, runtime)
        ]
    if isinstance(kept.get("anyOf"), list):
        kept["anyOf"] = _branches(kept["anyOf"], file, gone)
    return kept


def _branches(union: list[Document], file: str, gone: frozenset[str]) -> list[Document]:
    left = [branch for branch in union if _absolute(branch.get("$ref"), file) not in gone]
    return left if any(branch != {"type": "null"} for branch in left) else union


def _absolute(reference: str | None, file: str) -> str | None:
    return file + reference if reference and reference.startswith("#") else reference


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _leaves(tree: Document, pointer: str) -> Iterator[tuple[str, Document]]:
    for name, node in tree.items():
        if "rpcMethod" in node:
            yield f"{pointer}/{name}", node
        else:
            yield from _leaves(node, f"{pointer}/{name}")


def _meta_faults(name: str, document: Document) -> Iterator[str]:
    validator = Draft202012Validator(read_meta(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in validator.iter_errors(document):
        pointer = "".join(f"/{_escaped(str(step))}" for step in error.absolute_path)
        yield f"{name}#{pointer}: {error.message}"


def _dangling_references(documents: Mapping[str, Document]) -> Iterator[str]:
    for name, document in documents.items():
        for pointer, node in walk(document):
            reference = node.get("$ref")
            if not isinstance(reference, str):
                continue
            file, _, target = reference.partition("#/definitions/")
            if target not in documents.get(file or name, {}).get("definitions", {}):
                yield f"{name}#{pointer}/$ref: nothing stands at {reference}"


def _repeated_methods(documents: Mapping[str, Document]) -> Iterator[str]:
    first: dict[str, str] = {}
    for name, document in documents.items():
        for _, pointer, method in methods(document):
            wire_name, place = method["rpcMethod"], f"{name}#{pointer}"
            if first.setdefault(wire_name, place) != place:
                yield f"{place}/rpcMethod: {wire_name} is also at {first[wire_name]}"


def _repeated_definitions(documents: Mapping[str, Document]) -> Iterator[str]:
    first: dict[str, str] = {}
    for name, document in documents.items():
        for definition in document["definitions"]:
            place = f"{name}#/definitions/{definition}"
            if first.setdefault(definition.lower(), place) != place:
                yield f"{place}: the name is taken by {first[definition.lower()]}"


def _unlisted_events(documents: Mapping[str, Document]) -> Iterator[str]:
    for name, document in documents.items():
        definitions = document["definitions"]
        union = definitions.get("SessionEvent", {}).get("anyOf", [])
        listed = [reference_target(member) for member in (*union, *document.get("events", []))]
        for definition in definitions:
            if is_event(definitions[definition]) and definition not in listed:
                yield f"{name}#/definitions/{definition}: SessionEvent does not name this event"


def _repeated_events(documents: Mapping[str, Document]) -> Iterator[str]:
    for name, document in documents.items():
        first: dict[str, str] = {}
        for definition, node in document["definitions"].items():
            if not is_event(node):
                continue
            kind = node["properties"]["type"]["const"]
            if first.setdefault(kind, definition) != definition:
                place = f"{name}#/definitions/{definition}/properties/type/const"
                yield f"{place}: {kind} is also {first[kind]}"


def is_event(definition: Document) -> bool:
    """Whether a definition extends the envelope of events."""
    parts = definition.get("allOf", [])
    return len(parts) == 1 and str(parts[0].get("$ref")).endswith("#/definitions/SessionEventEnvelope")


def _uncovered_values(documents: Mapping[str, Document]) -> Iterator[str]:
    for name, document in documents.items():
        for pointer, node in walk(document):
            values = node.get("enum")
            if isinstance(values, list) and (odd := set(values) ^ set(node["x-enumDescriptions"])):
                yield f"{name}#{pointer}/x-enumDescriptions: differs from enum in {sorted(odd)}"


def _unknown_required(documents: Mapping[str, Document]) -> Iterator[str]:
    for name, document in documents.items():
        for pointer, node in walk(document):
            required = node.get("required")
            if isinstance(required, list) and (odd := set(required) - set(node["properties"])):
                yield f"{name}#{pointer}/required: no such properties: {sorted(odd)}"


def _unknown_broadcast_ends(documents: Mapping[str, Document]) -> Iterator[str]:
    wire_names = {
        method["rpcMethod"] for document in documents.values() for _, _, method in methods(document)
    }
    definitions = [node for document in documents.values() for node in document["definitions"].values()]
    events = {node["properties"]["type"]["const"] for node in definitions if is_event(node)}
    for name, document in documents.items():
        for index, broadcast in enumerate(document.get("broadcasts", [])):
            for end, known in (("event", events), ("answer", wire_names), ("completed", events)):
                if broadcast[end] not in known:
                    yield f"{name}#/broadcasts/{index}/{end}: {broadcast[end]} is not known"


def _impossible_versions(documents: Mapping[str, Document]) -> Iterator[str]:
    runtimes = [runtime for document in documents.values() for runtime in document.get("runtimes", [])]
    in_order = sorted(runtimes, key=_ordered)
    if runtimes != in_order:
        yield from (f"{name}#/runtimes: not in order" for name in documents if "runtimes" in documents[name])
    for name, document in documents.items():
        for pointer, node in walk(document):
            yield from (f"{name}#{pointer}/{fault}" for fault in _version_faults(pointer, node, in_order))


def _version_faults(pointer: str, node: Document, runtimes: Sequence[str]) -> Iterator[str]:
    if pointer.endswith(("/properties", *(f"/{key}" for key in _OF_VALUES))):
        return
    yield from _mark_faults("since", "until", node.get("since"), node.get("until"), runtimes)
    later, past = node.get("x-enumSince", {}), node.get("x-enumUntil", {})
    for value in node.get("enum", []):
        places = (f"x-enumSince/{value}", f"x-enumUntil/{value}")
        yield from _mark_faults(*places, later.get(value), past.get(value), runtimes)
    for keyword in ("x-enumSince", "x-enumUntil"):
        if odd := node.get(keyword, {}).keys() - set(node.get("enum", [])):
            yield f"{keyword}: no such values: {sorted(odd)}"
    fields = node.get("properties", {})
    if gone := [field for field in node.get("required", []) if "until" in fields.get(field, {})]:
        yield f"required: later runtimes do not have {sorted(gone)}"


def _mark_faults(
    first: str, last: str, since: str | None, until: str | None, runtimes: Sequence[str]
) -> Iterator[str]:
    if since is not None and since in runtimes[:1]:
        yield f"{first}: {since} is the first runtime, so everything without a mark is in it"
    if until is not None and until not in runtimes[:-1]:
        yield f"{last}: {until} is no runtime that another one came after"
    if since is not None and until is not None and _ordered(until) < _ordered(since):
        yield f"{last}: {until} is before {since}"
