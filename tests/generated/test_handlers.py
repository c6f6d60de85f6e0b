"""Every method that the runtime calls has a place in the Protocol of a handler."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from codegen import naming, ownership
from copilot_sdk._generated.copilot import handlers
from tests.support.surface import METHODS, PROTOCOL

SERVED = sorted(method.wire for method in PROTOCOL.inbound())


def handler_of(wire_name: str) -> Any:
    module = ownership.namespace(METHODS[wire_name])
    return getattr(handlers, naming.class_name(module.removeprefix("client_")) + "Handler")


@pytest.mark.parametrize("wire_name", SERVED)
def test_a_served_method_takes_its_params_and_may_be_plain_or_async(wire_name: str) -> None:
    method = METHODS[wire_name]
    signature = inspect.signature(getattr(handler_of(wire_name), method.name))
    taken = {name: parameter.annotation for name, parameter in signature.parameters.items() if name != "self"}
    assert taken == ({"params": method.params.name} if method.params else {})
    result = str(signature.return_annotation).removeprefix("Awaitable[").partition("] | ")
    assert result[0] == result[2]


def test_a_handler_has_no_method_that_the_runtime_does_not_call() -> None:
    expected = {(handler_of(name).__name__, METHODS[name].name) for name in SERVED}
    found = {
        (name, member)
        for name, handler in vars(handlers).items()
        if name.endswith("Handler")
        for member in vars(handler)
        if not member.startswith("_")
    }
    assert found == expected


def test_a_client_takes_a_handler_for_all_that_no_session_has_a_callback_for() -> None:
    callbacks = {"autoModeSwitch", "exitPlanMode", "hooks", "session", "systemMessage", "userInput"}
    assert set(handlers.SERVED) == {name for name in SERVED if name.partition(".")[0] not in callbacks}
    for wire_name, (namespace, method) in handlers.SERVED.items():
        annotation = handlers.Handlers.__annotations__[namespace].__forward_arg__
        assert (annotation, method) == (handler_of(wire_name).__name__, METHODS[wire_name].name)
    assert {namespace for namespace, _ in handlers.SERVED.values()} == set(handlers.Handlers.__annotations__)
