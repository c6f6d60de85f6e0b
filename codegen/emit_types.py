"""Emits `types/` and `events/`: the models, a module an owner, and the lazy faces of both packages."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from codegen.ir import Event, Protocol
from codegen.models import EVENT, SUPPORT, TypeSource
from codegen.ownership import SHARED, UNREACHED, Owners, shared_group
from codegen.templating import render
from codegen.text import paragraph

_TYPING = ("Annotated", "Any", "Literal", "TypeAlias")
_PYDANTIC = ("Field",)


def emit(protocol: Protocol, sources: Mapping[str, TypeSource], owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of every module of `types/` and `events/`."""
    families: dict[str, list[Event]] = {}
    for event in protocol.events:
        families.setdefault(event.family, []).append(event)
    modules = {*owners.modules.values(), SHARED, *(f"events.{family}" for family in families)}
    for module in sorted(modules):
        events = families.get(module.removeprefix("events."), []) if module.startswith("events.") else []
        yield module.replace(".", "/") + ".py", _module(module, sources, owners, events)
    yield "types/__init__.py", _face(owners)
    yield "events/__init__.py", _events_face(families)


def _module(module: str, sources: Mapping[str, TypeSource], owners: Owners, events: list[Event]) -> str:
    own = _ordered([source for name, source in sources.items() if owners.of(name) == module])
    blocks = [source.text for source in own]
    blocks += [render("event.py.jinja", event=event, doc=_event_doc(event)) for event in events]
    names = {name for block in blocks for name in _names(block)}
    mentioned = {name for name in names if name in owners.modules} - {source.name for source in own}
    imports: dict[str, list[str]] = {}
    for name in sorted(mentioned):
        imports.setdefault(_relative(owners.of(name), module), []).append(name)
    if EVENT in names:
        imports[_relative("events", module)] = [EVENT]
    return render(
        "types.py.jinja",
        title=_title(module),
        typing=[name for name in _TYPING if name in names],
        pydantic=[name for name in _PYDANTIC if name in names],
        support=sorted(name for name in ({*SUPPORT} | {"EventBase"}) if name in names),
        imports=imports,
        blocks=blocks,
        events=events,
    )


def _ordered(sources: list[TypeSource]) -> list[TypeSource]:
    """The types of a module, each alias behind what it names: an alias is evaluated where it stands, a class is not."""
    missing = {source.name for source in sources}
    waiting: list[TypeSource] = []
    placed: list[TypeSource] = []
    for source in sources:
        waiting.append(source)
        while ready := [s for s in waiting if s.is_class or not s.references & missing]:
            placed += ready
            missing -= {s.name for s in ready}
            waiting = [s for s in waiting if s not in ready]
    return placed


def _names(block: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Name)}


def _relative(target: str, module: str) -> str:
    """`types.shared` as seen from `events.tool` is `..types.shared`."""
    package = module.partition(".")[0]
    head, _, tail = target.partition(".")
    return f".{tail}" if head == package and tail else f"..{target}"


def _title(module: str) -> str:
    room, _, name = module.partition(".")
    if module == SHARED:
        return "Types that several namespaces or event families use."
    if shared_group(module):
        words = name.removeprefix("shared_").replace("_", " ")
        return f"Types that several namespaces or event families use: {words}."
    if module == UNREACHED:
        return "Types that the schema describes but no method or event uses."
    if room == "events":
        return f"Events `{name}.*` and the types of their data."
    scope, _, space = name.partition("_")
    return (
        f"Types of the {scope} namespace `{space}`."
        if space
        else f"Types of the {scope} methods without a namespace."
    )


def _event_doc(event: Event) -> str:
    marks = ["not stored in the event log"] if event.ephemeral else []
    if event.meta.stability and event.meta.stability != "stable":
        marks.append(event.meta.stability)
    if event.meta.internal:
        marks.append("internal")
    if event.meta.since:
        marks.append(f"since runtime {event.meta.since}")
    if event.meta.until:
        marks.append(f"until runtime {event.meta.until}")
    suffix = f" ({', '.join(marks)})" if marks else ""
    return paragraph(f"{event.meta.description}\n\nWire type: `{event.wire}`{suffix}.", indent=4)


def _face(owners: Owners) -> str:
    modules: dict[str, list[str]] = {}
    for name in sorted(owners.modules):
        modules.setdefault(owners.of(name), []).append(name)
    return render(
        "types_face.py.jinja",
        modules={_relative(m, "types.x"): names for m, names in sorted(modules.items())},
    )


def _events_face(families: Mapping[str, list[Event]]) -> str:
    return render("events_face.py.jinja", families=dict(sorted(families.items())))
