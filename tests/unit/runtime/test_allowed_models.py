"""`session.model.setAllowedModels`: a host says which models a session may use."""

from __future__ import annotations

import pytest

from copilot_sdk.errors import RpcError
from tests.unit.runtime.harness import Client, Join, Start


@pytest.fixture
async def client(start: Start, join: Join) -> Client:
    client = await join(start())
    await client.open(model="small")
    return client


async def test_a_session_leaves_a_model_that_is_not_allowed_for_the_first_that_is(client: Client) -> None:
    allowed = await client.call("session.model.setAllowedModels", allowedModels=["tiny", "large", "large"])
    assert allowed == {
        "allowedModels": ["large", "tiny"],
        "effectiveAllowedModels": ["large", "tiny"],
        "fallbackModel": "large",
        "modelId": "large",
    }
    change = client.of("session.model_change")[0]
    assert (change["previousModel"], change["newModel"], change["source"]) == ("small", "large", "automatic")
    await client.turn("hi")
    assert client.of("assistant.usage")[0]["model"] == "large"


async def test_a_model_that_is_not_allowed_cannot_be_chosen(client: Client) -> None:
    await client.call("session.model.setAllowedModels", allowedModels=["small"])
    for method, params in (
        ("session.model.switchTo", {"modelId": "large"}),
        ("session.options.update", {"model": "large"}),
    ):
        with pytest.raises(RpcError, match="Model 'large' is not allowed by policy"):
            await client.call(method, **params)
    assert (await client.call("session.model.getCurrent"))["modelId"] == "small"
    freed = await client.call("session.model.setAllowedModels", allowedModels=None)
    assert freed == {"effectiveAllowedModels": ["*"], "modelId": "small"}
    await client.call("session.model.switchTo", modelId="large")


@pytest.mark.parametrize(
    ("models", "problem"),
    [([], "at least one model id"), ([" "], "an empty model id"), (["gpt-*"], "not a glob")],
)
async def test_models_are_allowed_by_their_ids(client: Client, models: list[str], problem: str) -> None:
    with pytest.raises(RpcError, match=problem):
        await client.call("session.model.setAllowedModels", allowedModels=models)
