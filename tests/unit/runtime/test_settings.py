"""Small methods: what they read and what they change."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import get_args

import pytest
from pydantic import RootModel

from copilot_sdk._generated.copilot.methods import OUTBOUND
from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Call, Reply
from copilot_sdk.runtime.copilot.catalog_requests import CatalogRequest
from copilot_sdk.runtime.copilot.methods import METHODS
from copilot_sdk.runtime.copilot.refusals import REFUSALS
from copilot_sdk.runtime.copilot.router import NoParams
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of


@pytest.mark.parametrize("method", sorted(METHODS.keys() - REFUSALS.keys()))
def test_every_served_method_takes_the_params_of_the_schema(method: str) -> None:
    load, served = OUTBOUND[method].params, METHODS[method].params
    if served is NoParams:
        wanted = load().model_fields.values() if load is not None else ()
        required = [field for field in wanted if field.is_required()]
        assert len(required) <= 1, "at most the id of the session"
    elif served is not CatalogRequest:  # one that looks at each member itself
        assert load is not None
        # A union has no class of its own, so one that holds it stands in for it.
        inner: object = served.model_fields["root"].annotation if issubclass(served, RootModel) else served
        params: object = load()
        assert inner in (params, *get_args(params))


async def test_queued_messages_can_be_taken_back(start: Start, join: Join) -> None:
    hold = asyncio.Event()
    client = await join(start([Reply("one", hold=hold), Reply("two")]))
    await client.open()
    for prompt in ("a", "b", "c"):
        await client.send(prompt)
    await client.send("first", prepend=True)
    shown = [item["displayText"] for item in (await client.call("session.queue.pendingItems"))["items"]]
    assert shown == ["first", "b", "c"]
    assert await client.call("session.queue.removeMostRecent") == {"removed": True}
    await client.call("session.queue.clear")
    assert await client.call("session.queue.removeMostRecent") == {"removed": False}
    hold.set()
    await client.until("session.idle")
    assert [message["content"] for message in client.of("user.message")] == ["a"]


async def test_the_reasoning_effort_reaches_the_model(start: Start, join: Join) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    effort = await client.call("session.model.setReasoningEffort", reasoningEffort="low")
    assert effort == {"reasoningEffort": "low"}
    await client.turn("hi")
    assert asked_of(runtime)[0].reasoning_effort == "low"
    assert [model["id"] for model in (await client.call("session.model.list"))["list"]] == ["scripted"]


async def test_options_change_a_running_session(start: Start, join: Join, tmp_path: Path) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open()
    changed = await client.call(
        "session.options.update",
        workingDirectory=str(tmp_path),
        availableTools=["view", "grep"],
        excludedTools=["grep"],
        reasoningEffort="high",
        clientName="tests",
    )
    assert changed == {"success": True}
    await client.turn("hi")
    request = asked_of(runtime)[0]
    assert ([spec.name for spec in request.tools], request.reasoning_effort) == (["view"], "high")
    assert str(tmp_path) in request.messages[0].text
    snapshot = await client.call("session.metadata.snapshot")
    assert (snapshot["workingDirectory"], snapshot["clientName"]) == (str(tmp_path), "tests")
    with pytest.raises(RpcError, match="does not exist"):
        await client.call("session.options.update", workingDirectory=str(tmp_path / "no"))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"content": "Be brief."}, "Be brief."),
        ({"mode": "replace", "content": "Only this."}, "Only this."),
    ],
)
async def test_the_application_speaks_in_the_system_message(
    start: Start, join: Join, message: Json, told: str
) -> None:
    runtime = start()
    client = await join(runtime)
    await client.open(systemMessage=message)
    await client.turn("hi")
    text = asked_of(runtime)[0].messages[0].text
    assert (text == told) if message.get("mode") == "replace" else told in text
    assert client.of("system.message")[0]["content"] == text


async def test_tokens_are_counted(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    await client.turn("hello there")
    info = (await client.call("session.metadata.contextInfo", promptTokenLimit=1000, outputTokenLimit=100))[
        "contextInfo"
    ]
    parts = info["systemTokens"] + info["conversationTokens"] + info["toolDefinitionsTokens"]
    assert (info["totalTokens"], info["limit"]) == (parts, 1000)
    counted = await client.call("session.metadata.recomputeContextTokens", modelId="x")
    assert counted["messagesTokenCount"] == info["conversationTokens"] > 0


async def test_directories_are_allowed_and_checked(start: Start, join: Join, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    client = await join(start([Reply(calls=[Call("view", {"path": str(outside)})]), Reply("ok")]))
    await client.open(workingDirectory=str(inside), requestPermission=True)
    await client.call("session.permissions.configure", paths={"includeTempDirectory": False})
    check = "session.permissions.paths.isPathWithinAllowedDirectories"
    assert await client.call(check, path=str(outside / "x")) == {"allowed": False}
    assert await client.call("session.permissions.paths.add", path=str(outside)) == {"success": True}
    assert await client.call(check, path=str(outside / "x")) == {"allowed": True}
    listed = await client.call("session.permissions.paths.list")
    assert listed == {
        "directories": [str(inside), str(outside)],
        "primary": str(inside),
        "sessionApprovedPaths": [],
    }
    await client.send("look")
    assert (await client.until("permission.requested"))["data"]["promptRequest"]["kind"] == "read"


async def test_rules_of_the_session_approve(start: Start, join: Join) -> None:
    view = Call("view", {"path": "."})
    client = await join(start([Reply(calls=[view]), Reply("a"), Reply(calls=[view]), Reply("b")]))
    await client.open(requestPermission=True)
    rule = {"kind": "read", "argument": None}
    await client.call("session.permissions.modifyRules", scope="session", add=[rule])
    await client.turn("go")
    assert not client.of("permission.requested")
    await client.call("session.permissions.modifyRules", scope="session", remove=[rule])
    await client.send("go")
    await client.until("permission.requested")


async def test_a_client_can_stop_answering_permissions(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("view", {"path": "."})]), Reply("ok")]))
    await client.open(requestPermission=True)
    await client.send("go")
    await client.until("permission.requested")
    assert await client.call("session.permissions.setRequired", required=False) == {"success": True}
    await client.until("session.idle")
    assert not client.of("tool.execution_complete")[0]["success"]


async def test_the_git_repository_of_a_session_is_known(start: Start, join: Join, tmp_path: Path) -> None:
    git = tmp_path / "repo/.git"
    git.mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/feature/x\n")
    (git / "config").write_text('[remote "origin"]\n\turl = git@example.com:owner/project.git\n')
    (tmp_path / "repo/src").mkdir()
    client = await join(start())
    await client.open(workingDirectory=str(tmp_path / "repo/src"))
    assert client.of("session.start")[0]["context"] == {
        "cwd": str(tmp_path / "repo/src"),
        "gitRoot": str(tmp_path / "repo"),
        "repository": "owner/project",
        "branch": "feature/x",
    }


async def test_interests_are_registered_and_released(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open()
    handle = await client.call("session.eventLog.registerInterest", eventType="mcp.oauth_required")
    assert await client.call("session.eventLog.releaseInterest", **handle) == {"success": True}


async def test_a_plan_can_be_decided_on_through_its_event(start: Start, join: Join) -> None:
    client = await join(start([Reply(calls=[Call("exit_plan_mode", {"summary": "s"})]), Reply("ok")]))
    client.answers["exitPlanMode.request"] = lambda _: asyncio.Event().wait()
    await client.open(requestExitPlanMode=True)
    await client.call("session.mode.set", mode="plan")
    await client.send("go")
    request = (await client.until("exit_plan_mode.requested"))["data"]
    decision = {"approved": False, "feedback": "not yet"}
    await client.call(
        "session.ui.handlePendingExitPlanMode", requestId=request["requestId"], response=decision
    )
    await client.until("session.idle")
    assert "not yet" in client.of("tool.execution_complete")[0]["result"]["content"]
    assert await client.call("session.mode.get") == "plan"


async def test_suspend_and_shutdown_close_the_session_for_everybody(start: Start, join: Join) -> None:
    client = await join(start())
    for method in ("session.suspend", "session.shutdown"):
        await client.open(sessionId=method)
        await client.call(method)
        assert client.events[-1]["type"] == "session.shutdown"
        with pytest.raises(RpcError, match="Session not found"):
            await client.call("session.mode.get")


async def test_names_have_a_length(start: Start, join: Join) -> None:
    client = await join(start())
    await client.open(name="Given")
    assert await client.call("session.name.get") == {"name": "Given"}
    for name in ("  ", "x" * 101):
        with pytest.raises(RpcError, match="1 to 100"):
            await client.call("session.name.set", name=name)
    assert await client.call("session.name.setAuto", summary="x") == {"applied": False}


async def test_the_session_says_how_it_is_signed_in(start: Start, join: Join) -> None:
    client: Client = await join(start())
    await client.open()
    assert (await client.call("session.auth.getStatus"))["isAuthenticated"] is False
    await client.call("session.tools.initializeAndValidate")
