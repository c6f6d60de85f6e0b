"""Marketplaces and plugins in folders, and what plugins bring."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copilot_sdk.errors import RpcError
from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Join, Json, Start, is_folder, text_at


def plugin(folder: Path, name: str, version: str = "1.0.0") -> Path:
    """Makes a plugin."""
    (folder / ".claude-plugin").mkdir(parents=True, exist_ok=True)
    manifest = {"name": name, "version": version}
    (folder / ".claude-plugin" / "plugin.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """A marketplace with the plugins `rake` and `hoe`, and with `gone`, whose folder is missing."""
    folder = tmp_path / "market"
    rake = plugin(folder / "plugins" / "rake", "rake")
    plugin(folder / "plugins" / "hoe", "hoe", "2.0.0")
    (rake / "skills" / "raking").mkdir(parents=True)
    (rake / "skills" / "raking" / "SKILL.md").write_text("---\nname: raking\n---\n")
    (rake / "extensions" / "digger").mkdir(parents=True)
    (rake / "extensions" / "digger" / "extension.mjs").write_text("")
    hook = {"type": "command", "bash": """echo '{"modifiedPrompt": "rake"}'"""}
    (rake / "hooks").mkdir()
    (rake / "hooks" / "hooks.json").write_text(json.dumps({"hooks": {"userPromptSubmitted": [hook]}}))
    offers = [
        {"name": name, "source": f"./plugins/{name}", **({"description": "Rakes."} if name == "rake" else {})}
        for name in ("rake", "hoe", "gone")
    ]
    (folder / ".claude-plugin").mkdir()
    (folder / ".claude-plugin" / "marketplace.json").write_text(
        json.dumps({"name": "tools", "owner": {"name": "T"}, "plugins": offers})
    )
    return folder


def written(tmp_path: Path, name: str) -> Json:
    """What a file of the home folder holds, without its comments."""
    lines = (tmp_path / "home" / name).read_text().splitlines()
    content: Json = json.loads("\n".join(line for line in lines if not line.startswith("//")))
    return content


async def test_a_marketplace_is_added_browsed_and_removed(
    start: Start, join: Join, market: Path, tmp_path: Path
) -> None:
    client = await join(start())
    assert await client.call("plugins.marketplaces.add", source=str(market)) == {"name": "tools"}
    source = {"source": "directory", "path": str(market)}
    assert written(tmp_path, "settings.json") == {"extraKnownMarketplaces": {"tools": {"source": source}}}
    listed = (await client.call("plugins.marketplaces.list"))["marketplaces"]
    assert listed == [
        {"name": "tools", "source": f"Local: {market}", "isDefault": False},
        {"name": "awesome-copilot", "source": "GitHub: github/awesome-copilot", "isDefault": True},
    ]
    browsed = (await client.call("plugins.marketplaces.browse", name="tools"))["plugins"]
    assert browsed == [{"name": "rake", "description": "Rakes."}, {"name": "hoe"}, {"name": "gone"}]
    refreshed = (await client.call("plugins.marketplaces.refresh"))["results"]
    assert [(result["name"], result["success"]) for result in refreshed] == [
        ("tools", True),
        ("awesome-copilot", False),
    ]
    assert await client.call("plugins.marketplaces.remove", name="tools") == {"removed": True}
    assert written(tmp_path, "settings.json") == {"extraKnownMarketplaces": {}}


async def test_what_is_no_marketplace_is_refused(
    start: Start, join: Join, market: Path, tmp_path: Path
) -> None:
    client = await join(start())
    await client.call("plugins.marketplaces.add", source="market", workingDirectory=str(tmp_path))
    empty = tmp_path / "empty"
    empty.mkdir()
    for method, params, problem in (
        ("add", {"source": str(market)}, 'Marketplace "tools" already registered'),
        ("add", {"source": str(tmp_path / "no")}, "Local marketplace path does not exist"),
        ("add", {"source": str(empty)}, r"File not found: marketplace\.json, .* \(tried /"),
        ("browse", {"name": "none"}, 'Marketplace "none" not found'),
        ("browse", {"name": "awesome-copilot"}, "has to be fetched"),
        ("remove", {"name": "none"}, 'Marketplace "none" is not registered'),
        ("remove", {"name": "awesome-copilot"}, "is not registered"),
    ):
        with pytest.raises(RpcError, match=problem):
            await client.call(f"plugins.marketplaces.{method}", **params)
    (unknown,) = (await client.call("plugins.marketplaces.refresh", name="none"))["results"]
    assert unknown == {"name": "none", "success": False, "error": 'Marketplace "none" not found'}


async def test_a_plugin_of_a_marketplace_is_used_where_it_is(
    start: Start, join: Join, market: Path, tmp_path: Path
) -> None:
    client = await join(start())
    await client.call("plugins.marketplaces.add", source=str(market))
    installed = await client.call("plugins.install", source="rake@tools")
    assert installed["skillsInstalled"] == 1
    assert f"loaded live from {market / 'plugins/rake'}" in installed["postInstallMessage"]
    assert written(tmp_path, "settings.json")["enabledPlugins"] == {"rake@tools": True}
    plugin(market / "plugins/rake", "rake", "1.1.0")
    from_market = {"marketplace": "tools", "installedFrom": str(market)}
    assert (await client.call("plugins.list"))["plugins"] == [
        {"name": "rake", **from_market, "version": "1.1.0", "enabled": True},
        {"name": "hoe", **from_market, "version": "2.0.0", "enabled": False},
        {"name": "gone", **from_market, "enabled": False},
    ]
    await client.call("plugins.disable", names=["rake@tools", "nobody"])
    assert written(tmp_path, "settings.json")["enabledPlugins"] == {"rake@tools": False}
    await client.call("plugins.enable", names=["rake"])
    assert written(tmp_path, "settings.json")["enabledPlugins"] == {"rake@tools": True}
    updated = await client.call("plugins.update", name="rake@tools")
    assert updated == {"previousVersion": "1.1.0", "newVersion": "1.1.0", "skillsInstalled": 1}
    results = (await client.call("plugins.updateAll"))["results"]
    assert [(result["name"], result["success"]) for result in results] == [
        ("rake", True),
        ("hoe", True),
        ("gone", False),
    ]
    assert results[-1]["error"] == 'Plugin "gone@tools" is not installed'
    await client.call("plugins.uninstall", name="rake@tools")
    assert written(tmp_path, "settings.json")["enabledPlugins"] == {"rake@tools": False}


async def test_a_plugin_in_a_folder_is_copied(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    source = plugin(tmp_path / "spade", "spade", "0.1.0")
    installed = await client.call("plugins.install", source="./spade", workingDirectory=str(tmp_path))
    assert (installed["plugin"]["name"], installed["stagingMode"]) == ("spade", "external")
    assert "deprecated" in installed["deprecationWarning"]
    copy = str(tmp_path / "home/installed-plugins/_direct/spade")
    (kept,) = (await client.call("globalState.load"))["installedPlugins"]
    assert (kept["cache_path"], kept["enabled"]) == (copy, True)
    await client.call("plugins.disable", names=["spade"])
    plugin(source, "spade", "0.2.0")
    (listed,) = (await client.call("plugins.list"))["plugins"]
    assert (listed["version"], listed["enabled"]) == ("0.1.0", False)
    updated = await client.call("plugins.update", name="spade")
    assert (updated["previousVersion"], updated["newVersion"]) == ("0.1.0", "0.2.0")
    await client.call("plugins.uninstall", name="spade")
    assert not is_folder(copy)
    assert (await client.call("plugins.list"))["plugins"] == []


async def test_what_is_no_plugin_is_refused(start: Start, join: Join, market: Path, tmp_path: Path) -> None:
    client = await join(start())
    await client.call("plugins.marketplaces.add", source=str(market))
    for method, params, problem in (
        ("install", {"source": "spade@tools"}, "Available plugins: rake, hoe, gone"),
        ("install", {"source": "rake@none"}, 'Marketplace "none" not found'),
        ("install", {"source": "gone@tools"}, "Plugin source directory not found"),
        ("install", {"source": "nonsense"}, "Invalid plugin spec"),
        ("install", {"source": str(tmp_path / "no")}, "Local plugin path does not exist"),
        ("install", {"source": str(market)}, r"No plugin\.json found in repository"),
        ("update", {"name": "none"}, 'Plugin "none" is not installed'),
        ("uninstall", {"name": "none"}, 'Plugin "none" is not installed'),
        ("builtin.set", {"paths": ["rake"]}, r"paths\[0\] must be an absolute path"),
    ):
        with pytest.raises(RpcError, match=problem):
            await client.call(f"plugins.{method}", **params)


async def test_a_session_has_the_plugins_that_were_there_when_it_looked(
    start: Start, join: Join, market: Path, tmp_path: Path
) -> None:
    client = await join(start([Reply("a"), Reply("b"), Reply("c")]))
    await client.open(workingDirectory=str(tmp_path), enableConfigDiscovery=True)
    added = await client.call("session.plugins.marketplaces.add", source="market")
    assert added == {"name": "tools"}
    await client.call("session.plugins.install", source="rake@tools")
    assert await client.call("session.plugins.list") == {"plugins": []}
    await client.turn("one")
    assert not client.of("hook.start")
    await client.call("session.plugins.reload")
    listed = (await client.call("session.plugins.list"))["plugins"]
    assert [(each["name"], each["enabled"]) for each in listed] == [
        ("rake", True),
        ("hoe", False),
        ("gone", False),
    ]
    await client.turn("two")
    assert [ended["output"] for ended in client.of("hook.end")] == [{"modifiedPrompt": "rake"}]
    await client.call("session.plugins.disable", names=["rake"])
    await client.call("session.plugins.reload")
    await client.turn("three")
    assert len(client.of("hook.end")) == 1
    await client.call("session.plugins.enable", names=["rake@tools"])
    assert (await client.call("session.plugins.update", name="rake"))["skillsInstalled"] == 1
    await client.call("session.plugins.uninstall", name="rake")
    assert (await client.call("session.plugins.marketplaces.list"))["marketplaces"][0]["name"] == "tools"
    assert len((await client.call("session.plugins.marketplaces.browse", name="tools"))["plugins"]) == 3
    assert (await client.call("session.plugins.marketplaces.refresh", name="tools"))["results"][0]["success"]
    assert await client.call("session.plugins.marketplaces.remove", name="tools") == {"removed": True}


async def test_an_application_brings_plugins_of_its_own(start: Start, join: Join, market: Path) -> None:
    client = await join(start([Reply("a")]))
    await client.call("plugins.builtin.set", paths=[str(market / "plugins/rake")])
    await client.open()
    await client.turn("one")
    assert [ended["hookType"] for ended in client.of("hook.end")] == ["userPromptSubmitted"]


async def test_extensions_are_discovered_and_disabled_for_sessions_to_come(
    start: Start, join: Join, market: Path, tmp_path: Path
) -> None:
    client = await join(start())
    own = tmp_path / "home/extensions/garden"
    own.mkdir(parents=True)
    (own / "extension.mjs").write_text("")
    await client.call("plugins.marketplaces.add", source=str(market))
    await client.call("plugins.install", source="rake@tools")
    found = await client.call("extensions.discover")
    assert found["mode"] == "load_and_augment"
    garden, digger = found["extensions"]
    assert (garden["id"], garden["path"], garden["enabled"]) == (
        "user:garden",
        str(own / "extension.mjs"),
        True,
    )
    assert (digger["id"], digger["source"], digger["plugin"]) == (
        "plugin:rake:digger",
        "plugin",
        {"name": "rake"},
    )
    await client.call("extensions.disable", ids=["user:garden", "user:nobody"])
    assert written(tmp_path, "settings.json")["extensions"] == {"disabledExtensions": ["user:garden"]}
    await client.open(requestExtensions=True)
    listed = (await client.call("session.extensions.list"))["extensions"]
    assert {each["id"]: each["status"] == "disabled" for each in listed} == {
        "user:garden": True,
        "plugin:rake:digger": False,
    }
    await client.call("extensions.enable", ids=["user:garden"])
    assert [each["enabled"] for each in (await client.call("extensions.discover"))["extensions"]] == [
        True
    ] * 2
    await client.call("user.settings.set", settings={"extensions": {"mode": "disabled"}})
    assert (await client.call("extensions.discover"))["mode"] == "disabled"
    await client.call("session.extensions.reload")
    assert (await client.call("session.extensions.list"))["extensions"] == []
    assert "disabled" in text_at(str(tmp_path / "home/settings.json"))
