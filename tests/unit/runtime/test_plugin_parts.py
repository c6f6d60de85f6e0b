"""What plugins bring: skills, commands, agents, hooks and MCP servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copilot_sdk.runtime import Call, Reply
from tests.support.mcp_forge import Forge
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, text_at, types
from tests.unit.runtime.mcp_stage import forge, listed

__all__ = ["forge"]

ROOTS = "$PLUGIN_ROOT $COPILOT_PLUGIN_ROOT $CLAUDE_PLUGIN_ROOT"


def plugin(folder: Path, name: str, *, server: Json | None = None, **manifest: object) -> Path:
    """Makes a plugin with one thing of each kind, all called by its name."""
    hook = {"type": "command", "bash": f"echo {ROOTS} `pwd` $COPILOT_HOOK_DIR $COPILOT_PLUGIN_DATA > seen"}
    files: dict[str, str] = {
        ".claude-plugin/plugin.json": json.dumps({"name": name, "version": "1.2.3", **manifest}),
        f"skills/{name}sk/SKILL.md": f"---\ndescription: skill of {name}\n---\nBody of {name}.\n",
        f"other/{name}other/SKILL.md": f"---\ndescription: other skill of {name}\n---\nOther.\n",
        f"commands/{name}cmd.md": f"Run {name}.\n",
        f"agents/{name}ag.agent.md": f"---\ndescription: agent of {name}\n---\nPrompt of {name}.\n",
        "hooks/hooks.json": json.dumps({"hooks": {"sessionStart": [hook]}}),
    }
    if server is not None:
        files[".mcp.json"] = json.dumps({"mcpServers": {f"{name}srv": server}})
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


def named(name: str, folder: Path) -> Json:
    """A plugin as a client names it."""
    return {
        "name": name,
        "marketplace": "",
        "version": "9",
        "installed_at": "2026-01-01T00:00:00Z",
        "enabled": True,
        "cache_path": str(folder),
    }


@pytest.fixture
async def client(start: Start, join: Join, tmp_path: Path) -> Client:
    """A client of a runtime with the plugin `own`, which the user has installed, and `app` of the application."""
    client = await join(start(lambda _: Reply("done")))
    await client.call("plugins.builtin.set", paths=[str(plugin(tmp_path / "app", "app"))])
    installed = await client.call("plugins.install", source=str(plugin(tmp_path / "own", "own")))
    assert installed["skillsInstalled"] == 1
    return client


async def names(client: Client) -> tuple[list[str], list[str], list[str]]:
    """The skills, commands and agents of a session."""
    skills = (await client.call("session.skills.list"))["skills"]
    commands = (await client.call("session.commands.list", includeBuiltins=False))["commands"]
    agents = (await client.call("session.agent.list"))["agents"]
    return (
        [skill["name"] for skill in skills],
        [command["name"] for command in commands],
        [agent["name"] for agent in agents],
    )


async def test_a_session_uses_what_the_application_brings(client: Client, tmp_path: Path) -> None:
    await client.open()
    assert await names(client) == (["appsk", "appcmd"], ["app:appsk", "app:appcmd"], ["app:appag"])
    (agent,) = (await client.call("session.agent.list"))["agents"]
    assert (agent["displayName"], agent["source"], agent["path"]) == (
        "appag",
        "plugin",
        str(tmp_path / "app/agents/appag.agent.md"),
    )
    (skill, _) = (await client.call("session.skills.list"))["skills"]
    assert (skill["source"], skill["pluginName"]) == ("plugin", "app")
    assert "Body of app." in (await client.call("session.commands.invoke", name="app:appsk"))["prompt"]


async def test_a_session_that_discovers_uses_what_the_user_has_installed(
    start: Start, join: Join, client: Client, tmp_path: Path
) -> None:
    await client.open(enableConfigDiscovery=True, workingDirectory=str(tmp_path))
    assert await names(client) == (
        ["appsk", "ownsk", "appcmd", "owncmd"],
        ["app:appsk", "own:ownsk", "app:appcmd", "own:owncmd"],
        ["own:ownag", "app:appag"],
    )
    await client.call("session.agent.select", name="own:ownag")
    assert client.of("subagent.selected")[0]["agentDisplayName"] == "ownag"
    await client.call("plugins.disable", names=["own"])
    await client.call("session.plugins.reload")
    assert (await names(client))[0] == ["appsk", "appcmd"]
    assert (await names(client))[2] == ["app:appag"]


async def test_the_model_uses_the_skill_of_a_plugin(start: Start, join: Join, tmp_path: Path) -> None:
    runtime = start([Reply(calls=[Call("skill", {"skill": "appsk"})]), Reply("done")])
    client = await join(runtime)
    await client.call("plugins.builtin.set", paths=[str(plugin(tmp_path / "app", "app"))])
    await client.open()
    events = await client.turn("go")
    assert "skill.invoked" in types(events)
    (invoked,) = client.of("skill.invoked")
    assert (invoked["pluginName"], invoked["pluginVersion"]) == ("app", "1.2.3")
    (task,) = [tool for tool in asked_of(runtime)[0].tools if tool.name == "task"]
    assert "app:appag" in json.dumps(dict(task.parameters))


async def test_a_manifest_says_where_the_parts_are(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    folder = plugin(
        tmp_path / "app",
        "app",
        skills=["./other"],
        agents="./agents/appag.agent.md",
        commands="./nowhere",
        mcpServers={"inline": {"command": "/nowhere/to/be/found", "args": []}},
    )
    await client.call("plugins.builtin.set", paths=[str(folder)])
    await client.open()
    assert await names(client) == (["appother"], ["app:appother"], ["app:appag"])
    (server,) = (await client.call("session.mcp.listConfigured"))["servers"]
    assert (server["name"], server["source"], server["sourcePlugin"]) == ("inline", "builtin", "app")


async def test_hooks_of_a_plugin_run_in_its_folder_and_know_where_it_is(
    client: Client, tmp_path: Path
) -> None:
    await client.open()
    await client.turn("go")
    *places, hooks, data = text_at(str(tmp_path / "app/seen")).split()
    assert places == [str(tmp_path / "app")] * 4
    assert hooks == str(tmp_path / "app/hooks")
    assert data.startswith(f"{tmp_path}/home/plugin-data/_direct/")
    assert not (tmp_path / "own/seen").exists()


async def test_mcp_servers_of_a_plugin_run_in_its_folder(
    start: Start, join: Join, forge: Forge, tmp_path: Path
) -> None:
    client = await join(start())
    command, *arguments = forge.command()
    script = tmp_path / "app/srv.sh"
    server = {
        "command": "${PLUGIN_ROOT}/srv.sh",
        "args": ["${CLAUDE_PLUGIN_ROOT}", command, *arguments],
        "env": {"MINE": "${COPILOT_PLUGIN_ROOT}/mine"},
    }
    folder = plugin(tmp_path / "app", "app", server=server)
    script.write_text(f'#!/bin/sh\necho {ROOTS} $MINE `pwd` "$1" > began\nshift\nexec "$@"\n')
    script.chmod(0o755)
    await client.call("plugins.builtin.set", paths=[str(folder)])
    await client.open()
    found = (await listed(client))["appsrv"]
    assert (found["status"], found["source"]) == ("connected", "builtin")
    assert (found["sourcePlugin"], found["sourcePluginVersion"]) == ("app", "1.2.3")
    assert text_at(str(folder / "began")).split() == [
        *[str(folder)] * 3,
        f"{folder}/mine",
        *[str(folder)] * 2,
    ]
    changed = [event for event in client.of("session.mcp_server_status_changed") if "configSource" in event]
    assert [event["configSource"] for event in changed] == ["builtin"]
    await client.call("plugins.builtin.set", paths=[])
    await client.call("session.plugins.reload")
    assert await listed(client) == {}
    await client.call("plugins.builtin.set", paths=[str(folder)])
    await client.call("session.plugins.reload")
    assert (await listed(client))["appsrv"]["status"] == "connected"


async def test_what_plugins_bring_is_discovered(client: Client, tmp_path: Path) -> None:
    copy = tmp_path / "home/installed-plugins/_direct/own"
    (copy / ".mcp.json").write_text(json.dumps({"ownsrv": {"command": "/bin/own"}}))
    (tmp_path / "app/.mcp.json").write_text("{broken")
    skills = (await client.call("skills.discover"))["skills"]
    assert [(skill["commandName"], skill["source"]) for skill in skills] == [
        ("own:ownsk", "plugin"),
        ("own:owncmd", "plugin"),
    ]
    agents = (await client.call("agents.discover"))["agents"]
    assert [agent["id"] for agent in agents] == ["own:ownag"]
    (hook,) = (await client.call("hooks.discover"))["hooks"]
    assert (hook["origin"], hook["source"], hook["hookType"]) == ("plugin", "own", "sessionStart")
    assert (await client.call("hooks.discover", excludeHostHooks=True))["hooks"] == []
    (server,) = (await client.call("mcp.discover", includeEffectiveSource=True))["servers"]
    source = server.pop("effectiveSource")
    assert server == {
        "name": "ownsrv",
        "type": "stdio",
        "source": "plugin",
        "enabled": True,
        "sourcePlugin": "own",
        "sourcePluginVersion": "1.2.3",
    }
    assert (source["editability"], source["file"]) == (
        "read-only",
        {"uri": (copy / ".mcp.json").as_uri(), "jsonPointer": "/ownsrv"},
    )
    assert source["plugin"] == {"id": "plugin:own", "name": "own", "version": "1.2.3"}


async def test_a_client_names_the_plugins_of_a_session(client: Client, tmp_path: Path) -> None:
    await client.open()
    folder = plugin(tmp_path / "given", "given")
    updated = await client.call("session.options.update", installedPlugins=[named("given", folder)])
    assert updated == {"success": True, "pluginHookCount": 1}
    assert (await client.call("session.plugins.list"))["plugins"] == [
        {"name": "given", "marketplace": "", "version": "9", "enabled": True}
    ]
    assert (await names(client))[0] == ["givensk", "givencmd"]


async def test_a_session_has_the_plugins_of_the_folders_that_it_names(client: Client, tmp_path: Path) -> None:
    folders = [str(plugin(tmp_path / "given", "given")), str(tmp_path / "gone")]
    await client.open(pluginDirectories=folders)
    assert (await names(client))[0] == ["appsk", "givensk", "appcmd", "givencmd"]
    listed = (await client.call("session.plugins.list"))["plugins"]
    assert {"name": "given", "marketplace": "", "version": "1.2.3", "enabled": True} in listed


async def test_additional_plugins_are_for_new_sessions_and_those_that_reload(
    start: Start, join: Join, tmp_path: Path
) -> None:
    client = await join(start(lambda _: Reply("done")))
    await client.open()
    folder = plugin(tmp_path / "more", "more")
    given = [named("more", folder), {**named("off", folder), "enabled": False}]
    assert await client.call("sessions.setAdditionalPlugins", plugins=given) == {}
    target = {"sessionId": client.session_id}
    hooks = {"startupPrompts": [], "hookCount": 0}
    assert await client.call("sessions.loadDeferredRepoHooks", **target) == hooks
    assert await client.call("sessions.reloadPluginHooks", **target) == {}
    assert await client.call("sessions.loadDeferredRepoHooks", **target) == {**hooks, "hookCount": 1}
    assert await client.call("sessions.loadDeferredRepoHooks", sessionId="nobody") == hooks
    assert await client.call("sessions.reloadPluginHooks", sessionId="nobody") == {}
    await client.open()
    assert (await names(client))[0] == ["moresk", "morecmd"]
    await client.call("sessions.setAdditionalPlugins", plugins=[])
    await client.call("session.plugins.reload")
    assert (await names(client))[0] == []


async def test_hooks_of_the_repository_are_deferred(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start(lambda _: Reply("done")))
    hook = {"type": "command", "bash": "echo {}"}
    (tmp_path / ".github/hooks").mkdir(parents=True)
    (tmp_path / ".github/hooks/x.json").write_text(json.dumps({"hooks": {"userPromptSubmitted": [hook]}}))
    await client.open(workingDirectory=str(tmp_path))
    target = {"sessionId": client.session_id}
    await client.call("sessions.reloadPluginHooks", **target, deferRepoHooks=True)
    await client.turn("one")
    assert not client.of("hook.start")
    assert (await client.call("sessions.loadDeferredRepoHooks", **target))["hookCount"] == 1
    await client.turn("two")
    assert len(client.of("hook.start")) == 1
