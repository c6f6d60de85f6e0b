"""`session.model.applyStartupOverlay`: what settings ask for, and who has the last word."""

from __future__ import annotations

import pytest

from copilot_sdk.errors import InternalError
from tests.unit.runtime.harness import Client, Join, Json, Start

LAY_OVER = "session.model.applyStartupOverlay"
SUMMARIES = "session.model.getReasoningSummaries"


async def _opened(start: Start, join: Join) -> tuple[Client, str]:
    """A client whose session has loaded the models, and the id of the one that is on offer."""
    client = await join(start())
    await client.open(model="mine")
    offered: list[Json] = (await client.call("session.model.list"))["list"]
    return client, str(offered[0]["id"])


async def test_the_repository_has_the_last_word_and_the_organization_has_not(
    start: Start, join: Join
) -> None:
    client, offered = await _opened(start, join)
    managed = {"serverManagedModel": offered, "managedReasoningEffort": "high"}
    applied = await client.call(LAY_OVER, **managed)
    assert applied["modelState"] == {"modelId": offered, "reasoningEffort": "high"}
    assert applied["message"] == f"Model changed from mine to {offered} (high)"
    assert (await client.call(LAY_OVER, repoModel=offered))["status"] == "applied"
    kept = await client.call(LAY_OVER, deviceManagedModel="other")
    assert kept == {"status": "unchanged", "deferred": False, "modelId": offered}


@pytest.mark.parametrize("wish", ["repoModel", "serverManagedModel"])
async def test_a_model_that_is_not_on_offer_is_warned_of(start: Start, join: Join, wish: str) -> None:
    client, _ = await _opened(start, join)
    told = await client.call(LAY_OVER, **{wish: "nowhere"})
    assert (told["status"], told["deferred"], told["modelId"]) == ("unchanged", False, "mine")
    assert "'nowhere', which is not on offer" in told["warning"]


async def test_a_preference_of_auto_needs_one_that_is_on_offer(start: Start, join: Join) -> None:
    client, _ = await _opened(start, join)
    with pytest.raises(InternalError, match="Auto preference 'high' is not on offer"):
        await client.call(LAY_OVER, repoModel="auto", repoAutoTier="high")


async def test_summaries_are_known_with_the_models_and_go_by_the_session(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(reasoningSummary="none")
    assert (await client.call(SUMMARIES))["ready"] is False
    await client.turn("hi")
    silent = await client.call(SUMMARIES, persistedShowReasoning=True)
    assert (silent["ready"], silent["sessionShowsSummaries"], silent["visibility"]) == (True, False, False)
    assert (silent["modelDefaultShowsSummaries"], silent["clearRedundantSetting"]) == (True, True)
    await client.call("session.model.switchTo", modelId="mine", reasoningSummary="detailed")
    assert (await client.call(SUMMARIES))["visibility"] is True
    assert (await client.call(SUMMARIES, persistedShowReasoning=False))["visibility"] is False
