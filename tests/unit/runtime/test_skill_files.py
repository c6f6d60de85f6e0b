"""Skills in files, through `skills`, `session.skills` and `session.commands`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copilot_sdk.errors import InternalError
from copilot_sdk.providers import Skill, Skills
from copilot_sdk.runtime import Call, EmbeddedRuntime, Reply
from copilot_sdk.runtime.core.skill_files import with_arguments
from tests.unit.runtime.harness import Client, Join, Json, Start, asked_of

GIT = "work/.github/skills/git"


def skill(name: str, extra: str = "") -> str:
    return f"---\nname: {name}\ndescription: does {name}\n{extra}---\nBody of {name}.\n"


FILES = {
    f"{GIT}/SKILL.md": skill("git", "allowed-tools: [view, 'shell(git:*)']\n"),
    f"{GIT}/ref/more.md": "More.\n",
    f"{GIT}/inner/SKILL.md": skill("inner"),
    "work/.github/skills/dup/SKILL.md": skill("dup"),
    "work/.github/skills/deep/er/nomod/SKILL.md": skill("nomod", "disable-model-invocation: true\n"),
    "work/.github/skills/broken/SKILL.md": "no settings\n",
    "work/.agents/skills/untold/SKILL.md": "---\nname: Un Told\n---\n# Title\n\nOne\ntwo.\n\nThree.\n",
    "work/.claude/skills/quiet/SKILL.md": skill("quiet", "user-invocable: false\n"),
    "work/.claude/commands/fix.md": "---\ndescription: fixes\n---\nFix $ARGUMENTS, $1 first.\n",
    "work/sub/.github/skills/near/SKILL.md": skill("near"),
    "home/skills/mine/SKILL.md": skill("mine", "argument-hint: '[file]'\n"),
    "home/skills/dup/SKILL.md": skill("dup"),
    "extra/more/SKILL.md": skill("more"),
    "extra/dup/SKILL.md": skill("dup"),
    "flat/SKILL.md": skill("flat"),
}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    (tmp_path / "work/.git").mkdir()
    return tmp_path / "work"


@pytest.fixture
def runtime(start: Start) -> EmbeddedRuntime:
    return start(lambda _: Reply("done"))


@pytest.fixture
async def client(runtime: EmbeddedRuntime, join: Join, work: Path) -> Client:
    client = await join(runtime)
    await client.open(workingDirectory=str(work), enableConfigDiscovery=True)
    return client


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def shown(skills: list[Json]) -> list[tuple[str, str]]:
    return [(skill["name"], skill["source"]) for skill in skills]


async def listed(client: Client) -> list[tuple[str, str]]:
    return shown((await client.call("session.skills.list"))["skills"])


OF_PROJECT = [(name, "project") for name in ("Un-Told", "dup", "git", "nomod", "quiet")]
COMMAND = [("fix", "project")]


async def test_skills_are_found_in_the_order_in_which_they_count(client: Client, tmp_path: Path) -> None:
    assert await listed(client) == [*OF_PROJECT, ("mine", "personal-copilot"), *COMMAND]
    found = {skill["name"]: skill for skill in (await client.call("session.skills.list"))["skills"]}
    assert found["mine"] == {
        "name": "mine",
        "commandName": "mine",
        "description": "does mine",
        "source": "personal-copilot",
        "userInvocable": True,
        "enabled": True,
        "path": str(tmp_path / "home/skills/mine/SKILL.md"),
        "argumentHint": "[file]",
    }
    assert found["Un-Told"]["description"] == "One two. Three."
    assert found["quiet"]["userInvocable"] is False
    assert found["dup"]["path"] == str(tmp_path / "work/.github/skills/dup/SKILL.md")
    report = await client.call("session.skills.reload")
    assert report == {
        "warnings": [],
        "errors": [".github/skills/broken/SKILL.md: missing or malformed YAML frontmatter"],
    }
    assert [skill["name"] for skill in client.of("session.skills_loaded")[-1]["skills"]] == list(found)


async def test_a_session_has_the_skills_of_the_folders_that_it_names(
    runtime: EmbeddedRuntime, join: Join, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(runtime)
    folders = [str(tmp_path / name) for name in ("extra", "flat", "gone")]
    await client.open(workingDirectory=str(work), skillDirectories=folders)
    assert await listed(client) == [(name, "custom") for name in ("dup", "flat", "more")]
    (error,) = (await client.call("session.skills.reload"))["errors"]
    assert error == f"Failed to scan skill directory '{tmp_path / 'gone'}': path does not exist"
    await client.call("session.options.update", skillDirectories=["../extra"], disabledSkills=["more"])
    assert await listed(client) == [("dup", "custom"), ("more", "custom")]
    assert [skill["enabled"] for skill in (await client.call("session.skills.list"))["skills"]] == [
        True,
        False,
    ]
    await client.call("session.options.update", enableSkills=False)
    assert await listed(client) == []
    await client.call("session.options.update", enableSkills=True, ignoredSkillsLocations=["../extra/more"])
    assert await listed(client) == [("dup", "custom")]
    monkeypatch.setenv("HOME", str(tmp_path))
    await client.call("session.options.update", ignoredSkillsLocations=["~/extra/dup"])
    assert await listed(client) == [("more", "custom")]


async def test_skills_of_the_folders_around_are_inherited(
    runtime: EmbeddedRuntime, join: Join, work: Path
) -> None:
    client = await join(runtime)
    await client.open(workingDirectory=str(work / "sub"), enableConfigDiscovery=True)
    found = await listed(client)
    assert ("near", "project") in found
    assert ("git", "inherited") in found


async def test_a_client_and_nearer_folders_come_before_others(
    runtime: EmbeddedRuntime, join: Join, work: Path, tmp_path: Path
) -> None:
    client = await join(runtime)
    client.serve({"skill_provider": Skills([Skill("git", "d", "From the client.")])})
    await client.open(
        workingDirectory=str(work),
        enableConfigDiscovery=True,
        hasSkillProvider=True,
        skillDirectories=[str(tmp_path / "extra")],
    )
    found = await listed(client)
    assert found[0] == ("git", "sdk")
    assert [name for name, _ in found].count("git") == 1
    report = await client.call("session.skills.reload")
    assert report["warnings"] == [
        f'SDK-provided skill "git" shadows the project skill at {tmp_path / GIT}/SKILL.md.',
        (
            f"Skipped duplicate skill name 'dup' from '{tmp_path}/extra/dup/SKILL.md'; "
            "a higher-priority entry with the same name was already loaded"
        ),
    ]


async def test_the_model_uses_a_skill_of_a_folder(start: Start, join: Join, work: Path) -> None:
    runtime = start(
        [*(Reply(calls=[Call("skill", {"skill": name})]) for name in ("git", "nomod")), Reply("done")]
    )
    client = await join(runtime)
    await client.open(workingDirectory=str(work), enableConfigDiscovery=True)
    await client.turn("go")
    first, second, third = asked_of(runtime)
    (tool,) = [tool for tool in first.tools if tool.name == "skill"]
    assert "<name>git</name>\n  <description>does git</description>\n  <location>project</location>" in (
        tool.description
    )
    assert "<location>user</location>" in tool.description
    assert "nomod" not in tool.description
    context = second.messages[-1].text
    assert context == (
        f'<skill-context name="git">\nBase directory for this skill: {work.parent / GIT}\n\n'
        f"Related files (use view tool to read):\n  - {work.parent / GIT}/ref/more.md\n\n"
        "Body of git.\n\n</skill-context>"
    )
    assert third.messages[-1].text.startswith('Skill "nomod" not found. Available skills: Un-Told, dup, git')
    (invoked,) = client.of("skill.invoked")
    assert {name: value for name, value in invoked.items() if name != "model"} == {
        "name": "git",
        "path": f"{work.parent / GIT}/SKILL.md",
        "content": "Body of git.\n",
        "allowedTools": ["view", "shell(git:*)"],
        "source": "project",
        "description": "does git",
        "trigger": "agent-invoked",
        "invokedAtTurn": 3,
    }
    await client.call("session.destroy")
    await client.call("session.resume")
    assert context in [message.text for message in runtime.runtime.sessions[0].agent.history]


async def test_a_skill_whose_file_is_gone_is_a_failure_of_the_call(
    start: Start, join: Join, work: Path
) -> None:
    runtime = start([Reply(calls=[Call("skill", {"skill": "git"})]), Reply("done")])
    client = await join(runtime)
    await client.open(workingDirectory=str(work), enableConfigDiscovery=True)
    await client.call("session.skills.ensureLoaded")
    (work.parent / GIT / "SKILL.md").unlink()
    await client.turn("go")
    assert "SKILL.md" in client.of("tool.execution_complete")[0]["error"]["message"]
    with pytest.raises(InternalError, match=r"Failed to load skill: .*SKILL\.md"):
        await client.call("session.commands.invoke", name="git")


async def test_the_user_calls_a_skill_as_a_command(
    runtime: EmbeddedRuntime, client: Client, work: Path
) -> None:
    commands = (await client.call("session.commands.list", includeBuiltins=False))["commands"]
    assert [command["name"] for command in commands] == ["Un-Told", "dup", "git", "nomod", "mine", "fix"]
    assert {command["kind"] for command in commands} == {"skill"}
    result = await client.call("session.commands.invoke", name="nomod", input="now")
    assert result == {
        "kind": "agent-prompt",
        "prompt": 'The user explicitly invoked the "/nomod" skill. Follow its instructions now.\n\n'
        f'<skill-context name="nomod">\nBase directory for this skill: {work}/.github/skills/deep/er/nomod\n\n'
        "Body of nomod.\n\n\nARGUMENTS: now\n</skill-context>",
        "displayPrompt": "/nomod now",
    }
    (invoked,) = client.of("skill.invoked")
    assert (invoked["trigger"], invoked["disableModelInvocation"]) == ("user-invoked", True)
    (got,) = (await client.call("session.skills.getInvoked"))["skills"]
    assert got == {
        "name": "nomod",
        "path": f"{work}/.github/skills/deep/er/nomod/SKILL.md",
        "content": "Body of nomod.\n",
        "source": "project",
        "invokedAtTurn": 0,
        "disableModelInvocation": True,
    }
    fixed = await client.call("session.commands.invoke", name="/fix", input="a b")
    assert "Fix a b, b first." in fixed["prompt"]
    assert "ARGUMENTS" not in fixed["prompt"]
    for name in ("quiet", "inner"):
        with pytest.raises(InternalError, match=f"Unknown slash command: /{name}"):
            await client.call("session.commands.invoke", name=name)
    await client.call("session.destroy")
    await client.call("session.resume")
    assert runtime.runtime.sessions[0].agent.history == []


@pytest.mark.parametrize(
    ("content", "arguments", "seen"),
    [
        ("Do it.", "", "Do it."),
        ("Do it.", "a b", "Do it.\n\nARGUMENTS: a b"),
        ("$ARGUMENTS: $0 and $2.", "'a b' c", "'a b' c: a b and ."),
        ("$0", "it's", "it's"),
    ],
)
def test_arguments_stand_where_a_skill_wants_them(content: str, arguments: str, seen: str) -> None:
    assert with_arguments(content, arguments) == seen


async def test_skills_are_discovered_without_a_session(
    runtime: EmbeddedRuntime, join: Join, work: Path, tmp_path: Path
) -> None:
    client = await join(runtime)
    assert shown((await client.call("skills.discover"))["skills"]) == [
        ("dup", "personal-copilot"),
        ("mine", "personal-copilot"),
    ]
    folders = {"projectPaths": [str(work)], "skillDirectories": [str(tmp_path / "extra")]}
    found = await client.call("skills.discover", **folders)
    assert shown(found["skills"])[:4] == [
        ("dup", "personal-copilot"),
        ("mine", "personal-copilot"),
        ("dup", "custom"),
        ("more", "custom"),
    ]
    assert found["skills"][-1]["projectPath"] == str(work)
    assert found["errors"] == [".github/skills/broken/SKILL.md: missing or malformed YAML frontmatter"]
    alone = await client.call(
        "skills.discover",
        projectPaths=[str(work)],
        excludeHostSkills=True,
        ignoredSkillsLocations=[str(work / ".github")],
    )
    assert [skill["name"] for skill in alone["skills"]] == ["Un-Told", "quiet", "fix"]
    assert alone["errors"] == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("allowed-tools: 5", "allowed-tools must be a string or array of strings"),
        ("user-invocable: 'yes'", "user-invocable must be a boolean"),
        ("name: 5", "Skill name must be a string"),
        (f"name: {'n' * 65}", "Skill name must be at most 64 characters"),
        ("description: 7", "Skill description must be a string"),
        (f"description: {'x' * 1025}", "Skill description must be at most 1024 characters"),
    ],
)
async def test_a_file_that_is_no_skill_is_told_by_its_place(
    runtime: EmbeddedRuntime, join: Join, tmp_path: Path, settings: str, problem: str
) -> None:
    write(tmp_path, {"work/.github/skills/odd/SKILL.md": f"---\n{settings}\n---\nBody.\n"})
    client = await join(runtime)
    found = await client.call("skills.discover", projectPaths=[str(tmp_path / "work")])
    assert found == {"skills": [], "errors": [f".github/skills/odd/SKILL.md: {problem}"]}


async def test_the_places_for_skills_are_listed(
    runtime: EmbeddedRuntime, join: Join, work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await join(runtime)
    monkeypatch.setenv("HOME", str(tmp_path))
    params = {"projectPaths": [str(work / "sub")], "skillDirectories": ["/extra"]}
    paths = (await client.call("skills.getDiscoveryPaths", **params))["paths"]
    assert [(path["path"], path["scope"], path["preferredForCreation"]) for path in paths] == [
        (f"{work}/.github/skills", "project", True),
        (f"{work}/.agents/skills", "project", False),
        (f"{work}/.claude/skills", "project", False),
        (f"{tmp_path}/home/skills", "personal-copilot", True),
        (f"{tmp_path}/.agents/skills", "personal-agents", False),
        ("/extra", "user", False),
    ]
    paths = (await client.call("skills.getDiscoveryPaths", excludeHostSkills=True))["paths"]
    assert paths == []


async def test_the_user_disables_skills_for_sessions_to_come(
    runtime: EmbeddedRuntime, join: Join, client: Client, work: Path, tmp_path: Path
) -> None:
    await client.call("skills.config.setDisabledSkills", disabledSkills=["git", "nobody"])
    settings = tmp_path / "home/settings.json"
    assert json.loads(settings.read_text()) == {"disabledSkills": ["git", "nobody"]}
    await client.call("skills.config.setSkillDisabled", name="dup", disabled=True)
    await client.call("skills.config.setSkillDisabled", name="nobody", disabled=False)
    found = (await client.call("skills.discover", projectPaths=[str(work)]))["skills"]
    assert {skill["name"] for skill in found if not skill["enabled"]} == {"git", "dup"}
    later = await join(runtime)
    await later.open(workingDirectory=str(work), enableConfigDiscovery=True)
    disabled = [
        {
            skill["name"]
            for skill in (await each.call("session.skills.list"))["skills"]
            if not skill["enabled"]
        }
        for each in (client, later)
    ]
    assert disabled == [set(), {"git", "dup"}]
    with pytest.raises(InternalError, match="Unknown slash command: /git"):
        await later.call("session.commands.invoke", name="git")
    await client.call("skills.config.setDisabledSkills", disabledSkills=[])
    assert json.loads(settings.read_text()) == {"disabledSkills": []}
    with pytest.raises(InternalError, match="disabledSkills"):
        await client.call("skills.config.setDisabledSkills", disabledSkills="git")
