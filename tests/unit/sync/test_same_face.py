"""The sync face has what the async one has, with the same arguments."""

from __future__ import annotations

import inspect
from typing import get_overloads

import pytest

from copilot_sdk import (
    acp,
    agents,
    client,
    client_tasks,
    options,
    providers,
    session,
    synaps,
    sync,
    tau,
    turns,
)
from copilot_sdk.acp import sync as acp_sync
from copilot_sdk.agents import sync as agents_sync
from copilot_sdk.synaps import client as synaps_client
from copilot_sdk.synaps import sync as synaps_sync
from copilot_sdk.tau import client as tau_client
from copilot_sdk.tau import subscription as tau_subscription
from copilot_sdk.tau import sync as tau_sync

PAIRS = [
    (client.CopilotClient, sync.CopilotClient),
    (session.Session, sync.Session),
    (client_tasks.ClientTask, sync.ClientTask),
    (providers.WorkflowRun, sync.WorkflowRun),
    (synaps_client.Client, synaps_sync.Client),
    (tau_client.Client, tau_sync.Client),
    (tau_subscription.Subscription, tau_sync.Subscription),
    (acp.Client, acp_sync.Client),
    (acp.Session, acp_sync.Session),
    (agents.Conversation, agents_sync.Conversation),
]
TURNS = [
    (turns.Turn, sync.Turn),
    (synaps.Turn, synaps_sync.Turn),
    (tau.Turn, tau_sync.Turn),
    (acp.Turn, acp_sync.Turn),
    (agents.Prompt, agents_sync.Prompt),
]


def public(cls: type) -> dict[str, object]:
    return {name: getattr(cls, name) for name in dir(cls) if not name.startswith("_")}


def arguments(function: object) -> list[dict[str, tuple[object, object, object]]]:
    """The arguments with their types as written, of each form that type checkers know."""
    assert callable(function)
    return [
        {p.name: (p.kind, p.default, p.annotation) for p in inspect.signature(form).parameters.values()}
        for form in get_overloads(function) or [function]
    ]


@pytest.mark.parametrize(("asynchronous", "synchronous"), PAIRS)
def test_both_faces_have_the_same_names(asynchronous: type, synchronous: type) -> None:
    assert public(asynchronous).keys() == public(synchronous).keys()


@pytest.mark.parametrize(("asynchronous", "synchronous"), TURNS)
def test_a_sync_turn_is_the_async_one_with_a_method_for_its_result(
    asynchronous: type, synchronous: type
) -> None:
    for name in public(synchronous).keys() - {"result"}:
        member = getattr(asynchronous, name)
        assert not callable(member) or arguments(getattr(synchronous, name)) == arguments(member), name


@pytest.mark.parametrize(("asynchronous", "synchronous"), PAIRS)
def test_both_faces_take_the_same_arguments(asynchronous: type, synchronous: type) -> None:
    for name, member in public(asynchronous).items():
        if callable(member):
            assert arguments(getattr(synchronous, name)) == arguments(member), name


def test_both_clients_are_made_alike() -> None:
    assert arguments(sync.CopilotClient) == arguments(client.CopilotClient)
    assert arguments(synaps_sync.connect) == arguments(synaps_client.connect)
    assert arguments(tau_sync.connect) == arguments(tau_client.connect)
    assert arguments(tau_sync.embedded) == arguments(tau_client.embedded)
    assert arguments(acp_sync.Client) == arguments(acp.Client)
    assert arguments(acp_sync.connect) == arguments(acp.connect)
    assert arguments(agents_sync.connect) == arguments(agents.connect)


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("__init__", options.ClientOptions),
        ("over", options.ClientOptions),
        ("connect", options.ClientOptions),
        ("embedded", options.ClientOptions),
        ("create_session", options.SessionCreateOptions),
        ("resume_session", options.SessionResumeOptions),
    ],
)
def test_what_both_faces_take_by_name_is_declared_once(method: str, kind: type) -> None:
    for face in (client.CopilotClient, sync.CopilotClient):
        given = inspect.signature(getattr(face, method)).parameters["options"]
        assert given.kind is inspect.Parameter.VAR_KEYWORD
        assert given.annotation == f"Unpack[{kind.__name__}]"
