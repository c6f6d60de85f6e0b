"""Emits `options.py`: what creating and resuming a session take beside callbacks, as TypedDicts.

What both take is in one of them, what only one of both takes in another: `copilot_sdk.options` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codegen import naming, python_types
from codegen.ir import ObjectDef, Protocol
from codegen.models import field_text
from codegen.ownership import Owners
from codegen.python_types import Annotation
from codegen.templating import render
from codegen.text import quoted

# What the client derives from the callbacks it was given, or takes as arguments of its own.
_MANAGED = frozenset(
    {
        "sessionId", "tools", "commands", "hooks", "requestPermission", "requestUserInput", "requestElicitation",
        "requestExitPlanMode", "requestAutoModeSwitch",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    type: Annotation
    text: str

    @property
    def docstring(self) -> str:
        return quoted(self.text, 4)


def emit(protocol: Protocol, owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of the module; nothing for a protocol that creates no sessions."""
    create, resume = _options(protocol, "session.create"), _options(protocol, "session.resume")
    if not create and not resume:
        return
    # An option that the two take in different types is one of each, not one of both.
    alike = [name for name in create if name in resume and create[name].type == resume[name].type]
    classes = [
        (
            "SessionWireOptions",
            "What creating and resuming a session take alike.",
            [_of_both(create.pop(name), resume.pop(name)) for name in alike],
        ),
        ("SessionCreateWireOptions", "What creating a session takes alone.", list(create.values())),
        ("SessionResumeWireOptions", "What resuming a session takes alone.", list(resume.values())),
    ]
    imports: dict[str, set[str]] = {}
    for _, _, options in classes:
        for name in {name for option in options for name in option.type.names}:
            imports.setdefault(f".{owners.of(name)}", set()).add(name)
    yield (
        "options.py",
        render(
            "options.py.jinja",
            classes=classes,
            imports={module: sorted(names) for module, names in sorted(imports.items())},
        ),
    )


def _options(protocol: Protocol, wire: str) -> dict[str, _Option]:
    definition = next(
        (protocol.types[m.params.name] for m in protocol.methods if m.wire == wire and m.params), None
    )
    if not isinstance(definition, ObjectDef):
        return {}
    return {
        field.wire: _Option(
            naming.field_name(field.wire), python_types.parameter(field.type), field_text(field)
        )
        for field in definition.fields
        if field.wire not in _MANAGED
    }


def _of_both(create: _Option, resume: _Option) -> _Option:
    text = " When resuming: ".join(dict.fromkeys((create.text, resume.text)))
    return _Option(create.name, create.type, text)
