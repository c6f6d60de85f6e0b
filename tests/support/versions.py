"""A small schema in the three files of ours, and the same as another version's, to test absorbing with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from codegen.absorb.dialect import Schema
from codegen.absorb.merge import take_in
from codegen.frontends.copilot import protocol_of
from codegen.frontends.documents import Documents
from codegen.ir import ObjectDef, Protocol, TypeExpr
from tests.support.small_schema import STRING, TARGET, Document, method, record, reference

API = "api.schema.json"
EVENTS = "session-events.schema.json"
LIFECYCLE = "lifecycle.schema.json"

FIRST, SECOND, THIRD = "1.0.0", "1.1.0", "1.2.0"
NULL: Document = {"type": "null"}
INTEGER: Document = {"type": "integer"}
# Stands in every text of another version's files.
FOREIGN = "Foreign words"

Files = dict[str, Document]


def ours() -> Files:
    """Our files: what version 1.0.0 has, with a method that we wrote by hand."""
    files = _published()
    files[API]["runtimes"] = [FIRST]
    files[LIFECYCLE] = {
        "title": "By hand",
        "server": {"session": {"create": method("session.create", reference("Wish"), reference("Granted"))}},
        "definitions": {"Wish": record((), model=STRING), "Granted": record((), id=STRING)},
    }
    return files


def theirs() -> Files:
    """The files that version 1.0.0 publishes, all texts foreign."""
    files = _published()
    for document in files.values():
        _reword(document)
    return files


def event(kind: str, data: str, *, ephemeral: bool = False) -> Document:
    """The definition of an event."""
    members: Document = {"type": {"type": "string", "const": kind}, "data": reference(data)}
    if ephemeral:
        members["ephemeral"] = {"type": "boolean", "const": True}
    return {
        "description": "Sent at times.",
        "allOf": [reference("SessionEventEnvelope")],
        "type": "object",
        "properties": members,
        "required": [*(["ephemeral"] if ephemeral else []), "type", "data"],
    }


def absorbed(mine: Files, other: Files, version: str = SECOND) -> tuple[Files, list[str]]:
    """Our files after another version went in, and the report; the result must read."""
    merged, report = take_in(_documents(mine), _documents(other), version)
    files = cast("Files", merged)
    read(files)
    return files, report


def read(files: Files) -> Protocol:
    """The protocol of files."""
    return protocol_of(_documents(files))


def definitions(files: Files, file: str = API) -> Document:
    """The definitions of a file."""
    section: Document = files[file]["definitions"]
    return section


def with_member(name: str, schema: object) -> Files:
    """Their files, a member of Sky in another shape."""
    files = theirs()
    definitions(files)["Sky"]["properties"][name] = schema
    return files


def member_type(files: Files, name: str, owner: str = "Sky") -> TypeExpr:
    """The type of a member."""
    definition = read(files).types[owner]
    assert isinstance(definition, ObjectDef)
    return next(field.type for field in definition.fields if field.wire == name)


def without(files: Files, file: str, *path: str) -> Files:
    """The files, with nothing at a path."""
    node: Any = files[file]
    for key in path[:-1]:
        node = node[key]
    node.pop(path[-1])
    return files


def write(folder: Path, files: Files) -> Path:
    """Put files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    return folder


def _documents(files: Files) -> Documents:
    # Read from text, so that no two places share an object, as they do where a constant is used twice.
    return Documents(cast("Mapping[str, Schema]", json.loads(json.dumps(files))))


def _reword(value: object) -> None:
    if isinstance(value, dict):
        for key in ("description", "$comment"):
            if isinstance(value.get(key), str):
                value[key] = FOREIGN
        texts = value.get("x-enumDescriptions")
        if isinstance(texts, dict):
            value["x-enumDescriptions"] = dict.fromkeys(texts, FOREIGN)
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _reword(child)


def _published() -> Files:
    files: Files = json.loads(json.dumps({API: _API, EVENTS: _EVENTS}))
    for tree in ("server", "session", "clientSession", "clientGlobal"):
        _mark_stable(files[API][tree])
    for document in files.values():
        for definition in document["definitions"].values():
            if definition.get("required") == []:
                definition.pop("required")
    return files


def _mark_stable(tree: Document) -> None:
    for child in tree.values():
        if "rpcMethod" in child:
            child.setdefault("stability", "stable")
        else:
            _mark_stable(child)


_API: Document = {
    "title": "Weather",
    "description": "Methods.",
    "server": {
        "ping": method("ping", reference("PingRequest"), reference("Sky")),
        "clouds": {"list": method("clouds.list", None, {"type": "array", "items": reference("Cloud")})},
        "reset": method("reset", None, {"type": "null"}),
    },
    "session": {"look": method("session.look", TARGET, reference("Sky"), stability="experimental")},
    "clientSession": {"umbrella": {"open": method("umbrella.open", reference("Umbrella"), {"type": "null"})}},
    "clientGlobal": {"warn": method("warn", reference("PingRequest"), {"type": "null"})},
    "definitions": {
        "SessionTarget": record(("sessionId",), sessionId=STRING),
        "PingRequest": record((), message=STRING),
        "Umbrella": record(("sessionId",), sessionId=STRING, size={"type": "integer"}),
        "Sky": {
            "description": "What is above.",
            **record(
                ("color", "height"),
                color={"description": "How it looks.", **reference("Color")},
                height={"description": "In meters.", "type": "integer", "minimum": 0, "maximum": 9},
                note={"description": "Said of it.", "type": "string"},
                cloud={"description": "The largest.", **reference("Cirrus")},
                mood={"description": "Of those below.", "type": "string", "const": "calm"},
                extra={"description": "Whatever.", "x-opaque-json": True},
            ),
        },
        "Color": {
            "description": "A color.",
            "type": "string",
            "enum": ["blue", "gray"],
            "x-enumDescriptions": {"blue": "Clear.", "gray": "Dull."},
        },
        "Cloud": {"description": "Any cloud.", "anyOf": [reference("Cirrus"), reference("Stratus")]},
        "Cirrus": record(("kind",), kind={"type": "string", "const": "cirrus"}),
        "Stratus": record(("kind",), kind={"type": "string", "const": "stratus"}),
        "Label": {"description": "A label.", "type": "string", "maxLength": 5},
    },
}

_EVENTS: Document = {
    "title": "Events",
    "definitions": {
        "SessionEventEnvelope": record(("id",), id=STRING),
        "SessionEvent": {"anyOf": [reference("RainStartedEvent"), reference("RainEndedEvent")]},
        "RainStartedEvent": event("rain.started", "RainStartedData", ephemeral=True),
        "RainEndedEvent": event("rain.ended", "RainEndedData"),
        "RainStartedData": record(("amount",), amount={"type": "number"}),
        "RainEndedData": record((), reason=STRING),
    },
}
