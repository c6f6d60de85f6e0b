"""`session.providers`: an Ollama on this machine is found, and its models made ready to be added."""

from __future__ import annotations

import pytest

from copilot_sdk.errors import InvalidParams
from tests.support.ollama_server import ollama_server
from tests.unit.runtime.harness import Client, Join, Json, Start

DEAD = "http://127.0.0.1:1"


def reference(url: str) -> Json:
    """What clients name an Ollama by."""
    names = {"adapterId": "ollama", "providerKind": "ollama"}
    return {**names, "id": f"ollama:{url}", "managementEndpoint": url}


@pytest.fixture
async def client(start: Start, join: Join) -> Client:
    client = await join(start())
    await client.open()
    return client


async def test_a_model_that_was_found_is_asked_once_its_configuration_is_added(client: Client) -> None:
    with ollama_server() as url:
        found = await client.call(
            "session.providers.discover", adapterId="ollama", input={"endpoint": f"{url}/"}
        )
        (instance,) = found["instances"]
        assert instance["reference"] == reference(url)
        status = await client.call("session.providers.getStatus", instance=reference(url))
        assert (status["status"], status["version"]) == ("healthy", "0.11.4")
        tulip, rose = (await client.call("session.providers.models.list", instance=reference(url)))["models"]
        assert tulip["capabilities"]["supports"] == {"thinking": True, "vision": False, "toolCalls": True}
        assert (rose["id"], rose["warnings"][0]["code"]) == ("rose:1b", "details_unavailable")
        plan = {"instance": instance, "model": tulip}
        prepared = await client.call("session.providers.models.prepareConfiguration", **plan)
        assert (prepared["providerDisposition"], prepared["modelDisposition"]) == ("create", "create")
        assert [warning["code"] for warning in prepared["warnings"]] == ["thinkingNotConfigurable"]
        added = {"providers": [prepared["provider"]], "models": [prepared["model"]]}
        (model,) = (await client.call("session.provider.add", **added))["models"]
        assert model["id"] == prepared["selectionId"]
        again = await client.call("session.providers.models.prepareConfiguration", **plan)
        assert again["modelDisposition"] == "alreadyConfigured"


async def test_an_ollama_that_does_not_answer_is_told_with_the_reason(client: Client) -> None:
    found = await client.call("session.providers.discover", adapterId="ollama", input={"endpoint": DEAD})
    assert (found["outcome"]["code"], found["instances"]) == ("unreachable", [])
    status = await client.call("session.providers.getStatus", instance=reference(DEAD))
    assert (status["status"], "Ollama is unavailable" in status["outcome"]["message"]) == (
        "unreachable",
        True,
    )
    listed = await client.call("session.providers.models.list", instance=reference(DEAD))
    assert (listed["outcome"]["code"], listed["models"]) == ("unreachable", [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"endpoint": "http://example.org"}, "only loopback"),
        ({"endpoint": "http://me:secret@127.0.0.1"}, "must not include credentials"),
        ({"endpoint": "http://127.0.0.1/v1"}, "must not include a path"),
        ({"endpoint": "http://127.0.0.1/?a"}, "must not include a query"),
        ({"endpoint": "ftp://127.0.0.1"}, "only loopback"),
        ({"endpoint": 5}, "endpoint: expected a string"),
        ({"address": "127.0.0.1"}, "address: unknown member"),
        ([1], "expected an object"),
    ],
)
async def test_only_addresses_of_this_machine_are_asked(client: Client, given: object, problem: str) -> None:
    with pytest.raises(InvalidParams, match=problem):
        await client.call("session.providers.discover", adapterId="ollama", input=given)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"adapterId": "other"}, "adapter is not available in this context: other"),
        ({"providerKind": "other"}, "must match the selected adapter"),
        ({"id": "ollama:http://127.0.0.1:2"}, "id does not match its endpoint"),
        ({"managementEndpoint": "http://example.org"}, "only loopback"),
    ],
)
async def test_an_instance_is_one_that_could_be_found(client: Client, changed: Json, problem: str) -> None:
    with pytest.raises(InvalidParams, match=problem):
        await client.call("session.providers.getStatus", instance={**reference(DEAD), **changed})
