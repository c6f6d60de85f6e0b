"""The sync face has what the async one has, with the same arguments."""

from __future__ import annotations

import inspect

import pytest

from copilot_sdk import client, client_tasks, providers, session, sync

PAIRS = [
    (client.CopilotClient, sync.CopilotClient),
    (session.Session, sync.Session),
    (client_tasks.ClientTask, sync.ClientTask),
    (providers.WorkflowRun, sync.WorkflowRun),
]


def public(cls: type) -> dict[str, object]:
    return {name: getattr(cls, name) for name in dir(cls) if not name.startswith("_")}


def arguments(function: object) -> dict[str, tuple[object, object]]:
    assert callable(function)
    return {p.name: (p.kind, p.default) for p in inspect.signature(function).parameters.values()}


@pytest.mark.parametrize(("asynchronous", "synchronous"), PAIRS)
def test_both_faces_have_the_same_names(asynchronous: type, synchronous: type) -> None:
    assert public(asynchronous).keys() == public(synchronous).keys()


@pytest.mark.parametrize(("asynchronous", "synchronous"), PAIRS)
def test_both_faces_take_the_same_arguments(asynchronous: type, synchronous: type) -> None:
    for name, member in public(asynchronous).items():
        if callable(member):
            assert arguments(getattr(synchronous, name)) == arguments(member), name


def test_both_clients_are_made_alike() -> None:
    assert arguments(sync.CopilotClient) == arguments(client.CopilotClient)
