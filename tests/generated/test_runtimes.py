"""The schema has the whole published surface of each runtime that was absorbed: nothing is lost, nothing added."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.schema_files import TREES, as_of, event_types, methods, read_documents

# How many methods each tree of the published interface has, and how many events, by runtime.
SURFACES: dict[str, tuple[list[int], int]] = {
    "1.0.61": ([63, 161, 15, 0], 89),
    "1.0.81": ([88, 253, 18, 3], 133),
    "1.0.102": ([249, 332, 21, 11], 163),
}
# What 1.0.102 publishes in a tree and the lifecycle file describes by hand, `hooks.invoke` in another tree.
PUBLISHED_BY_HAND = {
    "clientSession": {"providerToken.getToken", "skillProvider.list", "skillProvider.read"},
    "clientGlobal": {"gitHubTelemetry.event", "gitHubToken.getToken", "hooks.invoke"},
}


@pytest.mark.parametrize("runtime", SURFACES)
def test_the_surface_of_each_runtime_is_whole(runtime: str) -> None:
    documents = as_of(read_documents(), runtime)
    trees, events = SURFACES[runtime]
    api = Counter(tree for tree, _, _ in methods(documents["api.schema.json"]))
    assert [api[tree] for tree in TREES] == trees
    assert len(event_types(documents["session-events.schema.json"])) == events


def test_every_method_that_the_last_runtime_publishes_is_in_the_schema() -> None:
    documents = as_of(read_documents(), "1.0.102")
    published = Counter(tree for tree, _, _ in methods(documents["api.schema.json"]))
    by_hand = {method["rpcMethod"] for _, _, method in methods(documents["lifecycle.schema.json"])}
    for tree, names in PUBLISHED_BY_HAND.items():
        published[tree] += len(names & by_hand)
    assert published == {"server": 249, "session": 332, "clientSession": 24, "clientGlobal": 14}
    assert published.total() == 619


def test_the_surfaces_are_those_of_the_runtimes_that_were_absorbed() -> None:
    assert read_documents()["api.schema.json"]["runtimes"] == list(SURFACES)
