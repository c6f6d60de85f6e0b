"""The options of sessions: what creating and resuming take alike stands once, the rest with the one that takes it."""

from __future__ import annotations

import ast

from codegen import emit_options, ownership
from tests.support.small_schema import STRING, Document, method, protocol_from, record, small_schema

NUMBER: Document = {"type": "number"}


def told(kind: Document, description: str) -> Document:
    return {**kind, "description": description}


def emitted(**methods: Document) -> dict[str, dict[str, tuple[str, str]]]:
    """Type and text by option by class."""
    document = small_schema()
    document["server"]["session"] = {
        name: method(f"session.{name}", record((), **members)) for name, members in methods.items()
    }
    protocol = protocol_from(document)
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for _, text in emit_options.emit(protocol, ownership.assign(protocol)):
        for kind in ast.parse(text).body:
            if isinstance(kind, ast.ClassDef):
                found[kind.name] = _options(kind)
    return found


def _options(kind: ast.ClassDef) -> dict[str, tuple[str, str]]:
    fields = [node for node in kind.body if isinstance(node, ast.AnnAssign)]
    texts = [node.value for node in kind.body[1:] if isinstance(node, ast.Expr)]
    return {
        ast.unparse(field.target): (ast.unparse(field.annotation), ast.literal_eval(text))
        for field, text in zip(fields, texts, strict=True)
    }


def test_an_option_of_both_stands_once_and_others_with_the_one_that_takes_them() -> None:
    model, cloud, again = told(STRING, "Which."), told(NUMBER, "Where."), told(STRING, "Once more.")
    assert emitted(
        create={"sessionId": STRING, "modelName": model, "cloud": cloud, "tools": STRING},
        resume={"sessionId": STRING, "again": again, "modelName": model},
    ) == {
        "SessionWireOptions": {"model_name": ("str", "Which.")},
        "SessionCreateWireOptions": {"cloud": ("float", "Where.")},
        "SessionResumeWireOptions": {"again": ("str", "Once more.")},
    }


def test_an_option_that_may_be_null_for_one_of_them_is_one_of_each() -> None:
    nullable = told({"type": ["string", "null"]}, "Which.")
    assert emitted(create={"model": told(STRING, "Which.")}, resume={"model": nullable}) == {
        "SessionWireOptions": {},
        "SessionCreateWireOptions": {"model": ("str", "Which.")},
        "SessionResumeWireOptions": {"model": ("str | None", "Which.")},
    }


def test_what_is_said_otherwise_of_resuming_is_told_as_well() -> None:
    found = emitted(create={"model": told(STRING, "Which.")}, resume={"model": told(STRING, "Which now.")})
    assert found["SessionWireOptions"] == {"model": ("str", "Which. When resuming: Which now.")}


def test_a_protocol_without_sessions_has_no_options() -> None:
    assert emitted() == {}
