"""Requests of the runtime: each gets an answer, whatever happens here."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from copilot_sdk import CopilotClient, RpcError
from copilot_sdk.session import Session
from copilot_sdk.types import UserInputRequest, UserInputResponse
from tests.support.fake_runtime import SESSION, FakeRuntime
from tests.support.hang import Hang

QUESTION = {"sessionId": SESSION, "question": "Which?", "choices": ["a", "b"]}


async def open_with(client: CopilotClient, handler: Any) -> Session:
    return await client.create_session(session_id=SESSION, on_user_input=handler)


async def test_the_user_is_asked_and_the_answer_goes_back(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    asked: list[UserInputRequest] = []

    async def answer(request: UserInputRequest) -> UserInputResponse:
        asked.append(request)
        return UserInputResponse(answer="b", was_freeform=False)

    await open_with(client, answer)
    assert (await runtime.asked("session.create"))["requestUserInput"] is True
    assert await runtime.peer.request("userInput.request", QUESTION) == {"answer": "b", "wasFreeform": False}
    assert (asked[0].question, asked[0].choices) == ("Which?", ["a", "b"])


async def test_a_plain_handler_may_block(client: CopilotClient, runtime: FakeRuntime) -> None:
    free = threading.Event()

    def answer(request: UserInputRequest) -> UserInputResponse:
        assert free.wait(10)
        return UserInputResponse(answer="late", was_freeform=True)

    await open_with(client, answer)
    asking = asyncio.create_task(runtime.peer.request("userInput.request", QUESTION))
    await client.ping()
    free.set()
    assert (await asking)["answer"] == "late"


@pytest.mark.parametrize(
    "answer", [ValueError("no terminal"), "just text", None, {"answer": 5, "wasFreeform": True}]
)
async def test_a_handler_that_fails_is_an_error_for_the_runtime(
    client: CopilotClient, runtime: FakeRuntime, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: UserInputRequest) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    await open_with(client, fail)
    with pytest.raises(RpcError) as caught:
        await runtime.peer.request("userInput.request", QUESTION)
    assert caught.value.code == -32603
    assert "the handler of userInput.request raised" in caplog.text
    await client.ping()


async def test_a_handler_that_waits_for_something_cancelled_is_answered_too(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    async def fail(request: UserInputRequest) -> UserInputResponse:
        gone = asyncio.create_task(asyncio.Event().wait())
        gone.cancel()
        await gone
        raise AssertionError

    await open_with(client, fail)
    with pytest.raises(RpcError) as caught:
        await runtime.peer.request("userInput.request", QUESTION)
    assert caught.value.code == -32603


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("userInput.request", {"sessionId": SESSION, "question": "?"}, -32601),
        ("hooks.invoke", {"sessionId": SESSION, "hookType": "preToolUse", "input": {}}, -32601),
        ("no.such", {"sessionId": SESSION}, -32601),
        ("no.such", {}, -32601),
        ("userInput.request", {"sessionId": "s9", "question": "?"}, -32603),
        ("userInput.request", {"question": "?"}, -32603),
    ],
)
async def test_what_nobody_handles_is_refused(
    session: Session, runtime: FakeRuntime, method: str, params: dict[str, Any], code: int
) -> None:
    with pytest.raises(RpcError) as caught:
        await runtime.peer.request(method, params)
    assert caught.value.code == code


async def test_a_question_with_less_than_promised_is_asked_all_the_same(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    await open_with(
        client, lambda request: UserInputResponse(answer=repr(request.question), was_freeform=True)
    )
    answer = await runtime.peer.request("userInput.request", {"sessionId": SESSION})
    assert answer == {"answer": "None", "wasFreeform": True}


async def test_closing_the_session_answers_what_is_still_open(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    begun = asyncio.Event()

    async def hang(request: UserInputRequest) -> UserInputResponse:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    session = await open_with(client, hang)
    asking = asyncio.create_task(runtime.peer.request("userInput.request", QUESTION))
    await begun.wait()
    await session.close()
    with pytest.raises(RpcError) as caught:
        await asking
    assert caught.value.code == -32800


async def test_a_handler_may_close_its_session_and_still_answer(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    async def leave(request: UserInputRequest) -> UserInputResponse:
        await session.close()
        return UserInputResponse(answer="bye", was_freeform=True)

    session = await open_with(client, leave)
    assert (await runtime.peer.request("userInput.request", QUESTION))["answer"] == "bye"
    assert "(closed)" in repr(session)


async def test_the_runtime_may_take_its_question_back(client: CopilotClient, runtime: FakeRuntime) -> None:
    work = Hang()

    async def hang(request: UserInputRequest) -> UserInputResponse:
        await work.forever()

    await open_with(client, hang)
    asking = asyncio.create_task(runtime.peer.request("userInput.request", QUESTION))
    await work.begun.wait()
    asking.cancel()
    await work.ended.wait()
    await client.ping()
