"""Settings of the user and of repositories, and the state of the runtime, in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime.copilot.refusals import REFUSALS
from tests.unit.runtime.harness import Join, Json, Start, text_at

COMMENTED = '// mine\n{\n  /* why */ "beep": true, // "x"\n  "companyAnnouncements": ["a//b",],\n}\n'


def put(path: Path, text: str) -> None:
    """Has a file hold a text."""
    path.write_text(text)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home" / "settings.json"


async def test_settings_are_set_read_and_removed(start: Start, join: Join, file: Path) -> None:
    client = await join(start())
    settings = (await client.call("user.settings.get"))["settings"]
    assert settings["mouse"] == {"value": True, "default": True, "isDefault": True}
    assert settings["theme"] == {"value": None, "default": None, "isDefault": True}
    assert await client.call("user.settings.set", settings={"Mouse": False, "mine": 1}) is None
    assert json.loads(text_at(str(file))) == {"mouse": False, "mine": 1}
    settings = (await client.call("user.settings.get"))["settings"]
    assert settings["mouse"] == {"value": False, "default": True, "isDefault": False}
    assert "mine" not in settings
    await client.call("user.settings.set", settings={"mouse": None})
    assert text_at(str(file)) == '{\n  "mine": 1\n}\n'
    assert await client.call("user.settings.update", key="theme", value=None) == {"value": None}
    assert json.loads(text_at(str(file))) == {"mine": 1, "theme": None}
    with pytest.raises(RpcError, match="must be an object keyed by setting name"):
        await client.call("user.settings.set", settings=[1])


async def test_half_a_character_is_kept_too(start: Start, join: Join, file: Path) -> None:
    client = await join(start())
    await client.call("user.settings.set", settings={"mine": "\ud83d"})
    assert json.loads(text_at(str(file))) == {"mine": "\ud83d"}


async def test_a_file_with_comments_is_read_and_written_without_them(
    start: Start, join: Join, file: Path
) -> None:
    put(file, COMMENTED)
    client = await join(start())
    assert await client.call("user.settings.loadForEdit") == {
        "status": "ok",
        "settings": {"beep": True, "companyAnnouncements": ["a//b"]},
    }
    edit = {"canonicalPath": ["beep"], "operation": "set", "value": False}
    assert await client.call("user.settings.edit", **edit) == {"status": "invalid"}
    assert text_at(str(file)) == COMMENTED
    await client.call("user.settings.set", settings={"theme": "light"})
    assert json.loads(text_at(str(file))) == {
        "beep": True,
        "companyAnnouncements": ["a//b"],
        "theme": "light",
    }


async def test_a_broken_file_is_told_and_never_written_over(start: Start, join: Join, file: Path) -> None:
    put(file, "{nope")
    client = await join(start())
    assert await client.call("user.settings.loadForEdit") == {"status": "invalid"}
    assert (await client.call("user.settings.get"))["settings"]["mouse"]["isDefault"]
    for method, params in (
        ("user.settings.set", {"settings": {"beep": True}}),
        ("user.settings.update", {"key": "beep", "value": True}),
        ("user.settings.applyTopKey", {"canonicalPath": ["beep"], "topKey": "beep", "value": True}),
    ):
        with pytest.raises(RpcError, match=r"refusing to overwrite settings\.json"):
            await client.call(method, **params)
    assert text_at(str(file)) == "{nope"


async def test_a_setting_is_edited_in_place(start: Start, join: Join, file: Path, tmp_path: Path) -> None:
    client = await join(start())

    async def edit(path: str, operation: str, value: object = None, **more: object) -> str:
        given = {} if value is None else {"value": value}
        result: Json = await client.call(
            "user.settings.edit", canonicalPath=path.split("."), operation=operation, **given, **more
        )
        return str(result["status"])

    assert await edit("footer.showModel", "set", True) == "changed"
    assert await edit("footer.showModel", "set", True) == "unchanged"
    assert await edit("allowedUrls", "add-item", "https://a.b") == "changed"
    assert await edit("allowedUrls", "add-item", "https://a.b") == "unchanged"
    assert json.loads(text_at(str(file))) == {"footer": {"showModel": True}, "allowedUrls": ["https://a.b"]}
    assert await edit("allowedUrls", "remove-item", "https://a.b") == "changed"
    assert await edit("footer.showModel", "remove") == "changed"
    assert await edit("footer.showModel", "remove") == "unchanged"
    assert json.loads(text_at(str(file))) == {}
    assert await edit("theme", "set", "dark", configDir=str(tmp_path / "other")) == "changed"
    assert json.loads((tmp_path / "other/settings.json").read_text()) == {"theme": "dark"}
    with pytest.raises(RpcError, match="beep: Expected boolean, received string"):
        await edit("beep", "set", "x")
    with pytest.raises(RpcError, match="unknown variant `swap`, expected one of `set`, `add-item`"):
        await edit("beep", "swap", True)
    with pytest.raises(RpcError, match="`value` is required for set"):
        await edit("beep", "set")
    with pytest.raises(RpcError, match="must not be empty"):
        await client.call("user.settings.edit", canonicalPath=[], operation="remove")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("allowedUrls", [1], "Expected string, received number"),
        ("allowedUrls", "x", "Expected array, received string"),
        ("enabledPlugins", {"a@b": "yes"}, "Expected boolean, received string"),
        ("banner", "zz", "Invalid enum value. Expected 'always' | 'once' | 'never', received 'zz'"),
        ("banner", None, "Expected 'always' | 'once' | 'never', received null"),
        ("footer", 3, "Expected object, received number"),
        ("theme", 3, None),
        ("unheard", 3, None),
    ],
)
async def test_values_are_checked(
    start: Start, join: Join, key: str, value: object, message: str | None
) -> None:
    client = await join(start())
    result = await client.call("user.settings.validate", topKey=key, value=value)
    assert result["ok"] is (message is None)
    assert [issue["message"] for issue in result.get("issues", ())] == ([message] if message else [])
    applied = await client.call("user.settings.applyTopKey", canonicalPath=[key], topKey=key, value=value)
    assert applied["status"] == ("validation-error" if message and value is not None else "ok")


async def test_a_value_is_needed_unless_the_setting_is_removed(start: Start, join: Join, file: Path) -> None:
    client = await join(start())
    assert await client.call("user.settings.validate", topKey="beep", delete=True) == {"ok": True}
    with pytest.raises(RpcError, match="`value` is required unless `delete` is true"):
        await client.call("user.settings.validate", topKey="beep")
    with pytest.raises(RpcError, match="invalid value for 'beep'"):
        await client.call("user.settings.set", settings={"beep": "x"})
    with pytest.raises(RpcError, match="Expected boolean, received string"):
        await client.call("user.settings.update", key="beep", value="x")
    await client.call("user.settings.writeAll", settings={"beep": True, "x": {"y": 1}})
    deleted = await client.call("user.settings.applyTopKey", canonicalPath=["x"], topKey="x", delete=True)
    assert deleted == {"status": "ok"}
    assert json.loads(text_at(str(file))) == {"beep": True}
    with pytest.raises(RpcError, match="must be a JSON object"):
        await client.call("user.settings.writeAll", settings=[])


async def test_paths_and_names_of_settings_are_told(
    start: Start, join: Join, file: Path, tmp_path: Path
) -> None:
    client = await join(start())
    assert (await client.call("user.settings.getPaths"))["userSettings"] == str(file)
    assert await client.call("user.settings.getPaths", repoRoot=str(tmp_path)) == {
        "userSettings": str(file),
        "repoSettings": str(tmp_path / ".github/copilot/settings.json"),
        "repoLocalSettings": str(tmp_path / ".github/copilot/settings.local.json"),
    }
    keys = await client.call("user.settings.listGovernanceKeys")
    assert set(keys["claudeRepo"]) < set(keys["repo"])
    assert "permissions" in keys["managed"]
    normal = await client.call("user.settings.normalize", settings={"Theme": 1, "zzz": 2})
    assert normal == {"settings": {"theme": 1, "zzz": 2}}


async def test_settings_of_a_repository_stand_beside_those_of_the_user(start: Start, join: Join) -> None:
    client = await join(start())
    merged = await client.call(
        "user.settings.mergeRepoValue",
        userSettings={
            "theme": "dark",
            "disabledSkills": ["u"],
            "companyAnnouncements": ["u"],
            "hooks": {"a": []},
        },
        repoSettings={
            "theme": "light",
            "disabledSkills": ["r", "u"],
            "companyAnnouncements": ["r"],
            "hooks": {"b": []},
            "model": "m",
        },
    )
    assert merged["settingsJson"] == {
        "theme": "dark",
        "disabledSkills": ["u", "r"],
        "companyAnnouncements": ["r"],
        "hooks": {"a": [], "b": []},
        "model": "m",
    }
    with pytest.raises(RpcError, match="must be a JSON object"):
        await client.call("user.settings.mergeRepoValue", userSettings=1, repoSettings={})


async def test_problems_of_files_are_explained(start: Start, join: Join) -> None:
    client = await join(start())
    source = {"kind": "user", "label": "User", "filePath": "/u"}
    found = await client.call(
        "user.settings.diagnoseProblems",
        sources=[
            {**source, "config": {"beep": 1, "zzz": 1, "theme": 1}},
            {"kind": "repo", "label": "Repo", "filePath": "/r", "invalid": True},
        ],
    )
    told = [
        (problem["id"], problem.get("rawKey"), problem["explanation"].split(".")[0])
        for problem in found["problems"]
    ]
    assert told == [
        (
            "user:invalid-value:0",
            "beep",
            '"beep" has an invalid value and has no effect: beep: Expected boolean, received number',
        ),
        ("user:unknown-key:1", "zzz", '"zzz" is not a recognised setting and has no effect'),
        ("repo:malformed-file:2", None, "/r could not be parsed"),
    ]


async def test_a_repository_has_settings_of_its_own(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    shared: Json = {"repoRoot": str(tmp_path), "scope": "repo"}
    local: Json = {**shared, "scope": "local"}
    path = tmp_path / ".github/copilot/settings.json"
    assert await client.call("repo.settings.readRaw", **shared) == {"config": {}, "invalid": False}
    await client.call("repo.settings.writeKey", **shared, key="model", value="m")
    await client.call("repo.settings.writeAll", **local, settings={"model": "l"})
    assert json.loads(text_at(str(path))) == {"model": "m"}
    assert (await client.call("repo.settings.readRaw", **local))["config"] == {"model": "l"}
    await client.call("repo.settings.writeKey", **shared, key="model", delete=True)
    assert text_at(str(path)) == "{}\n"
    for problem, params in (
        ("Setting 'theme' is not repo-overridable", {"key": "theme", "value": "x"}),
        ("value is required unless delete is true", {"key": "model"}),
    ):
        with pytest.raises(RpcError, match=problem):
            await client.call("repo.settings.writeKey", **shared, **params)
    with pytest.raises(RpcError, match="unknown repo settings scope: odd"):
        await client.call("repo.settings.readRaw", repoRoot=str(tmp_path), scope="odd")
    with pytest.raises(RpcError, match="must be a JSON object"):
        await client.call("repo.settings.writeAll", **shared, settings=[])
    put(path, "[1]")
    assert await client.call("repo.settings.readRaw", **shared) == {"config": {}, "invalid": True}
    with pytest.raises(RpcError, match="is not valid JSON; refusing to overwrite it"):
        await client.call("repo.settings.writeKey", **shared, key="model", value="m")


async def test_the_runtime_keeps_a_state_of_its_own(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    launched = (await client.call("globalState.load"))["firstLaunchAt"]
    await client.call("globalState.writeKey", key="askedSetupTerminals", value=["a"])
    path = tmp_path / "home/config.json"
    assert text_at(str(path)).startswith("// User settings belong in settings.json.\n// This file")
    assert await client.call("globalState.load") == {
        "firstLaunchAt": launched,
        "askedSetupTerminals": ["a"],
    }
    await client.call("globalState.writeKey", key="askedSetupTerminals")
    assert await client.call("globalState.loadForConfigDir") == {"firstLaunchAt": launched}
    other = str(tmp_path / "other")
    await client.call("globalState.writeKey", configDir=other, key="appTipShown", value=True)
    assert await client.call("globalState.loadForConfigDir", configDir=other) == {"appTipShown": True}
    for problem, params in (
        ("'staff' is not a writable global state key", {"key": "staff", "value": True}),
        ("invalid type: map, expected a boolean", {"key": "appTipShown", "value": {"x": 1}}),
    ):
        with pytest.raises(RpcError, match=problem):
            await client.call("globalState.writeKey", **params)
    put(path, "{nope")
    with pytest.raises(RpcError, match="refusing to overwrite"):
        await client.call("globalState.writeKey", key="appTipShown", value=True)
    assert await client.call("globalState.load") == {}


async def test_trust_and_the_state_of_the_runtime_share_a_file(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await join(start())
    await client.open()
    await client.call("session.permissions.folderTrust.addTrusted", path=str(tmp_path))
    state = await client.call("globalState.load")
    assert state["trustedFolders"] == [str(tmp_path)]
    assert "firstLaunchAt" in state


@pytest.mark.parametrize("method", sorted(REFUSALS))
async def test_what_is_for_others_is_refused_in_the_words_of_the_cli(
    start: Start, join: Join, method: str
) -> None:
    client = await join(start())
    with pytest.raises(RpcError) as refused:
        await client.call(method)
    assert refused.value.code == -32603
    assert refused.value.message == f"Request {method} failed with message: {REFUSALS[method]}"
