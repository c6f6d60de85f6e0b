"""Forms for the user: those that the program shows, and those that it has shown."""

from __future__ import annotations

import asyncio
import logging
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from copilot_sdk import (
    CopilotClient,
    ResultValidationError,
    RpcError,
    UsageError,
)
from copilot_sdk.elicitation import accept, cancel, decline
from copilot_sdk.session import Session
from copilot_sdk.types import (
    ElicitationRequestedData,
    UIElicitationResponse,
)
from tests.support.fake_runtime import SESSION, FakeRuntime

FORM = {"requestId": "r1", "message": "Where?", "mode": "form"}
ANSWER_FORM = "session.ui.handlePendingElicitation"


class Way(Enum):
    TRAIN = "train"
    BOAT = "boat"


class Trip(BaseModel):
    town: str = Field(min_length=2, description="Where to")
    days: int = 1
    price: float | None = None
    back: bool = True
    way: Way | None = None
    only: Literal["abroad"] = "abroad"
    with_whom: list[Literal["Ann", "Bob"]] = Field(default=[], alias="withWhom")


async def opened(client: CopilotClient, **callbacks: Any) -> Session:
    return await client.create_session(session_id=SESSION, **callbacks)


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (accept({"town": "Rome"}), {"action": "accept", "content": {"town": "Rome"}}),
        (accept(), {"action": "accept"}),
        (
            accept(Trip(town="Rome", withWhom=["Ann"])),
            {
                "action": "accept",
                "content": {"town": "Rome", "days": 1, "back": True, "only": "abroad", "withWhom": ["Ann"]},
            },
        ),
        (decline(), {"action": "decline"}),
        (cancel(), {"action": "cancel"}),
        (None, {"action": "cancel"}),
        (ValueError("no screen"), {"action": "cancel"}),
    ],
)
async def test_a_form_is_answered_whatever_the_handler_does(
    client: CopilotClient, runtime: FakeRuntime, answer: Any, sent: dict[str, Any]
) -> None:
    async def show(request: ElicitationRequestedData) -> UIElicitationResponse:
        if isinstance(answer, Exception):
            raise answer
        assert request.message == "Where?"
        return answer  # type: ignore[no-any-return]

    await opened(client, on_elicitation=show)
    await runtime.event("elicitation.requested", FORM)
    assert await runtime.asked(ANSWER_FORM) == {"sessionId": SESSION, "requestId": "r1", "result": sent}


async def test_an_address_to_open_comes_with_its_mode(client: CopilotClient, runtime: FakeRuntime) -> None:
    asked: list[ElicitationRequestedData] = []

    def show(request: ElicitationRequestedData) -> UIElicitationResponse:
        asked.append(request)
        return accept()

    await opened(client, on_elicitation=show)
    url = {"requestId": "r1", "message": "Sign in", "mode": "url", "url": "https://example.org"}
    await runtime.event("elicitation.requested", url)
    assert (await runtime.asked(ANSWER_FORM))["result"] == {"action": "accept"}
    assert (asked[0].mode, asked[0].url) == ("url", "https://example.org")


async def test_a_request_that_does_not_fit_its_description_reaches_the_handler(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    asked: list[ElicitationRequestedData] = []

    def show(request: ElicitationRequestedData) -> UIElicitationResponse:
        asked.append(request)
        return decline()

    await opened(client, on_elicitation=show)
    await runtime.event("elicitation.requested", {"requestId": "r1", "message": None, "mode": "voice"})
    assert (await runtime.asked(ANSWER_FORM))["result"] == {"action": "decline"}
    assert asked[0].misfits() == ["message: Input should be a valid string"]
    assert asked[0].mode == "voice"


async def test_a_form_that_somebody_else_has_filled_in_is_taken_away(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    entered, gone = asyncio.Event(), asyncio.Event()

    async def show(request: ElicitationRequestedData) -> UIElicitationResponse:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        return accept()

    await opened(client, on_elicitation=show)
    await runtime.event("elicitation.requested", FORM)
    await entered.wait()
    await runtime.event("elicitation.completed", {"requestId": "r1", "action": "accept"})
    await gone.wait()
    assert runtime.count(ANSWER_FORM) == 0


async def test_an_answer_that_does_not_reach_the_runtime_is_only_logged(
    client: CopilotClient, runtime: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.answers[ANSWER_FORM] = RpcError(-32603, "too late")
    await opened(client, on_elicitation=lambda request: accept())
    with caplog.at_level(logging.WARNING, "copilot_sdk.session"):
        await runtime.event("elicitation.requested", FORM)
        await runtime.asked(ANSWER_FORM, 2)
        await client.ping()
    assert "did not reach" in caplog.text


async def able(client: CopilotClient, runtime: FakeRuntime, answer: Any) -> Session:
    ui = {"capabilities": {"ui": {"elicitation": True}}}
    runtime.answers["session.create"] = lambda params: {"sessionId": params["sessionId"], **ui}
    runtime.answers["session.ui.elicitation"] = answer
    return await opened(client)


async def test_a_model_makes_a_flat_form_and_comes_back_filled_in(
    client: CopilotClient, runtime: FakeRuntime
) -> None:
    content = {"town": "Rome", "days": 2, "way": "boat", "withWhom": ["Ann"]}
    session = await able(client, runtime, {"action": "accept", "content": content})
    trip = await session.elicit("Where to?", Trip)
    assert trip == Trip(town="Rome", days=2, way=Way.BOAT, withWhom=["Ann"])
    asked = await runtime.asked("session.ui.elicitation")
    assert asked["message"] == "Where to?"
    form = asked["requestedSchema"]
    assert form["required"] == ["town"]
    kinds = {name: field["type"] for name, field in form["properties"].items()}
    assert kinds == {
        "town": "string",
        "days": "integer",
        "price": "number",
        "back": "boolean",
        "way": "string",
        "only": "string",
        "withWhom": "array",
    }
    assert form["properties"]["town"]["description"] == "Where to"
    assert form["properties"]["way"]["enum"] == ["train", "boat"]
    assert form["properties"]["only"]["enum"] == ["abroad"]
    assert form["properties"]["withWhom"]["items"]["enum"] == ["Ann", "Bob"]
    assert not any(key in str(form) for key in ("$ref", "$defs", "anyOf", "None"))


@pytest.mark.parametrize("action", ["decline", "cancel", "some other way"])
async def test_a_form_that_is_not_accepted_brings_nothing(
    client: CopilotClient, runtime: FakeRuntime, action: str
) -> None:
    content = {"value": "a", "town": "Rome"}
    session = await able(client, runtime, {"action": action, "content": content})
    assert await session.elicit("Where to?", Trip) is None
    assert await session.confirm("Sure?") is False
    assert await session.select("Which?", ["a"]) is None
    assert await session.input("What?") is None


async def test_what_does_not_fit_the_form_is_an_error(client: CopilotClient, runtime: FakeRuntime) -> None:
    session = await able(client, runtime, {"action": "accept", "content": {"value": "x", "town": "R"}})
    with pytest.raises(ResultValidationError, match="town"):
        await session.elicit("Where to?", Trip)
    with pytest.raises(ResultValidationError, match="options"):
        await session.select("Which?", ["a", "b"])
    with pytest.raises(ResultValidationError, match="bool"):
        await session.confirm("Sure?")
    assert await session.input("What?") == "x"


async def test_forms_have_simple_fields_alone(client: CopilotClient, runtime: FakeRuntime) -> None:
    class Deep(BaseModel):
        inner: Trip

    class Wide(BaseModel):
        towns: list[str]

    class Vague(BaseModel):
        town: str | int

    session = await able(client, runtime, {"action": "cancel"})
    for model in (Deep, Wide, Vague):
        with pytest.raises(UsageError, match="field of a form"):
            await session.elicit("What?", model)
    with pytest.raises(UsageError, match="pydantic model"):
        await session.elicit("What?", dict)  # type: ignore[type-var]
    with pytest.raises(UsageError, match="option"):
        await session.select("Which?", [])
    assert runtime.count("session.ui.elicitation") == 0


async def test_nobody_is_asked_until_somebody_can_show_forms(session: Session, runtime: FakeRuntime) -> None:
    runtime.answers["session.ui.elicitation"] = {"action": "accept", "content": {"value": True}}
    with pytest.raises(UsageError, match="elicitation"):
        await session.confirm("Sure?")
    async with session.events("capabilities.changed") as changes:
        await runtime.event("capabilities.changed", {"ui": {"elicitation": True}})
        await anext(changes)
    assert await session.confirm("Sure?") is True
