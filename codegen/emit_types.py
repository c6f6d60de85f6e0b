"""Emits `types/` and `events/`: the models, a module an owner, and the lazy faces of both packages."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from codegen.ir import Event, Method, Protocol
from codegen.models import EVENT, SUPPORT, TypeSource
from codegen.ownership import (
    FRAMES,
    SHARED,
    UNREACHED,
    Owners,
    branch_module,
    branches,
    event_module,
    method_module,
    namespace,
)
from codegen.templating import render
from codegen.text import paragraph

_TYPING = ("Annotated", "Any", "Literal", "TypeAlias")
_PYDANTIC = ("Field",)


def emit(protocol: Protocol, sources: Mapping[str, TypeSource], owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of every module of `types/` and `events/`, and of `notified`."""
    events: dict[str, list[Event]] = {}
    for event in protocol.events:
        events.setdefault(event_module(event), []).append(event)
    titles = _titles(protocol)
    for module in sorted({*owners.modules.values(), *events}):
        yield (
            module.replace(".", "/") + ".py",
            _module(module, titles, sources, owners, events.get(module, [])),
        )
    yield "types/__init__.py", render("types_face.py.jinja")
    yield "types/_names.py", _type_names(owners)
    if protocol.events:
        yield "events/__init__.py", _events_face(protocol)
    notified = [(method, found) for method in protocol.methods if (found := branches(method, protocol.types))]
    if notified:
        yield "notified.py", render("notified.py.jinja", notified=notified)


def _titles(protocol: Protocol) -> dict[str, str]:
    """What the modules of events, methods, namespaces and branches of notifications hold."""
    events = {
        event_module(event): f"The event `{event.wire}` and the types of its data."
        for event in protocol.events
    }
    methods = {
        method_module(method): f"Types of the method `{method.wire}` alone." for method in protocol.methods
    }
    namespaces = {f"types.{namespace(method)}": _namespace_title(method) for method in protocol.methods}
    notified = {
        branch_module(method, tag): f"`{tag}` of `{method.wire}`, and the types that it alone reaches."
        for method in protocol.methods
        for tag in branches(method, protocol.types)
    }
    return events | methods | namespaces | notified


def _namespace_title(method: Method) -> str:
    scope, _, space = namespace(method).partition("_")
    return (
        f"Types of the {scope} namespace `{space}`."
        if space
        else f"Types of the {scope} methods without a namespace."
    )


def _title(module: str, titles: Mapping[str, str]) -> str:
    if module == UNREACHED:
        return "Types that the schema describes but no method or event uses."
    if module == FRAMES:
        return "What can be sent: the frames that are of no method, and the unions of all."
    if module.startswith(SHARED):
        words = module.removeprefix(SHARED).replace("_", " ")
        return f"Types that several namespaces or events use: {words}."
    return titles[module]


def _module(
    module: str,
    titles: Mapping[str, str],
    sources: Mapping[str, TypeSource],
    owners: Owners,
    events: list[Event],
) -> str:
    blocks = _blocks([source for name, source in sources.items() if owners.of(name) == module])
    blocks += [render("event.py.jinja", event=event, doc=_event_doc(event)) for event in events]
    names = {name for block in blocks for name in _names(block)}
    imports: dict[str, list[str]] = {}
    for name in sorted(names & owners.modules.keys()):
        if owners.of(name) != module:
            imports.setdefault(_relative(owners.of(name), module), []).append(name)
    if EVENT in names:
        imports[_relative("events", module)] = [EVENT]
    return render(
        "types.py.jinja",
        title=_title(module, titles),
        typing=[name for name in _TYPING if name in names],
        pydantic=[name for name in _PYDANTIC if name in names],
        support=sorted(name for name in ({*SUPPORT} | {"EventBase"}) if name in names),
        imports=imports,
        blocks=blocks,
    )


def _blocks(sources: list[TypeSource]) -> list[str]:
    """The text of the types of a module, each behind what it names: annotations are evaluated where they stand.

    Types that refer to each other in a circle name what is still to come in quotes, which an alias cannot.
    """
    missing = {source.name for source in sources}
    waiting = list(sources)
    placed: list[str] = []
    while waiting:
        ready = [s for s in waiting if not s.references & (missing - {s.name})]
        for source in ready or [next(s for s in waiting if s.is_class)]:
            placed.append(_quoted(source.text, missing) if source.is_class else source.text)
            waiting.remove(source)
            missing.discard(source.name)
    return placed


def _quoted(text: str, missing: set[str]) -> str:
    """Source of a class, with quotes around the annotations that name what is still to come."""
    lines = text.split("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.AnnAssign) and missing & _named(node.annotation):
            place = node.annotation
            # The columns of a syntax tree count bytes.
            line = lines[place.lineno - 1].encode()
            quoted = repr(ast.unparse(place)).encode()
            lines[place.lineno - 1] = (
                line[: place.col_offset] + quoted + line[place.end_col_offset :]
            ).decode()
    return "\n".join(lines)


def _names(block: str) -> set[str]:
    """What a block names, in quotes too."""
    tree = ast.parse(block)
    quoted = [
        ast.parse(node.annotation.value, mode="eval")
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.annotation, ast.Constant)
        and isinstance(node.annotation.value, str)
    ]
    return _named(tree).union(*map(_named, quoted))


def _named(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _relative(target: str, module: str) -> str:
    """`types.shared` as seen from `events.tool` is `..types.shared`."""
    package = module.partition(".")[0]
    head, _, tail = target.partition(".")
    return f".{tail}" if head == package and tail else f"..{target}"


def _event_doc(event: Event) -> str:
    marks = ["not stored in the event log"] if event.ephemeral else []
    if event.meta.stability and event.meta.stability != "stable":
        marks.append(event.meta.stability)
    if event.meta.internal:
        marks.append("internal")
    if event.meta.since:
        marks.append(f"since {event.meta.versioned} {event.meta.since}")
    if event.meta.until:
        marks.append(f"until {event.meta.versioned} {event.meta.until}")
    suffix = f" ({', '.join(marks)})" if marks else ""
    return paragraph(f"{event.meta.description}\n\nWire type: `{event.wire}`{suffix}.", indent=4)


def _type_names(owners: Owners) -> str:
    modules: dict[str, list[str]] = {}
    for name in sorted(owners.modules):
        modules.setdefault(owners.of(name), []).append(name)
    return render(
        "types_names.py.jinja",
        modules={_relative(m, "types.x"): names for m, names in sorted(modules.items())},
    )


def _events_face(protocol: Protocol) -> str:
    events = sorted(protocol.events, key=lambda event: event.wire)
    return render(
        "events_face.py.jinja",
        events=events,
        module=lambda event: _relative(event_module(event), "events.x"),
    )
