"""Emits `options.py`: the options of creating and resuming a session as TypedDicts, for `**options.

Unpack[...]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from codegen import naming, python_types
from codegen.ir import ObjectDef, Protocol
from codegen.models import field_text
from codegen.ownership import Owners
from codegen.templating import render
from codegen.text import quoted

_METHODS = {"session.create": "SessionCreateOptions", "session.resume": "SessionResumeOptions"}
# What the client derives from the handlers it was given, or takes as arguments of its own.
_MANAGED = frozenset(
    {
        "sessionId", "tools", "commands", "hooks", "requestPermission", "requestUserInput", "requestElicitation",
        "requestExitPlanMode", "requestAutoModeSwitch",
    }
)  # fmt: skip


def emit(protocol: Protocol, owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of the module; nothing for a protocol that creates no sessions."""
    classes = []
    imports: dict[str, list[str]] = {}
    for method in protocol.methods:
        definition = protocol.types[method.params.name] if method.params else None
        if method.wire in _METHODS and isinstance(definition, ObjectDef):
            fields = []
            for field in definition.fields:
                if field.wire in _MANAGED:
                    continue
                annotation = python_types.parameter(field.type)
                fields.append((naming.field_name(field.wire), annotation.text, quoted(field_text(field), 4)))
                for name in annotation.names:
                    imports.setdefault(f".{owners.of(name)}", []).append(name)
            classes.append((_METHODS[method.wire], definition.meta.description, fields))
    if classes:
        yield (
            "options.py",
            render(
                "options.py.jinja",
                classes=classes,
                imports={m: sorted(set(n)) for m, n in sorted(imports.items())},
            ),
        )
