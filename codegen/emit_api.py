"""Emits `methods/`, `api/`, `sync_api/` and `handlers.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from codegen import naming, python_types
from codegen.ir import (
    Choice,
    Field,
    Method,
    Null,
    Nullable,
    ObjectDef,
    Protocol,
    Scalar,
    Scope,
    TypeExpr,
    UnionDef,
)
from codegen.models import definition_text, field_text
from codegen.ownership import Owners, namespace, root_module
from codegen.python_types import EVENT_UNION, Annotation
from codegen.templating import render
from codegen.text import wrap

_RAISES = (
    "{refusal}, RequestTimeout, ConnectionClosed: The {server} refused, did not answer in time, or is gone."
)

# What sessions take callbacks and subscriptions for.
_CALLBACKS = frozenset(
    {
        "client_auto_mode_switch", "client_exit_plan_mode", "client_hooks", "client_session",
        "client_system_message", "client_user_input",
    }
)  # fmt: skip

# Names that mean something in the body of an API method.
_TAKEN = frozenset({"methods", "request_timeout", "self"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A keyword argument of an API method."""

    name: str
    wire: str
    annotation: str
    required: bool
    nullable: bool
    doc: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An API method, ready for the template."""

    name: str
    constant: str
    wire: str
    parameters: tuple[Parameter, ...]
    union: str | None
    result: str
    doc: str


@dataclass(slots=True)
class Namespace:
    """A class of methods and the namespaces inside it."""

    class_name: str
    path: tuple[str, ...]
    doc: str
    operations: list[Operation] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Child:
    """A property that leads to a namespace; `module` is set where it stands in another file."""

    name: str
    class_name: str
    module: str | None
    doc: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where methods stand in the API: those of a scope, the internal ones apart."""

    scope: Scope
    internal: bool

    @property
    def root(self) -> str:
        return root_module(self.scope, internal=self.internal)

    def class_of(self, path: tuple[str, ...]) -> str:
        """Name of the class of a namespace; a session's own are called without the scope."""
        if not path:
            return f"{naming.class_name(self.root)}RPC"
        scope = "" if self.scope is Scope.SESSION else naming.class_name(self.scope.value)
        return f"{scope}{'Internal' if self.internal else ''}{naming.class_name('_'.join(path))}API"


def emit(protocol: Protocol, owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of every module that speaks of methods."""
    emitter = _Emitter(protocol, owners)
    yield from emitter.tables()
    for face, is_async in (("api", True), ("sync_api", False)):
        yield from emitter.faces(face, is_async)
    if any(not scope.called for scope in protocol.scopes):
        yield "handlers.py", emitter.handlers()


class _Emitter:
    def __init__(self, protocol: Protocol, owners: Owners) -> None:
        self.protocol = protocol
        self.owners = owners
        self.modules: dict[str, list[Method]] = {}
        for method in sorted(protocol.methods, key=lambda m: (m.scope.value, m.path, m.name)):
            self.modules.setdefault(namespace(method), []).append(method)

    # ------------------------------------------------------------------ tables

    def tables(self) -> Iterator[tuple[str, str]]:
        """`methods/`: what each method is called on the wire, and how its params and result are read."""
        for module, methods in sorted(self.modules.items()):
            yield f"methods/{module}.py", self._table(module, methods)
        yield "methods/__init__.py", render("methods_face.py.jinja")
        yield (
            "methods/inbound.py",
            self._index("INBOUND", f"What the {self.protocol.peer} calls", inbound=True),
        )
        yield "methods/outbound.py", self._index("OUTBOUND", "What a client calls", inbound=False)

    def _index(self, table: str, doc: str, *, inbound: bool) -> str:
        modules = {
            module: found
            for module, methods in sorted(self.modules.items())
            if (found := [method for method in self._listed(methods) if method.scope.inbound is inbound])
        }
        return render("methods_index.py.jinja", table=table, doc=doc, modules=modules)

    @staticmethod
    def _listed(methods: list[Method]) -> Iterator[Method]:
        """The methods without those notifications that are requests too."""
        requests = {method.wire for method in methods if not method.notification}
        return (method for method in methods if not (method.notification and method.wire in requests))

    def _table(self, module: str, methods: list[Method]) -> str:
        entries = []
        names: set[str] = set()
        for method in methods:
            result = python_types.result(method.result)
            names |= result.names | ({method.params.name} if method.params else set())
            nullable = sorted(p.wire for p in self._parameters(method) if p.nullable)
            entries.append(
                {"method": method, "result": result, "nullable": nullable, "loads": self._loads(result)}
            )
        replaced = {m.replaced_by: m.wire for m in self.protocol.methods if m.replaced_by}
        return render(
            "methods.py.jinja",
            module=module,
            replaced=replaced,
            entries=entries,
            imports=self._imports(names),
            load=self._load_params,
        )

    def _load_params(self, method: Method) -> str:
        return self._module_of(method.params.name) if method.params else ""

    def _loads(self, annotation: Annotation) -> list[tuple[str, str]]:
        return [(self._module_of(name), name) for name in sorted(annotation.names)]

    def _module_of(self, name: str) -> str:
        return _module_of(name, self.owners, "..")

    def _imports(self, names: Iterable[str]) -> dict[str, list[str]]:
        return imports_of(names, self.owners, "..")

    # ------------------------------------------------------------------- faces

    def faces(self, package: str, is_async: bool) -> Iterator[tuple[str, str]]:
        """One face of the API: a module for each namespace, a root for each scope."""
        scopes = [scope for scope in self.protocol.scopes if scope.called]
        roots = [_Place(scope, internal=False).class_of(()) for scope in scopes]
        yield f"{package}/__init__.py", render("api_face.py.jinja", is_async=is_async, roots=roots)
        for scope in scopes:
            for internal in (False, True):
                place = _Place(scope, internal)
                modules = sorted({namespace(m) for m in self._methods(place)} - {place.root})
                if modules or not internal or self._methods(place):
                    for module in (place.root, *modules):
                        yield (
                            f"{package}/{module}.py",
                            self._face(module, self._namespaces(place, module, modules), is_async),
                        )

    def _methods(self, place: _Place) -> list[Method]:
        return [m for m in self.protocol.methods if m.scope is place.scope and m.internal == place.internal]

    def _face(self, module: str, spaces: list[Namespace], is_async: bool) -> str:
        names: set[str] = set()
        for method in self.modules.get(module, []):
            definition = self.protocol.types.get(method.params.name) if method.params else None
            if isinstance(definition, ObjectDef):
                for item in definition.fields:
                    names |= python_types.parameter(item.type).names
            elif method.params:
                names.add(method.params.name)
            names |= python_types.result(method.result).names
        return render(
            "api.py.jinja", module=module, spaces=spaces, imports=self._imports(names), is_async=is_async
        )

    def _namespaces(self, place: _Place, module: str, modules: list[str]) -> list[Namespace]:
        methods = self.modules.get(module, [])
        paths: set[tuple[str, ...]] = {()} if module == place.root else set()
        paths |= {method.path[:depth] for method in methods for depth in range(1, len(method.path) + 1)}
        spaces = []
        for path in sorted(paths, reverse=True):
            space = Namespace(place.class_of(path), path, self._doc(place, path))
            space.operations = [self._operation(m) for m in methods if m.path == path]
            inner = sorted(other for other in paths if other[:-1] == path and other != path)
            space.children = [Child(p[-1], place.class_of(p), None, self._doc(place, p)) for p in inner]
            if not path:
                space.children = [*self._root_children(place, modules)]
            spaces.append(space)
        return spaces

    def _root_children(self, place: _Place, modules: list[str]) -> Iterator[Child]:
        inside = _Place(place.scope, internal=True)
        if not place.internal and self._methods(inside):
            yield Child("internal", inside.class_of(()), f".{inside.root}", self._doc(inside, ()))
        for module in modules:
            path = (module.removeprefix(f"{place.root}_"),)
            yield Child(path[0], place.class_of(path), f".{module}", self._doc(place, path))

    def _doc(self, place: _Place, path: tuple[str, ...]) -> str:
        if not path and place.internal:
            return f"Internal {place.scope.value} methods: the runtime has them for itself and may change them at will."
        if not path:
            server = place.scope.server
            kind = "" if place.scope.value == server else f"{place.scope.value} "
            return f"Every {kind}method of the {server}, by namespace."
        methods = [m for m in self._methods(place) if m.path[: len(path)] == path]
        dot = "/" if "/" in methods[0].wire else "."
        prefix = methods[0].wire.split(dot)[: -1 - (len(methods[0].path) - len(path))]
        return f"{'Internal methods' if place.internal else 'Methods'} `{dot.join(prefix)}{dot}*`."

    # -------------------------------------------------------------- operations

    def _parameters(self, method: Method) -> tuple[Parameter, ...]:
        definition = self.protocol.types.get(method.params.name) if method.params else None
        if not isinstance(definition, ObjectDef):
            return ()
        return tuple(self._parameter(item) for item in definition.fields if item.wire not in method.implied)

    def _parameter(self, item: Field) -> Parameter:
        annotation = python_types.parameter(item.type).text
        # What has to be there and may be anything may be null.
        nullable = _takes_null(item.type) or (item.required and item.type == Scalar("any"))
        required = item.required and item.default is None
        if not required and not nullable:
            annotation += " | None"
        if not required and nullable:
            annotation += " | Unset"
        name = f"{item.name}_" if item.name in _TAKEN else item.name
        return Parameter(name, item.wire, annotation, required, nullable, field_text(item))

    def _operation(self, method: Method) -> Operation:
        definition = self.protocol.types.get(method.params.name) if method.params else None
        union = definition.name if isinstance(definition, UnionDef) else None
        parameters = self._parameters(method)
        return Operation(
            name=method.name,
            constant=method.constant,
            wire=method.wire,
            parameters=parameters,
            union=union,
            result=python_types.result(method.result).text,
            doc=self._operation_doc(method, parameters, union),
        )

    def _operation_doc(self, method: Method, parameters: tuple[Parameter, ...], union: str | None) -> str:
        lines = [wrap(method.meta.description or method.wire, 8), "", *wire_line(method), "", "Args:"]
        if union:
            lines.append(_item(f"params: {_first_line(definition_text(self.protocol.types[union]))}"))
        lines += [_item(f"{p.name}: {p.doc or 'See the wire field ' + p.wire + '.'}") for p in parameters]
        lines.append(
            _item(
                "request_timeout: Seconds to wait for the answer; "
                + (
                    "no limit when left out."
                    if method.waits
                    else "None for no limit, the client's default when left out."
                )
            )
        )
        returned = self._returns(method)
        if returned:
            lines += ["", "Returns:", _item(returned)]
        raises = _RAISES.format(server=method.scope.server, refusal=self.protocol.refusal)
        lines += ["", "Raises:", _item(raises), "    InvalidParams: An argument does not fit."]
        return docstring(lines, 8)

    def _returns(self, method: Method) -> str:
        expr = method.result
        names = sorted(python_types.result(expr).names)
        if isinstance(expr, Null):
            return ""
        if len(names) == 1 and names[0] in self.protocol.types:
            text = _first_line(self.protocol.types[names[0]].meta.description)
            return text + (" None when there is none." if isinstance(expr, Nullable) else "")
        return f"What the {method.scope.server} answers."

    # ---------------------------------------------------------------- handlers

    def handlers(self) -> str:
        """`handlers.py`: a Protocol for each namespace that the runtime calls."""
        groups: dict[str, list[dict[str, object]]] = {}
        names: set[str] = set()
        for module, methods in sorted(self.modules.items()):
            for method in methods:
                if method.scope.inbound:
                    params = method.params.name if method.params else None
                    result = python_types.result(method.result)
                    names |= result.names | ({params} if params else set())
                    doc = [*wrap(method.meta.description, 8).split("\n"), "", *wire_line(method)]
                    groups.setdefault(module, []).append(
                        {
                            "name": method.name,
                            "wire": method.wire,
                            "params": params,
                            "result": result.text,
                            "doc": docstring(doc, 8),
                            "notification": method.notification,
                        }
                    )
        handlers = {
            module.removeprefix("client_"): {
                "name": naming.class_name(module.removeprefix("client_")) + "Handler",
                "operations": operations,
                "callback": module in _CALLBACKS,
            }
            for module, operations in groups.items()
        }
        imports = imports_of(names, self.owners, ".")
        return render("handlers.py.jinja", handlers=handlers, imports=imports)


def imports_of(names: Iterable[str], owners: Owners, dots: str) -> dict[str, list[str]]:
    """The modules of some types, as seen from a module that is so many dots below the package."""
    imports: dict[str, list[str]] = {}
    for name in sorted(names):
        imports.setdefault(_module_of(name, owners, dots), []).append(name)
    return dict(sorted(imports.items()))


def _module_of(name: str, owners: Owners, dots: str) -> str:
    return f"{dots}events" if name == EVENT_UNION else f"{dots}{owners.of(name)}"


def wire_line(method: Method) -> list[str]:
    """What a docstring says of the method on the wire."""
    marks = [method.meta.stability or "stable"]
    marks += ["internal"] if method.meta.internal else []
    marks += ["deprecated"] if method.meta.deprecated else []
    marks += [f"since {method.meta.versioned} {method.meta.since}"] if method.meta.since else []
    marks += [f"until {method.meta.versioned} {method.meta.until}"] if method.meta.until else []
    marks += [f"replaced by `{method.replaced_by}`"] if method.replaced_by else []
    needs = f" Needs `{method.capability}`." if method.capability else ""
    return [f"Wire method: `{method.wire}` ({', '.join(marks)}).{needs}"]


def docstring(lines: Iterable[str], indent: int) -> str:
    """Lines of a docstring, those behind the first one indented."""
    text = "\n".join(lines).split("\n")
    return "\n".join(" " * indent + line if line and index else line for index, line in enumerate(text))


def _takes_null(expr: TypeExpr) -> bool:
    return isinstance(expr, (Nullable, Null)) or (
        isinstance(expr, Choice) and any(map(_takes_null, expr.members))
    )


def _item(text: str) -> str:
    lines = wrap(" ".join(text.split()), 16).split("\n")
    return "\n".join(("    " if index == 0 else "        ") + line for index, line in enumerate(lines))


def _first_line(text: str) -> str:
    return text.partition("\n\n")[0]
