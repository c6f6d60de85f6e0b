"""All that files say about a session, read again."""

from __future__ import annotations

import json
from pathlib import Path

from copilot_sdk.runtime import Reply
from tests.unit.runtime.harness import Client, Join, Start, asked_of

SKIPPED = {
    "mcp": "There are no MCP servers",
    "extensions": "Extensions are not configured for this session",
}


async def outcomes(client: Client) -> dict[str, tuple[str, str | None]]:
    report = await client.call("session.customizations.reload")
    return {each["subsystem"]: (each["status"], each.get("detail")) for each in report["outcomes"]}


async def test_what_was_added_to_files_counts_from_the_next_turn(
    start: Start, join: Join, tmp_path: Path
) -> None:
    runtime = start(lambda _: Reply("done"))
    client = await join(runtime)
    work = tmp_path / "work"
    work.mkdir()
    await client.open(workingDirectory=str(work), enableConfigDiscovery=True)
    await client.turn("one")
    hook = {"type": "command", "bash": "echo {}"}
    files = {
        "AGENTS.md": "Be brief.\n",
        ".github/skills/new/SKILL.md": "---\ndescription: new skill\n---\nNew.\n",
        ".github/skills/odd/SKILL.md": "no settings\n",
        ".github/agents/helper.md": "---\ndescription: new agent\n---\nHelp.\n",
        ".github/hooks/x.json": json.dumps({"hooks": {"userPromptSubmitted": [hook]}}),
    }
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(content)
    reloaded = ("repositoryContext", "instructions", "plugins", "hooks", "skills", "agents")
    assert await outcomes(client) == {
        **dict.fromkeys(reloaded, ("reloaded", None)),
        **{name: ("skipped", why) for name, why in SKIPPED.items()},
    }
    report = await client.call("session.customizations.reload")
    assert report["errors"] == [".github/skills/odd/SKILL.md: missing or malformed YAML frontmatter"]
    await client.turn("two")
    before, after = asked_of(runtime)
    assert "Be brief." not in before.messages[0].text
    assert "Be brief." in after.messages[0].text
    assert "skill" in {tool.name for tool in after.tools} - {tool.name for tool in before.tools}
    assert [agent["name"] for agent in (await client.call("session.agent.list"))["agents"]] == ["helper"]
    assert len(client.of("hook.start")) == 1


async def test_a_part_that_fails_does_not_stop_the_others(start: Start, join: Join, tmp_path: Path) -> None:
    client = await join(start())
    work = tmp_path / "work"
    work.mkdir()
    server = {"command": "/nowhere/to/be/found", "args": []}
    await client.open(workingDirectory=str(work), requestExtensions=True, mcpServers={"gone": server})
    work.rmdir()
    found = await outcomes(client)
    status, detail = found.pop("repositoryContext")
    assert (status, str(work) in str(detail)) == ("failed", True)
    assert {status for status, _ in found.values()} == {"reloaded"}
