"""Every method that a runtime calls on a client is answered: by a handler, and cleanly without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from codegen.ir import Method
from copilot_sdk import CopilotClient, Hooks, RpcError
from copilot_sdk._generated.copilot.handlers import SERVED
from copilot_sdk._generated.copilot.methods import INBOUND
from copilot_sdk._model.codec import decode_result
from copilot_sdk.types import HooksInvokeRequest, PreToolUseHookInput, PreToolUseHookOutput
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.hang import Hang
from tests.support.surface import METHODS, PROTOCOL, SAMPLER, classes_of

ALL = sorted(method.wire for method in PROTOCOL.inbound())
REQUESTS = [wire for wire in ALL if not METHODS[wire].notification]
SERVED_REQUESTS = [wire for wire in REQUESTS if wire in SERVED]
SERVED_NOTIFICATIONS = [wire for wire in ALL if METHODS[wire].notification and wire in SERVED]
UNSERVED = [wire for wire in REQUESTS if wire != "tasks.cancel"]
OF_SESSIONS = [wire for wire in SERVED_REQUESTS if METHODS[wire].scope.value == "clientSession"]


@pytest.fixture
async def runtime() -> AsyncIterator[FakeRuntime]:
    runtime = FakeRuntime()
    yield runtime
    await runtime.drop()


def params_of(wire: str, label: str = "full") -> dict[str, Any]:
    """Params of that method, for the session if they name one."""
    samples = {sample.label: sample.value for sample in SAMPLER.params(METHODS[wire])}
    params = samples.get(label, next(iter(samples.values())))
    assert isinstance(params, dict)
    return {**params, "sessionId": SESSION} if "sessionId" in params else params


def results_of(method: Method) -> list[Any]:
    return [sample.value for sample in SAMPLER.result(method)]


def handlers_with(wire: str, function: Callable[[Any], Any]) -> Any:
    """Handlers of which one has one method."""
    namespace, name = SERVED[wire]
    return {namespace: SimpleNamespace(**{name: function})}


async def session_with(runtime: FakeRuntime, client: CopilotClient, **callbacks: Any) -> None:
    await client.create_session(session_id=SESSION, **callbacks)


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "async"])
@pytest.mark.parametrize("wire", SERVED_REQUESTS)
async def test_a_handler_gives_the_answer(runtime: FakeRuntime, wire: str, plain: bool) -> None:
    method = METHODS[wire]
    taken: list[object] = []
    results = iter(results_of(method))

    def serve(params: object) -> Any:
        taken.append(params)
        return decode_result(INBOUND[wire], next(results))

    async def serve_async(params: object) -> Any:
        return serve(params)

    handlers = handlers_with(wire, serve if plain else serve_async)
    async with runtime.client(handlers=handlers) as client:
        await session_with(runtime, client)
        for number, expected in enumerate(results_of(method)):
            answer = await runtime.peer.request(wire, params_of(wire, "full" if number else "minimal"))
            assert json.dumps(answer) == json.dumps(expected)
    assert method.params is not None
    assert {type(params) for params in taken} <= set(classes_of(method.params.name))


@pytest.mark.parametrize("wire", SERVED_REQUESTS)
async def test_a_handler_that_fails_is_an_error(runtime: FakeRuntime, wire: str) -> None:
    def fail(params: object) -> Any:
        raise LookupError("nothing there")

    async with runtime.client(handlers=handlers_with(wire, fail)) as client:
        await session_with(runtime, client)
        with pytest.raises(RpcError) as failed:
            await runtime.peer.request(wire, params_of(wire))
        await client.ping()
    assert (failed.value.code, failed.value.message) == (-32603, "LookupError: nothing there")


async def test_a_session_without_tasks_says_that_it_cancelled_none(runtime: FakeRuntime) -> None:
    async with runtime.client() as client:
        await session_with(runtime, client)
        assert await runtime.peer.request("tasks.cancel", params_of("tasks.cancel")) == {"cancelled": False}


@pytest.mark.parametrize("wire", UNSERVED)
async def test_a_request_that_nobody_serves_is_an_unknown_method(runtime: FakeRuntime, wire: str) -> None:
    async with runtime.client() as client:
        await session_with(runtime, client)
        with pytest.raises(RpcError) as refused:
            await runtime.peer.request(wire, params_of(wire))
        await client.ping()
    assert (refused.value.code, refused.value.message) == (-32601, f"Method not found: {wire}")


@pytest.mark.parametrize("wire", OF_SESSIONS)
async def test_closing_a_session_ends_and_answers_what_its_handler_does(
    runtime: FakeRuntime, wire: str
) -> None:
    work = Hang()

    async def hang(params: object) -> None:
        await work.forever()

    async with runtime.client() as client:
        session = await client.create_session(session_id=SESSION, handlers=handlers_with(wire, hang))
        asking = asyncio.create_task(runtime.peer.request(wire, params_of(wire)))
        await work.begun.wait()
        await session.close()
        with pytest.raises(RpcError) as cancelled:
            await asking
    assert cancelled.value.code == -32800
    assert work.ended.is_set()


@pytest.mark.parametrize("wire", SERVED_NOTIFICATIONS)
async def test_a_notification_goes_to_its_handler(runtime: FakeRuntime, wire: str) -> None:
    taken: asyncio.Queue[object] = asyncio.Queue()

    async def take(params: object) -> None:
        taken.put_nowait(params)

    async with runtime.client(handlers=handlers_with(wire, take)) as client:
        await session_with(runtime, client)
        await runtime.peer.notify(wire, params_of(wire))
        params = await taken.get()
    method = METHODS[wire]
    assert method.params is not None
    assert type(params) in classes_of(method.params.name)


@pytest.mark.parametrize("wire", [wire for wire in ALL if METHODS[wire].notification])
async def test_a_notification_that_nobody_takes_does_no_harm(runtime: FakeRuntime, wire: str) -> None:
    async with runtime.client() as client:
        await session_with(runtime, client)
        await runtime.peer.notify(wire, params_of(wire))
        await runtime.peer.notify(wire, {})
        await client.ping()


# ------------------------------------------------------ what a session has callbacks for


def decide(wire: str) -> Callable[[Any], Any]:
    """Answers with the whole sample of the result."""
    return lambda request: decode_result(INBOUND[wire], results_of(METHODS[wire])[-1])


def deny(data: PreToolUseHookInput) -> PreToolUseHookOutput:
    return PreToolUseHookOutput(permission_decision="deny")


CALLBACKS: dict[str, dict[str, Any]] = {
    "autoModeSwitch.request": {"on_auto_mode_switch": lambda request: "yes"},
    "exitPlanMode.request": {"on_exit_plan_mode": decide("exitPlanMode.request")},
    "hooks.invoke": {"hooks": Hooks(pre_tool_use=deny)},
    "systemMessage.transform": {"system_message_transforms": {"key": str.upper}},
    "userInput.request": {"on_user_input": decide("userInput.request")},
}


async def test_a_callback_of_a_session_gives_the_answer(runtime: FakeRuntime) -> None:
    hook = HooksInvokeRequest(
        session_id=SESSION, hook_type="preToolUse", input={"toolName": "bash"}
    ).to_wire()
    sections = {"sessionId": SESSION, "sections": {"key": {"content": "soft"}}}
    asked = {**{wire: params_of(wire) for wire in CALLBACKS}, "hooks.invoke": hook}
    asked["systemMessage.transform"] = sections
    async with runtime.client() as client:
        await session_with(
            runtime, client, **{k: v for given in CALLBACKS.values() for k, v in given.items()}
        )
        answers = {wire: await runtime.peer.request(wire, params) for wire, params in asked.items()}
    assert answers == {
        "autoModeSwitch.request": {"response": "yes"},
        "exitPlanMode.request": results_of(METHODS["exitPlanMode.request"])[-1],
        "hooks.invoke": {"output": {"permissionDecision": "deny"}},
        "systemMessage.transform": {"sections": {"key": {"content": "SOFT"}}},
        "userInput.request": results_of(METHODS["userInput.request"])[-1],
    }


def test_every_method_is_served_by_a_handler_or_by_a_callback() -> None:
    for_the_client = {"session.event", "session.lifecycle"}
    assert sorted([*SERVED, *CALLBACKS, *for_the_client]) == sorted(INBOUND) == ALL
