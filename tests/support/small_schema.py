"""A small schema in the Copilot layout that uses every part of it, to test the generator with."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

from codegen.frontends.copilot import protocol_of
from codegen.frontends.documents import Documents
from codegen.ir import Protocol

Document: TypeAlias = dict[str, Any]

FILE = "api.schema.json"


def small_schema() -> Document:
    """A document to change as a test needs."""
    return copy.deepcopy(_DOCUMENT)


def with_definitions(**definitions: object) -> Document:
    """The small document with more definitions, or with others."""
    document = small_schema()
    document["definitions"].update(definitions)
    return document


def put(document: Document, pointer: str, value: object) -> Document:
    """Set the value at a JSON pointer."""
    *steps, last = pointer.split("/")[1:]
    node: Any = document
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node[step]
    node[int(last) if isinstance(node, list) else last] = value
    return document


def protocol_from(document: Document, **others: Document) -> Protocol:
    """The protocol of a document and of further ones by the stem of their file."""
    files: Mapping[str, Document] = {FILE: document, **{f"{n}.schema.json": d for n, d in others.items()}}
    return protocol_of(Documents(files))


def method(name: str, params: object = None, result: object = None, **marks: object) -> Document:
    """A method of a tree."""
    return {"rpcMethod": name, "description": "Does it.", "params": params, "result": result, **marks}


def reference(name: str) -> Document:
    """A reference to a definition."""
    return {"$ref": f"#/definitions/{name}"}


def record(required: tuple[str, ...] = (), **members: object) -> Document:
    """An object with members."""
    return {"type": "object", "properties": members, "required": list(required)}


STRING: Document = {"type": "string"}
TARGET: Document = {"allOf": [reference("SessionTarget")]}


def _event(name: str, data: str, **members: object) -> Document:
    properties = {"type": {"type": "string", "const": name}, "data": reference(data), **members}
    return {
        "description": "Sent at times.",
        "allOf": [reference("SessionEventEnvelope")],
        "type": "object",
        "properties": properties,
        "required": ["type", "data"],
    }


_DOCUMENT: Document = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Weather",
    "description": "A protocol to test with.",
    "server": {
        "ping": method("ping", record(message=STRING), reference("Sky")),
        "clouds": {
            "mcpList": method("clouds.mcpList", None, {"type": "array", "items": reference("Cloud")}),
            "rename": method("clouds.rename", reference("CloudName"), {"type": "null"}, deprecated=True),
        },
    },
    "session": {
        "look": method("session.look", TARGET, reference("Sky"), stability="experimental", since="1.2.3"),
        "tasks": {
            "start": method(
                "session.tasks.start",
                {"allOf": [reference("SessionTarget"), reference("TaskStart")]},
                {"anyOf": [reference("Task"), {"type": "null"}]},
            ),
        },
    },
    "clientSession": {
        "umbrella": {
            "open": method(
                "umbrella.open", reference("UmbrellaOpen"), record(("open",), open={"type": "boolean"})
            ),
            "said": method("umbrella.said", reference("CloudName"), {"type": "null"}, notification=True),
        }
    },
    "broadcasts": [{"event": "rain.started", "answer": "session.look", "completed": "rain.ended"}],
    "definitions": {
        "SessionTarget": record(("sessionId",), sessionId=STRING),
        "SessionEventEnvelope": record(("id",), id=STRING, timestamp=STRING),
        "SessionEvent": {"anyOf": [reference("RainStartedEvent"), reference("RainEndedEvent")]},
        "RainStartedEvent": _event("rain.started", "RainData", ephemeral={"type": "boolean", "const": True}),
        "RainEndedEvent": _event("rain.ended", "Sky"),
        "RainData": record(("amount",), amount={"type": "number", "minimum": 0}),
        "Sky": {
            "description": "What is above.",
            **record(
                ("color",),
                color=reference("Color"),
                clouds={"type": "array", "items": reference("Cloud")},
                note={"type": ["string", "null"]},
                wind=record(("speed",), speed={"type": "integer"}),
                mood={"type": "string", "enum": ["calm", "wild"]},
                labels={"type": "object", "additionalProperties": STRING},
                id={"anyOf": [STRING, {"type": "integer"}]},
                authToken=STRING,
                last=reference("SessionEvent"),
            ),
        },
        "Color": {"type": "string", "enum": ["blue", "gray"], "x-enumDescriptions": {"blue": "Clear."}},
        "Cloud": {"anyOf": [reference("Cirrus"), reference("Stratus")]},
        "Cirrus": record(("kind",), kind={"const": "cirrus"}, height={"type": "integer"}),
        "Stratus": record(("kind",), kind={"const": "stratus"}, parent=reference("Cloud")),
        "CloudName": record(("name",), name={**STRING, "pattern": "^[^/]+\\/[^/]+$"}),
        "TaskStart": {"allOf": [reference("CloudName"), record(("wait",), wait={"type": "boolean"})]},
        "Task": {**record(("id",), id=STRING), "description": "What runs."},
        "UmbrellaOpen": record(("sessionId", "id"), sessionId=STRING, id={"type": ["string", "integer"]}),
    },
}
