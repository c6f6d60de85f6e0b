"""Aliases of models in a daemon of tau: those of the user, and those of a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from copilot_sdk.errors import RequestRefused
from copilot_sdk.runtime import Reply, ScriptedModel
from copilot_sdk.tau import Client
from copilot_sdk.tau.types import AliasInfo
from tests.support.tau_stage import stage


def write(path: Path, **members: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(members))


def models() -> ScriptedModel:
    return ScriptedModel(lambda request: Reply(f"I am {request.model}."), models=["small", "large"])


async def model_of(client: Client, session_id: str) -> str:
    return (await client.rpc.get_session_info(session_id=session_id)).info.model


async def test_aliases_are_listed_by_name_and_those_of_a_project_from_anywhere_in_it(tmp_path: Path) -> None:
    write(tmp_path / "tau-config.json", aliases={"quick": "small", "able": "copilot-sdk/large"})
    write(tmp_path / "project" / ".tau" / "config.json", aliases={"usual": "large"})
    deep = tmp_path / "project" / "src" / "deep"
    async with stage(models(), home=tmp_path) as (_, client):
        everywhere = await client.rpc.list_aliases()
        within = await client.rpc.list_aliases(cwd=str(deep))
    both = [AliasInfo(name="able", target="copilot-sdk/large"), AliasInfo(name="quick", target="small")]
    assert (everywhere.global_, everywhere.project) == (both, [])
    assert (within.global_, within.project) == (both, [AliasInfo(name="usual", target="large")])


async def test_a_session_takes_its_model_by_an_alias_and_the_project_has_the_last_word(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "project"
    write(tmp_path / "tau-config.json", aliases={"usual": "small", "able": "copilot-sdk/large"})
    write(folder / ".tau" / "config.json", aliases={"usual": "large"})
    async with stage(models(), home=tmp_path) as (_, client):
        outside = await client.rpc.create_session(cwd=str(tmp_path), model="usual")
        inside = await client.rpc.create_session(cwd=str(folder), model="usual", provider="copilot-sdk")
        assert await model_of(client, outside.session_id) == "small"
        assert await model_of(client, inside.session_id) == "large"
        changed = await client.rpc.set_model(session_id=outside.session_id, model_id="able")
        assert (changed.model.id, changed.model.provider) == ("large", "copilot-sdk")
        assert (await client.chat(outside.session_id, "Who?")).text == "I am large."
        write(folder / ".tau" / "config.json", aliases={"usual": "small"})
        again = await client.rpc.set_model(session_id=inside.session_id, model_id="usual")
        assert again.model.id == "small"


async def test_an_alias_that_leads_nowhere_or_cannot_be_read_says_so(tmp_path: Path) -> None:
    config = tmp_path / "tau-config.json"
    write(config, aliases={"old": "gone"})
    async with stage(models(), home=tmp_path) as (_, client):
        with pytest.raises(RequestRefused, match="unknown model: old, alias of gone"):
            await client.rpc.create_session(cwd="/tmp", model="old")
        with pytest.raises(RequestRefused, match="provider: there is no 'elsewhere'"):
            await client.rpc.create_session(cwd="/tmp", model="small", provider="elsewhere")
        await client.rpc.reload_config()
        write(config, aliases={"old": 3})
        for call in (client.rpc.reload_config(), client.rpc.list_aliases()):
            with pytest.raises(RequestRefused, match=r"tau-config\.json: aliases.old: .*string"):
                await call
        config.write_text("{")
        with pytest.raises(RequestRefused, match=r"tau-config\.json"):
            await client.rpc.reload_config()
        created = await client.rpc.create_session(cwd="/tmp")
        assert await model_of(client, created.session_id) == "scripted"
