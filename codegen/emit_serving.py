"""Emits `serving.py`: a base class for who serves what a client calls, in a protocol where both sides may be ours."""

from __future__ import annotations

from collections.abc import Iterator

from codegen import naming, python_types
from codegen.emit_api import docstring, imports_of, wire_line
from codegen.ir import Method, Protocol
from codegen.ownership import Owners
from codegen.templating import render


def emit(protocol: Protocol, owners: Owners) -> Iterator[tuple[str, str]]:
    """Path and text of the module; nothing for a protocol whose servers are not ours to write."""
    for scope in protocol.scopes:
        methods = [method for method in protocol.methods if method.scope is scope and method.params]
        if scope.called and not scope.inbound and scope.value == protocol.peer:
            names = {name for method in methods for name in _names(method)}
            yield (
                "serving.py",
                render(
                    "serving.py.jinja",
                    class_name=f"Serves{naming.class_name(scope.value)}",
                    server=scope.value,
                    operations=[_operation(method) for method in methods],
                    imports=imports_of(names, owners, "."),
                ),
            )


def _names(method: Method) -> set[str]:
    return {*python_types.result(method.result).names, *([method.params.name] if method.params else [])}


def _operation(method: Method) -> dict[str, object]:
    params = method.params.name if method.params else ""
    return {
        "name": _served_as(params) + ("_notification" if method.name.endswith("_notification") else ""),
        "wire": method.wire,
        "params": params,
        "result": python_types.result(method.result).text,
        "notification": method.notification,
        "doc": docstring([method.meta.description, "", *wire_line(method)], 8),
    }


def _served_as(params: str) -> str:
    """`NewSessionRequest` is served by `new_session`."""
    return naming.snake(params.removesuffix("Request").removesuffix("Notification"))
