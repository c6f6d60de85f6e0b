"""Answers of model providers that are odd, broken or late."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import pytest
import respx

from copilot_sdk.runtime.core.config import ModelProvider
from copilot_sdk.runtime.core.faults import ModelFault
from copilot_sdk.runtime.core.models.base import Completed, Message, ModelEvent, ModelRequest, TextDelta
from copilot_sdk.runtime.core.models.provider import ProviderModel

BASE = "https://models.test"
CHAT = ModelProvider(BASE)
RESPONSES = ModelProvider(BASE, wire_api="responses")
MESSAGES = ModelProvider(BASE, type="anthropic")
URLS = {CHAT: "/chat/completions", RESPONSES: "/responses", MESSAGES: "/v1/messages"} if False else None


def _url(provider: ModelProvider) -> str:
    if provider.type == "anthropic":
        return f"{BASE}/v1/messages"
    return BASE + ("/responses" if provider.wire_api == "responses" else "/chat/completions")


async def _ask(provider: ModelProvider, answer: httpx.Response | Exception) -> list[ModelEvent]:
    model = ProviderModel(provider)
    with respx.mock:
        respx.post(_url(provider)).mock(
            **({"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer})
        )
        try:
            return [event async for event in model.respond(ModelRequest("m", [Message("user", "hi")]))]
        finally:
            await model.aclose()


def _stream(*payloads: object, end: bytes = b"") -> httpx.Response:
    frames = [f"data: {json.dumps(payload, ensure_ascii=False)}\n\n".encode() for payload in payloads]
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"".join(frames) + end)


def _said(events: Sequence[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def _end(events: Sequence[ModelEvent]) -> Completed:
    assert isinstance(events[-1], Completed)
    return events[-1]
