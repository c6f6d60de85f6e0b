"""Sessions of the reference runtime as an agent of the Agent Client Protocol, from their beginning to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.runtime import Account, Call, Reply, ScriptedAccounts, ScriptedModel
from copilot_sdk.runtime.acp import listing
from copilot_sdk.runtime.core.accounts import Accounts, Credentials
from copilot_sdk.runtime.core.models.base import ModelInfo
from tests.support.acp_stage import MODES, PIXEL, Stage, prompt_of, stage
from tests.support.acp_wire import Refused
from tests.support.model_server import ModelServer
from tests.support.model_server import Reply as ModelReply


async def test_the_runtime_offers_what_it_serves(tmp_path: Path) -> None:
    async with stage(tmp_path) as client:
        answer = await client.call("initialize", {"protocolVersion": 1})
        capabilities = answer["agentCapabilities"]
        assert capabilities["loadSession"] is True
        assert set(capabilities["sessionCapabilities"]) == {
            "additionalDirectories",
            "archive",
            "close",
            "delete",
            "fork",
            "list",
            "resume",
            "status",
            "systemPrompt",
            "title",
        }
        assert capabilities["promptCapabilities"] == {"image": True, "audio": False, "embeddedContext": True}
        assert capabilities["auth"] == {"logout": {}, "status": {}}
        assert capabilities["providers"] == {}
        assert answer["authMethods"] == []


async def test_a_loaded_session_is_told_again_and_a_resumed_one_is_not(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(calls=[Call("view", {"path": "a.txt"}, id="look")]), Reply("Read.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        (client.folder / "a.txt").write_text("alpha\n")
        picture = {"type": "image", "data": PIXEL, "mimeType": "image/png"}
        await client.prompt(session_id, "Read it", picture)
    async with stage(tmp_path, again := ScriptedModel([Reply("Yes.")])) as client:
        loaded = await client.call("session/load", client.opening(sessionId=session_id))
        assert loaded["modes"]["currentModeId"] == f"{MODES}agent"
        kinds = [
            one["sessionUpdate"]
            for one in client.told()
            if one["sessionUpdate"] != "available_commands_update"
        ]
        assert kinds == [
            "user_message_chunk",
            "user_message_chunk",
            "tool_call",
            "tool_call_update",
            "agent_message_chunk",
        ]
        assert client.told("user_message_chunk")[1]["content"]["data"] == PIXEL
        assert client.told("tool_call_update")[0]["content"][0]["content"]["text"] == "1. alpha"
        client.forget()
        await client.call("session/resume", {"sessionId": session_id, "cwd": str(client.folder)})
        await client.until(client.told)
        assert [one["sessionUpdate"] for one in client.told()] == ["available_commands_update"]
        await client.prompt(session_id, "Did you?")
        assert "Read it" in str(again.requests[0].messages)
        assert [image.data for image in again.requests[0].messages[1].images] == [PIXEL]
        with pytest.raises(Refused, match="-32002"):
            await client.call("session/load", client.opening(sessionId="nobody"))


async def test_a_fork_has_the_history_and_shares_nothing_after(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(f"Answer {number}.") for number in range(1, 5)])
    async with stage(tmp_path, model) as client:
        origin = await client.open()
        await client.prompt(origin, "Remember the blue door")
        client.forget()
        result = await client.call(
            "session/fork", {"sessionId": origin, "cwd": str(client.folder), "additionalDirectories": []}
        )
        fork = result["sessionId"]
        assert fork != origin
        assert [session_id for session_id, _ in client.updates if session_id != fork] == []
        await client.prompt(fork, "In the fork")
        await client.prompt(origin, "In the origin")
        in_fork, in_origin = map(str, (model.requests[1].messages, model.requests[2].messages))
        assert "blue door" in in_fork
        assert "blue door" in in_origin
        assert "In the fork" not in in_origin
        listed = (await client.call("session/list", {}))["sessions"]
        assert {one["sessionId"] for one in listed} == {origin, fork}
        await client.call("session/delete", {"sessionId": origin})
        await client.prompt(fork, "Still there?")
        assert "blue door" in str(model.requests[3].messages)


async def test_a_session_can_be_forked_while_it_works(tmp_path: Path) -> None:
    held = asyncio.Event()
    model = ScriptedModel([Reply(["One", "."], hold=held, hold_after=1), Reply("Forked.")])
    async with stage(tmp_path, model) as client:
        origin = await client.open()
        prompt = client.start("session/prompt", prompt_of(origin, "Count"))
        await client.until(client.said)
        fork = await client.call("session/fork", {"sessionId": origin, "cwd": str(client.folder)})
        await client.prompt(fork["sessionId"], "Go on")
        held.set()
        assert (await prompt)["stopReason"] == "end_turn"
        assert [text for session_id, text in said_by_session(client) if session_id == origin] == ["One", "."]


def said_by_session(client: Stage) -> list[tuple[str, str]]:
    return [
        (session_id, update["content"]["text"])
        for session_id, update in client.updates
        if update["sessionUpdate"] == "agent_message_chunk"
    ]


async def test_sessions_are_listed_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_PAGE", 2)
    async with stage(tmp_path) as client:
        sessions = [await client.open() for _ in range(3)]
        for number, session_id in enumerate(sessions):
            await client.prompt(session_id, f"Prompt {number}")
        first = await client.call("session/list", {"cwd": str(client.folder)})
        last = await client.call("session/list", {"cursor": first["nextCursor"]})
        assert [len(page["sessions"]) for page in (first, last)] == [2, 1]
        listed = {one["sessionId"]: one["title"] for one in (*first["sessions"], *last["sessions"])}
        assert listed == {session_id: f"Prompt {number}" for number, session_id in enumerate(sessions)}
        assert "nextCursor" not in last
        assert await client.call("session/list", {"cwd": "/elsewhere"}) == {"sessions": []}
        with pytest.raises(Refused, match="-32602 cursor"):
            await client.call("session/list", {"cursor": "zzz"})


async def test_a_closed_session_is_saved_and_a_deleted_one_is_gone(tmp_path: Path) -> None:
    async with stage(tmp_path) as client:
        session_id = await client.open()
        await client.prompt(session_id, "Hello")
        about = {"sessionId": session_id}
        assert await client.call("session/set_title", {**about, "title": "Mine"}) == {"title": "Mine"}
        assert client.told("session_info_update")[-1]["title"] == "Mine"
        assert await client.call("session/status", about) == {"status": "open"}
        await client.call("session/close", about)
        assert await client.call("session/status", about) == {"status": "saved"}
        with pytest.raises(Refused, match="-32002"):
            await client.prompt(session_id, "Hello?")
        await client.call("session/load", client.opening(sessionId=session_id))
        await client.runtime.close_session(session_id)
        with pytest.raises(Refused, match="-32002"):
            await client.prompt(session_id, "Hello after a long while?")
        assert await client.call("session/delete", about) == {}
        assert await client.call("session/delete", about) == {}
        assert await client.call("session/list", {}) == {"sessions": []}
        with pytest.raises(Refused, match="-32002"):
            await client.call("session/status", about)


class Thinker(ScriptedModel):
    """A model with efforts to choose from."""

    async def catalogue(self) -> Sequence[ModelInfo]:
        return [
            ModelInfo("quick", "Quick"),
            ModelInfo("deep", "Deep", reasoning_efforts=("low", "medium", "high")),
        ]


async def test_modes_models_and_efforts_are_options_of_a_session(tmp_path: Path) -> None:
    model = Thinker([Reply("Done.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        about = {"sessionId": session_id}
        client.forget()

        async def chosen(option: str, value: object) -> dict[str, Any]:
            answer = await client.call(
                "session/set_config_option", {**about, "configId": option, "value": value}
            )
            return {one["id"]: one["currentValue"] for one in answer["configOptions"]}

        assert (await chosen("model", "deep"))["reasoning_effort"] == "medium"
        assert (await chosen("reasoning_effort", "high"))["reasoning_effort"] == "high"
        assert (await chosen("mode", f"{MODES}plan"))["mode"] == f"{MODES}plan"
        assert client.told("current_mode_update") == [
            {"sessionUpdate": "current_mode_update", "currentModeId": f"{MODES}plan"}
        ]
        assert len(client.told("config_option_update")) == 3
        await client.call("session/set_mode", {**about, "modeId": f"{MODES}agent"})
        assert (await chosen("allow_all", "on"))["allow_all"] == "on"
        await client.prompt(session_id, "Go")
        assert (model.requests[0].model, model.requests[0].reasoning_effort) == ("deep", "high")
        assert await client.call("session/set_model", {**about, "modelId": "quick"}) == {}
        categories = {
            one["id"]: one.get("category") for one in client.told("config_option_update")[0]["configOptions"]
        }
        assert categories == {
            "mode": "mode",
            "model": "model",
            "reasoning_effort": "thought_level",
            "allow_all": "permissions",
        }
        for method, params in {
            "session/set_mode": {"modeId": "nope"},
            "session/set_config_option": {"configId": "nope", "value": "x"},
            "session/set_model": {"modelId": "nope"},
        }.items():
            with pytest.raises(Refused, match=r"-32602.*nope"):
                await client.call(method, {**about, **params})
        for value in ("nope", True):
            with pytest.raises(Refused, match="-32602"):
                await chosen("allow_all", value)


@pytest.mark.parametrize("mode", ["append", "override"])
async def test_the_client_has_a_say_in_the_system_prompt(mode: str, tmp_path: Path) -> None:
    model = ScriptedModel([Reply("Arr.")])
    async with stage(tmp_path, model) as client:
        said = {"mode": mode, "content": [{"type": "text", "text": "Talk like a pirate."}]}
        await client.prompt(await client.open(systemPrompt=said), "Hello")
        system = model.requests[0].messages[0].text
        assert "Talk like a pirate." in system
        assert (system == "Talk like a pirate.") is (mode == "override")
        with pytest.raises(Refused, match=r"-32602 systemPrompt\.mode"):
            await client.open(systemPrompt={**said, "mode": "sing"})


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"cwd": "relative"}, "cwd.*absolute"),
        ({"cwd": "/no/such/folder"}, "cwd.*no folder"),
        ({"additionalDirectories": ["relative"]}, "additionalDirectories.*absolute"),
        ({"mcpServers": [{"type": "acp", "id": "x", "name": "x"}]}, "mcpServers"),
    ],
)
async def test_a_session_that_cannot_be_opened_as_wanted_is_not_opened(
    more: dict[str, object], problem: str, tmp_path: Path
) -> None:
    async with stage(tmp_path) as client:
        with pytest.raises(Refused, match=f"-32602.*{problem}"):
            await client.open(**more)
        assert list(client.runtime.sessions) == []
        origin = await client.open()
        await client.prompt(origin, "Hello")
        with pytest.raises(Refused, match=f"-32602.*{problem}"):
            await client.call("session/fork", {**client.opening(**more), "sessionId": origin})
        listed = (await client.call("session/list", {}))["sessions"]
        assert [session["sessionId"] for session in listed] == [origin]


async def test_a_session_that_there_is_not_is_not_found(tmp_path: Path) -> None:
    async with stage(tmp_path) as client:
        for method in ("load", "resume", "fork"):
            with pytest.raises(Refused, match="-32002 Session nope not found"):
                await client.call(f"session/{method}", client.opening(sessionId="nope"))


async def test_nobody_works_without_signing_in_where_that_is_needed(tmp_path: Path) -> None:
    async with stage(tmp_path, accounts=Accounts(needed=True)) as client:
        answer = await client.call("initialize", {"protocolVersion": 1})
        (method,) = answer["authMethods"]
        for wire_name, params in {
            "session/new": client.opening(),
            "authenticate": {"methodId": method["id"]},
        }.items():
            with pytest.raises(Refused, match="-32000"):
                await client.call(wire_name, params)
        with pytest.raises(Refused, match=r"-32602.*nobody"):
            await client.call("authenticate", {"methodId": "nobody"})


@pytest.mark.parametrize("needed", [True, False])
async def test_whoever_has_signed_out_opens_sessions_again_once_signed_in(
    needed: bool, tmp_path: Path
) -> None:
    known, given = ScriptedAccounts({"gho_ada": Account("ada")}), Credentials("env", "gho_ada")
    accounts = Accounts(known, given, needed=True) if needed else None
    async with stage(tmp_path, ScriptedModel([Reply("Still here.")]), accounts=accounts) as client:
        session_id = await client.open()
        told = await client.call("auth/status", {})
        assert told["state"] == ("authenticated" if needed else "not_required")
        assert await client.call("logout", {}) == {}
        assert await client.prompt(session_id, "Hello")
        if not needed:
            await client.open()
            return
        assert told["accounts"] == [{"label": "ada", "active": True}]
        assert await client.call("auth/status", {}) == {
            "state": "unauthenticated",
            "accounts": [{"label": "ada", "active": False}],
        }
        with pytest.raises(Refused, match="-32000 You have signed out"):
            await client.open()
        await client.call("authenticate", {"methodId": "github-token"})
        await client.open()


async def test_an_archived_session_is_listed_for_those_who_ask_for_it(tmp_path: Path) -> None:
    async with stage(tmp_path, ScriptedModel(lambda _: Reply("Yes."))) as client:

        async def listed(**filters: object) -> dict[str, object]:
            answer = await client.call("session/list", filters)
            return {one["sessionId"]: one.get("archived") for one in answer["sessions"]}

        old, new = await client.open(), await client.open()
        for session_id in (old, new):
            await client.prompt(session_id, "Are you there?")
        await client.call("session/close", {"sessionId": old})
        for session_id in (old, new):
            await client.call("session/archive", {"sessionId": session_id})
        assert await listed() == {}
        assert (await client.prompt(new, "Still?"))["stopReason"] == "end_turn"
        assert await listed(archived="only") == {old: True, new: True}
        fork = (await client.call("session/fork", client.opening(sessionId=new)))["sessionId"]
        await client.call("session/unarchive", {"sessionId": new})
        assert await listed(archived="exclude") == {new: None, fork: None}
        assert await listed(archived="include") == {old: True, new: None, fork: None}
        with pytest.raises(Refused, match="-32602 archived: expected one of exclude, include, only"):
            await listed(archived="sometimes")
        for method in ("session/archive", "session/unarchive"):
            with pytest.raises(Refused, match="-32002"):
                await client.call(method, {"sessionId": "nope"})
    async with stage(tmp_path) as client:
        assert await listed(archived="only") == {old: True}


async def test_sessions_use_the_provider_that_was_set_before_they_were_opened(tmp_path: Path) -> None:
    with ModelServer([ModelReply("From elsewhere.")], models=["far"]) as server:
        async with stage(tmp_path, ScriptedModel([Reply("From here."), Reply("Here again.")])) as client:

            async def current() -> object:
                (provider,) = (await client.call("providers/list", {}))["providers"]
                assert provider["required"] is False
                return provider.get("current")

            before = await client.open()
            assert await current() is None
            wanted = {"providerId": "main", "apiType": "openai", "baseUrl": server.base_url}
            await client.call("providers/set", {**wanted, "headers": {"X-Team": "blue"}})
            assert await current() == {"apiType": "openai", "baseUrl": server.base_url}
            opened = await client.call("session/new", client.opening())
            models = [one for one in opened["configOptions"] if one["id"] == "model"]
            assert [one["currentValue"] for one in models] == ["far"]
            await client.prompt(opened["sessionId"], "Where are you?")
            assert client.said() == "From elsewhere."
            assert server.requests[-1].headers["x-team"] == "blue"
            client.forget()
            await client.prompt(before, "And you?")
            assert client.said() == "From here."
            for change, problem in {
                "providerId": "providerId: there is no provider '\\?'; there is 'main'",
                "apiType": "apiType: expected one of openai, azure, anthropic, got '\\?'",
                "baseUrl": "baseUrl: it has to begin with http",
            }.items():
                with pytest.raises(Refused, match=f"-32602 {problem}"):
                    await client.call("providers/set", {**wanted, change: "?"})
            for _ in range(2):
                await client.call("providers/disable", {"providerId": "main"})
            assert await current() is None
            client.forget()
            await client.prompt(await client.open(), "Hello")
            assert client.said() == "Here again."


async def test_the_end_of_the_connection_ends_the_work_and_closes_the_sessions(tmp_path: Path) -> None:
    model = ScriptedModel([Reply(["One"], hold=asyncio.Event(), hold_after=1), Reply("Back.")])
    async with stage(tmp_path, model) as client:
        session_id = await client.open()
        prompt = client.start("session/prompt", prompt_of(session_id, "Count"))
        await client.until(client.said)
        await client.aclose()
        await client.served()
        await asyncio.wait({prompt})
        assert list(client.runtime.sessions) == []
    async with stage(tmp_path, model) as client:
        await client.call("session/load", client.opening(sessionId=session_id))
        assert client.told("user_message_chunk")[0]["content"]["text"] == "Count"
        assert (await client.prompt(session_id, "Are you there?"))["stopReason"] == "end_turn"
