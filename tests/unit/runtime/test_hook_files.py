"""Hooks in files: commands of the user and of a repository."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from copilot_sdk.runtime import Call, Reply
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of, is_alive, text_at, types


def hook(command: str, **options: object) -> Json:
    return {"type": "command", "bash": command, **options}


def write(folder: Path, name: str, hooks: dict[str, Sequence[Json]], **members: object) -> None:
    """Writes a file of hooks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({"version": 1, "hooks": hooks, **members}))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A repository without hooks."""
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    (folder / "sub").mkdir()
    return folder


async def opened(join: Join, start: Start, work: Path, *script: Reply, **options: object) -> Client:
    client = await join(start([*script, Reply("done")]))
    await client.open(workingDirectory=str(work), **options)
    return client


async def test_hooks_run_in_the_order_user_directories_repository_client(
    start: Start, join: Join, work: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    for folder, name in (
        (work / ".github/hooks", "repository"),
        (tmp_path / "home/hooks", "user"),
        (tmp_path / "more", "more"),
    ):
        write(
            folder, "a.json", {"sessionStart": [hook(f"echo {name} >> {log}; cat >> {log}; echo >> {log}")]}
        )
    client = await join(start())

    def answer(params: Json) -> Json:
        if params["hookType"] == "sessionStart":
            with log.open("a") as file:
                file.write("client\n")
        return {}

    client.answers["hooks.invoke"] = answer
    await client.open(
        workingDirectory=str(work / "sub"), hooks=True, hookDirectories=[str(tmp_path / "more")]
    )
    await client.turn("go")
    lines = text_at(str(log)).splitlines()
    assert [line for line in lines if not line.startswith("{")] == ["user", "more", "repository", "client"]
    told = json.loads(lines[1])
    assert told["cwd"] == str(work / "sub")
    assert (told["sessionId"], told["initialPrompt"]) == (client.session_id, "go")


async def test_a_command_changes_the_call_and_the_next_one_sees_it(
    start: Start, join: Join, work: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    change = {"permissionDecision": "allow", "modifiedArgs": {"command": "echo changed", "description": "d"}}
    write(
        work / ".github/hooks",
        "a.json",
        {
            "preToolUse": [
                hook(f"echo '{json.dumps(change)}'"),
                hook(
                    f"pwd >> {log}; echo $WHO >> {log}; cat >> {log}",
                    cwd="sub",
                    env={"WHO": "me"},
                    matcher="ba.*",
                ),
                hook("exit 1", matcher="view"),
            ],
            "postToolUse": [hook("""echo '{"additionalContext": "well done"}'""")],
        },
    )
    call = Call("bash", {"command": "echo hi", "description": "d"})
    client = await opened(join, start, work, Reply(calls=[call]))
    await client.turn("go")
    folder, who, told = text_at(str(log)).splitlines()
    assert (folder, who) == (str(work / "sub"), "me")
    assert json.loads(told)["toolArgs"]["command"] == "echo changed"
    (result,) = client.of("tool.execution_complete")
    assert result["success"]
    assert result["result"]["content"].startswith("changed")
    assert result["result"]["content"].endswith("well done")
    assert [ended["hookType"] for ended in client.of("hook.end")] == ["preToolUse", "postToolUse"]


async def test_a_command_that_fails_before_a_tool_denies_it(start: Start, join: Join, work: Path) -> None:
    write(work / ".github/hooks", "deny.json", {"preToolUse": [hook("exit 3")]})
    runtime = start([Reply(calls=[Call("view", {"path": "."})]), Reply("done")])
    client = await join(runtime)
    await client.open(workingDirectory=str(work))
    await client.turn("go")
    (ended,) = client.of("hook.end")
    assert ended["success"] is False
    assert ended["error"] == {
        "message": "Error: Hook command failed with code 3",
        "source": ".github/hooks/deny.json",
    }
    assert 'Denied by preToolUse hook from ".github/hooks/deny.json" (hook errored)' in (
        asked_of(runtime)[-1].messages[-1].text
    )


async def test_a_command_may_warn_take_too_long_or_say_nothing(
    start: Start, join: Join, work: Path, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    write(
        work / ".github/hooks",
        "a.json",
        {
            "sessionStart": [hook("echo careful >&2; exit 2"), hook("echo no JSON")],
            "userPromptSubmitted": [hook(f"echo $$ > {pid}; sleep 60 & wait", timeoutSec=0.3)],
        },
    )
    client = await opened(join, start, work)
    events = await client.turn("go")
    assert client.of("session.warning") == [{"warningType": "hook", "message": "careful"}]
    ended = {end["hookType"]: end for end in client.of("hook.end")}
    assert ended["sessionStart"]["success"] is True
    assert ended["userPromptSubmitted"]["error"]["message"].startswith(
        "HookTimeoutError: Hook command timed out after 0.3 seconds: echo $$"
    )
    assert not is_alive(int(text_at(str(pid))))
    assert types(events)[-1] == "session.idle"


async def test_what_is_no_hook_is_left_out(start: Start, join: Join, work: Path) -> None:
    folder = work / ".github/hooks"
    write(folder, "unheard.json", {"unheard": [hook("exit 1")], "sessionStart": [{"type": "prompt"}]})
    write(folder, "later.json", {"sessionStart": [hook("exit 1")]}, version=2)
    (folder / "broken.json").write_text("{nope")
    client = await opened(join, start, work)
    await client.turn("go")
    assert not client.of("hook.start")


async def test_hooks_are_discovered_where_the_user_trusts_the_folder(
    start: Start, join: Join, work: Path, tmp_path: Path
) -> None:
    write(work / ".github/hooks", "a.json", {"sessionStart": [hook("true")], "preToolUse": [hook("true")]})
    write(tmp_path / "home/hooks", "u.json", {"sessionEnd": [hook("true")]})
    write(tmp_path / "more", "m.json", {"sessionEnd": [hook("true")]})
    client = await opened(join, start, work)

    async def discover(**params: object) -> list[tuple[str, str, str]]:
        hooks = (await client.call("hooks.discover", **params))["hooks"]
        return [(each["hookType"], each["origin"], each["source"]) for each in hooks]

    own = ("sessionEnd", "user", "hooks/u.json")
    project = {"projectPaths": [str(work)]}
    assert await discover() == [own]
    assert await discover(hookDirectories=[str(tmp_path / "more")]) == [
        own,
        ("sessionEnd", "user", str(tmp_path / "more/m.json")),
    ]
    assert await discover(**project) == [own]
    await client.call("session.permissions.folderTrust.addTrusted", path=str(work))
    assert await discover(**project, excludeHostHooks=True) == [
        ("preToolUse", "repository", ".github/hooks/a.json"),
        ("sessionStart", "repository", ".github/hooks/a.json"),
    ]
    (work / ".github/hooks/broken.json").write_text("{nope")
    (error,) = (await client.call("hooks.discover", **project))["errors"]
    assert ".github/hooks/broken.json" in error


async def test_a_hook_is_disabled_by_its_key_and_all_are_at_once(
    start: Start, join: Join, work: Path, tmp_path: Path
) -> None:
    write(tmp_path / "home/hooks", "u.json", {"userPromptSubmitted": [hook("true"), hook("true;")]})
    client = await opened(join, start, work, Reply("a"), Reply("b"))
    first, second = (await client.call("hooks.discover"))["hooks"]
    await client.call("user.settings.set", settings={"disabledHooks": [first["disableKey"]]})
    found = (await client.call("hooks.discover"))["hooks"]
    assert [each["enabled"] for each in found] == [False, True]
    assert first["id"] != second["id"]
    await client.turn("go")
    assert len(client.of("hook.end")) == 1
    await client.call("user.settings.set", settings={"disableAllHooks": True})
    await client.call("session.plugins.reload")
    await client.turn("go")
    assert len(client.of("hook.end")) == 1
